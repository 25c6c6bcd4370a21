//! What keys are managed with and used for, driven by the SDK.

mod common;

use std::time::Duration;

use aws_lc_rs::agreement;
use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::kem::{EncapsulationKey, ML_KEM_768};
use aws_lc_rs::signature::{ED25519, ML_DSA_65, ParsedPublicKey};
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{
    CustomKeyStoreType, DataKeyPairSpec, DataKeySpec, EncapsulationAlgorithmSpec, GrantOperation,
    IncludeKeyMaterial, KeyAgreementAlgorithmSpec, KeySpec, KeyState, KeyUsageType, MessageType,
    OriginType, SigningAlgorithmSpec, Tag,
};
use common::*;

fn tag(name: &str, value: &str) -> Tag {
    Tag::builder()
        .tag_key(name)
        .tag_value(value)
        .build()
        .expect("a whole tag")
}

#[tokio::test]
async fn a_key_answers_to_all_its_names() {
    let emulator = emulator();
    let client = client(&emulator);
    let arn = symmetric_key(&client).await;
    let id = arn.rsplit('/').next().expect("an id").to_owned();
    let alias_arn = "arn:aws:kms:us-east-1:000000000000:alias/mine";
    let missing = client.describe_key().key_id("alias/mine").send().await;
    assert_eq!(message(missing), format!("Alias {alias_arn} is not found."));
    client
        .create_alias()
        .alias_name("alias/mine")
        .target_key_id(&id)
        .send()
        .await
        .expect("the alias is made");
    for name in [&id, &arn, "alias/mine", alias_arn] {
        assert_eq!(
            describe(&client, name).await.arn.as_deref(),
            Some(arn.as_str())
        );
    }

    let again = client
        .create_alias()
        .alias_name("alias/mine")
        .target_key_id(&id)
        .send()
        .await;
    assert_eq!(code(again), "AlreadyExistsException");
    let reserved = client
        .create_alias()
        .alias_name("alias/aws/x")
        .target_key_id(&id)
        .send()
        .await;
    assert_eq!(code(reserved), "NotAuthorizedException");
    let bare = client
        .create_alias()
        .alias_name("mine")
        .target_key_id(&id)
        .send()
        .await;
    assert_eq!(
        message(bare),
        "Alias must start with the prefix \"alias/\". Please see https://docs.aws.amazon.com/kms/latest/developerguide/kms-alias.html"
    );
    let managed_by_alias = client.disable_key().key_id("alias/mine").send().await;
    assert_eq!(message(managed_by_alias), "Invalid keyId 'alias/mine'");

    let other = symmetric_key(&client).await;
    client
        .update_alias()
        .alias_name("alias/mine")
        .target_key_id(&other)
        .send()
        .await
        .expect("the alias is moved");
    assert_eq!(
        describe(&client, "alias/mine").await.arn,
        Some(other.clone())
    );
    let mac = own_key(&client, KeySpec::Hmac256, KeyUsageType::GenerateVerifyMac).await;
    let unlike = client
        .update_alias()
        .alias_name("alias/mine")
        .target_key_id(&mac)
        .send()
        .await;
    assert_eq!(code(unlike), "ValidationException");

    let listed = client
        .list_aliases()
        .key_id(&other)
        .send()
        .await
        .expect("a list");
    let listed = listed.aliases.expect("aliases");
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].alias_arn.as_deref(), Some(alias_arn));
    client
        .delete_alias()
        .alias_name("alias/mine")
        .send()
        .await
        .expect("it is gone");
    assert_eq!(
        code(client.delete_alias().alias_name("alias/mine").send().await),
        "NotFoundException"
    );
}

#[tokio::test]
async fn keys_elsewhere_are_not_found() {
    let emulator = emulator();
    let here = client(&emulator);
    let there = client_in(&emulator, "eu-west-1");
    let arn = symmetric_key(&here).await;
    let id = arn.rsplit('/').next().expect("an id");
    let by_id = there.describe_key().key_id(id).send().await;
    assert_eq!(
        refusal(by_id),
        (
            "NotFoundException".to_owned(),
            Some(format!(
                "Key 'arn:aws:kms:eu-west-1:000000000000:key/{id}' does not exist"
            ))
        )
    );
    let by_arn = there.describe_key().key_id(&arn).send().await;
    assert_eq!(message(by_arn), "Invalid arn us-east-1");
    let elsewhere = arn.replace("000000000000", "111122223333");
    assert_eq!(
        code(here.describe_key().key_id(elsewhere).send().await),
        "AccessDeniedException"
    );
    let no_key = here.describe_key().key_id("fake-key-id").send().await;
    assert_eq!(message(no_key), "Invalid keyId 'fake-key-id'");
    let sealed = here
        .encrypt()
        .key_id(id)
        .plaintext(Blob::new("x"))
        .send()
        .await
        .expect("it encrypts");
    let opened = there
        .decrypt()
        .set_ciphertext_blob(sealed.ciphertext_blob)
        .send()
        .await;
    assert_eq!(code(opened), "AccessDeniedException");
}

