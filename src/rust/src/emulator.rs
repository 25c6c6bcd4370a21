//! The emulator as R holds it.
use std::time::Duration;

use extendr_api::prelude::*;
use kmsr_emulator::{Config, Emulator, Fault, FaultKind};

use crate::convert::json_to_r;
use crate::error::{Failure, into_r};

/// Starts an emulator: an external pointer, which stops it when collected. An empty store is none, and so are quotas
/// of zero.
#[extendr]
fn rs_emulator(port: f64, region: &str, store: &str, quotas: f64) -> Robj {
    into_r(start(port as u16, region, store, quotas).map(ExternalPtr::new))
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

/// Moves its clock forward and returns its time, in seconds since 1970.
#[extendr]
fn rs_emulator_advance(emulator: ExternalPtr<Emulator>, seconds: f64) -> f64 {
    // R has refused what is negative: what does not fit is too long.
    emulator.advance(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
    emulator.now().seconds()
}

/// Makes something go wrong. An empty operation is every one; zero times is for good.
#[extendr]
fn rs_emulator_fault(
    emulator: ExternalPtr<Emulator>,
    operation: &str,
    kind: List,
    after: f64,
    times: f64,
) {
    emulator.fault(Fault {
        operation: (!operation.is_empty()).then(|| operation.to_owned()),
        kind: fault_kind(&kind),
        after: after as u32,
        times: (times > 0.0).then_some(times as u32),
    });
}

/// Lets everything go right again.
#[extendr]
fn rs_emulator_clear_faults(emulator: ExternalPtr<Emulator>) {
    emulator.clear_faults();
}

/// Puts its idea of the time this many seconds ahead.
#[extendr]
fn rs_emulator_skew(emulator: ExternalPtr<Emulator>, seconds: f64) {
    emulator.set_clock_skew((seconds * 1000.0) as i64);
}

/// Lets new keys be found only after so many seconds.
#[extendr]
fn rs_emulator_new_key_delay(emulator: ExternalPtr<Emulator>, seconds: f64) {
    emulator.set_new_key_delay(Duration::try_from_secs_f64(seconds).unwrap_or_default());
}

/// Applies AWS' default request quotas, sped up by a factor; zero has none.
#[extendr]
fn rs_emulator_quotas(emulator: ExternalPtr<Emulator>, speed: f64) {
    emulator.set_quotas((speed > 0.0).then_some(speed));
}

/// What was called, oldest first: CloudTrail's records as lists.
#[extendr]
fn rs_emulator_log(emulator: ExternalPtr<Emulator>) -> List {
    List::from_values(
        emulator
            .log()
            .iter()
            .map(|record| json_to_r(&record.to_json())),
    )
}

/// Forgets what was called.
#[extendr]
fn rs_emulator_clear_log(emulator: ExternalPtr<Emulator>) {
    emulator.clear_log();
}

fn start(port: u16, region: &str, store: &str, quotas: f64) -> Result<Emulator, Failure> {
    let config = Config {
        port,
        region: region.to_owned(),
        store: (!store.is_empty()).then(|| store.into()),
        quotas: (quotas > 0.0).then_some(quotas),
        ..Config::default()
    };
    Emulator::start(config).map_err(|error| Failure::Refused {
        kind: "emulator",
        reason: "start",
        message: format!(
            "The emulator cannot start on 127.0.0.1:{port}: {}.",
            error.to_string().trim_end_matches('.')
        ),
    })
}

/// R has checked the kind and its members.
fn fault_kind(kind: &List) -> FaultKind {
    let entry = |name: &str| {
        kind.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    let text = |name| {
        entry(name)
            .and_then(|value| value.as_str().map(str::to_owned))
            .unwrap_or_default()
    };
    let number = |name| {
        entry(name)
            .and_then(|value| value.as_real())
            .unwrap_or_default()
    };
    match text("kind").as_str() {
        "throttle" => FaultKind::Throttle,
        "delay" => {
            FaultKind::Delay(Duration::try_from_secs_f64(number("seconds")).unwrap_or_default())
        }
        "drop" => FaultKind::CutBeforeAnswer,
        "cut" => FaultKind::CutAnswer,
        _ => FaultKind::Refuse {
            code: text("code"),
            message: text("message"),
            status: number("status") as u16,
        },
    }
}

extendr_module! {
    mod emulator;
    fn rs_emulator;
    fn rs_emulator_describe;
    fn rs_emulator_running;
    fn rs_emulator_stop;
    fn rs_emulator_advance;
    fn rs_emulator_fault;
    fn rs_emulator_clear_faults;
    fn rs_emulator_skew;
    fn rs_emulator_new_key_delay;
    fn rs_emulator_quotas;
    fn rs_emulator_log;
    fn rs_emulator_clear_log;
}
