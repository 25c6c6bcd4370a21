//! Key material that was made elsewhere: parameters, import, deletion.

mod material;

use serde_json::json;

use self::material::{Import, ImportType, Material};
use super::{Answer, Call, answer};
use crate::clock::Time;
use crate::crypto::unwrap::unwrap;
use crate::error::ServiceError;
use crate::request::encode_blob;
use crate::spec::{Origin, RsaSize, WrappingAlgorithm};
use crate::state::{Expiry, Key, KeyState, parse_id};
use crate::token::{ImportToken, Rejected};

pub(super) fn get_parameters_for_import(call: &mut Call<'_>) -> Answer {
    let parameters = call.parameters;
    let algorithm = parameters.required_choice(
        "WrappingAlgorithm",
        WrappingAlgorithm::parse,
        WrappingAlgorithm::NAMES,
    )?;
    let size = parameters.required_text("WrappingKeySpec")?;
    let key_id = call.key_only()?;
    let key = call.key(&key_id);
    ensure_importable(key)?;
    let size = wrapping_key(key, algorithm, size)?;
    let arn = key.arn.clone();

    let pair = call.rsa_key_pair(size)?;
    let public_key = encode_blob(&pair.public_key);
    let token = ImportToken::new(&arn, algorithm, size, pair, call.now);
    Ok(answer([
        ("KeyId", json!(arn)),
        (
            "ImportToken",
            encode_blob(&token.seal(&call.world.token_key)),
        ),
        ("PublicKey", public_key),
        ("ParametersValidTo", json!(token.valid_to().seconds())),
    ]))
}

pub(super) fn import_key_material(call: &mut Call<'_>) -> Answer {
    let parameters = call.parameters;
    let token = parameters.required_blob("ImportToken")?;
    let wrapped = parameters.required_blob("EncryptedKeyMaterial")?;
    let key_id = call.key_only()?;
    let now = call.now;
    let key = call.key(&key_id);
    ensure_importable(key)?;
    let (arn, spec) = (key.arn.clone(), key.spec);
    let was_waiting = key.state() == KeyState::PendingImport;
    let expiry = expiry(call)?;
    let import_type = import_type(call, spec.is_symmetric())?;
    let named_id = named_material(call)?;
    if named_id.is_some() && import_type == Some(ImportType::New) {
        return Err(ServiceError::validation(
            "KeyMaterialId cannot be specified with ImportType NEW_KEY_MATERIAL.",
        ));
    }
    let description = parameters
        .text("KeyMaterialDescription")?
        .map(str::to_owned);

    let token =
        ImportToken::open(&token, &call.world.token_key, &arn, now).map_err(|rejected| {
            ServiceError::bare(match rejected {
                Rejected::Invalid => "InvalidImportTokenException",
                Rejected::Expired => "ExpiredImportTokenException",
            })
        })?;
    let bytes = unwrap(
        token.algorithm,
        token.wrapping_key_spec,
        &token.private_key,
        &wrapped,
    )
    .map_err(|_| ServiceError::invalid_ciphertext())?;
    let material = Material::check(spec, bytes)?;
    let id = call.world.material_id(&key_id, &material.secret);
    ensure_shared(call, &key_id, &id)?;

    let import = Import {
        id,
        named_id,
        import_type,
        expiry,
        description,
        material,
    };
    let key = call.key_mut(&key_id);
    import.into_key(key)?;
    // A key that waited for its material is enabled by it, whatever it was before.
    key.enabled |= was_waiting;
    if spec.is_symmetric() && !call.key(&key_id).is_replica() {
        call.world.announce_material(call.region, &key_id);
    }
    call.world.align_pending(&key_id);
    let mut members = answer([("KeyId", json!(arn))]);
    if spec.is_symmetric() {
        members.insert("KeyMaterialId".to_owned(), json!(crate::crypto::hex(&id)));
    }
    Ok(members)
}

pub(super) fn delete_imported_key_material(call: &mut Call<'_>) -> Answer {
    let named_id = named_material(call)?;
    let key_id = call.key_only()?;
    let key = call.key(&key_id);
    key.ensure_origin(Origin::External)?;
    let symmetric = key.spec.is_symmetric();
    if named_id.is_some() && !symmetric {
        return Err(only_for_symmetric_keys("KeyMaterialId"));
    }
    let deleted = match named_id {
        None => key.current().map(|material| material.id),
        Some(id) if key.material(&id).is_some() => Some(id),
        Some(id) => return Err(no_such_material(key, &id)),
    };
    let arn = key.arn.clone();
    let key = call.key_mut(&key_id);
    for material in &mut key.materials {
        if Some(material.id) == deleted {
            material.forget();
        }
    }
    key.drop_untied();
    call.world.align_pending(&key_id);
    let mut members = answer([("KeyId", json!(arn))]);
    if let Some(id) = deleted
        && symmetric
    {
        members.insert("KeyMaterialId".to_owned(), json!(crate::crypto::hex(&id)));
    }
    Ok(members)
}

/// Imports are for keys of EXTERNAL origin that are not on their way out.
fn ensure_importable(key: &Key) -> Result<(), ServiceError> {
    key.ensure_origin(Origin::External)?;
    key.ensure_not_pending_deletion()
}

