//! Each source of credentials against a double of its endpoint, and what happens when sources fail.
mod keys;
mod long_lives;
mod machines;
mod processes;
mod profiles;
mod roles;
mod sso;
#[path = "../support/mod.rs"]
mod support;

#[test]
#[ignore = "a process of its own, for the other tests"]
fn child() {
    support::child::live();
}