#[tokio::test]
async fn listings_come_in_pages() {
    let emulator = emulator();
    let client = client(&emulator);
    let mut made = Vec::new();
    for _ in 0..7 {
        made.push(symmetric_key(&client).await);
    }
    made.sort();
    let mut found = Vec::new();
    let mut marker = None;
    let mut pages = 0;
    loop {
        let page = client
            .list_keys()
            .limit(3)
            .set_marker(marker)
            .send()
            .await
            .expect("a page");
        found.extend(
            page.keys
                .unwrap_or_default()
                .into_iter()
                .filter_map(|key| key.key_arn),
        );
        pages += 1;
        marker = page.next_marker;
        assert_eq!(page.truncated, marker.is_some());
        if marker.is_none() {
            break;
        }
    }
    assert_eq!((found, pages), (made, 3));
    assert_eq!(
        code(client.list_keys().marker("nonsense").send().await),
        "InvalidMarkerException"
    );
    assert_eq!(
        message(client.list_keys().limit(1001).send().await),
        "1 validation error detected: Value '1001' at 'limit' failed to satisfy constraint: Member must have value less than or equal to 1000"
    );
}

#[tokio::test]
async fn tags_are_kept_and_checked() {
    let emulator = emulator();
    let client = client(&emulator);
    let created = client
        .create_key()
        .tags(tag("a", "1"))
        .tags(tag("b", "2"))
        .send()
        .await;
    let id = created
        .expect("a key")
        .key_metadata
        .expect("metadata")
        .key_id;
    client
        .tag_resource()
        .key_id(&id)
        .tags(tag("b", "3"))
        .tags(tag("c", ""))
        .send()
        .await
        .expect("tagged");
    client
        .untag_resource()
        .key_id(&id)
        .tag_keys("a")
        .tag_keys("x")
        .send()
        .await
        .expect("untagged");
    let listed = client
        .list_resource_tags()
        .key_id(&id)
        .send()
        .await
        .expect("a list");
    assert_eq!(listed.tags.expect("tags"), [tag("b", "3"), tag("c", "")]);

    let twice = client
        .create_key()
        .tags(tag("a", "1"))
        .tags(tag("a", "2"))
        .send()
        .await;
    assert_eq!(
        refusal(twice),
        (
            "TagException".to_owned(),
            Some("Duplicate tag keys".to_owned())
        )
    );
    let reserved = client
        .tag_resource()
        .key_id(&id)
        .tags(tag("AWS:x", "1"))
        .send()
        .await;
    assert_eq!(message(reserved), "Tags beginning with aws: are reserved");
    let many = (0..51).map(|n| tag(&n.to_string(), "")).collect();
    assert_eq!(
        message(client.create_key().set_tags(Some(many)).send().await),
        "Too many tags"
    );
    let long = "a".repeat(129);
    assert_eq!(
        message(client.create_key().tags(tag(&long, "")).send().await),
        format!(
            "1 validation error detected: Value '{long}' at 'tags.1.member.tagKey' failed to satisfy constraint: Member must have length less than or equal to 128"
        )
    );
}

