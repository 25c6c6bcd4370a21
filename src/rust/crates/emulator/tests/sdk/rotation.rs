//! New material for old keys, and when keys were used.

use std::time::Duration;

use crate::common::*;
use aws_sdk_kms::Client;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{IncludeKeyMaterial, KeySpec, KeyUsageType};

#[tokio::test]
async fn keys_rotate_by_themselves_and_on_demand() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = symmetric_key(&client).await;
    let sealed = client
        .encrypt()
        .key_id(&id)
        .plaintext(Blob::new("old"))
        .send()
        .await
        .expect("it encrypts");
    let first = describe(&client, &id).await.current_key_material_id;
    client
        .enable_key_rotation()
        .key_id(&id)
        .rotation_period_in_days(90)
        .send()
        .await
        .expect("rotation is on");
    let status = client
        .get_key_rotation_status()
        .key_id(&id)
        .send()
        .await
        .expect("a status");
    assert!(status.key_rotation_enabled);
    assert_eq!(status.rotation_period_in_days, Some(90));
    assert!(status.next_rotation_date.is_some());

    emulator.advance(days(181));
    client
        .rotate_key_on_demand()
        .key_id(&id)
        .send()
        .await
        .expect("it rotates");
    let list = |all| {
        client
            .list_key_rotations()
            .key_id(&id)
            .set_include_key_material(all)
            .send()
    };
    let rotations = list(None)
        .await
        .expect("a list")
        .rotations
        .expect("rotations");
    let kinds: Vec<&str> = rotations
        .iter()
        .filter_map(|rotation| rotation.rotation_type.as_ref().map(|kind| kind.as_str()))
        .collect();
    assert_eq!(kinds, ["AUTOMATIC", "AUTOMATIC", "ON_DEMAND"]);
    let all = list(Some(IncludeKeyMaterial::AllKeyMaterial))
        .await
        .expect("a list")
        .rotations
        .expect("all");
    assert_eq!(all.len(), 4);
    assert_eq!(all[0].key_material_id, first);
    assert_eq!(all[0].rotation_date, None);
    let states: Vec<&str> = all
        .iter()
        .filter_map(|material| {
            material
                .key_material_state
                .as_ref()
                .map(|state| state.as_str())
        })
        .collect();
    assert_eq!(
        states,
        ["NON_CURRENT", "NON_CURRENT", "NON_CURRENT", "CURRENT"]
    );
    assert_eq!(
        describe(&client, &id).await.current_key_material_id,
        all[3].key_material_id
    );

    let opened = client
        .decrypt()
        .set_ciphertext_blob(sealed.ciphertext_blob)
        .send()
        .await
        .expect("it opens");
    assert_eq!(opened.key_material_id, first);

    for _ in 1..25 {
        client
            .rotate_key_on_demand()
            .key_id(&id)
            .send()
            .await
            .expect("it rotates");
    }
    let refused = client.rotate_key_on_demand().key_id(&id).send().await;
    assert_eq!(
        refusal(refused),
        (
            "LimitExceededException".to_owned(),
            Some(format!(
                "The on-demand rotations limit has been reached for the given keyId. No more on-demand rotations can be performed for this key: {id}"
            ))
        )
    );
    let mac = own_key(&client, KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac).await;
    let refused = client.rotate_key_on_demand().key_id(&mac).send().await;
    assert_eq!(
        refusal(refused),
        ("UnsupportedOperationException".to_owned(), None)
    );
    let external = external_key(
        &client,
        KeySpec::SymmetricDefault,
        KeyUsageType::EncryptDecrypt,
    )
    .await;
    assert_eq!(
        message(client.enable_key_rotation().key_id(&external).send().await),
        format!("{external} origin is EXTERNAL which is not valid for this operation.")
    );
    assert_eq!(
        message(client.rotate_key_on_demand().key_id(&external).send().await),
        format!("{external} is pending import.")
    );
}

#[tokio::test]
async fn rotation_is_off_while_a_key_waits_for_its_deletion_and_begins_anew_with_the_default_period()
 {
    let emulator = emulator();
    let client = client(&emulator);
    let id = symmetric_key(&client).await;
    let enable = || client.enable_key_rotation().key_id(&id);
    let status = async || {
        client
            .get_key_rotation_status()
            .key_id(&id)
            .send()
            .await
            .expect("a status")
    };
    enable()
        .rotation_period_in_days(90)
        .send()
        .await
        .expect("rotation is on");
    client
        .schedule_key_deletion()
        .key_id(&id)
        .send()
        .await
        .expect("scheduled");
    assert!(!status().await.key_rotation_enabled);
    client
        .cancel_key_deletion()
        .key_id(&id)
        .send()
        .await
        .expect("cancelled");
    let resumed = status().await;
    assert!(resumed.key_rotation_enabled);
    assert_eq!(resumed.rotation_period_in_days, Some(90));

    client.enable_key().key_id(&id).send().await.expect("on");
    client
        .disable_key_rotation()
        .key_id(&id)
        .send()
        .await
        .expect("rotation is off");
    enable().send().await.expect("rotation is on again");
    assert_eq!(status().await.rotation_period_in_days, Some(365));
}

#[tokio::test]
async fn a_key_about_to_rotate_by_itself_is_not_rotated_on_demand() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = rotating_key(&client).await;
    let rotate = || client.rotate_key_on_demand().key_id(&id).send();
    emulator.advance(days(90) - Duration::from_secs(21 * 60));
    rotate().await.expect("twenty-one minutes are enough");
    emulator.advance(Duration::from_secs(2 * 60));
    assert_eq!(code(rotate().await), "ConflictException");
    emulator.advance(Duration::from_secs(20 * 60));
    rotate().await.expect("it has rotated");
}

#[tokio::test]
async fn thousands_of_years_of_rotations_are_made_up_for_at_once() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = rotating_key(&client).await;
    emulator.advance(Duration::MAX);
    let rotations = client
        .list_key_rotations()
        .key_id(&id)
        .limit(1000)
        .send()
        .await
        .expect("rotations");
    assert_eq!(rotations.rotations().len(), 1000);
    assert!(rotations.truncated);
}

/// A key that rotates by itself every 90 days.
async fn rotating_key(client: &Client) -> String {
    let id = symmetric_key(client).await;
    client
        .enable_key_rotation()
        .key_id(&id)
        .rotation_period_in_days(90)
        .send()
        .await
        .expect("rotation is on");
    id
}

#[tokio::test]
async fn the_last_use_is_known() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = symmetric_key(&client).await;
    let usage = async || {
        client
            .get_key_last_usage()
            .key_id(&id)
            .send()
            .await
            .expect("a usage")
    };
    let unused = usage().await.key_last_usage.expect("an object");
    assert_eq!(unused.operation, None);
    client
        .encrypt()
        .key_id(&id)
        .plaintext(Blob::new("x"))
        .send()
        .await
        .expect("it encrypts");
    let _ = client
        .encrypt()
        .key_id(&id)
        .plaintext(Blob::new("x"))
        .dry_run(true)
        .send()
        .await;
    let used = usage().await;
    let last = used.key_last_usage.expect("a use");
    assert_eq!(
        last.operation
            .map(|operation| operation.as_str().to_owned())
            .as_deref(),
        Some("Encrypt")
    );
    assert!(last.timestamp >= used.key_creation_date);
    let record = emulator
        .log()
        .into_iter()
        .find(|record| Some(&record.event_id) == last.cloud_trail_event_id.as_ref())
        .expect("the log has the use");
    assert_eq!(Some(record.request_id), last.kms_request_id);
}
