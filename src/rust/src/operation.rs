//! One call of one operation.
use extendr_api::prelude::*;
use kmsr_client::Error;

use crate::client::Handle;
use crate::convert;
use crate::error::{Failure, into_r};
use crate::runtime;

/// Calls an operation, by its wire name, with a named list of arguments, and waits for its result.
#[extendr]
fn rs_call(client: Robj, operation: &str, arguments: List) -> Robj {
    into_r(call(&client, operation, &arguments))
}

/// What a value is, in words and without its content, for messages about arguments.
#[extendr]
fn rs_describe(value: Robj) -> String {
    convert::describe(&value)
}

fn call(client: &Robj, name: &str, arguments: &List) -> Result<Robj, Failure> {
    let operation = kmsr_model::operation(name).ok_or_else(|| Error::Request {
        message: format!("{name} is not an operation of AWS KMS"),
    })?;
    let handle = Handle::from_r(client)?;
    let client = handle.client()?;
    let arguments = convert::arguments(operation, arguments)?;
    let answer = runtime::wait(client.call(operation, arguments))??;
    handle.remember(answer.request_id.clone());
    convert::answer(operation, &answer.body).ok_or_else(|| Error::unreadable(answer).into())
}

extendr_module! {
    mod operation;
    fn rs_call;
    fn rs_describe;
}
