//! What of a request or an answer may be written down.

use kmsr_model::{Member, Shape};
use serde_json::{Map, Value};

use crate::clock::Time;
use crate::validate::lower_first;

/// The members a table knows, named as CloudTrail names them. Blobs (plaintexts, ciphertexts, keys, tokens), secrets and grant
/// tokens are left out, and so is whatever the table does not know. No members are `null`.
pub(crate) fn redact(members: &[Member], values: &Map<String, Value>) -> Value {
    let kept: Map<String, Value> = members
        .iter()
        .filter(|member| !is_secret(member))
        .filter_map(|member| {
            let value = show(member.shape, values.get(member.name)?)?;
            Some((lower_first(member.name), value))
        })
        .collect();
    if kept.is_empty() {
        return Value::Null;
    }
    Value::Object(kept)
}

fn is_secret(member: &Member) -> bool {
    member.sensitive
        || matches!(
            member.name,
            "GrantToken" | "GrantTokens" | "Marker" | "NextMarker"
        )
}

fn show(shape: Shape, value: &Value) -> Option<Value> {
    match shape {
        Shape::Blob => None,
        Shape::Timestamp => {
            let time = value.as_f64().and_then(Time::from_seconds)?;
            Some(Value::String(time.in_words()))
        }
        Shape::Structure(structure) => Some(redact(structure.members, value.as_object()?)),
        Shape::List(item) => value
            .as_array()?
            .iter()
            .map(|value| show(*item, value))
            .collect::<Option<Vec<Value>>>()
            .map(Value::Array),
        Shape::String | Shape::Enum(_) | Shape::Boolean | Shape::Integer | Shape::Map => {
            Some(value.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn redacted(operation: &str, members: Value) -> Value {
        let operation = kmsr_model::operation(operation).expect("an operation");
        redact(operation.input, members.as_object().expect("members"))
    }

    #[test]
    fn secrets_and_bytes_are_left_out() {
        let shown = redacted(
            "Encrypt",
            json!({
                "KeyId": "alias/x",
                "Plaintext": "c2VjcmV0",
                "EncryptionContext": {"purpose": "test"},
                "GrantTokens": ["token"],
                "Unknown": "x",
            }),
        );
        assert_eq!(
            shown,
            json!({"keyId": "alias/x", "encryptionContext": {"purpose": "test"}})
        );
        assert_eq!(redacted("GenerateRandom", json!({})), Value::Null);
    }

    #[test]
    fn an_import_shows_its_terms() {
        let shown = redacted(
            "ImportKeyMaterial",
            json!({
                "KeyId": "k",
                "ImportToken": "dG9rZW4=",
                "EncryptedKeyMaterial": "Ynl0ZXM=",
                "ValidTo": 1_609_531_200,
                "ExpirationModel": "KEY_MATERIAL_EXPIRES",
            }),
        );
        assert_eq!(
            shown,
            json!({"keyId": "k", "validTo": "Jan 1, 2021 8:00:00 PM", "expirationModel": "KEY_MATERIAL_EXPIRES"})
        );
    }
}
