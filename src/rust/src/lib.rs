//! The binding between R and the kmsr crates.
use extendr_api::prelude::*;

/// The version of the Rust half.
#[extendr]
fn rs_version() -> &'static str {
    env!("CARGO_PKG_VERSION")
}

extendr_module! {
    mod kmsr;
    fn rs_version;
}
