//! Encryption and decryption, under symmetric keys and RSA keys.

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::{Answer, Call, answer};
use crate::crypto::aead::Blob;
use crate::crypto::asymmetric::{oaep_capacity, oaep_decrypt, oaep_encrypt};
use crate::error::ServiceError;
use crate::request::encode_blob;
use crate::spec::{EncryptionAlgorithm, Family, KeyUsage, RsaSize};

pub(super) fn encrypt(call: &mut Call<'_>) -> Answer {
    let plaintext = call.parameters.required_blob("Plaintext")?;
    let context = call.parameters.map("EncryptionContext")?;
    let algorithm = algorithm(call)?;
    let key = call.usable_key(KeyUsage::EncryptDecrypt)?;
    if !key.spec.encryption_algorithms().contains(&algorithm) {
        return Err(key.incompatible(algorithm.name()));
    }
    let arn = key.arn.clone();
    let ciphertext = match key.spec.family() {
        Family::Symmetric => {
            let material = key.current().ok_or_else(ServiceError::internal)?;
            Blob::seal(
                &key.id,
                material.id,
                key.current_secret()?,
                &plaintext,
                &context,
            )
        }
        Family::Rsa(size) => {
            refuse_context(&context)?;
            ensure_fits(algorithm, size, &plaintext)?;
            let material = key.current().ok_or_else(ServiceError::internal)?;
            let public_key = material
                .public_key
                .as_deref()
                .ok_or_else(ServiceError::internal)?;
            oaep_encrypt(algorithm, public_key, &plaintext)
        }
        _ => return Err(key.incompatible(algorithm.name())),
    }
    .map_err(|_| ServiceError::internal())?;
    call.end_of_dry_run()?;
    Ok(answer([
        ("CiphertextBlob", encode_blob(&ciphertext)),
        ("KeyId", json!(arn)),
        ("EncryptionAlgorithm", json!(algorithm.name())),
    ]))
}

pub(super) fn decrypt(call: &mut Call<'_>) -> Answer {
    let ciphertext = call.parameters.required_blob("CiphertextBlob")?;
    let algorithm = algorithm(call)?;
    if algorithm == EncryptionAlgorithm::Symmetric {
        decrypt_symmetric(call, &ciphertext)
    } else {
        decrypt_rsa(call, algorithm, &ciphertext)
    }
}

/// The ciphertext itself says which key made it; a key the caller names must be that one.
fn decrypt_symmetric(call: &mut Call<'_>, ciphertext: &[u8]) -> Answer {
    let context = call.parameters.map("EncryptionContext")?;
    let named = if call.parameters.has("KeyId") {
        Some(call.key_or_alias()?)
    } else {
        None
    };
    let blob = Blob::parse(ciphertext).ok_or_else(ServiceError::invalid_ciphertext)?;
    if named.is_some_and(|named| named != blob.key_id) {
        return Err(ServiceError::new(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        ));
    }
    let key_id = call
        .world
        .resolve(call.region, blob.key_id, false, call.now)
        .map_err(|_| ServiceError::new("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access."))?;
    let operation = call.operation;
    let key = call.key(&key_id);
    key.ensure_usable()?;
    key.ensure_usage(KeyUsage::EncryptDecrypt, operation)?;
    let material = key
        .material(&blob.material_id)
        .ok_or_else(ServiceError::invalid_ciphertext)?;
    let secret = material
        .secret
        .as_ref()
        .ok_or_else(|| key.in_the_wrong_state())?;
    let plaintext = blob
        .open(secret, &context)
        .map_err(|_| ServiceError::invalid_ciphertext())?;
    let material_id = json!(material.id_text());
    let arn = key.arn.clone();
    call.end_of_dry_run()?;
    let mut members = decrypted(&arn, &plaintext, EncryptionAlgorithm::Symmetric);
    members.insert("KeyMaterialId".to_owned(), material_id);
    Ok(members)
}

fn decrypt_rsa(call: &mut Call<'_>, algorithm: EncryptionAlgorithm, ciphertext: &[u8]) -> Answer {
    if !call.parameters.has("KeyId") {
        return Err(ServiceError::validation(format!(
            "KeyId is required when EncryptionAlgorithm is {}.",
            algorithm.name()
        )));
    }
    refuse_context(&call.parameters.map("EncryptionContext")?)?;
    let key = call.usable_key(KeyUsage::EncryptDecrypt)?;
    if !key.spec.encryption_algorithms().contains(&algorithm) {
        return Err(key.incompatible(algorithm.name()));
    }
    let plaintext = oaep_decrypt(algorithm, key.current_secret()?, ciphertext)
        .map_err(|_| ServiceError::invalid_ciphertext())?;
    let arn = key.arn.clone();
    call.end_of_dry_run()?;
    Ok(decrypted(&arn, &plaintext, algorithm))
}

fn decrypted(
    arn: &str,
    plaintext: &Zeroizing<Vec<u8>>,
    algorithm: EncryptionAlgorithm,
) -> Map<String, Value> {
    answer([
        ("KeyId", json!(arn)),
        ("Plaintext", encode_blob(plaintext)),
        ("EncryptionAlgorithm", json!(algorithm.name())),
    ])
}

fn algorithm(call: &Call<'_>) -> Result<EncryptionAlgorithm, ServiceError> {
    Ok(call
        .parameters
        .choice(
            "EncryptionAlgorithm",
            EncryptionAlgorithm::parse,
            EncryptionAlgorithm::NAMES,
        )?
        .unwrap_or(EncryptionAlgorithm::Symmetric))
}

/// Asymmetric encryption has nowhere to put a context.
fn refuse_context(
    context: &std::collections::BTreeMap<String, String>,
) -> Result<(), ServiceError> {
    if context.is_empty() {
        return Ok(());
    }
    Err(ServiceError::validation(
        "EncryptionContext is not supported with asymmetric encryption algorithms.",
    ))
}

fn ensure_fits(
    algorithm: EncryptionAlgorithm,
    size: RsaSize,
    plaintext: &[u8],
) -> Result<(), ServiceError> {
    let capacity = oaep_capacity(algorithm, size);
    if plaintext.len() <= capacity {
        return Ok(());
    }
    Err(ServiceError::validation(format!(
        "Algorithm {} and key spec {} cannot encrypt data larger than {capacity} bytes.",
        algorithm.name(),
        size.name()
    )))
}
