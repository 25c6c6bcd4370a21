//! Sessions of signed calls.
#![no_main]

#[path = "../../crates/emulator/tests/fuzz/choices.rs"]
mod choices;
#[path = "../../crates/emulator/tests/fuzz/damage.rs"]
mod damage;
#[path = "../../crates/emulator/tests/fuzz/grammar.rs"]
mod grammar;
#[path = "../../crates/emulator/tests/fuzz/session.rs"]
mod session;
#[path = "../../crates/emulator/tests/fuzz/wire.rs"]
#[allow(dead_code, reason = "raw bytes are the other target's")]
mod wire;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    session::run(bytes);
});
