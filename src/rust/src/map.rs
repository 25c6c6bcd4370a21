//! Many calls of one operation at once, for R to watch over.
use std::cell::RefCell;
use std::process;
use std::sync::Arc;
use std::time::Duration;

use extendr_api::prelude::*;
use kmsr_client::{Answer, Arguments, Bulk, Error, Limits};
use kmsr_model::{Member, Operation, Shape};
use tokio::time::timeout;

use crate::client::Handle;
use crate::convert::{self, BadArgument};
use crate::error::{Failure, into_r};
use crate::foreign;
use crate::log;
use crate::runtime;

/// Calls to be made, under way and done, and the process whose runtime and sockets they use.
struct Map {
    pid: u32,
    operation: &'static Operation,
    columns: Columns,
    count: usize,
    stop_on_error: bool,
    // A forked child must not drop it: its sockets are the parent's.
    bulk: Option<Bulk>,
    progress: Progress,
}

/// The arguments of all calls, as R gave them.
struct Columns(Vec<Column>);

struct Column {
    name: String,
    /// The value for all calls, or a vector with one for each.
    values: Robj,
    each: bool,
}

/// What was done so far.
struct Progress {
    /// A list with the result of each call, or its failure; `NULL` while there is none.
    results: List,
    finished: usize,
    /// The calls that failed, in the order they did.
    failed: Vec<usize>,
}

/// What R has to know of the operation with this method's name, to tell its arguments' values from vectors of them: its wire
/// name, and each argument's name, kind of value, members (of structures) and whether it is required.
#[extendr]
fn rs_operation(method: &str) -> Robj {
    let Some(operation) = kmsr_model::OPERATIONS
        .iter()
        .find(|operation| operation.method == method)
    else {
        return ().into();
    };
    let input = operation.input;
    list!(
        name = operation.name,
        arguments = input.iter().map(|member| member.name).collect::<Vec<_>>(),
        kinds = input.iter().map(kind).collect::<Vec<_>>(),
        members = List::from_values(input.iter().map(members)),
        required = input
            .iter()
            .map(|member| member.required)
            .collect::<Vec<_>>()
    )
    .into()
}

/// Prepares calls of an operation: an external pointer. `arguments` is a named list; where `each` is true, an element is a
/// vector of `count` values, else one value for all calls. A `rate` of 0 is none.
#[extendr]
#[expect(clippy::too_many_arguments, reason = "R has no structures")]
fn rs_map(
    client: Robj,
    operation: &str,
    arguments: List,
    each: Logicals,
    count: f64,
    active: f64,
    rate: f64,
    stop_on_error: bool,
    _log_level: i32,
) -> Robj {
    let columns = arguments
        .iter()
        .zip(each.iter())
        .map(|((name, values), each)| Column {
            name: name.to_owned(),
            values,
            each: each.is_true(),
        });
    let limits = Limits {
        active: active as usize,
        rate: (rate > 0.0).then_some(rate),
    };
    into_r(
        prepare(
            &client,
            operation,
            columns.collect(),
            count as usize,
            limits,
            stop_on_error,
        )
        .map(|map| ExternalPtr::new(RefCell::new(map))),
    )
}

/// Checks the arguments of every call: `NULL`, or the index of the first that is not what it must be and the failure.
#[extendr]
fn rs_map_check(map: ExternalPtr<RefCell<Map>>) -> Robj {
    let map = map.borrow();
    let check = |index| {
        map.columns
            .arguments(map.operation, index)
            .err()
            .map(|bad| (index, bad))
    };
    match (0..map.count).find_map(check) {
        None => ().into(),
        Some((index, bad)) => list!(
            index = index as f64 + 1.0,
            failure = Failure::from(bad).into_r()
        )
        .into(),
    }
}

/// Makes calls for so many seconds, or until all are done. Returns how far it is.
#[extendr]
fn rs_map_run(map: ExternalPtr<RefCell<Map>>, seconds: f64, log_level: i32) -> Robj {
    let log = log::open(log_level);
    let mut map = map.borrow_mut();
    let state = map.run(Duration::from_secs_f64(seconds), log.as_ref());
    log::enclose(into_r(state), log.as_ref())
}

/// Gives up the calls under way, and returns what there is: the results in order, `NULL` or failures among them, the indices
/// of the calls that failed, in the order they did, and of those that were sent but have no result.
#[extendr]
fn rs_map_end(map: ExternalPtr<RefCell<Map>>) -> List {
    let mut map = map.borrow_mut();
    let from_one = |index: usize| index as f64 + 1.0;
    let under_way = map.bulk.iter().flat_map(Bulk::under_way);
    let sent: Vec<f64> = under_way.map(from_one).collect();
    let failed: Vec<f64> = map.progress.failed.iter().copied().map(from_one).collect();
    map.close();
    list!(
        results = map.progress.results.clone(),
        failed = failed,
        sent = sent
    )
}

