//! Requests and answers as a log may show them: without credentials, tokens, plaintexts and key material.
//!
//! What is shown is what the model knows and calls harmless; everything else is not.
use std::fmt::Write as _;

use kmsr_model::{Member, Shape};
use serde_json::Value;

/// In place of what must not be shown.
const REDACTED: &str = "<REDACTED>";
/// As much of a text as a line of a log holds.
const LONGEST: usize = 4096;

/// Headers whose values are credentials.
const SECRET_HEADERS: [&str; 6] = [
    "authorization",
    "cookie",
    "proxy-authorization",
    "set-cookie",
    "x-amz-security-token",
    "x-aws-ec2-metadata-token",
];

/// A header in a line.
pub(crate) fn header(name: &str, value: &str) -> String {
    let secret = SECRET_HEADERS
        .iter()
        .any(|secret| name.eq_ignore_ascii_case(secret));
    format!("{name}: {}", if secret { REDACTED } else { value })
}

/// The body of a request or an answer with these members, in a line.
pub(crate) fn body(members: &'static [Member], body: &[u8]) -> String {
    if body.is_empty() {
        return "(empty)".to_owned();
    }
    match serde_json::from_slice(body) {
        Ok(Value::Object(mut object)) => {
            object
                .iter_mut()
                .for_each(|(name, value)| hide_member(members, name, value));
            shorten(Value::Object(object).to_string())
        }
        _ => format!("({} bytes that are not the service's)", body.len()),
    }
}

/// The body of a refusal in a line: its code and message alone.
pub(crate) fn refusal(body: &[u8]) -> String {
    match serde_json::from_slice(body) {
        Ok(Value::Object(mut object)) => {
            for (name, value) in &mut object {
                match (name.as_str(), value.as_str()) {
                    ("__type" | "code" | "message" | "Message", Some(text)) => {
                        *value = message(text).into()
                    }
                    _ => *value = REDACTED.into(),
                }
            }
            shorten(Value::Object(object).to_string())
        }
        _ => format!("({} bytes that are not the service's)", body.len()),
    }
}

/// A message of the service. When a signature is wrong it repeats what should have been signed, session token and all.
pub(crate) fn message(text: &str) -> String {
    const TOKEN: &str = "x-amz-security-token:";
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.to_ascii_lowercase().find(TOKEN) {
        let (before, after) = rest.split_at(at + TOKEN.len());
        let after = after.trim_start();
        let end = after
            .find(|c: char| c.is_whitespace() || c == '\'' || c == '"')
            .unwrap_or(after.len());
        // Nothing can fail when writing to a string.
        let _ = write!(shown, "{before}{REDACTED}");
        rest = &after[end..];
    }
    shown.push_str(rest);
    shown
}

fn hide_member(members: &'static [Member], name: &str, value: &mut Value) {
    match members.iter().find(|member| member.name == name) {
        // Grant tokens are permissions to whoever holds them.
        Some(member) if !member.sensitive && !name.contains("Token") => hide(&member.shape, value),
        _ => *value = REDACTED.into(),
    }
}

fn hide(shape: &'static Shape, value: &mut Value) {
    match (shape, value) {
        (_, Value::Null) => {}
        (Shape::Blob, value) => {
            let length = value
                .as_str()
                .map_or(0, |base64| base64.trim_end_matches('=').len() * 3 / 4);
            *value = format!("<{length} bytes>").into();
        }
        (Shape::List(of), Value::Array(items)) => items.iter_mut().for_each(|item| hide(of, item)),
        (Shape::Structure(of), Value::Object(object)) => {
            object
                .iter_mut()
                .for_each(|(name, value)| hide_member(of.members, name, value));
        }
        (Shape::String | Shape::Enum(_), Value::String(_))
        | (Shape::Timestamp | Shape::Integer, Value::Number(_))
        | (Shape::Boolean, Value::Bool(_)) => {}
        (Shape::Map, Value::Object(entries)) if entries.values().all(Value::is_string) => {}
        // Not what the model says it is, so nobody knows what it is.
        (_, value) => *value = REDACTED.into(),
    }
}

