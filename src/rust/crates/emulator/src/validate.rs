//! Checks a request against the table of the API and says what is wrong in AWS' form.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use kmsr_model::{Member, Operation, Shape};
use regex_lite::Regex;
use serde_json::{Map, Value};

use crate::error::ServiceError;
use crate::request::{decode_blob, mistyped};

/// Checks every member the table knows: its type first, as reading comes before judging, then what the service model states
/// about it. All violations come in one answer, in the order of the table.
pub(crate) fn request(
    operation: &Operation,
    members: &Map<String, Value>,
) -> Result<(), ServiceError> {
    let mut violations = Vec::new();
    for member in operation.input {
        check_member(member, members, "", &mut violations)?;
    }
    if violations.is_empty() {
        return Ok(());
    }
    Err(violation_error(&violations))
}

/// A list is judged no further when so much is wrong already: an answer must not be many times its request.
const MOST_VIOLATIONS: usize = 100;

/// The refusal of a request that lacks a required member.
pub(crate) fn missing(name: &str) -> ServiceError {
    violation_error(&[null_at(&lower_first(name))])
}

/// The refusal of a value that is none of the allowed ones.
pub(crate) fn not_in_enum(name: &str, value: &str, allowed: &[&str]) -> ServiceError {
    violation_error(&[enum_violation(&lower_first(name), value, allowed)])
}

/// `keyId` for `KeyId`: how AWS names members in its messages and its audit log.
pub(crate) fn lower_first(name: &str) -> String {
    let mut characters = name.chars();
    characters
        .next()
        .map(|first| first.to_ascii_lowercase().to_string() + characters.as_str())
        .unwrap_or_default()
}

fn check_member(
    member: &Member,
    siblings: &Map<String, Value>,
    prefix: &str,
    violations: &mut Vec<String>,
) -> Result<(), ServiceError> {
    let path = format!("{prefix}{}", lower_first(member.name));
    match siblings.get(member.name) {
        None | Some(Value::Null) => {
            if member.required {
                violations.push(null_at(&path));
            }
            Ok(())
        }
        Some(value) => check_value(member, member.shape, value, &path, violations),
    }
}

/// `member` carries the bounds; `shape` is its type, or its items' type.
fn check_value(
    member: &Member,
    shape: Shape,
    value: &Value,
    path: &str,
    violations: &mut Vec<String>,
) -> Result<(), ServiceError> {
    let shown = |text: &str| {
        if member.sensitive {
            "Value".to_owned()
        } else {
            format!("Value '{text}'")
        }
    };
    match shape {
        Shape::String => {
            let text = value.as_str().ok_or_else(|| mistyped(value, "String"))?;
            let shown = shown(text);
            check_length(member, text.chars().count(), &shown, path, violations);
            if let Some(pattern) = member.pattern
                && !matches_whole(pattern, text)
            {
                violations.push(format!("{shown} at '{path}' failed to satisfy constraint: Member must satisfy regular expression pattern: {pattern}"));
            }
        }
        Shape::Enum(enumeration) => {
            let text = value.as_str().ok_or_else(|| mistyped(value, "String"))?;
            if !enumeration.values.contains(&text) {
                violations.push(enum_violation(path, text, enumeration.values));
            }
        }
        Shape::Blob => {
            let text = value.as_str().ok_or_else(|| mistyped(value, "Blob"))?;
            let length = decode_blob(text)?.len();
            let shown = shown(&format!(
                "java.nio.HeapByteBuffer[pos=0 lim={length} cap={length}]"
            ));
            check_length(member, length, &shown, path, violations);
        }
        Shape::Timestamp => {
            if !value.is_number() {
                return Err(mistyped(value, "Timestamp"));
            }
        }
        Shape::Boolean => {
            if !value.is_boolean() {
                return Err(mistyped(value, "Boolean"));
            }
        }
        Shape::Integer => {
            let number = value
                .as_f64()
                .ok_or_else(|| mistyped(value, "Integer"))?
                .trunc();
            let shown = shown(&number.to_string());
            if let Some(min) = member.min
                && number < f64::from(min)
            {
                violations.push(format!("{shown} at '{path}' failed to satisfy constraint: Member must have value greater than or equal to {min}"));
            }
            if let Some(max) = member.max
                && number > f64::from(max)
            {
                violations.push(format!("{shown} at '{path}' failed to satisfy constraint: Member must have value less than or equal to {max}"));
            }
        }
        Shape::List(item_shape) => {
            let items = value
                .as_array()
                .ok_or_else(|| ServiceError::serialization("Expected list or null"))?;
            let shown = shown(&Value::Array(items.clone()).to_string());
            check_length(member, items.len(), &shown, path, violations);
            for (index, item) in items.iter().enumerate() {
                if violations.len() >= MOST_VIOLATIONS {
                    break;
                }
                let path = format!("{path}.{}.member", index + 1);
                check_item(member, *item_shape, item, &path, violations)?;
            }
        }
        Shape::Map => {
            crate::request::text_map(value)?;
        }
        Shape::Structure(structure) => {
            let members = value.as_object().ok_or_else(|| {
                ServiceError::serialization("Start of structure or map found where not expected.")
            })?;
            for member in structure.members {
                check_member(member, members, &format!("{path}."), violations)?;
            }
        }
    }
    Ok(())
}

/// A list's bounds are the list's own, and the table has none for items; these are the service model's, in characters.
const ITEMS: &[(&str, u32)] = &[("GrantTokens", 8192), ("TagKeys", 128)];

