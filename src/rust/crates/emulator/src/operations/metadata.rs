//! KeyMetadata, as CreateKey and DescribeKey answer it.

use serde_json::{Map, Value, json};

use crate::spec::{EncryptionAlgorithm, KeyUsage, SigningAlgorithm};
use crate::state::{Deletion, Expiry, Key, KeyState, MultiRegion, World};

/// The members AWS sends for a key, and none it does not.
pub(super) fn key_metadata(world: &World, key: &Key) -> Value {
    let mut members = Map::new();
    let mut set = |name: &str, value: Value| members.insert(name.to_owned(), value);
    let state = key.state();

    set("AWSAccountId", json!(world.account_id));
    set("KeyId", json!(key.id));
    set("Arn", json!(key.arn));
    set("CreationDate", json!(key.created.seconds()));
    set("Enabled", json!(state == KeyState::Enabled));
    set("Description", json!(key.description));
    set("KeyUsage", json!(key.usage.name()));
    set("KeyState", json!(state.name()));
    set("Origin", json!(key.origin.name()));
    set("KeyManager", json!("CUSTOMER"));
    set("CustomerMasterKeySpec", json!(key.spec.name()));
    set("KeySpec", json!(key.spec.name()));
    if let Some((name, algorithms)) = algorithms(key) {
        set(name, algorithms);
    }
    match key.deletion {
        Some(Deletion::At { date, .. }) => {
            set("DeletionDate", json!(date.seconds()));
        }
        Some(deletion @ Deletion::AfterReplicas { .. }) => {
            set(
                "PendingDeletionWindowInDays",
                json!(deletion.window_in_days()),
            );
        }
        None => {}
    }
    if let Some(expiry) = key.expiry()
        && state != KeyState::PendingImport
    {
        set("ExpirationModel", json!(expiry.model()));
        if let Expiry::At(time) = expiry {
            set("ValidTo", json!(time.seconds()));
        }
    }
    set("MultiRegion", json!(key.multi_region.is_some()));
    if let Some(multi_region) = &key.multi_region {
        set(
            "MultiRegionConfiguration",
            relatives(world, key, multi_region),
        );
    }
    if key.spec.is_symmetric()
        && let Some(current) = key.current()
    {
        set("CurrentKeyMaterialId", json!(current.id_text()));
    }
    Value::Object(members)
}

fn relatives(world: &World, key: &Key, multi_region: &MultiRegion) -> Value {
    let relative =
        |region: &str| json!({"Arn": world.home(region).key_arn(&key.id), "Region": region});
    let primary = &multi_region.primary_region;
    let replicas: Vec<Value> = world
        .regions_of(&key.id)
        .iter()
        .filter(|region| *region != primary)
        .map(|region| relative(region))
        .collect();
    json!({
        "MultiRegionKeyType": if key.is_replica() { "REPLICA" } else { "PRIMARY" },
        "PrimaryKey": relative(primary),
        "ReplicaKeys": replicas,
    })
}

/// The algorithms of the key's spec that its usage allows, under the member that lists them.
pub(super) fn algorithms(key: &Key) -> Option<(&'static str, Value)> {
    match key.usage {
        KeyUsage::EncryptDecrypt => {
            let names = names(key.spec.encryption_algorithms(), EncryptionAlgorithm::name);
            Some(("EncryptionAlgorithms", names))
        }
        KeyUsage::SignVerify => {
            let names = names(key.spec.signing_algorithms(), SigningAlgorithm::name);
            Some(("SigningAlgorithms", names))
        }
        KeyUsage::GenerateVerifyMac => {
            let algorithm = key.spec.mac_algorithm()?;
            Some(("MacAlgorithms", json!([algorithm.name()])))
        }
        KeyUsage::KeyAgreement => Some(("KeyAgreementAlgorithms", json!(["ECDH"]))),
        KeyUsage::EncapsulateDecapsulate => Some(("EncapsulationAlgorithms", json!(["ML_KEM"]))),
    }
}

fn names<T: Copy>(algorithms: &[T], name: fn(T) -> &'static str) -> Value {
    algorithms
        .iter()
        .map(|algorithm| name(*algorithm))
        .collect()
}
