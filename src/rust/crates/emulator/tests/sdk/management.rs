//! Keys come, change state, and go.

use std::time::Duration;

use crate::common::*;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{CustomKeyStoreType, KeySpec, KeyState, KeyUsageType, OriginType};

#[tokio::test]
async fn states_allow_what_they_allow() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = symmetric_key(&client).await;
    client.disable_key().key_id(&id).send().await.expect("off");
    let refused = client
        .encrypt()
        .key_id(&id)
        .plaintext(Blob::new("x"))
        .send()
        .await;
    assert_eq!(
        refusal(refused),
        (
            "DisabledException".to_owned(),
            Some(format!("{id} is disabled."))
        )
    );
    client.enable_key().key_id(&id).send().await.expect("on");
    client
        .update_key_description()
        .key_id(&id)
        .description("mine")
        .send()
        .await
        .expect("described");
    assert_eq!(
        describe(&client, &id).await.description.as_deref(),
        Some("mine")
    );
    let refused = client.cancel_key_deletion().key_id(&id).send().await;
    assert_eq!(message(refused), format!("{id} is not pending deletion."));

    let scheduled = client
        .schedule_key_deletion()
        .key_id(&id)
        .pending_window_in_days(7)
        .send()
        .await
        .expect("scheduled");
    assert_eq!(scheduled.key_state, Some(KeyState::PendingDeletion));
    assert!(scheduled.deletion_date.is_some());
    let refused = client
        .encrypt()
        .key_id(&id)
        .plaintext(Blob::new("x"))
        .send()
        .await;
    assert_eq!(
        refusal(refused),
        (
            "KMSInvalidStateException".to_owned(),
            Some(format!("{id} is pending deletion."))
        )
    );
    assert_eq!(
        code(client.enable_key().key_id(&id).send().await),
        "KMSInvalidStateException"
    );
    client
        .cancel_key_deletion()
        .key_id(&id)
        .send()
        .await
        .expect("cancelled");
    assert_eq!(state(&client, &id).await, KeyState::Disabled);

    client
        .create_alias()
        .alias_name("alias/going")
        .target_key_id(&id)
        .send()
        .await
        .expect("an alias");
    client
        .schedule_key_deletion()
        .key_id(&id)
        .pending_window_in_days(7)
        .send()
        .await
        .expect("scheduled");
    emulator.advance(days(7));
    let gone = client.describe_key().key_id(&id).send().await;
    assert_eq!(message(gone), format!("Key '{id}' does not exist"));
    assert_eq!(
        code(client.delete_alias().alias_name("alias/going").send().await),
        "NotFoundException"
    );
}

#[tokio::test]
#[allow(deprecated, reason = "AWS still takes the older member")]
async fn create_key_says_what_does_not_go_together() {
    let emulator = emulator();
    let client = client(&emulator);
    let create = || client.create_key();
    assert_eq!(
        message(create().key_spec(KeySpec::Hmac256).send().await),
        "You must specify a KeyUsage value for all KMS keys except for symmetric encryption keys."
    );
    let agreement = create()
        .key_spec(KeySpec::Rsa2048)
        .key_usage(KeyUsageType::KeyAgreement)
        .send()
        .await;
    assert_eq!(
        message(agreement),
        "KeyUsage KEY_AGREEMENT is not compatible with KeySpec RSA_2048"
    );
    let twice = create()
        .key_spec(KeySpec::Hmac256)
        .customer_master_key_spec("HMAC_256".into())
        .key_usage(KeyUsageType::GenerateVerifyMac)
        .send()
        .await;
    assert_eq!(
        message(twice),
        "You cannot specify KeySpec and CustomerMasterKeySpec in the same request. CustomerMasterKeySpec is deprecated."
    );
    let sm2 = create()
        .key_spec(KeySpec::Sm2)
        .key_usage(KeyUsageType::SignVerify)
        .send()
        .await;
    let (code, message) = refusal(sm2);
    assert_eq!(code, "UnsupportedOperationException");
    assert!(message.expect("a message").contains("SM2"));
    let in_a_store = create()
        .origin(OriginType::AwsCloudhsm)
        .custom_key_store_id("cks-1234567890abcdef0")
        .send()
        .await;
    assert_eq!(
        crate::common::code(in_a_store),
        "CustomKeyStoreNotFoundException"
    );
    let unimportable = create()
        .key_spec(KeySpec::MlDsa65)
        .key_usage(KeyUsageType::SignVerify)
        .origin(OriginType::External)
        .send()
        .await;
    assert_eq!(
        crate::common::code(unimportable),
        "UnsupportedOperationException"
    );
    let unknown = create().key_spec(KeySpec::from("RSA_1024")).send().await;
    assert!(crate::common::message(unknown).starts_with("1 validation error detected: Value 'RSA_1024' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: ["));
}

#[tokio::test]
async fn an_account_without_custom_key_stores_says_so() {
    let emulator = emulator();
    let client = client(&emulator);
    let stores = client
        .describe_custom_key_stores()
        .send()
        .await
        .expect("a list");
    assert_eq!(stores.custom_key_stores.unwrap_or_default().len(), 0);
    let store = "cks-1234567890abcdef0";
    let named_twice = client
        .describe_custom_key_stores()
        .custom_key_store_id(store)
        .custom_key_store_name("mine")
        .send()
        .await;
    assert_eq!(code(named_twice), "ValidationException");
    let missing = "CustomKeyStoreNotFoundException";
    assert_eq!(
        code(
            client
                .connect_custom_key_store()
                .custom_key_store_id(store)
                .send()
                .await
        ),
        missing
    );
    assert_eq!(
        code(
            client
                .disconnect_custom_key_store()
                .custom_key_store_id(store)
                .send()
                .await
        ),
        missing
    );
    assert_eq!(
        code(
            client
                .delete_custom_key_store()
                .custom_key_store_id(store)
                .send()
                .await
        ),
        missing
    );
    assert_eq!(
        code(
            client
                .update_custom_key_store()
                .custom_key_store_id(store)
                .send()
                .await
        ),
        missing
    );
    let create = || {
        client
            .create_custom_key_store()
            .custom_key_store_name("mine")
    };
    assert_eq!(
        code(
            create()
                .cloud_hsm_cluster_id("cluster-234567abcde")
                .send()
                .await
        ),
        "CloudHsmClusterNotFoundException"
    );
    let external = create()
        .custom_key_store_type(CustomKeyStoreType::ExternalKeyStore)
        .xks_proxy_uri_endpoint("https://proxy.example.com")
        .send()
        .await;
    assert_eq!(code(external), "XksProxyUriUnreachableException");
}

#[tokio::test]
async fn an_answer_is_quick() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = symmetric_key(&client).await;
    let start = std::time::Instant::now();
    for _ in 0..50 {
        describe(&client, &id).await;
    }
    // Far from the limit on an idle machine; a delayed acknowledgement alone would take 2 s.
    assert!(
        start.elapsed() < Duration::from_millis(1500),
        "{:?}",
        start.elapsed()
    );
}
