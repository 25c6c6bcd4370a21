//! Shared secrets by Diffie-Hellman.

use serde_json::json;

use super::{Answer, Call, answer};
use crate::crypto::agreement;
use crate::error::ServiceError;
use crate::request::encode_blob;
use crate::spec::KeyUsage;

pub(super) fn derive_shared_secret(call: &mut Call<'_>) -> Answer {
    let public_key = call.parameters.required_blob("PublicKey")?;
    call.refuse_recipient()?;
    let key = call.usable_key(KeyUsage::KeyAgreement)?;
    // AWS says no more than this of a public key it cannot use.
    let secret = agreement::derive(key.spec, key.current_secret()?, &public_key)
        .map_err(|_| ServiceError::bare("ValidationException"))?;
    let key_id = key.id.clone();
    let members = answer([
        ("KeyId", json!(key.arn)),
        ("SharedSecret", encode_blob(&secret)),
        ("KeyAgreementAlgorithm", json!("ECDH")),
        ("KeyOrigin", json!(key.origin.name())),
    ]);
    call.end_of_dry_run()?;
    call.used(&key_id);
    Ok(members)
}
