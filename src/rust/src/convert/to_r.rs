//! Answers to R: a plain list with every member of the model, absent ones as empty values of their type.
use base64::Engine as _;
use base64::engine::DecodePaddingMode;
use base64::engine::general_purpose::{GeneralPurpose, GeneralPurposeConfig};
use extendr_api::prelude::*;
use kmsr_model::{Member, Operation, Shape};
use serde_json::{Map, Value};

use super::text::for_r;

/// Servers other than AWS are not all strict about padding.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// The body of a successful answer as the operation's list. `None` when a member is not what the model says, or not what R
/// can hold.
pub(crate) fn answer(operation: &'static Operation, body: &[u8]) -> Option<Robj> {
    if operation.output.is_empty() {
        return Some(List::new(0).into());
    }
    let body: Map<String, Value> = if body.is_empty() {
        Map::new()
    } else {
        serde_json::from_slice(body).ok()?
    };
    structure(operation.output, Some(&body))
}

/// Any JSON as R would hold it: objects and arrays as lists, numbers as doubles.
pub(crate) fn json_to_r(value: &Value) -> Robj {
    match value {
        Value::Null => ().into(),
        Value::Bool(truth) => (*truth).into(),
        Value::Number(number) => number.as_f64().unwrap_or(f64::NAN).into(),
        Value::String(text) => for_r(text).into_owned().into(),
        Value::Array(items) => List::from_values(items.iter().map(json_to_r)).into(),
        Value::Object(members) => named_list(members, json_to_r),
    }
}

fn structure(members: &'static [Member], present: Option<&Map<String, Value>>) -> Option<Robj> {
    let mut names = Vec::with_capacity(members.len());
    let mut values = Vec::with_capacity(members.len());
    for member in members {
        let value = present
            .and_then(|present| present.get(member.name))
            .filter(|value| !value.is_null());
        // Members that the mirrored interface lacks are there when the service sends them, and only then.
        if member.newer && value.is_none() {
            continue;
        }
        names.push(member.name);
        values.push(match value {
            Some(value) => filled(&member.shape, value)?,
            None => empty(&member.shape)?,
        });
    }
    Some(List::from_names_and_values(names, values).ok()?.into())
}

fn filled(shape: &'static Shape, value: &Value) -> Option<Robj> {
    Some(match shape {
        Shape::String | Shape::Enum(_) => text(value)?.into(),
        Shape::Blob => Raw::from_bytes(&BASE64.decode(value.as_str()?).ok()?).into(),
        Shape::Timestamp => timestamp(&[value.as_f64()?]),
        Shape::Boolean => value.as_bool()?.into(),
        Shape::Integer => value.as_f64()?.into(),
        Shape::List(of) => {
            let items = value.as_array()?;
            match of {
                _ if items.is_empty() => List::new(0).into(),
                Shape::String | Shape::Enum(_) => {
                    items.iter().map(text).collect::<Option<Vec<_>>>()?.into()
                }
                _ => List::from_values(
                    items
                        .iter()
                        .map(|item| filled(of, item))
                        .collect::<Option<Vec<_>>>()?,
                )
                .into(),
            }
        }
        Shape::Map => {
            let entries = value.as_object()?;
            named_list(entries, json_to_r)
        }
        Shape::Structure(of) => structure(of.members, Some(value.as_object()?))?,
    })
}

/// A text that an R string can hold whole.
fn text(value: &Value) -> Option<&str> {
    value.as_str().filter(|text| !text.contains('\0'))
}

fn named_list(members: &Map<String, Value>, convert: impl Fn(&Value) -> Robj) -> Robj {
    List::from_pairs(
        members
            .iter()
            .map(|(name, value)| (for_r(name), convert(value))),
    )
    .into()
}

fn empty(shape: &'static Shape) -> Option<Robj> {
    Some(match shape {
        // A blob too: so it is in the mirrored interface.
        Shape::String | Shape::Enum(_) | Shape::Blob => Strings::new(0).into(),
        Shape::Timestamp => timestamp(&[]),
        Shape::Boolean => Logicals::new(0).into(),
        Shape::Integer => Doubles::new(0).into(),
        Shape::List(_) | Shape::Map => List::new(0).into(),
        Shape::Structure(of) => structure(of.members, None)?,
    })
}

fn timestamp(seconds: &[f64]) -> Robj {
    let mut time: Robj = Doubles::from_values(seconds.iter().copied()).into();
    // Attributes that R never refuses on a fresh double vector.
    let _ = time.set_class(["POSIXct", "POSIXt"]);
    let _ = time.set_attrib("tzone", "GMT");
    time
}