#[tokio::test]
async fn policies_are_checked_for_form() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = symmetric_key(&client).await;
    let given = client
        .get_key_policy()
        .key_id(&id)
        .send()
        .await
        .expect("a policy");
    assert_eq!(given.policy_name.as_deref(), Some("default"));
    let policy = given.policy.expect("a text");
    assert!(policy.contains("arn:aws:iam::000000000000:root"));

    let mine = policy.replace("key-default-1", "mine");
    client
        .put_key_policy()
        .key_id(&id)
        .policy(&mine)
        .send()
        .await
        .expect("it is put");
    let given = client
        .get_key_policy()
        .key_id(&id)
        .send()
        .await
        .expect("a policy");
    assert_eq!(given.policy, Some(mine.clone()));
    let malformed = client
        .put_key_policy()
        .key_id(&id)
        .policy("{}")
        .send()
        .await;
    assert_eq!(code(malformed), "MalformedPolicyDocumentException");
    let locked_out = mine.replace("kms:*", "kms:Encrypt");
    let refused = client
        .put_key_policy()
        .key_id(&id)
        .policy(&locked_out)
        .send()
        .await;
    assert_eq!(
        message(refused),
        "The new key policy will not allow you to update the key policy in the future."
    );
    client
        .put_key_policy()
        .key_id(&id)
        .policy(locked_out)
        .bypass_policy_lockout_safety_check(true)
        .send()
        .await
        .expect("whoever insists may");
    let names = client
        .list_key_policies()
        .key_id(&id)
        .send()
        .await
        .expect("a list");
    assert_eq!(names.policy_names.expect("names"), ["default"]);
}

#[tokio::test]
async fn grants_come_and_go() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = symmetric_key(&client).await;
    let grantee = "arn:aws:iam::000000000000:user/alice";
    let retiring = "arn:aws:iam::000000000000:role/boss";
    let create = || {
        client
            .create_grant()
            .key_id(&id)
            .grantee_principal(grantee)
            .retiring_principal(retiring)
            .operations(GrantOperation::Decrypt)
            .name("mine")
    };
    assert_eq!(
        code(create().dry_run(true).send().await),
        "DryRunOperationException"
    );
    let first = create().send().await.expect("a grant");
    let again = create().send().await.expect("the same grant");
    assert_eq!(first.grant_id, again.grant_id);
    assert_ne!(first.grant_token, again.grant_token);

    let listed = client
        .list_grants()
        .key_id(&id)
        .send()
        .await
        .expect("a list")
        .grants
        .expect("grants");
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].grantee_principal.as_deref(), Some(grantee));
    assert_eq!(
        listed[0].issuing_account.as_deref(),
        Some("arn:aws:iam::000000000000:root")
    );
    let retirable = client
        .list_retirable_grants()
        .retiring_principal(retiring)
        .send()
        .await;
    assert_eq!(retirable.expect("a list").grants.expect("grants").len(), 1);

    let impossible = create().operations(GrantOperation::Sign).send().await;
    assert_eq!(code(impossible), "ValidationException");
    let nobody = create().grantee_principal("alice").send().await;
    assert_eq!(code(nobody), "InvalidArnException");
    let with_token = client
        .encrypt()
        .key_id(&id)
        .plaintext(Blob::new("x"))
        .grant_tokens(first.grant_token.clone().expect("a token"))
        .send()
        .await;
    assert!(with_token.is_ok());

    client
        .retire_grant()
        .grant_token(first.grant_token.expect("a token"))
        .send()
        .await
        .expect("it is retired");
    let gone = client
        .revoke_grant()
        .key_id(&id)
        .grant_id("0".repeat(64))
        .send()
        .await;
    assert_eq!(code(gone), "NotFoundException");
    assert_eq!(
        code(client.revoke_grant().key_id(&id).grant_id("x").send().await),
        "InvalidGrantIdException"
    );
    assert_eq!(
        code(client.retire_grant().grant_token("x").send().await),
        "InvalidGrantTokenException"
    );
    let listed = client
        .list_grants()
        .key_id(&id)
        .send()
        .await
        .expect("a list");
    assert_eq!(listed.grants.unwrap_or_default().len(), 0);
}

#[tokio::test]
async fn states_allow_what_they_allow() {
    let emulator = emulator();
    let mut client = client(&emulator);
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
    client = client_now(&emulator, emulator.region());
    let gone = client.describe_key().key_id(&id).send().await;
    assert_eq!(message(gone), format!("Key '{id}' does not exist"));
    assert_eq!(
        code(client.delete_alias().alias_name("alias/going").send().await),
        "NotFoundException"
    );
}

