//! The binding between R and the kmsr crates: it converts, calls, and decides nothing.
//!
//! Functions exported to R are named `rs_*`, take types whose conversion the R side has made sure of, and return a value or
//! a failure (see [`error`]) that R turns into a condition. None raises an R error of its own.

#![allow(
    missing_docs,
    reason = "extendr_module! writes public functions without any"
)]

mod bundle;
mod client;
mod convert;
mod emulator;
mod error;
mod flight;
mod foreign;
mod json;
mod key_material;
mod ledger;
mod log;
mod map;
mod operation;
mod runtime;
mod sitrep;
mod wrap;

use extendr_api::prelude::*;

extendr_module! {
    mod kmsr;
    use bundle;
    use client;
    use emulator;
    use flight;
    use json;
    use key_material;
    use ledger;
    use map;
    use operation;
    use sitrep;
    use wrap;
}
