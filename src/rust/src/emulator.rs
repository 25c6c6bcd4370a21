//! The emulator as R holds it.
use extendr_api::prelude::*;
use kmsr_emulator::{Config, Emulator};

use crate::error::{Failure, into_r};

/// Starts an emulator: an external pointer, which stops it when collected.
#[extendr]
fn rs_emulator(port: f64, region: &str) -> Robj {
    into_r(start(port as u16, region).map(ExternalPtr::new))
}

/// What a client needs to reach it.
#[extendr]
fn rs_emulator_describe(emulator: ExternalPtr<Emulator>) -> List {
    let credentials = emulator.credentials();
    list!(
        endpoint = emulator.endpoint(),
        region = emulator.region(),
        access_key_id = credentials.access_key_id.as_str(),
        secret_access_key = credentials.secret_access_key.as_str()
    )
}

/// Whether it can be reached.
#[extendr]
fn rs_emulator_running(emulator: ExternalPtr<Emulator>) -> bool {
    emulator.is_running()
}

/// Stops it; the second time does nothing.
#[extendr]
fn rs_emulator_stop(emulator: ExternalPtr<Emulator>) {
    emulator.stop();
}

fn start(port: u16, region: &str) -> Result<Emulator, Failure> {
    Emulator::start(Config {
        port,
        region: region.to_owned(),
        ..Config::default()
    })
    .map_err(|error| Failure::Refused {
        kind: "emulator",
        reason: "start",
        message: format!(
            "The emulator cannot listen on 127.0.0.1:{port}: {error}. Is the port taken?"
        ),
    })
}

extendr_module! {
    mod emulator;
    fn rs_emulator;
    fn rs_emulator_describe;
    fn rs_emulator_running;
    fn rs_emulator_stop;
}
