//! Keys come into being and are looked at.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::metadata::{algorithms, key_metadata};
use super::{Answer, Call, answer, custom_key_stores, page, policies, tags};
use crate::crypto::asymmetric::KeyPair;
use crate::crypto::{Secret, aead, hex, random, uuid};
use crate::error::ServiceError;
use crate::request::encode_blob;
use crate::spec::{Family, KeySpec, KeyUsage, Origin};
use crate::state::{Key, Material, MaterialState, MultiRegion, Rotation};

pub(super) fn create_key(call: &mut Call<'_>) -> Answer {
    let request = NewKey::read(call)?;
    let id = if request.multi_region {
        format!("mrk-{}", hex(&random::<16>()))
    } else {
        uuid()
    };
    let mut key = Key {
        arn: call.world.home(call.region).key_arn(&id),
        id,
        region: call.region.to_owned(),
        spec: request.spec,
        usage: request.usage,
        origin: request.origin,
        created: call.now,
        description: request.description,
        enabled: true,
        policy: request.policy,
        tags: request.tags,
        deletion: None,
        multi_region: request.multi_region.then(|| MultiRegion {
            primary_region: call.region.to_owned(),
        }),
        materials: Vec::new(),
        rotation: Rotation::default(),
        grants: BTreeMap::new(),
        last_use: None,
        visible_from: call.new_keys_visible_from,
    };
    match request.origin {
        Origin::AwsKms => key.materials.push(own_material(call, &key.id, key.spec)?),
        _ => call.pool.expect_a_burst(),
    }
    let (id, arn) = (key.id.clone(), key.arn.clone());
    call.touched.push(arn);
    call.world.insert_key(key);
    let metadata = key_metadata(call.world, call.key(&id));
    Ok(answer([("KeyMetadata", metadata)]))
}

pub(super) fn describe_key(call: &mut Call<'_>) -> Answer {
    let key_id = call.key_or_alias()?;
    let metadata = key_metadata(call.world, call.key(&key_id));
    Ok(answer([("KeyMetadata", metadata)]))
}

pub(super) fn list_keys(call: &mut Call<'_>) -> Answer {
    call.world.settle_region(call.region, call.now);
    let others_only = call
        .parameters
        .texts("ResourceOwners")?
        .is_some_and(|owners| !owners.is_empty() && !owners.contains(&"SELF"));
    let keys: Vec<(String, Value)> = call
        .world
        .keys(call.region)
        .filter(|key| key.visible_from.is_none_or(|from| from <= call.now))
        .filter(|_| !others_only)
        .map(|key| (key.id.clone(), json!({"KeyId": key.id, "KeyArn": key.arn})))
        .collect();
    page::answer(call, "Keys", 100..=1000, keys.into_iter())
}

pub(super) fn get_public_key(call: &mut Call<'_>) -> Answer {
    let key_id = call.key_or_alias()?;
    let key = call.key(&key_id);
    if !key.spec.has_public_key() {
        return Err(ServiceError::unsupported(format!(
            "{} key spec is {} which is not valid for GetPublicKey.",
            key.arn,
            key.spec.name()
        )));
    }
    key.ensure_usable()?;
    let mut members = answer([
        ("KeyId", json!(key.arn)),
        ("PublicKey", encode_blob(key.current_public_key()?)),
        ("KeySpec", json!(key.spec.name())),
        ("KeyUsage", json!(key.usage.name())),
        ("CustomerMasterKeySpec", json!(key.spec.name())),
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
    policy: String,
    tags: BTreeMap<String, String>,
    multi_region: bool,
}

impl NewKey {
    fn read(call: &Call<'_>) -> Result<Self, ServiceError> {
        let parameters = call.parameters;
        let spec = parameters.choice("KeySpec", KeySpec::parse, KeySpec::NAMES)?;
        let old_spec =
            parameters.choice("CustomerMasterKeySpec", KeySpec::parse, KeySpec::NAMES)?;
        if spec.is_some() && old_spec.is_some() {
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
            policy: match policies::read(call)? {
                Some(policy) => policy.to_owned(),
                None => policies::default(call, call.region),
            },
            tags: tags::read(call)?,
            multi_region: parameters.is_set("MultiRegion")?,
        })
    }

    /// The account has no custom key store, so whatever needs one ends here.
    fn check_custom_key_store(call: &Call<'_>, origin: Origin) -> Result<(), ServiceError> {
        if call.parameters.has("XksKeyId") && origin != Origin::ExternalKeyStore {
            return Err(ServiceError::validation(format!(
                "XksKeyId is for keys in an external key store: it is not valid with Origin {}.",
                origin.name()
            )));
        }
        let store = call.parameters.text("CustomKeyStoreId")?;
        let in_a_store = matches!(origin, Origin::CloudHsm | Origin::ExternalKeyStore);
        match store {
            Some(store) if in_a_store => Err(custom_key_stores::not_found(store)),
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
        Family::Rsa(size) => call.rsa_key_pair(size)?,
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
