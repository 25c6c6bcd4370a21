//! Encryption and decryption, under symmetric keys and RSA keys.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use zeroize::Zeroizing;

use super::{Answer, Call, answer};
use crate::crypto::aead::Blob;
use crate::crypto::asymmetric::{oaep_capacity, oaep_decrypt, oaep_encrypt};
use crate::error::ServiceError;
use crate::request::encode_blob;
use crate::spec::{EncryptionAlgorithm, Family, KeyUsage, RsaSize};
use crate::state::Key;

type Context = BTreeMap<String, String>;

pub(super) fn encrypt(call: &mut Call<'_>) -> Answer {
    let plaintext = call.parameters.required_blob("Plaintext")?;
    let context = call.parameters.map("EncryptionContext")?;
    let algorithm = algorithm(call, "EncryptionAlgorithm")?;
    let key = call.usable_key(KeyUsage::EncryptDecrypt)?;
    let (ciphertext, _) = encrypt_under(key, algorithm, &plaintext, &context)?;
    let key_id = key.id.clone();
    let members = answer([
        ("CiphertextBlob", encode_blob(&ciphertext)),
        ("KeyId", json!(key.arn)),
        ("EncryptionAlgorithm", json!(algorithm.name())),
    ]);
    call.end_of_dry_run()?;
    call.used(&key_id);
    Ok(members)
}

pub(super) fn decrypt(call: &mut Call<'_>) -> Answer {
    call.refuse_recipient()?;
    let context = call.parameters.map("EncryptionContext")?;
    let algorithm = algorithm(call, "EncryptionAlgorithm")?;
    let opened = open(call, "KeyId", algorithm, &context)?;
    call.end_of_dry_run()?;
    call.used(&opened.key_id);
    let mut members = answer([
        ("KeyId", json!(call.key(&opened.key_id).arn)),
        ("Plaintext", encode_blob(&opened.plaintext)),
        ("EncryptionAlgorithm", json!(algorithm.name())),
    ]);
    if let Some(material_id) = opened.material_id {
        members.insert("KeyMaterialId".to_owned(), json!(material_id));
    }
    Ok(members)
}

pub(super) fn re_encrypt(call: &mut Call<'_>) -> Answer {
    let parameters = call.parameters;
    let source_context = parameters.map("SourceEncryptionContext")?;
    let source_algorithm = algorithm(call, "SourceEncryptionAlgorithm")?;
    let context = parameters.map("DestinationEncryptionContext")?;
    let algorithm = algorithm(call, "DestinationEncryptionAlgorithm")?;

    let opened = open(call, "SourceKeyId", source_algorithm, &source_context)?;
    let source_arn = call.key(&opened.key_id).arn.clone();
    let key_id = call.resolve("DestinationKeyId", true)?;
    let key = call.key(&key_id);
    key.ensure_usable()?;
    key.ensure_usage(KeyUsage::EncryptDecrypt, call.operation)?;
    let (ciphertext, material_id) = encrypt_under(key, algorithm, &opened.plaintext, &context)?;
    let mut members = answer([
        ("CiphertextBlob", encode_blob(&ciphertext)),
        ("SourceKeyId", json!(source_arn)),
        ("KeyId", json!(key.arn)),
        ("SourceEncryptionAlgorithm", json!(source_algorithm.name())),
        ("DestinationEncryptionAlgorithm", json!(algorithm.name())),
    ]);
    let mut set = |name: &str, id: Option<Value>| id.map(|id| members.insert(name.to_owned(), id));
    set("SourceKeyMaterialId", opened.material_id.map(Value::from));
    set("DestinationKeyMaterialId", material_id.map(Value::from));
    call.end_of_dry_run()?;
    call.used(&opened.key_id);
    call.used(&key_id);
    Ok(members)
}

/// Encrypts under the current material of a symmetric key; gives the ciphertext and the material's id.
pub(super) fn seal(
    key: &Key,
    plaintext: &[u8],
    context: &Context,
) -> Result<(Vec<u8>, String), ServiceError> {
    let material = key.current().ok_or_else(|| key.in_the_wrong_state())?;
    let ciphertext = Blob::seal(
        &key.id,
        material.id,
        key.current_secret()?,
        plaintext,
        context,
    )
    .map_err(|_| ServiceError::internal())?;
    Ok((ciphertext, material.id_text()))
}

/// Encrypts under a key of either kind; the material's id is a symmetric key's.
fn encrypt_under(
    key: &Key,
    algorithm: EncryptionAlgorithm,
    plaintext: &[u8],
    context: &Context,
) -> Result<(Vec<u8>, Option<String>), ServiceError> {
    ensure_compatible(key, algorithm)?;
    match key.spec.family() {
        Family::Rsa(size) => {
            refuse_context(context)?;
            ensure_fits(algorithm, size, plaintext)?;
            let ciphertext = oaep_encrypt(algorithm, key.current_public_key()?, plaintext)
                .map_err(|_| ServiceError::internal())?;
            Ok((ciphertext, None))
        }
        _ => {
            let (ciphertext, material_id) = seal(key, plaintext, context)?;
            Ok((ciphertext, Some(material_id)))
        }
    }
}

