//! One call of one operation.
use extendr_api::prelude::*;
use kmsr_client::Error;
use kmsr_client::log::Log;
use kmsr_model::{Member, Shape};

use crate::client::Handle;
use crate::convert;
use crate::error::{Failure, into_r};
use crate::log;

/// Calls an operation, by its wire name, with a named list of arguments, and waits for its result. With a level other than 0
/// a log is kept and returned with it.
#[extendr]
fn rs_call(client: Robj, operation: &str, arguments: List, log_level: i32) -> Robj {
    let log = log::open(log_level);
    let result = call(&client, operation, &arguments, log.as_ref());
    log::enclose(into_r(result), log.as_ref())
}

/// What a value is, in words and without its content, for messages about arguments.
#[extendr]
fn rs_describe(value: Robj) -> String {
    convert::describe(&value)
}

/// The values this version knows of an operation's arguments that are enumerations or lists of them: a named list.
#[extendr]
fn rs_enumerations(operation: &str) -> List {
    let members = kmsr_model::operation(operation).map_or(&[][..], |operation| operation.input);
    let values = |member: &Member| match &member.shape {
        Shape::Enum(known) | Shape::List(Shape::Enum(known)) => {
            Some((member.name, Robj::from(known.values)))
        }
        _ => None,
    };
    List::from_pairs(members.iter().filter_map(values).collect::<Vec<_>>())
}

fn call(client: &Robj, name: &str, arguments: &List, log: Option<&Log>) -> Result<Robj, Failure> {
    let operation = kmsr_model::operation(name).ok_or_else(|| Error::Request {
        message: format!("{name} is not an operation of AWS KMS"),
    })?;
    let handle = Handle::from_r(client)?;
    let client = handle.client()?;
    let arguments = convert::arguments(operation, arguments)?;
    let answer = log::wait(log, client.call(operation, arguments))??;
    handle.remember(answer.request_id.clone());
    convert::answer(operation, &answer.body).ok_or_else(|| Error::unreadable(answer).into())
}

extendr_module! {
    mod operation;
    fn rs_call;
    fn rs_describe;
    fn rs_enumerations;
}
