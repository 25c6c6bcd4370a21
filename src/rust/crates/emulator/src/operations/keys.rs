//! Keys come into being and are looked at.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::metadata::{algorithms, key_metadata};
use super::{Answer, Call, answer, page};
use crate::crypto::asymmetric::KeyPair;
use crate::crypto::{Secret, aead, hex, random};
use crate::error::ServiceError;
use crate::request::encode_blob;
use crate::spec::{Family, KeySpec, KeyUsage, Origin};
use crate::state::{Key, Material, MaterialState, MultiRegion};

pub(super) fn create_key(call: &mut Call<'_>) -> Answer {
    let request = NewKey::read(call)?;
    let multi_region = request.multi_region;
    let id = if multi_region {
        format!("mrk-{}", hex(&random::<16>()))
    } else {
        uuid()
    };
    let home = call.world.home(call.region);
    let mut key = Key {
        arn: home.key_arn(&id),
        id,
        spec: request.spec,
        usage: request.usage,
        origin: request.origin,
        created: call.now,
        description: request.description,
        enabled: true,
        policy: request.policy.unwrap_or_else(|| default_policy(call)),
        tags: request.tags,
        deletion: None,
        multi_region: multi_region.then(|| MultiRegion {
            primary_region: call.region.to_owned(),
        }),
        materials: Vec::new(),
    };
    match request.origin {
        Origin::AwsKms => key.materials.push(own_material(call, &key.id, key.spec)?),
        _ => call.pool.expect_a_burst(),
    }
    let metadata = key_metadata(call.world, call.region, &key);
    call.world
        .region(call.region)
        .keys
        .insert(key.id.clone(), key);
    Ok(answer([("KeyMetadata", metadata)]))
}

pub(super) fn describe_key(call: &mut Call<'_>) -> Answer {
    let key_id = call.key_or_alias()?;
    let region = call.region;
    let key = call.world.key(region, &key_id);
    Ok(answer([(
        "KeyMetadata",
        key_metadata(call.world, region, key),
    )]))
}

pub(super) fn list_keys(call: &mut Call<'_>) -> Answer {
    let keys: Vec<(String, Value)> = call
        .world
        .settled_region(call.region, call.now)
        .keys
        .values()
        .map(|key| (key.id.clone(), json!({"KeyId": key.id, "KeyArn": key.arn})))
        .collect();
    page::answer(call, "Keys", 100, keys.into_iter())
}

pub(super) fn get_public_key(call: &mut Call<'_>) -> Answer {
    let key_id = call.key_or_alias()?;
    let key = call.key(&key_id);
    if !key.spec.has_public_key() {
        return Err(ServiceError::unsupported(format!(
            "{} is a symmetric key and has no public key.",
            key.arn
        )));
    }
    key.ensure_usable()?;
    let public_key = key
        .current()
        .and_then(|material| material.public_key.as_deref())
        .ok_or_else(|| key.in_the_wrong_state())?;
    let mut members = answer([
        ("KeyId", json!(key.arn)),
        ("PublicKey", encode_blob(public_key)),
        ("CustomerMasterKeySpec", json!(key.spec.name())),
        ("KeySpec", json!(key.spec.name())),
        ("KeyUsage", json!(key.usage.name())),
    ]);
    if let Some((name, algorithms)) = algorithms(key) {
        members.insert(name.to_owned(), algorithms);
    }
    Ok(members)
}

/// What CreateKey asks for, checked.
struct NewKey {
    spec: KeySpec,
    usage: KeyUsage,
    origin: Origin,
    description: String,
    policy: Option<String>,
    tags: BTreeMap<String, String>,
    multi_region: bool,
}

