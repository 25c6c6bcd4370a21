//! The operations of the model, tied to the AWS SDK's typed request builders.
//!
//! `table.rs` is generated and lists names only; that it compiles is the proof that every operation and every member of a
//! request exists in the SDK. Adding an operation is adding a row.
// The mirrored interface still has members that AWS has deprecated.
#![allow(deprecated)]

use std::collections::HashMap;
use std::sync::LazyLock;

use aws_smithy_runtime_api::client::interceptors::context::Input;
use aws_smithy_runtime_api::client::runtime_plugin::RuntimePlugin;
use aws_smithy_types::config_bag::FrozenLayer;
use aws_smithy_types::{Blob, DateTime};

use crate::arguments::{Arguments, Value};

/// A value whose type is not the member's: the model and the conversion disagree.
#[derive(Debug)]
pub(crate) struct Mismatch(pub(crate) &'static str);

/// One operation of the SDK.
pub(crate) struct Sdk {
    /// The input, made of the arguments.
    pub(crate) input: fn(&mut Arguments) -> Result<Input, Mismatch>,
    /// How the SDK writes the operation's requests.
    pub(crate) configuration: &'static FrozenLayer,
}

/// A member's Rust type, made from a value.
trait FromValue: Sized {
    fn from_value(value: Value) -> Option<Self>;
}

impl FromValue for String {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }
}

impl FromValue for bool {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Boolean(truth) => Some(truth),
            _ => None,
        }
    }
}

impl FromValue for i32 {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Integer(number) => Some(number),
            _ => None,
        }
    }
}

impl FromValue for Blob {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Bytes(bytes) => Some(Blob::new(bytes)),
            _ => None,
        }
    }
}

impl FromValue for DateTime {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Timestamp(seconds) => Some(DateTime::from_secs(seconds)),
            _ => None,
        }
    }
}

impl<T: FromValue> FromValue for Vec<T> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::List(items) => items.into_iter().map(T::from_value).collect(),
            _ => None,
        }
    }
}

impl FromValue for HashMap<String, String> {
    fn from_value(value: Value) -> Option<Self> {
        match value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }
}

fn take<T: FromValue>(
    arguments: &mut Arguments,
    name: &'static str,
) -> Result<Option<T>, Mismatch> {
    match arguments.take(name) {
        None => Ok(None),
        Some(value) => T::from_value(value).map(Some).ok_or(Mismatch(name)),
    }
}

macro_rules! operations {
    ($($operation:ident, $method:ident, $input:ident { $($member:literal => $setter:ident),* $(,)? })+) => {
        /// The operation with this wire name.
        pub(crate) fn operation(name: &str) -> Option<Sdk> {
            match name {
                $(stringify!($operation) => {
                    static CONFIGURATION: LazyLock<Option<FrozenLayer>> =
                        LazyLock::new(|| aws_sdk_kms::operation::$method::$operation::new().config());
                    Some(Sdk {
                        configuration: CONFIGURATION.as_ref()?,
                        input: |arguments| {
                            let _ = &arguments;
                            let input = aws_sdk_kms::operation::$method::$input::builder();
                            $(let input = input.$setter(take(arguments, $member)?);)*
                            let input = input.build().map_err(|_| Mismatch("an argument"))?;
                            Ok(Input::erase(input))
                        },
                    })
                })+
                _ => None,
            }
        }
    };
}

macro_rules! structures {
    ($($structure:ident { $($member:literal => $setter:ident),* $(,)? })+) => {
        $(impl FromValue for aws_sdk_kms::types::$structure {
            fn from_value(value: Value) -> Option<Self> {
                let Value::Structure(mut members) = value else {
                    return None;
                };
                Finish::<Self>::finish(Self::builder()$(.$setter(take(&mut members, $member).ok()?))*.build())
            }
        })+
    };
}

/// What an SDK structure's `build()` returns: the structure itself, or a result where it has required members.
trait Finish<T> {
    fn finish(self) -> Option<T>;
}

impl<T> Finish<T> for T {
    fn finish(self) -> Option<T> {
        Some(self)
    }
}

impl<T, E> Finish<T> for Result<T, E> {
    fn finish(self) -> Option<T> {
        self.ok()
    }
}

macro_rules! enumerations {
    ($($enumeration:ident),+ $(,)?) => {
        $(impl FromValue for aws_sdk_kms::types::$enumeration {
            fn from_value(value: Value) -> Option<Self> {
                String::from_value(value).map(|text| Self::from(text.as_str()))
            }
        })+
    };
}

include!("table.rs");

#[cfg(test)]
mod tests {
    use super::*;
    use aws_smithy_runtime_api::client::ser_de::SharedRequestSerializer;

    #[test]
    fn every_operation_of_the_model_has_a_serializer() {
        for modelled in kmsr_model::OPERATIONS {
            let sdk = operation(modelled.name).expect(modelled.name);
            assert!(
                sdk.configuration
                    .load::<SharedRequestSerializer>()
                    .is_some(),
                "{}",
                modelled.name
            );
        }
    }
}
