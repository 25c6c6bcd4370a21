//! One key in several Regions, driven by the SDK.

use crate::common::*;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::{Blob, DateTime};
use aws_sdk_kms::types::{
    AlgorithmSpec, ExpirationModelType, ImportType, IncludeKeyMaterial, KeyState,
    MultiRegionKeyType, OriginType, WrappingKeySpec,
};

const HERE: &str = "us-east-1";
const THERE: &str = "eu-west-1";
const ELSEWHERE: &str = "ap-southeast-2";
const OAEP: AlgorithmSpec = AlgorithmSpec::RsaesOaepSha256;
const SIZE: WrappingKeySpec = WrappingKeySpec::Rsa2048;

async fn primary(client: &Client, origin: OriginType) -> String {
    let created = client
        .create_key()
        .multi_region(true)
        .origin(origin)
        .send()
        .await;
    let id = created
        .expect("a key")
        .key_metadata
        .expect("metadata")
        .key_id;
    assert!(id.starts_with("mrk-"));
    id
}

async fn replicate(client: &Client, id: &str, region: &str) {
    let made = client
        .replicate_key()
        .key_id(id)
        .replica_region(region)
        .send()
        .await
        .expect("a replica");
    let metadata = made.replica_key_metadata.expect("metadata");
    assert_eq!(metadata.key_state, Some(KeyState::Creating));
    assert!(!metadata.enabled);
}

#[tokio::test]
async fn replicas_share_the_material() {
    let emulator = emulator();
    let (here, there) = (client_in(&emulator, HERE), client_in(&emulator, THERE));
    let id = primary(&here, OriginType::AwsKms).await;
    replicate(&here, &id, THERE).await;
    let again = here
        .replicate_key()
        .key_id(&id)
        .replica_region(THERE)
        .send()
        .await;
    assert_eq!(code(again), "AlreadyExistsException");
    let from_replica = there
        .replicate_key()
        .key_id(&id)
        .replica_region(ELSEWHERE)
        .send()
        .await;
    assert_eq!(
        refusal(from_replica),
        (
            "UnsupportedOperationException".to_owned(),
            Some(format!(
                "arn:aws:kms:{THERE}:000000000000:key/{id} is not a multi-region primary key."
            ))
        )
    );
    for region in ["cn-north-1", "nowhere", HERE] {
        let refused = here
            .replicate_key()
            .key_id(&id)
            .replica_region(region)
            .send()
            .await;
        assert_eq!(code(refused), "ValidationException", "{region}");
    }

    let seal = async |client: &Client| {
        let sealed = client
            .encrypt()
            .key_id(&id)
            .plaintext(Blob::new("x"))
            .send()
            .await;
        sealed
            .expect("it encrypts")
            .ciphertext_blob
            .expect("a ciphertext")
    };
    let sealed = seal(&here).await;
    there
        .decrypt()
        .ciphertext_blob(sealed)
        .send()
        .await
        .expect("it opens there");
    here.rotate_key_on_demand()
        .key_id(&id)
        .send()
        .await
        .expect("it rotates");
    let sealed = seal(&there).await;
    here.decrypt()
        .ciphertext_blob(sealed)
        .send()
        .await
        .expect("it opens here");
    let refused = there.rotate_key_on_demand().key_id(&id).send().await;
    assert_eq!(code(refused), "UnsupportedOperationException");

    let described = describe(&there, &id).await;
    let relatives = described.multi_region_configuration.expect("relatives");
    assert_eq!(
        relatives.multi_region_key_type,
        Some(MultiRegionKeyType::Replica)
    );
    assert_eq!(
        relatives.primary_key.and_then(|key| key.region).as_deref(),
        Some(HERE)
    );
    assert_eq!(
        described.current_key_material_id,
        describe(&here, &id).await.current_key_material_id
    );
}

#[tokio::test]
async fn a_replica_rotates_with_its_primary() {
    let emulator = emulator();
    let (here, there) = (client_in(&emulator, HERE), client_in(&emulator, THERE));
    let id = primary(&here, OriginType::AwsKms).await;
    replicate(&here, &id, THERE).await;
    let before = describe(&there, &id).await.current_key_material_id;
    here.enable_key_rotation()
        .key_id(&id)
        .send()
        .await
        .expect("rotation is on");
    let status = there
        .get_key_rotation_status()
        .key_id(&id)
        .send()
        .await
        .expect("a status");
    assert!(status.key_rotation_enabled);
    emulator.advance(days(366));
    let after = describe(&there, &id).await.current_key_material_id;
    assert_ne!(after, before);
    assert_eq!(describe(&here, &id).await.current_key_material_id, after);
}

#[tokio::test]
async fn the_primary_moves() {
    let emulator = emulator();
    let (here, there) = (client_in(&emulator, HERE), client_in(&emulator, THERE));
    let id = primary(&here, OriginType::AwsKms).await;
    replicate(&here, &id, THERE).await;
    let missing = here
        .update_primary_region()
        .key_id(&id)
        .primary_region(ELSEWHERE)
        .send()
        .await;
    assert_eq!(code(missing), "NotFoundException");
    here.update_primary_region()
        .key_id(&id)
        .primary_region(THERE)
        .send()
        .await
        .expect("it moves");
    for client in [&here, &there] {
        let relatives = describe(client, &id)
            .await
            .multi_region_configuration
            .expect("relatives");
        assert_eq!(
            relatives.primary_key.and_then(|key| key.region).as_deref(),
            Some(THERE)
        );
    }
    replicate(&there, &id, ELSEWHERE).await;
}

