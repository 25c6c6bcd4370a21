//! Calls under way at once: R adds calls to a flight and takes their results in the order they come.
//!
//! Calls of a flight are sent once. Whoever sends many has a pace to keep, and has to know that it was told to slow down.
use std::cell::RefCell;
use std::mem;
use std::process;
use std::time::Duration;

use extendr_api::prelude::*;
use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use kmsr_client::{Answer, Error};
use kmsr_model::Operation;

use crate::client::Handle;
use crate::convert;
use crate::error::{Failure, into_r};
use crate::runtime;

/// A call that has ended.
struct Landed {
    id: f64,
    operation: &'static Operation,
    outcome: Result<Answer, Error>,
}

/// Calls under way, and the process whose runtime and sockets they use.
struct Flight {
    pid: u32,
    calls: RefCell<FuturesUnordered<LocalBoxFuture<'static, Landed>>>,
}

impl Flight {
    fn calls(
        &self,
    ) -> Result<&RefCell<FuturesUnordered<LocalBoxFuture<'static, Landed>>>, Failure> {
        if self.pid == process::id() {
            Ok(&self.calls)
        } else {
            Err(Failure::Stale)
        }
    }
}

impl Drop for Flight {
    fn drop(&mut self) {
        // In a forked child the sockets are the parent's: closing them there would say goodbye in its name.
        if self.pid != process::id() {
            mem::forget(mem::take(self.calls.get_mut()));
        }
    }
}

/// A flight with no calls yet.
#[extendr]
fn rs_flight_new() -> ExternalPtr<Flight> {
    ExternalPtr::new(Flight {
        pid: process::id(),
        calls: RefCell::default(),
    })
}

/// Adds a call, under a number that its result will bear: `NULL`, or the failure to make a request of it. It is sent when
/// results are next waited for.
#[extendr]
fn rs_flight_add(
    flight: ExternalPtr<Flight>,
    client: Robj,
    id: f64,
    operation: &str,
    arguments: List,
) -> Robj {
    into_r(add(&flight, &client, id, operation, &arguments))
}

/// The next call to end, as a list of its number `id`, its `result` or failure, and the service's `request_id`; `NULL` if
/// none does within so many seconds.
#[extendr]
fn rs_flight_next(flight: ExternalPtr<Flight>, timeout_seconds: f64) -> Robj {
    into_r(next(&flight, timeout_seconds))
}

/// Gives up what is under way: the connections are closed, and what the service makes of it is not heard.
#[extendr]
fn rs_flight_abandon(flight: ExternalPtr<Flight>) {
    if let Ok(calls) = flight.calls() {
        drop(calls.take());
    }
}

fn add(
    flight: &Flight,
    client: &Robj,
    id: f64,
    name: &str,
    arguments: &List,
) -> Result<(), Failure> {
    let operation = kmsr_model::operation(name).ok_or_else(|| Error::Request {
        message: format!("{name} is not an operation of AWS KMS"),
    })?;
    let client = Handle::from_r(client)?.client()?.once();
    let arguments = convert::arguments(operation, arguments)?;
    flight.calls()?.borrow().push(Box::pin(async move {
        let outcome = client.call(operation, arguments).await;
        Landed {
            id,
            operation,
            outcome,
        }
    }));
    Ok(())
}

fn next(flight: &Flight, timeout_seconds: f64) -> Result<Robj, Failure> {
    let mut calls = flight.calls()?.borrow_mut();
    let timeout = Duration::try_from_secs_f64(timeout_seconds).unwrap_or_default();
    let landed = runtime::wait_for_now(async {
        if calls.is_empty() {
            tokio::time::sleep(timeout).await;
            None
        } else {
            tokio::time::timeout(timeout, calls.next())
                .await
                .ok()
                .flatten()
        }
    })?;
    Ok(landed.map_or_else(|| ().into(), Landed::into_r))
}

impl Landed {
    fn into_r(self) -> Robj {
        let request_id = self
            .outcome
            .as_ref()
            .ok()
            .and_then(|answer| answer.request_id.clone());
        let result = self.outcome.map_err(Failure::from).and_then(|answer| {
            convert::answer(self.operation, &answer.body)
                .ok_or_else(|| Error::unreadable(answer).into())
        });
        list!(
            id = self.id,
            result = into_r(result),
            request_id = request_id.map_or_else(|| ().into(), Robj::from)
        )
        .into()
    }
}

extendr_module! {
    mod flight;
    fn rs_flight_new;
    fn rs_flight_add;
    fn rs_flight_next;
    fn rs_flight_abandon;
}
