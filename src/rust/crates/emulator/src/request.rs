//! A request's members, read with the types the operation gives them.

use std::collections::BTreeMap;

use base64::prelude::{BASE64_STANDARD, Engine};
use serde_json::{Map, Value};
use zeroize::Zeroizing;

use crate::clock::Time;
use crate::error::ServiceError;
use crate::validate;

/// The members of a request that has passed [`validate`]. Readers say again what the type is, so that an operation never
/// relies on a table having been complete.
#[derive(Debug)]
pub(crate) struct Parameters(Map<String, Value>);

/// What reading a member gives: the service's refusal when it has another type.
pub(crate) type Read<T> = Result<T, ServiceError>;

impl Parameters {
    /// A body as the JSON protocol sends it; an empty one stands for no members.
    pub(crate) fn parse(body: &[u8]) -> Read<Self> {
        if body.is_empty() {
            return Ok(Self(Map::new()));
        }
        match serde_json::from_slice(body) {
            Ok(Value::Object(mut members)) => {
                members.retain(|_, value| !value.is_null());
                Ok(Self(members))
            }
            Ok(_) => Err(ServiceError::serialization(
                "Start of structure or map found where not expected.",
            )),
            Err(_) => Err(ServiceError::bare("SerializationException")),
        }
    }

    pub(crate) fn members(&self) -> &Map<String, Value> {
        &self.0
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    pub(crate) fn text(&self, name: &str) -> Read<Option<&str>> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::String(text)) => Ok(Some(text)),
            Some(other) => Err(mistyped(other, "String")),
        }
    }

    pub(crate) fn required_text(&self, name: &str) -> Read<&str> {
        self.text(name)?.ok_or_else(|| validate::missing(name))
    }

    /// One of a list of names; the refusal lists them.
    pub(crate) fn choice<T>(
        &self,
        name: &str,
        parse: fn(&str) -> Option<T>,
        names: &[&str],
    ) -> Read<Option<T>> {
        self.text(name)?
            .map(|value| parse(value).ok_or_else(|| validate::not_in_enum(name, value, names)))
            .transpose()
    }

    pub(crate) fn required_choice<T>(
        &self,
        name: &str,
        parse: fn(&str) -> Option<T>,
        names: &[&str],
    ) -> Read<T> {
        self.choice(name, parse, names)?
            .ok_or_else(|| validate::missing(name))
    }

    /// Bytes, base64 on the wire. They may be secret, so they are wiped.
    pub(crate) fn blob(&self, name: &str) -> Read<Option<Zeroizing<Vec<u8>>>> {
        self.text(name)?.map(decode_blob).transpose()
    }

    pub(crate) fn required_blob(&self, name: &str) -> Read<Zeroizing<Vec<u8>>> {
        self.blob(name)?.ok_or_else(|| validate::missing(name))
    }

    pub(crate) fn flag(&self, name: &str) -> Read<Option<bool>> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Bool(flag)) => Ok(Some(*flag)),
            Some(other) => Err(mistyped(other, "Boolean")),
        }
    }

    pub(crate) fn is_set(&self, name: &str) -> Read<bool> {
        Ok(self.flag(name)?.unwrap_or(false))
    }

    pub(crate) fn integer(&self, name: &str) -> Read<Option<i64>> {
        match self.0.get(name) {
            None => Ok(None),
            // AWS cuts a fraction off rather than refuse it.
            Some(Value::Number(number)) => number
                .as_i64()
                .or_else(|| number.as_f64().map(|number| number as i64))
                .map(Some)
                .ok_or_else(|| ServiceError::bare("SerializationException")),
            Some(other) => Err(mistyped(other, "Integer")),
        }
    }

    pub(crate) fn time(&self, name: &str) -> Read<Option<Time>> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Number(number)) => number
                .as_f64()
                .and_then(Time::from_seconds)
                .map(Some)
                .ok_or_else(|| ServiceError::bare("SerializationException")),
            Some(other) => Err(mistyped(other, "Timestamp")),
        }
    }

    pub(crate) fn map(&self, name: &str) -> Read<BTreeMap<String, String>> {
        match self.0.get(name) {
            None => Ok(BTreeMap::new()),
            Some(value) => text_map(value),
        }
    }

    pub(crate) fn list(&self, name: &str) -> Read<Option<&[Value]>> {
        match self.0.get(name) {
            None => Ok(None),
            Some(Value::Array(items)) => Ok(Some(items)),
            Some(_) => Err(ServiceError::serialization("Expected list or null")),
        }
    }

    pub(crate) fn texts(&self, name: &str) -> Read<Option<Vec<&str>>> {
        self.list(name)?
            .map(|items| {
                items
                    .iter()
                    .map(|item| item.as_str().ok_or_else(|| mistyped(item, "String")))
                    .collect()
            })
            .transpose()
    }
}

/// A JSON object of texts, as encryption contexts are.
pub(crate) fn text_map(value: &Value) -> Read<BTreeMap<String, String>> {
    let members = value
        .as_object()
        .ok_or_else(|| ServiceError::serialization("Expected map or null"))?;
    members
        .iter()
        .map(|(name, value)| match value {
            Value::String(text) => Ok((name.clone(), text.clone())),
            other => Err(mistyped(other, "String")),
        })
        .collect()
}

/// Bytes in the form answers carry them.
pub(crate) fn encode_blob(bytes: &[u8]) -> Value {
    Value::String(BASE64_STANDARD.encode(bytes))
}

pub(crate) fn decode_blob(text: &str) -> Read<Zeroizing<Vec<u8>>> {
    BASE64_STANDARD
        .decode(text)
        .map(Zeroizing::new)
        .map_err(|_| ServiceError::bare("SerializationException"))
}

/// The refusal for a value of another type than the member's.
pub(crate) fn mistyped(value: &Value, expected: &str) -> ServiceError {
    let found = match value {
        Value::String(_) => "STRING_VALUE",
        Value::Number(number) if number.is_f64() => "DECIMAL_VALUE",
        Value::Number(_) => "NUMBER_VALUE",
        Value::Bool(true) => "TRUE_VALUE",
        Value::Bool(false) => "FALSE_VALUE",
        Value::Array(_) => {
            return ServiceError::serialization("Start of list found where not expected");
        }
        Value::Object(_) | Value::Null => {
            return ServiceError::serialization(
                "Start of structure or map found where not expected.",
            );
        }
    };
    ServiceError::serialization(format!("{found} can not be converted to {expected}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parameters(text: &str) -> Parameters {
        Parameters::parse(text.as_bytes()).expect("the test's JSON is an object")
    }

    #[test]
    fn nothing_and_null_are_no_members() {
        assert!(!parameters("").has("KeyId"));
        assert!(!parameters(r#"{"KeyId":null}"#).has("KeyId"));
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for body in ["[]", "1", "{", "\u{0}", r#""x""#, r#"{"a":1}x"#] {
            let refusal = Parameters::parse(body.as_bytes()).expect_err(body);
            assert_eq!(refusal.code, "SerializationException");
        }
    }

    #[test]
    fn another_type_is_refused_in_aws_words() {
        let refusal = parameters(r#"{"KeyId":7}"#)
            .text("KeyId")
            .expect_err("a number");
        assert_eq!(refusal.code, "SerializationException");
        assert_eq!(
            refusal.message.as_deref(),
            Some("NUMBER_VALUE can not be converted to String")
        );
        assert!(
            parameters(r#"{"Plaintext":"*"}"#)
                .blob("Plaintext")
                .is_err()
        );
    }
}