#[tokio::test]
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
    assert_eq!(common::code(in_a_store), "CustomKeyStoreNotFoundException");
    let unimportable = create()
        .key_spec(KeySpec::MlDsa65)
        .key_usage(KeyUsageType::SignVerify)
        .origin(OriginType::External)
        .send()
        .await;
    assert_eq!(common::code(unimportable), "UnsupportedOperationException");
    let unknown = create().key_spec(KeySpec::from("RSA_1024")).send().await;
    assert!(common::message(unknown).starts_with("1 validation error detected: Value 'RSA_1024' at 'keySpec' failed to satisfy constraint: Member must satisfy enum value set: ["));
}

#[tokio::test]
async fn algorithms_and_usages_must_fit() {
    let emulator = emulator();
    let client = client(&emulator);
    let mac_key = own_key(&client, KeySpec::Hmac224, KeyUsageType::GenerateVerifyMac).await;
    let symmetric = symmetric_key(&client).await;
    let wrong_algorithm = client
        .generate_mac()
        .key_id(&mac_key)
        .mac_algorithm("HMAC_SHA_256".into())
        .message(Blob::new("x"))
        .send()
        .await;
    assert_eq!(
        refusal(wrong_algorithm),
        (
            "InvalidKeyUsageException".to_owned(),
            Some("Algorithm HMAC_SHA_256 is incompatible with key spec HMAC_224.".to_owned())
        )
    );
    let wrong_usage = client
        .generate_mac()
        .key_id(&symmetric)
        .mac_algorithm("HMAC_SHA_256".into())
        .message(Blob::new("x"))
        .send()
        .await;
    assert_eq!(
        message(wrong_usage),
        format!("{symmetric} key usage is ENCRYPT_DECRYPT which is not valid for GenerateMac.")
    );
    let too_long = client
        .encrypt()
        .key_id(&symmetric)
        .plaintext(Blob::new(vec![0; 4097]))
        .send()
        .await;
    assert_eq!(
        message(too_long),
        "1 validation error detected: Value at 'plaintext' failed to satisfy constraint: Member must have length less than or equal to 4096"
    );
    let sealed = client
        .encrypt()
        .key_id(&symmetric)
        .plaintext(Blob::new("x"))
        .send()
        .await;
    let opened = client
        .decrypt()
        .key_id(&mac_key)
        .set_ciphertext_blob(sealed.expect("it encrypts").ciphertext_blob)
        .send()
        .await;
    assert_eq!(
        refusal(opened),
        (
            "IncorrectKeyException".to_owned(),
            Some("The key ID in the request does not identify a CMK that can perform this operation.".to_owned())
        )
    );
    assert_eq!(
        code(client.get_public_key().key_id(&symmetric).send().await),
        "UnsupportedOperationException"
    );
}

#[tokio::test]
async fn data_keys_come_out_of_their_ciphertexts() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = symmetric_key(&client).await;
    let made = client
        .generate_data_key()
        .key_id(&id)
        .key_spec(DataKeySpec::Aes128)
        .encryption_context("a", "b")
        .send()
        .await
        .expect("a data key");
    let plaintext = made.plaintext.expect("a plaintext");
    assert_eq!(plaintext.as_ref().len(), 16);
    let open = |blob| {
        client
            .decrypt()
            .ciphertext_blob(blob)
            .encryption_context("a", "b")
            .send()
    };
    let opened = open(made.ciphertext_blob.expect("a ciphertext"))
        .await
        .expect("it opens");
    assert_eq!(opened.plaintext, Some(plaintext));
    let sealed = client
        .generate_data_key_without_plaintext()
        .key_id(&id)
        .number_of_bytes(100)
        .encryption_context("a", "b")
        .send()
        .await
        .expect("a data key");
    let opened = open(sealed.ciphertext_blob.expect("a ciphertext"))
        .await
        .expect("it opens");
    assert_eq!(opened.plaintext.expect("a plaintext").as_ref().len(), 100);
    assert_eq!(
        message(client.generate_data_key().key_id(&id).send().await),
        "Please specify either number of bytes or key spec."
    );

    for spec in [
        DataKeyPairSpec::EccNistP256,
        DataKeyPairSpec::Rsa2048,
        DataKeyPairSpec::MlKem768,
    ] {
        let made = client
            .generate_data_key_pair()
            .key_id(&id)
            .key_pair_spec(spec.clone())
            .encryption_context("a", "b")
            .send()
            .await
            .expect("a pair");
        let opened = open(made.private_key_ciphertext_blob.expect("a ciphertext"))
            .await
            .expect("it opens");
        assert_eq!(opened.plaintext, made.private_key_plaintext);
        assert!(made.public_key.is_some());
        let dry = client
            .generate_data_key_pair_without_plaintext()
            .key_id(&id)
            .key_pair_spec(spec)
            .dry_run(true)
            .send()
            .await;
        assert_eq!(
            refusal(dry),
            (
                "DryRunOperationException".to_owned(),
                Some("The request would have succeeded, but the DryRun option is set.".to_owned())
            )
        );
    }
    let sm2 = client
        .generate_data_key_pair()
        .key_id(&id)
        .key_pair_spec(DataKeyPairSpec::Sm2)
        .send()
        .await;
    assert_eq!(code(sm2), "UnsupportedOperationException");
}

