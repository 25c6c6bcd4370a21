//! The names of keys, and lists of them.

use crate::common::*;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{KeySpec, KeyUsageType};

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
async fn a_page_has_no_more_entries_than_its_listing_allows() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = symmetric_key(&client).await;
    let aliases = async |limit| client.list_aliases().limit(limit).send().await.map(drop);
    aliases(100).await.expect("a list");
    assert_eq!(code(aliases(101).await), "ValidationException");
    let grants = client.list_grants().key_id(&id).limit(101).send().await;
    assert_eq!(code(grants), "ValidationException");
    let tags = async |limit| {
        let list = client.list_resource_tags().key_id(&id);
        list.limit(limit).send().await.map(drop)
    };
    tags(50).await.expect("a list");
    assert_eq!(code(tags(51).await), "ValidationException");
    let keys = client.list_keys().limit(1000).send().await;
    keys.expect("a list");
}
