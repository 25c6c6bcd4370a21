//! The form of a policy document, as far as a key policy must keep it.

use serde_json::{Map, Value};

/// The statements of a policy, or what is wrong with it.
pub(crate) fn parse(text: &str) -> Result<Vec<Map<String, Value>>, &'static str> {
    let policy: Value = serde_json::from_str(text).map_err(|_| "Policy is not valid JSON")?;
    let policy = policy.as_object().ok_or("Policy must be a JSON object")?;
    if let Some(version) = policy.get("Version")
        && !matches!(version.as_str(), Some("2012-10-17" | "2008-10-17"))
    {
        return Err("Policy Version must be 2012-10-17 or 2008-10-17");
    }
    let statements = match policy.get("Statement") {
        Some(Value::Array(statements)) => statements.clone(),
        Some(statement @ Value::Object(_)) => vec![statement.clone()],
        _ => return Err("Policy contains no Statement"),
    };
    if statements.is_empty() {
        return Err("Policy contains no Statement");
    }
    statements.into_iter().map(check_statement).collect()
}

/// Whether some statement lets one of these principals replace the policy. One that lacks an Action or a Resource has no
/// effect.
pub(crate) fn allows_put_key_policy(
    statements: &[Map<String, Value>],
    principals: &[&str],
) -> bool {
    statements.iter().any(|statement| {
        statement.get("Effect").and_then(Value::as_str) == Some("Allow")
            && texts(statement.get("Action"))
                .iter()
                .any(|action| covers_put_key_policy(action))
            && (statement.contains_key("Resource") || statement.contains_key("NotResource"))
            && names_one_of(statement.get("Principal"), principals)
    })
}

fn check_statement(statement: Value) -> Result<Map<String, Value>, &'static str> {
    let Value::Object(statement) = statement else {
        return Err("Policy Statement must be a JSON object");
    };
    if !matches!(
        statement.get("Effect").and_then(Value::as_str),
        Some("Allow" | "Deny")
    ) {
        return Err("Policy Statement must have an Effect of Allow or Deny");
    }
    let has = |name: &str| statement.contains_key(name);
    if has("Principal") == has("NotPrincipal") {
        return Err("Policy Statement must contain either Principal or NotPrincipal");
    }
    // The API takes a statement without any Action or Resource, though the console does not.
    if has("Action") && has("NotAction") {
        return Err("Policy Statement must contain either Action or NotAction");
    }
    if has("Resource") && has("NotResource") {
        return Err("Policy Statement must contain either Resource or NotResource");
    }
    let principal = statement.get("Principal").or(statement.get("NotPrincipal"));
    match principal {
        Some(Value::String(all)) if all == "*" => {}
        Some(Value::Object(kinds))
            if kinds.keys().all(|kind| {
                matches!(
                    kind.as_str(),
                    "AWS" | "Service" | "Federated" | "CanonicalUser"
                )
            }) && kinds.values().all(|names| !texts(Some(names)).is_empty()) => {}
        _ => return Err("Policy contains an invalid Principal"),
    }
    Ok(statement)
}

fn names_one_of(principal: Option<&Value>, principals: &[&str]) -> bool {
    match principal {
        Some(Value::String(all)) => all == "*",
        Some(Value::Object(kinds)) => texts(kinds.get("AWS"))
            .iter()
            .any(|name| *name == "*" || principals.contains(name)),
        _ => false,
    }
}

fn covers_put_key_policy(action: &str) -> bool {
    matches(action.to_ascii_lowercase().as_bytes(), b"kms:putkeypolicy")
}

/// Whether a text fits a pattern, in which an asterisk stands for any characters and a question mark for one.
fn matches(pattern: &[u8], text: &[u8]) -> bool {
    // How much of the text the pattern so far can stand for: no pattern takes longer than its length times the text's.
    let mut fits = vec![false; text.len() + 1];
    fits[0] = true;
    for &one in pattern {
        if one == b'*' {
            let least = fits.iter().position(|fits| *fits).unwrap_or(fits.len());
            fits[least..].fill(true);
            continue;
        }
        for length in (1..fits.len()).rev() {
            fits[length] = fits[length - 1] && (one == b'?' || one == text[length - 1]);
        }
        fits[0] = false;
    }
    fits[text.len()]
}

/// A text, or a list of them.
fn texts(value: Option<&Value>) -> Vec<&str> {
    match value {
        Some(Value::String(text)) => vec![text],
        Some(Value::Array(texts)) => texts.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "arn:aws:iam::000000000000:root";

    fn statement(principal: &str, action: &str) -> String {
        format!(
            r#"{{"Version":"2012-10-17","Statement":{{"Effect":"Allow","Principal":{principal},"Action":{action},"Resource":"*"}}}}"#
        )
    }

    #[test]
    fn a_policy_must_have_its_form() {
        for wrong in [
            "",
            "[]",
            "{}",
            r#"{"Statement":[]}"#,
            r#"{"Version":"2020-01-01","Statement":{"Effect":"Allow","Principal":"*","Action":"*","Resource":"*"}}"#,
            r#"{"Statement":{"Effect":"Maybe","Principal":"*","Action":"*","Resource":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Action":"*","Resource":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":"me","Action":"*","Resource":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":{"Me":"x"},"Action":"*","Resource":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"*","NotAction":"*","Resource":"*"}}"#,
        ] {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse(&statement(r#""*""#, r#""kms:*""#)).is_ok());
    }

    #[test]
    fn a_statement_without_action_or_resource_has_no_effect() {
        for ineffective in [
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Resource":"*"}}"#,
            r#"{"Statement":{"Effect":"Allow","Principal":"*","Action":"kms:*"}}"#,
        ] {
            let statements = parse(ineffective).expect("AWS takes it");
            assert!(
                !allows_put_key_policy(&statements, &[ROOT]),
                "{ineffective}"
            );
        }
    }

    #[test]
    fn somebody_must_be_able_to_change_it_again() {
        let allows = |principal: &str, action: &str| {
            let statements = parse(&statement(principal, action)).expect("a policy");
            allows_put_key_policy(&statements, &[ROOT])
        };
        let root = format!(r#"{{"AWS":"{ROOT}"}}"#);
        assert!(allows(&root, r#""kms:*""#));
        assert!(allows(&root, r#"["kms:Encrypt","kms:Put*"]"#));
        assert!(allows(r#""*""#, r#""*""#));
        for wild in ["kms:*Key*", "KMS:PUT?eyPolic?", "*:*Policy", "k*s:P*y"] {
            assert!(allows(&root, &format!(r#""{wild}""#)), "{wild}");
        }
        let many = "*".repeat(10_000);
        assert!(allows(&root, &format!(r#""{many}y""#)));
        for other in ["kms:*Grant*", "kms:Put?", "kms:PutKeyPolicy?", "?"] {
            assert!(!allows(&root, &format!(r#""{other}""#)), "{other}");
        }
        assert!(!allows(&root, r#""kms:Encrypt""#));
        assert!(!allows(
            r#"{"AWS":"arn:aws:iam::111111111111:root"}"#,
            r#""kms:*""#
        ));
    }
}
