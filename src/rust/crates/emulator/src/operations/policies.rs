//! Key policies: stored and checked for form, not enforced.

pub(super) mod document;

use serde_json::{Value, json};

use super::{Answer, Call, answer, nothing, page};
use crate::error::ServiceError;

pub(super) fn get_key_policy(call: &mut Call<'_>) -> Answer {
    let key_id = call.key_only()?;
    ensure_default(call)?;
    Ok(answer([
        ("Policy", json!(call.key(&key_id).policy)),
        ("PolicyName", json!(ONLY_NAME)),
    ]))
}

pub(super) fn put_key_policy(call: &mut Call<'_>) -> Answer {
    let policy = call.parameters.required_text("Policy")?;
    if call.parameters.text("PolicyName")? == Some("AWS_RAM") {
        return Err(ServiceError::validation(
            "The AWS_RAM policy can only be managed by the RAM service.",
        ));
    }
    let key_id = call.key_only()?;
    ensure_default(call)?;
    check(call, policy)?;
    call.key_mut(&key_id).policy = policy.to_owned();
    nothing()
}

pub(super) fn list_key_policies(call: &mut Call<'_>) -> Answer {
    call.key_only()?;
    let names = [(ONLY_NAME.to_owned(), Value::from(ONLY_NAME))];
    page::answer(call, "PolicyNames", 100..=1000, names.into_iter())
}

/// The policy a request brings, checked; `None` when it brings none.
pub(super) fn read<'a>(call: &Call<'a>) -> Result<Option<&'a str>, ServiceError> {
    let policy = call.parameters.text("Policy")?;
    if let Some(policy) = policy {
        check(call, policy)?;
    }
    Ok(policy)
}

/// What AWS gives a key whose creator names no policy, in the form AWS writes it.
pub(super) fn default(call: &Call<'_>, region: &str) -> String {
    let root = call.world.home(region).root_arn();
    format!(
        r#"{{
  "Version" : "2012-10-17",
  "Id" : "key-default-1",
  "Statement" : [ {{
    "Sid" : "Enable IAM User Permissions",
    "Effect" : "Allow",
    "Principal" : {{
      "AWS" : "{root}"
    }},
    "Action" : "kms:*",
    "Resource" : "*"
  }} ]
}}"#
    )
}

/// AWS lets a key have one policy, of this name.
const ONLY_NAME: &str = "default";
/// How many bytes a key policy may have: a quota that AWS does not raise.
const MOST_BYTES: usize = 32 * 1024;

fn ensure_default(call: &Call<'_>) -> Result<(), ServiceError> {
    match call.parameters.text("PolicyName")? {
        None | Some(ONLY_NAME) => Ok(()),
        Some(_) => Err(ServiceError::not_found("No such policy exists")),
    }
}

fn check(call: &Call<'_>, policy: &str) -> Result<(), ServiceError> {
    if policy.len() > MOST_BYTES {
        return Err(ServiceError::new(
            "LimitExceededException",
            format!("A key policy can have at most {MOST_BYTES} bytes."),
        ));
    }
    let statements = document::parse(policy)
        .map_err(|message| ServiceError::new("MalformedPolicyDocumentException", message))?;
    let bypass = call.parameters.is_set("BypassPolicyLockoutSafetyCheck")?;
    let root = call.world.home(call.region).root_arn();
    let keeps_a_way =
        document::allows_put_key_policy(&statements, &[&root, call.caller, &call.world.account_id]);
    if bypass || keeps_a_way {
        return Ok(());
    }
    Err(ServiceError::new(
        "MalformedPolicyDocumentException",
        "The new key policy will not allow you to update the key policy in the future.",
    ))
}