/// Checks that material for this key may travel this way, and gives the wrapping key's size.
fn wrapping_key(
    key: &Key,
    algorithm: WrappingAlgorithm,
    wrapping_key_spec: &str,
) -> Result<RsaSize, ServiceError> {
    if algorithm == WrappingAlgorithm::Pkcs1 {
        return Err(ServiceError::unsupported(
            "The wrapping algorithm RSAES_PKCS1_V1_5 is no longer supported.",
        ));
    }
    if algorithm == WrappingAlgorithm::Sm2Pke || wrapping_key_spec == "SM2" {
        return Err(ServiceError::unsupported(
            "SM2 exists only in AWS' China Regions and is not emulated.",
        ));
    }
    let size = RsaSize::parse(wrapping_key_spec).ok_or_else(|| {
        let names = ["RSA_2048", "RSA_3072", "RSA_4096", "SM2"];
        crate::validate::not_in_enum("WrappingKeySpec", wrapping_key_spec, &names)
    })?;
    if !key.spec.accepts_wrapping(algorithm, size) {
        return Err(ServiceError::unsupported(format!(
            "Wrapping algorithm {} with wrapping key spec {} is not valid for key spec {}.",
            algorithm.name(),
            size.name(),
            key.spec.name()
        )));
    }
    Ok(size)
}

/// Related multi-Region keys hold the same material: what one has got, the others must get. Of symmetric keys the primary
/// knows more than one, and announces them; of all others, any relative knows the only one.
fn ensure_shared(call: &Call<'_>, key_id: &str, id: &[u8; 32]) -> Result<(), ServiceError> {
    let key = call.key(key_id);
    if key.spec.is_symmetric() {
        return Ok(());
    }
    let differs = call
        .world
        .regions_of(key_id)
        .iter()
        .flat_map(|region| &call.world.key(region, key_id).materials)
        .any(|known| known.id != *id);
    if differs {
        return Err(ServiceError::incorrect_key_material(format!(
            "The key material is not the one that was imported into KMS key {} or a related multi-Region key before.",
            key.arn
        )));
    }
    Ok(())
}

/// When the material is to end, as the request says.
fn expiry(call: &Call<'_>) -> Result<Expiry, ServiceError> {
    let valid_to = call.parameters.time("ValidTo")?;
    let model = call.parameters.text("ExpirationModel")?;
    match (model.unwrap_or("KEY_MATERIAL_EXPIRES"), valid_to) {
        ("KEY_MATERIAL_EXPIRES", None) => Err(ServiceError::validation(
            "A validTo date must be set if the ExpirationModel is KEY_MATERIAL_EXPIRES",
        )),
        ("KEY_MATERIAL_EXPIRES", Some(valid_to)) => check_valid_to(valid_to, call.now),
        ("KEY_MATERIAL_DOES_NOT_EXPIRE", None) => Ok(Expiry::Never),
        ("KEY_MATERIAL_DOES_NOT_EXPIRE", Some(_)) => Err(ServiceError::validation(
            "A validTo date must not be set if the ExpirationModel is KEY_MATERIAL_DOES_NOT_EXPIRE",
        )),
        (other, _) => {
            let names = ["KEY_MATERIAL_EXPIRES", "KEY_MATERIAL_DOES_NOT_EXPIRE"];
            Err(crate::validate::not_in_enum(
                "ExpirationModel",
                other,
                &names,
            ))
        }
    }
}

fn check_valid_to(valid_to: Time, now: Time) -> Result<Expiry, ServiceError> {
    if valid_to <= now {
        return Err(ServiceError::validation(
            "The validTo date must be in the future",
        ));
    }
    if valid_to > now.plus_days(365) {
        return Err(ServiceError::validation(
            "The validTo date must be no more than 365 days in the future",
        ));
    }
    Ok(Expiry::At(valid_to))
}

fn import_type(call: &Call<'_>, symmetric: bool) -> Result<Option<ImportType>, ServiceError> {
    for member in ["ImportType", "KeyMaterialDescription", "KeyMaterialId"] {
        if !symmetric && call.parameters.has(member) {
            return Err(only_for_symmetric_keys(member));
        }
    }
    call.parameters
        .choice("ImportType", ImportType::parse, ImportType::NAMES)
}

fn only_for_symmetric_keys(member: &str) -> ServiceError {
    ServiceError::validation(format!(
        "{member} is supported only for symmetric encryption keys with imported key material."
    ))
}

fn named_material(call: &Call<'_>) -> Result<Option<[u8; 32]>, ServiceError> {
    call.parameters
        .text("KeyMaterialId")?
        .map(|text| {
            parse_id(text).ok_or_else(|| {
                ServiceError::validation(format!("1 validation error detected: Value '{text}' at 'keyMaterialId' failed to satisfy constraint: Member must satisfy regular expression pattern: ^[a-f0-9]+$"))
            })
        })
        .transpose()
}

fn no_such_material(key: &Key, id: &[u8; 32]) -> ServiceError {
    ServiceError::not_found(format!(
        "Key material {} is not associated with KMS key {}.",
        crate::crypto::hex(id),
        key.arn
    ))
}
