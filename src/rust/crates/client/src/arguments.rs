//! Arguments on their way into a request.
use std::collections::HashMap;

use kmsr_model::{Member, Operation};

/// A value of one of the model's shapes.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A string or an enumeration's value.
    Text(String),
    /// A blob.
    Bytes(Vec<u8>),
    /// Whole seconds since 1970-01-01 UTC.
    Timestamp(i64),
    /// True or false.
    Boolean(bool),
    /// A whole number.
    Integer(i32),
    /// A list.
    List(Vec<Value>),
    /// Names to text.
    Map(HashMap<String, String>),
    /// A structure's members that are present.
    Structure(Arguments),
}

/// Named values: an operation's arguments, or a structure's members. Absent members are not there.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Arguments(Vec<(&'static str, Value)>);

impl Arguments {
    /// No arguments.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds one, by its name in the model.
    pub fn push(&mut self, name: &'static str, value: Value) {
        self.0.push((name, value));
    }

    /// Takes the named one out.
    pub(crate) fn take(&mut self, name: &str) -> Option<Value> {
        let index = self.0.iter().position(|(key, _)| *key == name)?;
        Some(self.0.swap_remove(index).1)
    }

    /// The members the SDK's own types lack, as JSON, taken out.
    pub(crate) fn take_newer_than_sdk(
        &mut self,
        operation: &'static Operation,
    ) -> serde_json::Map<String, serde_json::Value> {
        let beyond = |member: &&Member| !member.in_sdk;
        operation
            .input
            .iter()
            .filter(beyond)
            .filter_map(|member| {
                Some((member.name.to_owned(), self.take(member.name)?.into_json()))
            })
            .collect()
    }
}

impl Value {
    fn into_json(self) -> serde_json::Value {
        match self {
            Value::Text(text) => text.into(),
            Value::Bytes(bytes) => aws_smithy_types::base64::encode(bytes).into(),
            Value::Timestamp(seconds) => seconds.into(),
            Value::Boolean(truth) => truth.into(),
            Value::Integer(number) => number.into(),
            Value::List(items) => items.into_iter().map(Value::into_json).collect(),
            Value::Map(entries) => entries
                .into_iter()
                .map(|(k, v)| (k, v.into()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
            Value::Structure(members) => members
                .0
                .into_iter()
                .map(|(name, value)| (name.to_owned(), value.into_json()))
                .collect::<serde_json::Map<_, _>>()
                .into(),
        }
    }
}
