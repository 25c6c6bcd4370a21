//! Shared secrets by key encapsulation.

use serde_json::json;

use super::{Answer, Call, answer};
use crate::crypto::kem;
use crate::error::ServiceError;
use crate::request::encode_blob;
use crate::spec::KeyUsage;

pub(super) fn encapsulate(call: &mut Call<'_>) -> Answer {
    let key = call.usable_key(KeyUsage::EncapsulateDecapsulate)?;
    let public_key = key.current_public_key()?;
    let encapsulated =
        kem::encapsulate(key.spec, public_key).map_err(|_| ServiceError::internal())?;
    let key_id = key.id.clone();
    let members = answer([
        ("KeyId", json!(key.arn)),
        ("SharedSecret", encode_blob(&encapsulated.shared_secret)),
        (
            "SharedSecretCiphertextBlob",
            encode_blob(&encapsulated.ciphertext),
        ),
        ("EncapsulationAlgorithm", json!("ML_KEM")),
    ]);
    call.end_of_dry_run()?;
    call.used(&key_id);
    Ok(members)
}

pub(super) fn decapsulate(call: &mut Call<'_>) -> Answer {
    let ciphertext = call
        .parameters
        .required_blob("SharedSecretCiphertextBlob")?;
    let key = call.usable_key(KeyUsage::EncapsulateDecapsulate)?;
    let secret = kem::decapsulate(key.spec, key.current_secret()?, &ciphertext)
        .map_err(|_| ServiceError::invalid_ciphertext())?;
    let key_id = key.id.clone();
    let members = answer([
        ("KeyId", json!(key.arn)),
        ("SharedSecret", encode_blob(&secret)),
        ("EncapsulationAlgorithm", json!("ML_KEM")),
    ]);
    call.end_of_dry_run()?;
    call.used(&key_id);
    Ok(members)
}