impl NewKey {
    fn read(call: &Call<'_>) -> Result<Self, ServiceError> {
        let parameters = call.parameters;
        let spec = parameters.choice("KeySpec", KeySpec::parse, KeySpec::NAMES)?;
        let old_spec =
            parameters.choice("CustomerMasterKeySpec", KeySpec::parse, KeySpec::NAMES)?;
        if spec.is_some() && old_spec.is_some() && spec != old_spec {
            return Err(ServiceError::validation(
                "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated.",
            ));
        }
        let spec = spec.or(old_spec).unwrap_or(KeySpec::Symmetric);
        let origin = parameters
            .choice("Origin", Origin::parse, Origin::NAMES)?
            .unwrap_or(Origin::AwsKms);
        Self::check_custom_key_store(call, origin)?;
        let usage = parameters.choice("KeyUsage", KeyUsage::parse, KeyUsage::NAMES)?;
        let usage = match usage {
            Some(usage) => usage,
            None if spec.is_symmetric() => KeyUsage::EncryptDecrypt,
            None => {
                return Err(ServiceError::validation(
                    "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys.",
                ));
            }
        };
        if !spec.usages().contains(&usage) {
            return Err(ServiceError::validation(format!(
                "KeyUsage {} is not compatible with KeySpec {}",
                usage.name(),
                spec.name()
            )));
        }
        if spec == KeySpec::Sm2 {
            return Err(ServiceError::unsupported(
                "KeySpec SM2 exists only in AWS' China Regions and is not emulated.",
            ));
        }
        if origin == Origin::External && !spec.is_importable() {
            return Err(ServiceError::unsupported(format!(
                "KeySpec {} is not supported for Origin EXTERNAL",
                spec.name()
            )));
        }
        Ok(Self {
            spec,
            usage,
            origin,
            description: parameters
                .text("Description")?
                .unwrap_or_default()
                .to_owned(),
            policy: parameters.text("Policy")?.map(str::to_owned),
            tags: tags(call)?,
            multi_region: parameters.is_set("MultiRegion")?,
        })
    }

    /// The account has no custom key store, so whatever needs one ends here.
    fn check_custom_key_store(call: &Call<'_>, origin: Origin) -> Result<(), ServiceError> {
        let store = call.parameters.text("CustomKeyStoreId")?;
        let in_a_store = matches!(origin, Origin::CloudHsm | Origin::ExternalKeyStore);
        match store {
            Some(store) if in_a_store => Err(ServiceError::new(
                "CustomKeyStoreNotFoundException",
                format!("Custom key store {store} does not exist."),
            )),
            Some(_) => Err(ServiceError::validation(format!(
                "CustomKeyStoreId is not valid with Origin {}.",
                origin.name()
            ))),
            None if in_a_store => Err(ServiceError::validation(format!(
                "CustomKeyStoreId is required when Origin is {}.",
                origin.name()
            ))),
            None => Ok(()),
        }
    }
}

/// The first material of a key that KMS makes itself.
fn own_material(
    call: &mut Call<'_>,
    key_id: &str,
    spec: KeySpec,
) -> Result<Material, ServiceError> {
    let pair = match spec.family() {
        Family::Symmetric => KeyPair {
            private_key: Secret::new(random::<{ aead::KEY_LENGTH }>().to_vec()),
            public_key: Vec::new(),
        },
        Family::Hmac(algorithm) => {
            let mut bytes = vec![0; *algorithm.key_lengths().start()];
            crate::crypto::fill_random(&mut bytes);
            KeyPair {
                private_key: Secret::new(bytes),
                public_key: Vec::new(),
            }
        }
        Family::Rsa(size) => match call.key_pair.take() {
            Some(pair) => pair,
            None => KeyPair::generate_rsa(size).map_err(|_| ServiceError::internal())?,
        },
        _ => KeyPair::generate(spec).map_err(|_| ServiceError::internal())?,
    };
    Ok(Material {
        id: call.world.material_id(key_id, &pair.private_key),
        secret: Some(pair.private_key),
        public_key: (!pair.public_key.is_empty()).then_some(pair.public_key),
        state: MaterialState::Current,
        expiry: None,
        description: None,
        rotation: None,
    })
}

fn tags(call: &Call<'_>) -> Result<BTreeMap<String, String>, ServiceError> {
    let mut tags = BTreeMap::new();
    for tag in call.parameters.list("Tags")?.unwrap_or_default() {
        let text = |name| tag.get(name).and_then(Value::as_str);
        let (Some(name), Some(value)) = (text("TagKey"), text("TagValue")) else {
            return Err(ServiceError::bare("SerializationException"));
        };
        tags.insert(name.to_owned(), value.to_owned());
    }
    Ok(tags)
}

/// What AWS gives a key whose creator names no policy.
fn default_policy(call: &Call<'_>) -> String {
    let home = call.world.home(call.region);
    json!({
        "Version": "2012-10-17",
        "Id": "key-default-1",
        "Statement": [{
            "Sid": "Enable IAM User Permissions",
            "Effect": "Allow",
            "Principal": {"AWS": format!("arn:{}:iam::{}:root", home.partition(), home.account_id)},
            "Action": "kms:*",
            "Resource": "*",
        }],
    })
    .to_string()
}

/// A random UUID (RFC 9562, version 4).
pub(crate) fn uuid() -> String {
    let mut bytes: [u8; 16] = random();
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes);
    format!(
        "{}-{}-{}-{}-{}",
        &text[..8],
        &text[8..12],
        &text[12..16],
        &text[16..20],
        &text[20..]
    )
}
