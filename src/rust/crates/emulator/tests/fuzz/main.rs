//! A few seconds of what the fuzzer does for hours: random bytes, as raw requests and as sessions of signed ones.

mod choices;
mod damage;
mod grammar;
mod http;
mod session;
mod wire;

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

const BUDGET: Duration = Duration::from_secs(2);

/// Bytes that look random and are the same every time (SplitMix64).
struct Bytes(u64);

impl Bytes {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut value = self.0;
        value = (value ^ (value >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        value = (value ^ (value >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        value ^ (value >> 31)
    }

    fn take(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.next() as u8).collect()
    }
}

#[test]
fn no_session_makes_it_fail() {
    let mut bytes = Bytes(1);
    let mut succeeded = BTreeSet::new();
    let start = Instant::now();
    while start.elapsed() < BUDGET {
        succeeded.extend(session::run(&bytes.take(1000)));
    }
    // Far more on most machines; with fewer, the sessions would be refusals and little else.
    assert!(succeeded.len() > 20, "only {succeeded:?} ever succeed");
}

#[test]
fn no_bytes_make_it_fail() {
    let emulator = wire::emulator();
    let seeds = http::seeds();
    for seed in &seeds {
        http::run(&emulator, seed);
    }
    let mut bytes = Bytes(2);
    let start = Instant::now();
    while start.elapsed() < BUDGET {
        let mut changed = seeds[bytes.next() as usize % seeds.len()].clone();
        for _ in 0..=bytes.next() % 4 {
            let at = bytes.next() as usize % (changed.len() + 1);
            match bytes.next() % 4 {
                0 => changed.truncate(at),
                1 => changed.insert(at, bytes.next() as u8),
                2 => changed.splice(at.., bytes.take(8)).for_each(drop),
                _ => {
                    if let Some(byte) = changed.get_mut(at) {
                        *byte = bytes.next() as u8;
                    }
                }
            }
        }
        http::run(&emulator, &changed);
    }
    http::still_works(&emulator);
}