#[tokio::test]
async fn a_ciphertext_moves_to_another_key() {
    let emulator = emulator();
    let client = client(&emulator);
    let source = symmetric_key(&client).await;
    let destination = symmetric_key(&client).await;
    let sealed = client
        .encrypt()
        .key_id(&source)
        .plaintext(Blob::new("moving"))
        .encryption_context("from", "here")
        .send()
        .await
        .expect("it encrypts");
    let move_it = || {
        client
            .re_encrypt()
            .set_ciphertext_blob(sealed.ciphertext_blob.clone())
            .source_encryption_context("from", "here")
            .destination_key_id(&destination)
            .destination_encryption_context("to", "there")
    };
    let moved = move_it().send().await.expect("it moves");
    assert_eq!(moved.source_key_id.as_ref(), Some(&source));
    assert_eq!(moved.key_id.as_ref(), Some(&destination));
    let opened = client
        .decrypt()
        .set_ciphertext_blob(moved.ciphertext_blob)
        .encryption_context("to", "there")
        .send()
        .await
        .expect("it opens");
    assert_eq!(opened.plaintext.expect("a plaintext").as_ref(), b"moving");
    let wrong = move_it().source_key_id(&destination).send().await;
    assert_eq!(code(wrong), "IncorrectKeyException");
    assert_eq!(
        code(move_it().dry_run(true).send().await),
        "DryRunOperationException"
    );
    let without = client
        .decrypt()
        .key_id(&source)
        .dry_run(true)
        .dry_run_modifiers("IGNORE_CIPHERTEXT".into())
        .send()
        .await;
    assert_eq!(code(without), "DryRunOperationException");
}

#[tokio::test]
async fn newer_algorithms_are_real_as_well() {
    let emulator = emulator();
    let client = client(&emulator);
    let public_key_of = async |id: &str| {
        let given = client
            .get_public_key()
            .key_id(id)
            .send()
            .await
            .expect("it is given");
        given.public_key.expect("a public key").into_inner()
    };

    let id = own_key(&client, KeySpec::MlDsa65, KeyUsageType::SignVerify).await;
    let sign = |kind| {
        client
            .sign()
            .key_id(&id)
            .signing_algorithm(SigningAlgorithmSpec::MlDsaShake256)
            .message_type(kind)
            .message(Blob::new("message"))
            .send()
    };
    let signature = sign(MessageType::Raw)
        .await
        .expect("a signature")
        .signature
        .expect("bytes");
    let key = ParsedPublicKey::new(&ML_DSA_65, public_key_of(&id).await).expect("an SPKI");
    assert!(key.verify_sig(b"message", signature.as_ref()).is_ok());
    let (code, message) = refusal(sign(MessageType::ExternalMu).await);
    assert_eq!(code, "UnsupportedOperationException");
    assert!(message.expect("a message").contains("EXTERNAL_MU"));

    let id = own_key(
        &client,
        KeySpec::EccNistEdwards25519,
        KeyUsageType::SignVerify,
    )
    .await;
    let sign = |algorithm, kind, message: Vec<u8>| {
        client
            .sign()
            .key_id(&id)
            .signing_algorithm(algorithm)
            .message_type(kind)
            .message(Blob::new(message))
            .send()
    };
    let pure = sign(
        SigningAlgorithmSpec::Ed25519Sha512,
        MessageType::Raw,
        b"x".to_vec(),
    )
    .await;
    let signature = pure.expect("a signature").signature.expect("bytes");
    let key = ParsedPublicKey::new(&ED25519, public_key_of(&id).await).expect("an SPKI");
    assert!(key.verify_sig(b"x", signature.as_ref()).is_ok());
    let prehashed = SigningAlgorithmSpec::Ed25519PhSha512;
    let signed = sign(prehashed.clone(), MessageType::Digest, vec![1; 64]).await;
    let verified = client
        .verify()
        .key_id(&id)
        .signing_algorithm(prehashed.clone())
        .message_type(MessageType::Digest)
        .message(Blob::new(vec![1; 64]))
        .set_signature(signed.expect("a signature").signature)
        .send()
        .await;
    assert!(verified.expect("it is checked").signature_valid);
    let raw = sign(prehashed, MessageType::Raw, b"x".to_vec()).await;
    assert_eq!(common::code(raw), "ValidationException");

    let id = own_key(
        &client,
        KeySpec::MlKem768,
        KeyUsageType::EncapsulateDecapsulate,
    )
    .await;
    let spki = public_key_of(&id).await;
    let key = EncapsulationKey::new(&ML_KEM_768, &spki[spki.len() - 1184..]).expect("a raw key");
    let (ciphertext, secret) = key.encapsulate().expect("a secret");
    let arrived = client
        .decapsulate()
        .key_id(&id)
        .encapsulation_algorithm(EncapsulationAlgorithmSpec::MlKem)
        .shared_secret_ciphertext_blob(Blob::new(ciphertext.as_ref()))
        .send()
        .await
        .expect("it opens");
    assert_eq!(
        arrived.shared_secret.expect("a secret").as_ref(),
        secret.as_ref()
    );
    let sent = client
        .encapsulate()
        .key_id(&id)
        .encapsulation_algorithm(EncapsulationAlgorithmSpec::MlKem)
        .send()
        .await
        .expect("a secret");
    assert_eq!(sent.shared_secret.expect("a secret").as_ref().len(), 32);
}

