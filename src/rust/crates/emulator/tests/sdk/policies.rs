//! What is attached to keys: policies, grants, tags.

use crate::common::*;
use aws_sdk_kms::primitives::Blob;
use aws_sdk_kms::types::{GrantConstraints, GrantOperation, Tag};

fn tag(name: &str, value: &str) -> Tag {
    Tag::builder()
        .tag_key(name)
        .tag_value(value)
        .build()
        .expect("a whole tag")
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
    assert!(
        policy.starts_with("{\n  \"Version\" : \"2012-10-17\",\n  \"Id\" : \"key-default-1\",\n")
    );

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
    let most = format!("{mine:<32768}");
    let put = |policy: &str| client.put_key_policy().key_id(&id).policy(policy);
    put(&most).send().await.expect("as long as one may be");
    let longer = most + " ";
    assert_eq!(code(put(&longer).send().await), "LimitExceededException");
    let created = client.create_key().policy(longer).send().await;
    assert_eq!(code(created), "LimitExceededException");
    let shared = put(&mine).policy_name("AWS_RAM").send().await;
    assert_eq!(
        refusal(shared),
        (
            "ValidationException".to_owned(),
            Some("The AWS_RAM policy can only be managed by the RAM service.".to_owned())
        )
    );
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
async fn grants_say_what_does_not_go_together() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = symmetric_key(&client).await;
    let alice = "arn:aws:iam::000000000000:user/alice";
    let service = "dynamodb.us-east-1.amazonaws.com";
    let source = || {
        GrantConstraints::builder().source_arn("arn:aws:dynamodb:us-east-1:000000000000:table/t")
    };
    let create = || {
        client
            .create_grant()
            .key_id(&id)
            .operations(GrantOperation::Decrypt)
    };
    let to_service = || create().grantee_service_principal(service);
    let bound = |pairs: usize, length: usize| {
        let pair = |n: usize| (n.to_string(), "x".repeat(length));
        let context = (0..pairs).map(pair).collect();
        let constraints = GrantConstraints::builder().set_encryption_context_equals(Some(context));
        create()
            .grantee_principal(alice)
            .constraints(constraints.build())
    };
    for good in [
        to_service()
            .constraints(source().build())
            .retiring_principal(alice),
        to_service()
            .constraints(source().build())
            .retiring_service_principal(service),
        bound(8, 384),
    ] {
        good.send().await.expect("a grant");
    }
    for wrong in [
        create(),
        create()
            .grantee_principal(alice)
            .grantee_service_principal(service),
        create()
            .grantee_principal(alice)
            .retiring_principal(alice)
            .retiring_service_principal(service),
        // A service needs a source and somebody to retire its grant.
        to_service().retiring_principal(alice),
        to_service().constraints(source().build()),
        bound(9, 1),
        bound(1, 385),
    ] {
        let wrong = wrong.send().await;
        assert_eq!(code(wrong), "ValidationException");
    }
    let both = client
        .list_grants()
        .key_id(&id)
        .grantee_principal(alice)
        .grantee_service_principal(service)
        .send()
        .await;
    assert_eq!(code(both), "ValidationException");
}

#[tokio::test]
async fn all_tokens_of_a_grant_are_alike_and_nothing_else_is_one() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = symmetric_key(&client).await;
    let create = async || {
        let created = client
            .create_grant()
            .key_id(&id)
            .grantee_principal("arn:aws:iam::000000000000:user/alice")
            .operations(GrantOperation::Encrypt)
            .name("mine")
            .send()
            .await;
        created.expect("a grant").grant_token.expect("a token")
    };
    let (first, second) = (create().await, create().await);
    let encrypt = async |token: &str| {
        client
            .encrypt()
            .key_id(&id)
            .plaintext(Blob::new("x"))
            .grant_tokens(token)
            .send()
            .await
    };
    for token in [&first, &second] {
        encrypt(token).await.expect("it encrypts");
    }
    for junk in ["junk", &first[1..]] {
        assert_eq!(
            code(encrypt(junk).await),
            "InvalidGrantTokenException",
            "{junk}"
        );
    }
    // DescribeKey knows no such error.
    let described = client
        .describe_key()
        .key_id(&id)
        .grant_tokens("junk")
        .send()
        .await;
    described.expect("it is described");

    let elsewhere = client_in(&emulator, "eu-west-1");
    let retire =
        |client: &aws_sdk_kms::Client, token: &str| client.retire_grant().grant_token(token).send();
    assert_eq!(
        code(retire(&elsewhere, &second).await),
        "InvalidGrantTokenException"
    );
    retire(&client, &second).await.expect("it is retired");
    assert_eq!(
        code(retire(&client, &first).await),
        "InvalidGrantTokenException"
    );
}