fn prepare(
    client: &Robj,
    name: &str,
    columns: Vec<Column>,
    count: usize,
    limits: Limits,
    stop_on_error: bool,
) -> Result<Map, Failure> {
    let operation = kmsr_model::operation(name).ok_or_else(|| Error::Request {
        message: format!("{name} is not an operation of AWS KMS"),
    })?;
    let client = Arc::new(Handle::from_r(client)?.client()?.clone());
    Ok(Map {
        pid: process::id(),
        operation,
        columns: Columns(columns),
        count,
        stop_on_error,
        bulk: Some(Bulk::new(client, operation, count, limits)),
        progress: Progress {
            results: List::new(count),
            finished: 0,
            failed: Vec::new(),
        },
    })
}

impl Map {
    fn run(
        &mut self,
        period: Duration,
        log: Option<&kmsr_client::log::Log>,
    ) -> Result<List, Failure> {
        if self.pid != process::id() {
            return Err(Failure::Stale);
        }
        let Self {
            operation,
            columns,
            stop_on_error,
            bulk: Some(bulk),
            progress,
            ..
        } = self
        else {
            return Ok(progress_list(&self.progress, true));
        };
        // Arguments are asked for while results are taken, on this one thread.
        let progress = RefCell::new(progress);
        let work = async {
            loop {
                let arguments = |index| {
                    let found = columns.arguments(operation, index);
                    found
                        .map_err(|bad| progress.borrow_mut().put(index, Err(bad.into())))
                        .ok()
                };
                let Some((index, outcome)) = bulk.next(arguments).await else {
                    return;
                };
                progress.borrow_mut().put(index, result(operation, outcome));
                if *stop_on_error && !progress.borrow().failed.is_empty() {
                    bulk.stop();
                }
            }
        };
        // The timer needs the runtime that it will run in.
        let done =
            runtime::wait_for_now(log::during(log, async { timeout(period, work).await }))?.is_ok();
        Ok(progress_list(&progress.borrow(), done))
    }

    /// Drops what is under way, if it is this process'.
    fn close(&mut self) {
        match self.bulk.take() {
            Some(bulk) if self.pid != process::id() => std::mem::forget(bulk),
            bulk => drop(bulk),
        }
    }
}

impl Drop for Map {
    fn drop(&mut self) {
        self.close();
    }
}

impl Columns {
    fn arguments(
        &self,
        operation: &'static Operation,
        index: usize,
    ) -> Result<Arguments, BadArgument> {
        convert::arguments_by(operation, &|name| {
            let column = self.0.iter().find(|column| column.name == name)?;
            Some(if column.each {
                foreign::element(&column.values, index)
            } else {
                column.values.clone()
            })
        })
    }
}

impl Progress {
    fn put(&mut self, index: usize, result: Result<Robj, Failure>) {
        self.finished += 1;
        if result.is_err() {
            self.failed.push(index);
        }
        // The index is one of the list's.
        let _ = self.results.set_elt(index, into_r(result));
    }
}

fn result(operation: &'static Operation, outcome: Result<Answer, Error>) -> Result<Robj, Failure> {
    let answer = outcome?;
    convert::answer(operation, &answer.body).ok_or_else(|| Error::unreadable(answer).into())
}

fn progress_list(progress: &Progress, done: bool) -> List {
    list!(
        finished = progress.finished as f64,
        failed = progress.failed.len() as f64,
        done = done
    )
}

/// What one value of an argument is.
fn kind(member: &Member) -> &'static str {
    match member.shape {
        Shape::Timestamp => "time",
        Shape::List(Shape::Structure(_)) => "structures",
        Shape::List(_) => "list",
        Shape::Map => "map",
        Shape::Structure(_) => "structure",
        _ => "scalar",
    }
}

fn members(member: &Member) -> Vec<&'static str> {
    match member.shape {
        Shape::Structure(of) | Shape::List(&Shape::Structure(of)) => {
            of.members.iter().map(|member| member.name).collect()
        }
        _ => Vec::new(),
    }
}

extendr_module! {
    mod map;
    fn rs_operation;
    fn rs_map;
    fn rs_map_check;
    fn rs_map_run;
    fn rs_map_end;
}
