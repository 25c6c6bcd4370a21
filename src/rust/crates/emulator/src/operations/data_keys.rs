//! Keys that KMS makes and does not keep.

use serde_json::{Map, Value, json};
use zeroize::Zeroizing;

use super::cryptography::seal;
use super::{Answer, Call, answer};
use crate::crypto::asymmetric::KeyPair;
use crate::crypto::fill_random;
use crate::error::ServiceError;
use crate::request::encode_blob;
use crate::spec::{Family, KeySpec, KeyUsage};

pub(super) fn generate_data_key(call: &mut Call<'_>) -> Answer {
    call.refuse_recipient()?;
    let data_key = data_key(call)?;
    let mut members = sealed(call, "CiphertextBlob", &data_key)?;
    members.insert("Plaintext".to_owned(), encode_blob(&data_key));
    Ok(members)
}

pub(super) fn generate_data_key_without_plaintext(call: &mut Call<'_>) -> Answer {
    let data_key = data_key(call)?;
    sealed(call, "CiphertextBlob", &data_key)
}

pub(super) fn generate_data_key_pair(call: &mut Call<'_>) -> Answer {
    call.refuse_recipient()?;
    let pair = data_key_pair(call)?;
    let mut members = sealed_pair(call, &pair)?;
    members.insert(
        "PrivateKeyPlaintext".to_owned(),
        encode_blob(pair.private_key.expose()),
    );
    Ok(members)
}

pub(super) fn generate_data_key_pair_without_plaintext(call: &mut Call<'_>) -> Answer {
    let pair = data_key_pair(call)?;
    sealed_pair(call, &pair)
}

/// As many random bytes as the request asks for, in one of two ways.
fn data_key(call: &Call<'_>) -> Result<Zeroizing<Vec<u8>>, ServiceError> {
    let parameters = call.parameters;
    let length = parameters.integer("NumberOfBytes")?;
    let length = match (parameters.text("KeySpec")?, length) {
        (Some("AES_128"), None) => 16,
        (Some(_), None) => 32,
        (None, Some(length)) => usize::try_from(length).unwrap_or_default().clamp(1, 1024),
        _ => {
            return Err(ServiceError::validation(
                "Please specify either number of bytes or key spec.",
            ));
        }
    };
    let mut bytes = Zeroizing::new(vec![0; length]);
    fill_random(&mut bytes);
    Ok(bytes)
}

fn data_key_pair(call: &mut Call<'_>) -> Result<KeyPair, ServiceError> {
    let spec = call
        .parameters
        .required_choice("KeyPairSpec", KeySpec::parse, KeySpec::NAMES)?;
    // What is refused is refused before a key is made.
    call.usable_key(KeyUsage::EncryptDecrypt)?;
    match spec.family() {
        Family::Rsa(size) => call.rsa_key_pair(size),
        Family::EllipticCurve | Family::Ed25519 | Family::MlKem => {
            KeyPair::generate(spec).map_err(|_| ServiceError::internal())
        }
        _ => Err(ServiceError::unsupported(format!(
            "KeyPairSpec {} exists only in AWS' China Regions and is not emulated.",
            spec.name()
        ))),
    }
}

fn sealed_pair(call: &mut Call<'_>, pair: &KeyPair) -> Answer {
    let mut members = sealed(call, "PrivateKeyCiphertextBlob", pair.private_key.expose())?;
    members.insert("PublicKey".to_owned(), encode_blob(&pair.public_key));
    let spec = call.parameters.required_text("KeyPairSpec")?;
    members.insert("KeyPairSpec".to_owned(), json!(spec));
    Ok(members)
}

/// The answer that all four have in common: the secret, encrypted under the key the request names.
fn sealed(
    call: &mut Call<'_>,
    member: &str,
    secret: &[u8],
) -> Result<Map<String, Value>, ServiceError> {
    let context = call.parameters.map("EncryptionContext")?;
    let operation = call.operation;
    let key = call.usable_key(KeyUsage::EncryptDecrypt)?;
    if !key.spec.is_symmetric() {
        return Err(ServiceError::invalid_key_usage(format!(
            "{} key spec is {} which is not valid for {operation}.",
            key.arn,
            key.spec.name(),
        )));
    }
    let (ciphertext, material_id) = seal(key, secret, &context)?;
    let key_id = key.id.clone();
    let members = answer([
        (member, encode_blob(&ciphertext)),
        ("KeyId", json!(key.arn)),
        ("KeyMaterialId", json!(material_id)),
    ]);
    call.end_of_dry_run()?;
    call.used(&key_id);
    Ok(members)
}