#[tokio::test]
async fn a_primary_waits_for_its_replicas_to_go() {
    let emulator = emulator();
    let (here, there) = (client_in(&emulator, HERE), client_in(&emulator, THERE));
    let id = primary(&here, OriginType::AwsKms).await;
    replicate(&here, &id, THERE).await;
    let schedule = |client: &Client| {
        client
            .schedule_key_deletion()
            .key_id(&id)
            .pending_window_in_days(7)
            .send()
    };
    let scheduled = schedule(&here).await.expect("scheduled");
    assert_eq!(scheduled.key_state, Some(KeyState::PendingReplicaDeletion));
    assert_eq!(scheduled.deletion_date, None);
    schedule(&there).await.expect("scheduled");
    emulator.advance(days(8));
    assert_eq!(
        code(there.describe_key().key_id(&id).send().await),
        "NotFoundException"
    );
    let waiting = describe(&here, &id).await;
    assert_eq!(waiting.key_state, Some(KeyState::PendingDeletion));
    emulator.advance(days(6));
    assert_eq!(
        code(here.describe_key().key_id(&id).send().await),
        "NotFoundException"
    );
}

#[tokio::test]
async fn what_is_due_in_another_region_happens_though_nobody_looks_there() {
    let emulator = emulator();
    let here = client_in(&emulator, HERE);
    let schedule = async |region: &str, id: &str, days: i32| {
        client_in(&emulator, region)
            .schedule_key_deletion()
            .key_id(id)
            .pending_window_in_days(days)
            .send()
            .await
            .expect("scheduled")
    };
    let going = primary(&here, OriginType::AwsKms).await;
    let staying = primary(&here, OriginType::AwsKms).await;
    for region in [THERE, ELSEWHERE] {
        replicate(&here, &going, region).await;
    }
    replicate(&here, &staying, THERE).await;
    let last = schedule(ELSEWHERE, &going, 30).await;
    schedule(THERE, &going, 7).await;
    schedule(THERE, &staying, 7).await;
    schedule(HERE, &going, 10).await;

    emulator.advance(days(31));
    replicate(&here, &staying, THERE).await;
    let described = describe(&here, &going).await;
    assert_eq!(described.key_state, Some(KeyState::PendingDeletion));
    let relatives = described.multi_region_configuration.expect("relatives");
    assert_eq!(relatives.replica_keys.unwrap_or_default(), []);
    // The waiting period began when the last replica went.
    let seconds = |date: Option<DateTime>| date.expect("a date").secs();
    assert_eq!(
        seconds(described.deletion_date) - seconds(last.deletion_date),
        10 * 86_400
    );
}

#[tokio::test]
async fn imported_material_is_brought_to_every_region() {
    let emulator = emulator();
    let (here, there) = (client_in(&emulator, HERE), client_in(&emulator, THERE));
    let id = primary(&here, OriginType::External).await;
    import(&here, &id, OAEP, SIZE, &[1; 32])
        .await
        .expect("the first, here");
    replicate(&here, &id, THERE).await;
    assert_eq!(state(&there, &id).await, KeyState::PendingImport);
    let other = import(&there, &id, OAEP, SIZE, &[2; 32]).await;
    assert_eq!(code(other), "IncorrectKeyMaterialException");
    import(&there, &id, OAEP, SIZE, &[1; 32])
        .await
        .expect("the first, there");
    assert_eq!(state(&there, &id).await, KeyState::Enabled);

    let new_here = import_new(&here, &id, &[2; 32]).await;
    assert!(new_here.is_ok(), "{new_here:?}");
    let refused = import_new(&there, &id, &[2; 32]).await;
    assert_eq!(refused, Err("UnsupportedOperationException".to_owned()));
    assert_eq!(
        pending(&here, &id).await,
        "PENDING_MULTI_REGION_IMPORT_AND_ROTATION"
    );
    let too_early = here.rotate_key_on_demand().key_id(&id).send().await;
    assert_eq!(code(too_early), "KMSInvalidStateException");
    import(&there, &id, OAEP, SIZE, &[2; 32])
        .await
        .expect("the second, there");
    assert_eq!(pending(&here, &id).await, "PENDING_ROTATION");
    assert_eq!(pending(&there, &id).await, "PENDING_ROTATION");
    here.rotate_key_on_demand()
        .key_id(&id)
        .send()
        .await
        .expect("it rotates");
    assert_eq!(
        describe(&here, &id).await.current_key_material_id,
        describe(&there, &id).await.current_key_material_id
    );
    let sealed = there
        .encrypt()
        .key_id(&id)
        .plaintext(Blob::new("x"))
        .send()
        .await
        .expect("it encrypts");
    here.decrypt()
        .set_ciphertext_blob(sealed.ciphertext_blob)
        .send()
        .await
        .expect("it opens");
}

/// The state of the material that waits.
async fn pending(client: &Client, id: &str) -> String {
    let listed = client
        .list_key_rotations()
        .key_id(id)
        .include_key_material(IncludeKeyMaterial::AllKeyMaterial)
        .send()
        .await
        .expect("a list");
    let last = listed
        .rotations
        .expect("materials")
        .pop()
        .expect("the last");
    last.key_material_state
        .expect("a state")
        .as_str()
        .to_owned()
}

async fn import_new(client: &Client, id: &str, material: &[u8]) -> Result<(), String> {
    let given = parameters(client, id, OAEP, SIZE).await;
    let public_key = given.public_key.expect("a public key");
    let outcome = client
        .import_key_material()
        .key_id(id)
        .set_import_token(given.import_token)
        .encrypted_key_material(Blob::new(wrap(public_key.as_ref(), &OAEP, material)))
        .expiration_model(ExpirationModelType::KeyMaterialDoesNotExpire)
        .import_type(ImportType::NewKeyMaterial)
        .send()
        .await;
    match outcome {
        Ok(_) => Ok(()),
        Err(_) => Err(code(outcome)),
    }
}
