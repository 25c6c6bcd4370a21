//! Raw bytes on a connection. One emulator serves them all, and is asked something proper now and then.
//!
//! Writes what it begins with into the folder that `SEEDS` names.
#![no_main]

#[path = "../../crates/emulator/tests/fuzz/http.rs"]
mod http;
#[path = "../../crates/emulator/tests/fuzz/wire.rs"]
mod wire;

use std::cell::Cell;
use std::path::Path;

use kmsr_emulator::Emulator;

thread_local! {
    static EMULATOR: Emulator = wire::emulator();
    static COUNT: Cell<u32> = const { Cell::new(0) };
}

libfuzzer_sys::fuzz_target!(
    init: {
        if let Some(folder) = std::env::var_os("SEEDS") {
            for (index, seed) in http::seeds().iter().enumerate() {
                let file = Path::new(&folder).join(format!("seed-{index}"));
                std::fs::write(file, seed).expect("the folder can be written");
            }
        }
    },
    |bytes: &[u8]| {
        EMULATOR.with(|emulator| {
            http::run(emulator, bytes);
            let count = COUNT.replace(COUNT.get().wrapping_add(1));
            if count.is_multiple_of(256) {
                http::still_works(emulator);
            }
        });
    }
);
