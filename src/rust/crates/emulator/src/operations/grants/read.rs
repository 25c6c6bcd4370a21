//! What CreateGrant asks for, checked.

use serde_json::{Map, Value, json};

use crate::error::ServiceError;
use crate::operations::Call;
use crate::request::text_map;
use crate::spec::{Family, KeyUsage};
use crate::state::{Constraints, Grant, Key, Principal};

pub(super) fn grant(call: &Call<'_>, key: &Key) -> Result<Grant, ServiceError> {
    let parameters = call.parameters;
    let grantee = principal(call, "Grantee")?.ok_or_else(|| {
        ServiceError::validation(
            "You must specify exactly one of GranteePrincipal and GranteeServicePrincipal.",
        )
    })?;
    let operations = parameters
        .texts("Operations")?
        .ok_or_else(|| crate::validate::missing("Operations"))?;
    for operation in &operations {
        ensure_possible(key, operation)?;
    }
    let retiring = principal(call, "Retiring")?;
    let constraints = constraints(call, key)?;
    let is_bound = constraints.source_arn.is_some() && retiring.is_some();
    if matches!(grantee, Principal::Service(_)) && !is_bound {
        return Err(ServiceError::validation(
            "A grant with a GranteeServicePrincipal must have a SourceArn constraint and a RetiringPrincipal or a RetiringServicePrincipal.",
        ));
    }
    Ok(Grant {
        name: parameters.text("Name")?.unwrap_or_default().to_owned(),
        created: call.now,
        grantee,
        retiring,
        operations: operations.into_iter().map(str::to_owned).collect(),
        constraints,
    })
}

/// A user, a role, a session, or an account, by ARN.
pub(super) fn check_principal(text: &str) -> Result<(), ServiceError> {
    let fields: Vec<&str> = text.splitn(6, ':').collect();
    let fits = match fields[..] {
        ["arn", partition, "iam" | "sts", "", account, resource] => {
            partition.starts_with("aws")
                && account.len() == 12
                && account.bytes().all(|byte| byte.is_ascii_digit())
                && (resource == "root" || resource.contains('/'))
        }
        _ => false,
    };
    if fits {
        return Ok(());
    }
    Err(ServiceError::new(
        "InvalidArnException",
        format!("ARN does not refer to a valid principal: {text}"),
    ))
}

/// The refusal of a principal and a service in the same role.
pub(super) fn only_one_principal(role: &str) -> ServiceError {
    ServiceError::validation(format!(
        "You must specify only one of {role}Principal and {role}ServicePrincipal."
    ))
}

/// Constraints in the form answers have them; empty when there are none.
pub(super) fn constraints_value(constraints: &Constraints) -> Map<String, Value> {
    let mut members = Map::new();
    for (name, value) in [
        (
            "EncryptionContextSubset",
            constraints
                .context_subset
                .as_ref()
                .map(|context| json!(context)),
        ),
        (
            "EncryptionContextEquals",
            constraints
                .context_equals
                .as_ref()
                .map(|context| json!(context)),
        ),
        (
            "SourceArn",
            constraints.source_arn.as_ref().map(|arn| json!(arn)),
        ),
    ] {
        if let Some(value) = value {
            members.insert(name.to_owned(), value);
        }
    }
    members
}

fn principal(call: &Call<'_>, role: &str) -> Result<Option<Principal>, ServiceError> {
    let aws = call.parameters.text(&format!("{role}Principal"))?;
    let service = call.parameters.text(&format!("{role}ServicePrincipal"))?;
    match (aws, service) {
        (None, None) => Ok(None),
        (Some(arn), None) => {
            check_principal(arn)?;
            Ok(Some(Principal::Aws(arn.to_owned())))
        }
        (None, Some(name)) => Ok(Some(Principal::Service(name.to_owned()))),
        (Some(_), Some(_)) => Err(only_one_principal(role)),
    }
}

fn constraints(call: &Call<'_>, key: &Key) -> Result<Constraints, ServiceError> {
    let Some(value) = call.parameters.members().get("Constraints") else {
        return Ok(Constraints::default());
    };
    let read = |name| value.get(name).filter(|value| !value.is_null());
    let constraints = Constraints {
        context_subset: read("EncryptionContextSubset").map(text_map).transpose()?,
        context_equals: read("EncryptionContextEquals").map(text_map).transpose()?,
        source_arn: read("SourceArn").and_then(Value::as_str).map(str::to_owned),
    };
    let about_context =
        constraints.context_subset.is_some() || constraints.context_equals.is_some();
    if about_context && !key.spec.is_symmetric() {
        return Err(ServiceError::validation(
            "Encryption context grant constraints are supported only for symmetric encryption KMS keys.",
        ));
    }
    let contexts = [&constraints.context_subset, &constraints.context_equals];
    for context in contexts.into_iter().flatten() {
        let is_long = |text: &String| text.chars().count() > MOST_CHARACTERS;
        if context.len() > MOST_PAIRS || context.values().any(is_long) {
            return Err(ServiceError::validation(format!(
                "An encryption context grant constraint can have at most {MOST_PAIRS} pairs with values of at most {MOST_CHARACTERS} characters."
            )));
        }
    }
    Ok(constraints)
}

/// How many pairs AWS lets a constraint on an encryption context have, and how long their values may be.
const MOST_PAIRS: usize = 8;
const MOST_CHARACTERS: usize = 384;

/// A grant for an operation that the key cannot be used in says nothing.
fn ensure_possible(key: &Key, operation: &str) -> Result<(), ServiceError> {
    let possible = match operation {
        "CreateGrant" | "RetireGrant" | "DescribeKey" => true,
        "GetPublicKey" => key.spec.has_public_key(),
        "Encrypt" | "Decrypt" | "ReEncryptFrom" | "ReEncryptTo" => {
            key.usage == KeyUsage::EncryptDecrypt
        }
        "GenerateDataKey"
        | "GenerateDataKeyWithoutPlaintext"
        | "GenerateDataKeyPair"
        | "GenerateDataKeyPairWithoutPlaintext" => key.spec.family() == Family::Symmetric,
        "Sign" | "Verify" => key.usage == KeyUsage::SignVerify,
        "GenerateMac" | "VerifyMac" => key.usage == KeyUsage::GenerateVerifyMac,
        "DeriveSharedSecret" => key.usage == KeyUsage::KeyAgreement,
        "Encapsulate" | "Decapsulate" => key.usage == KeyUsage::EncapsulateDecapsulate,
        _ => false,
    };
    if possible {
        return Ok(());
    }
    Err(ServiceError::validation(format!(
        "Operation {operation} is not supported for a KMS key with key spec {} and key usage {}.",
        key.spec.name(),
        key.usage.name()
    )))
}