/// A ciphertext that was opened, and by what.
struct Opened {
    key_id: String,
    plaintext: Zeroizing<Vec<u8>>,
    material_id: Option<String>,
}

/// Opens the request's ciphertext. `member` names the key, which only asymmetric ciphertexts need to be told.
fn open(
    call: &mut Call<'_>,
    member: &str,
    algorithm: EncryptionAlgorithm,
    context: &Context,
) -> Result<Opened, ServiceError> {
    let named = match call.parameters.has(member) {
        true => Some(call.resolve(member, true)?),
        false => None,
    };
    let Some(ciphertext) = call.parameters.blob("CiphertextBlob")? else {
        return without_ciphertext(call, named);
    };
    if algorithm == EncryptionAlgorithm::Symmetric {
        return open_symmetric(call, named, &ciphertext, context);
    }
    let key_id = named.ok_or_else(|| {
        ServiceError::validation(format!(
            "{member} is required when the encryption algorithm is {}.",
            algorithm.name()
        ))
    })?;
    refuse_context(context)?;
    let key = call.key(&key_id);
    key.ensure_usable()?;
    key.ensure_usage(KeyUsage::EncryptDecrypt, call.operation)?;
    ensure_compatible(key, algorithm)?;
    let plaintext = oaep_decrypt(algorithm, key.current_secret()?, &ciphertext)
        .map_err(|_| ServiceError::invalid_ciphertext())?;
    Ok(Opened {
        key_id,
        plaintext,
        material_id: None,
    })
}

/// The ciphertext itself says which key made it; a key the caller names must be that one.
fn open_symmetric(
    call: &mut Call<'_>,
    named: Option<String>,
    ciphertext: &[u8],
    context: &Context,
) -> Result<Opened, ServiceError> {
    let blob = Blob::parse(ciphertext).ok_or_else(ServiceError::invalid_ciphertext)?;
    if named.is_some_and(|named| named != blob.key_id) {
        return Err(ServiceError::new(
            "IncorrectKeyException",
            "The key ID in the request does not identify a CMK that can perform this operation.",
        ));
    }
    let key_id = call
        .resolve_name(blob.key_id, false)
        .map_err(|_| ServiceError::new("AccessDeniedException", "The ciphertext refers to a customer master key that does not exist, does not exist in this region, or you are not allowed to access."))?;
    let key = call.key(&key_id);
    key.ensure_usable()?;
    key.ensure_usage(KeyUsage::EncryptDecrypt, call.operation)?;
    let material = key
        .material(&blob.material_id)
        .ok_or_else(ServiceError::invalid_ciphertext)?;
    let secret = material
        .secret
        .as_ref()
        .ok_or_else(|| key.in_the_wrong_state())?;
    let plaintext = blob
        .open(secret, context)
        .map_err(|_| ServiceError::invalid_ciphertext())?;
    let material_id = Some(material.id_text());
    Ok(Opened {
        key_id,
        plaintext,
        material_id,
    })
}

/// A dry run may ask whether a key could be used, without anything to use it on.
fn without_ciphertext(call: &mut Call<'_>, named: Option<String>) -> Result<Opened, ServiceError> {
    let modifiers = call
        .parameters
        .texts("DryRunModifiers")?
        .unwrap_or_default();
    if !call.parameters.is_set("DryRun")? || !modifiers.contains(&"IGNORE_CIPHERTEXT") {
        return Err(crate::validate::missing("CiphertextBlob"));
    }
    let key_id = named.ok_or_else(|| {
        ServiceError::validation("A key must be named when the ciphertext is to be ignored.")
    })?;
    let key = call.key(&key_id);
    key.ensure_usable()?;
    key.ensure_usage(KeyUsage::EncryptDecrypt, call.operation)?;
    Ok(Opened {
        key_id,
        plaintext: Zeroizing::default(),
        material_id: None,
    })
}

fn algorithm(call: &Call<'_>, member: &str) -> Result<EncryptionAlgorithm, ServiceError> {
    let named = call.parameters.choice(
        member,
        EncryptionAlgorithm::parse,
        EncryptionAlgorithm::NAMES,
    )?;
    Ok(named.unwrap_or(EncryptionAlgorithm::Symmetric))
}

fn ensure_compatible(key: &Key, algorithm: EncryptionAlgorithm) -> Result<(), ServiceError> {
    if key.spec.encryption_algorithms().contains(&algorithm) {
        return Ok(());
    }
    Err(key.incompatible(algorithm.name()))
}

/// Asymmetric encryption has nowhere to put a context.
fn refuse_context(context: &Context) -> Result<(), ServiceError> {
    if context.is_empty() {
        return Ok(());
    }
    Err(ServiceError::validation(
        "An encryption context is not supported with asymmetric encryption algorithms.",
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
