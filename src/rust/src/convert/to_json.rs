//! Plain R values to JSON: for receipts, bundles and ledgers, whose content R has made itself.
use extendr_api::prelude::*;
use serde_json::{Map, Value};

use super::refusal::BadArgument;

/// A named list as an object, another list as an array, a scalar as a scalar; NULL and NA as null.
pub(crate) fn r_to_json(value: &Robj, at: &str) -> Result<Value, BadArgument> {
    // Before lists: extendr takes NULL for an empty one.
    if value.is_null() {
        return Ok(Value::Null);
    }
    if let Some(list) = value.as_list() {
        let names: Option<Vec<&str>> = value.names().map(Iterator::collect);
        return match names {
            Some(names) => names
                .into_iter()
                .zip(list.values())
                .map(|(name, value)| {
                    Ok((name.to_owned(), r_to_json(&value, &format!("{at}${name}"))?))
                })
                .collect::<Result<Map<_, _>, _>>()
                .map(Value::Object),
            None => list
                .values()
                .map(|value| r_to_json(&value, at))
                .collect::<Result<Vec<_>, _>>()
                .map(Value::Array),
        };
    }
    let refused = || BadArgument {
        argument: at.to_owned(),
        given: "something else".to_owned(),
        wanted: "one string, number or truth value, or a list of such".to_owned(),
    };
    if value.len() != 1 {
        return Err(refused());
    }
    if value.is_na() {
        return Ok(Value::Null);
    }
    if let Some(text) = value.as_str() {
        return Ok(text.into());
    }
    if let Some(truth) = value.as_bool() {
        return Ok(truth.into());
    }
    match value
        .as_real()
        .or_else(|| value.as_integer().map(f64::from))
    {
        Some(number) if number.fract() == 0.0 && number.abs() < 9e15 => Ok((number as i64).into()),
        Some(number) => Ok(number.into()),
        None => Err(refused()),
    }
}