fn shorten(mut text: String) -> String {
    if text.len() > LONGEST {
        let end = (0..=LONGEST)
            .rev()
            .find(|&end| text.is_char_boundary(end))
            .unwrap_or_default();
        text.truncate(end);
        text.push_str("...");
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn members(operation: &str, input: bool) -> &'static [Member] {
        let operation = kmsr_model::operation(operation).expect("an operation");
        if input {
            operation.input
        } else {
            operation.output
        }
    }

    #[test]
    fn credentials_in_headers_are_not_shown() {
        assert_eq!(
            header("Authorization", "AWS4-HMAC-SHA256 Credential=AKIA"),
            "Authorization: <REDACTED>"
        );
        assert_eq!(
            header("x-amz-security-token", "FwoG"),
            "x-amz-security-token: <REDACTED>"
        );
        assert_eq!(
            header("x-amz-target", "TrentService.Decrypt"),
            "x-amz-target: TrentService.Decrypt"
        );
    }

    fn shown(operation: &str, input: bool, sent: &[u8]) -> Value {
        serde_json::from_str(&body(members(operation, input), sent)).expect("JSON in a line")
    }

    #[test]
    fn bodies_show_what_is_harmless() {
        let sent = br#"{"KeyId":"alias/a","Plaintext":"c2VjcmV0","EncryptionContext":{"a":"b"},"GrantTokens":["t"],"New":1}"#;
        assert_eq!(
            shown("Encrypt", true, sent),
            json!({
                "KeyId": "alias/a",
                "Plaintext": REDACTED,
                "EncryptionContext": {"a": "b"},
                "GrantTokens": REDACTED,
                "New": REDACTED,
            })
        );
        let answered = br#"{"CiphertextBlob":"AAECAw==","KeyId":"arn"}"#;
        assert_eq!(
            shown("Encrypt", false, answered),
            json!({"CiphertextBlob": "<4 bytes>", "KeyId": "arn"})
        );
        // A member that is not of its type may be anything.
        let odd = br#"{"KeyId":{"a":1}}"#;
        assert_eq!(shown("Encrypt", false, odd), json!({"KeyId": REDACTED}));
        assert_eq!(
            body(members("Encrypt", false), b"<html>secret</html>"),
            "(19 bytes that are not the service's)"
        );
    }

    #[test]
    fn nested_secrets_are_hidden() {
        let sent = br#"{"KeyStorePassword":"hush","XksProxyAuthenticationCredential":{"AccessKeyId":"A","RawSecretAccessKey":"B"}}"#;
        assert_eq!(
            shown("CreateCustomKeyStore", true, sent),
            json!({
                "KeyStorePassword": REDACTED,
                "XksProxyAuthenticationCredential": {"AccessKeyId": REDACTED, "RawSecretAccessKey": REDACTED},
            })
        );
    }

    #[test]
    fn a_refusal_does_not_repeat_the_session_token() {
        let said = "The Canonical String should have been\n'POST\nx-amz-date:now\nX-Amz-Security-Token: FwoG/+=\n\nhost'";
        let shown = message(said);
        assert!(
            !shown.contains("FwoG") && shown.contains("x-amz-date:now") && shown.ends_with("host'"),
            "{shown}"
        );
        let body = serde_json::json!({"__type": "InvalidSignatureException", "message": said, "other": "FwoG"});
        let shown = refusal(body.to_string().as_bytes());
        assert!(
            !shown.contains("FwoG") && shown.contains("InvalidSignatureException"),
            "{shown}"
        );
    }

    #[test]
    fn long_bodies_are_cut() {
        let long = format!(r#"{{"KeyId":"{}"}}"#, "ä".repeat(LONGEST));
        let shown = body(members("DescribeKey", true), long.as_bytes());
        assert!(shown.len() <= LONGEST + 3 && shown.ends_with("..."));
    }
}