fn check_item(
    list: &Member,
    shape: Shape,
    item: &Value,
    path: &str,
    violations: &mut Vec<String>,
) -> Result<(), ServiceError> {
    let most = ITEMS.iter().find(|(name, _)| *name == list.name);
    let item_member = Member {
        name: list.name,
        shape,
        required: true,
        sensitive: list.sensitive,
        newer: list.newer,
        in_sdk: list.in_sdk,
        min: most.map(|_| 1),
        max: most.map(|(_, most)| *most),
        pattern: None,
    };
    check_value(&item_member, shape, item, path, violations)
}

fn check_length(
    member: &Member,
    length: usize,
    shown: &str,
    path: &str,
    violations: &mut Vec<String>,
) {
    if let Some(min) = member.min
        && length < min as usize
    {
        violations.push(format!("{shown} at '{path}' failed to satisfy constraint: Member must have length greater than or equal to {min}"));
    }
    if let Some(max) = member.max
        && length > max as usize
    {
        violations.push(format!("{shown} at '{path}' failed to satisfy constraint: Member must have length less than or equal to {max}"));
    }
}

fn null_at(path: &str) -> String {
    format!("Value null at '{path}' failed to satisfy constraint: Member must not be null")
}

fn enum_violation(path: &str, value: &str, allowed: &[&str]) -> String {
    format!(
        "Value '{value}' at '{path}' failed to satisfy constraint: Member must satisfy enum value set: [{}]",
        allowed.join(", ")
    )
}

fn violation_error(violations: &[String]) -> ServiceError {
    let (count, plural) = (
        violations.len(),
        if violations.len() == 1 { "" } else { "s" },
    );
    ServiceError::validation(format!(
        "{count} validation error{plural} detected: {}",
        violations.join("; ")
    ))
}

/// The service model's patterns hold for the whole text, written with anchors or without.
fn matches_whole(pattern: &'static str, text: &str) -> bool {
    /// The table's patterns, compiled when they are first needed.
    static COMPILED: Mutex<BTreeMap<&'static str, Option<Regex>>> = Mutex::new(BTreeMap::new());
    let mut compiled = COMPILED.lock().unwrap_or_else(PoisonError::into_inner);
    compiled
        .entry(pattern)
        .or_insert_with(|| whole(pattern).ok())
        .as_ref()
        // A pattern this engine cannot read constrains nothing; a test holds that there is none.
        .is_none_or(|regex| regex.is_match(text))
}

fn whole(pattern: &str) -> Result<Regex, regex_lite::Error> {
    Regex::new(&format!("^(?:{pattern})$"))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn check(members: Value) -> Result<(), ServiceError> {
        let operation = kmsr_model::operation("DescribeKey").expect("the table has DescribeKey");
        request(operation, members.as_object().expect("an object"))
    }

    fn message(members: Value) -> String {
        let refusal = check(members).expect_err("the members are wrong");
        assert_eq!(refusal.code, "ValidationException");
        refusal.message.expect("validation errors have messages")
    }

    #[test]
    fn says_what_is_wrong_in_aws_form() {
        assert_eq!(
            message(json!({})),
            "1 validation error detected: Value null at 'keyId' failed to satisfy constraint: Member must not be null"
        );
        assert_eq!(
            message(json!({"KeyId": ""})),
            "1 validation error detected: Value '' at 'keyId' failed to satisfy constraint: Member must have length greater than or equal to 1"
        );
        let long = "x".repeat(2049);
        assert_eq!(
            message(json!({"KeyId": long})),
            format!(
                "1 validation error detected: Value '{long}' at 'keyId' failed to satisfy constraint: Member must have length less than or equal to 2048"
            )
        );
    }

    #[test]
    fn an_answer_does_not_outgrow_its_request() {
        let operation = kmsr_model::operation("CreateGrant").expect("the table has CreateGrant");
        let members = json!({"KeyId": "x", "Operations": vec![""; 200_000]});
        let refusal = request(operation, members.as_object().expect("an object"))
            .expect_err("no operation has an empty name");
        let length = refusal.message.expect("a message").len();
        assert!(length < 100_000, "{length}");
    }

    #[test]
    fn items_of_lists_have_bounds_too() {
        let operation = kmsr_model::operation("UntagResource").expect("the table has it");
        let checked = |name: &str| {
            let members = json!({"KeyId": "x", "TagKeys": ["a", name]});
            request(operation, members.as_object().expect("an object"))
        };
        assert!(checked(&"x".repeat(128)).is_ok());
        assert!(checked(&"x".repeat(129)).is_err());
        let empty = checked("").expect_err("a tag has a name").message;
        assert_eq!(
            empty.as_deref(),
            Some(
                "1 validation error detected: Value '' at 'tagKeys.2.member' failed to satisfy constraint: Member must have length greater than or equal to 1"
            )
        );
    }

    #[test]
    fn another_type_is_a_serialization_error() {
        let refusal = check(json!({"KeyId": {}})).expect_err("an object is no text");
        assert_eq!(refusal.code, "SerializationException");
    }

    #[test]
    fn every_pattern_of_the_table_can_be_read() {
        for operation in kmsr_model::OPERATIONS {
            for member in operation.input {
                if let Some(pattern) = member.pattern {
                    assert!(whole(pattern).is_ok(), "{} {}", operation.name, member.name);
                }
            }
        }
    }
}