#[tokio::test]
async fn a_secret_is_agreed_on() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = own_key(&client, KeySpec::EccNistP384, KeyUsageType::KeyAgreement).await;
    let mine = agreement::PrivateKey::generate(&agreement::ECDH_P384).expect("a key");
    let my_public_key = mine.compute_public_key().expect("a public key");
    let my_public_key = AsDer::<aws_lc_rs::encoding::PublicKeyX509Der<'_>>::as_der(&my_public_key)
        .expect("an SPKI")
        .as_ref()
        .to_vec();
    let derive = |public_key: Vec<u8>| {
        client
            .derive_shared_secret()
            .key_id(&id)
            .key_agreement_algorithm(KeyAgreementAlgorithmSpec::Ecdh)
            .public_key(Blob::new(public_key))
            .send()
    };
    let theirs = derive(my_public_key).await.expect("a secret");
    assert_eq!(theirs.key_origin, Some(OriginType::AwsKms));
    let given = client
        .get_public_key()
        .key_id(&id)
        .send()
        .await
        .expect("it is given");
    let here = agreement::agree(
        &mine,
        agreement::UnparsedPublicKey::new(
            &agreement::ECDH_P384,
            given.public_key.expect("a public key").into_inner(),
        ),
        "no secret",
        |secret| Ok(secret.to_vec()),
    );
    assert_eq!(
        here.as_deref(),
        Ok(theirs.shared_secret.expect("a secret").as_ref())
    );
    assert_eq!(
        refusal(derive(vec![1; 100]).await),
        ("ValidationException".to_owned(), None)
    );
}

#[tokio::test]
async fn random_bytes_must_be_asked_for_in_number() {
    let emulator = emulator();
    let client = client(&emulator);
    let ask = |bytes| client.generate_random().set_number_of_bytes(bytes).send();
    let made = ask(Some(12))
        .await
        .expect("bytes")
        .plaintext
        .expect("bytes");
    assert_eq!(made.as_ref().len(), 12);
    assert_eq!(message(ask(None).await), "NumberOfBytes is required.");
    assert_eq!(
        message(ask(Some(0)).await),
        "1 validation error detected: Value '0' at 'numberOfBytes' failed to satisfy constraint: Member must have value greater than or equal to 1"
    );
    assert_eq!(
        message(ask(Some(1025)).await),
        "1 validation error detected: Value '1025' at 'numberOfBytes' failed to satisfy constraint: Member must have value less than or equal to 1024"
    );
}

#[tokio::test]
async fn keys_rotate_by_themselves_and_on_demand() {
    let emulator = emulator();
    let mut client = client(&emulator);
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
    client = client_now(&emulator, emulator.region());
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
