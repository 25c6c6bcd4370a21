//! Logs on their way to R, which writes them where the user wants to have them.
use std::future::Future;
use std::time::SystemTime;

use extendr_api::prelude::*;
use kmsr_client::log::{Event, Level, Log};

use crate::convert::for_r;
use crate::error::Failure;
use crate::runtime;

/// The log R asked for by a number; `None` for 0.
pub(crate) fn open(level: i32) -> Option<Log> {
    Level::from_number(level.clamp(0, 5) as u8).map(Log::new)
}

/// Waits for a future that writes to the log.
pub(crate) fn wait<F: Future>(log: Option<&Log>, future: F) -> Result<F::Output, Failure> {
    runtime::wait(during(log, future))
}

/// Has what a future writes go to the log.
pub(crate) async fn during<F: Future>(log: Option<&Log>, future: F) -> F::Output {
    match log {
        Some(log) => log.during(future).await,
        None => future.await,
    }
}

/// The value, and with it what was written, if anything: then a list of class `kmsr_logged`.
pub(crate) fn enclose(value: Robj, log: Option<&Log>) -> Robj {
    let events = log.map(Log::take).unwrap_or_default();
    if events.is_empty() {
        return value;
    }
    let mut enclosed = list!(value = value, events = describe(&events)).into_robj();
    // A class attribute on a fresh list is never refused.
    let _ = enclosed.set_class(["kmsr_logged"]);
    enclosed
}

fn describe(events: &[Event]) -> List {
    let at = |event: &Event| {
        let since = event.at.duration_since(SystemTime::UNIX_EPOCH);
        since.map_or(0.0, |since| since.as_secs_f64())
    };
    list!(
        level = events
            .iter()
            .map(|event| event.level.name())
            .collect::<Vec<_>>(),
        at = events.iter().map(at).collect::<Vec<_>>(),
        message = events
            .iter()
            .map(|event| for_r(&event.message).into_owned())
            .collect::<Vec<_>>()
    )
}
