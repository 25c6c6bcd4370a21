//! Faults, quotas, the log, and the handle's own life.

use std::time::{Duration, Instant};

use crate::common::*;
use aws_sdk_kms::error::SdkError;
use aws_sdk_kms::primitives::Blob;
use kmsr_emulator::{Config, Credentials, Emulator, Fault, FaultKind, Time};

fn once(operation: &str, kind: FaultKind) -> Fault {
    Fault {
        operation: Some(operation.to_owned()),
        kind,
        after: 0,
        times: Some(1),
    }
}

#[tokio::test]
async fn what_is_asked_to_go_wrong_goes_wrong() {
    let emulator = emulator();
    let client = client(&emulator);
    emulator.fault(once("ListKeys", FaultKind::Throttle));
    emulator.fault(once(
        "ListAliases",
        FaultKind::Refuse {
            code: "KMSInternalException".to_owned(),
            message: "not today".to_owned(),
            status: 500,
        },
    ));
    emulator.fault(once(
        "GenerateRandom",
        FaultKind::Delay(Duration::from_millis(150)),
    ));
    emulator.fault(once("CreateKey", FaultKind::CutBeforeAnswer));
    emulator.fault(once("ListGrants", FaultKind::CutAnswer));

    assert_eq!(code(client.list_keys().send().await), "ThrottlingException");
    let internal = client.list_aliases().send().await;
    let status = match &internal {
        Err(SdkError::ServiceError(error)) => error.raw().status().as_u16(),
        other => panic!("{other:?}"),
    };
    assert_eq!(status, 500);
    assert_eq!(message(internal), "not today");
    let start = Instant::now();
    client
        .generate_random()
        .number_of_bytes(1)
        .send()
        .await
        .expect("late, but there");
    assert!(start.elapsed() >= Duration::from_millis(150));

    let cut = client.create_key().send().await;
    assert!(matches!(cut, Err(SdkError::DispatchFailure(_))), "{cut:?}");
    let keys = client
        .list_keys()
        .send()
        .await
        .expect("a list")
        .keys
        .unwrap_or_default();
    assert_eq!(keys.len(), 1, "what was cut off had happened");
    let id = keys[0].key_id.clone().expect("an id");
    let cut = client.list_grants().key_id(&id).send().await;
    assert!(
        matches!(
            cut,
            Err(SdkError::ResponseError(_) | SdkError::DispatchFailure(_))
        ),
        "{cut:?}"
    );
    client
        .list_grants()
        .key_id(&id)
        .send()
        .await
        .expect("all is well again");
}

#[tokio::test]
async fn who_does_not_wait_for_a_late_answer_has_done_it_all_the_same() {
    let emulator = emulator();
    let client = client(&emulator);
    emulator.fault(once("CreateKey", FaultKind::Delay(Duration::from_secs(60))));
    let patience = Duration::from_millis(300);
    let created = tokio::time::timeout(patience, client.create_key().send()).await;
    assert!(created.is_err(), "{created:?}");
    let listed = client.list_keys().send().await.expect("a list");
    assert_eq!(listed.keys.unwrap_or_default().len(), 1);
    assert_eq!(emulator.log().len(), 2);
}

#[tokio::test]
async fn clocks_can_be_apart() {
    let emulator = emulator();
    // A client of its own each time: the SDK learns from the refusal how far its clock is off.
    let list = async || client(&emulator).list_keys().send().await;
    emulator.set_clock_skew(6 * 60 * 1000);
    let (code, message) = refusal(list().await);
    assert_eq!(code, "InvalidSignatureException");
    assert!(
        message
            .expect("a message")
            .starts_with("Signature expired: ")
    );
    emulator.set_clock_skew(-6 * 60 * 1000);
    let (_, message) = refusal(list().await);
    assert!(
        message
            .expect("a message")
            .starts_with("Signature not yet current: ")
    );
    let learning = client(&emulator);
    assert!(learning.list_keys().send().await.is_err());
    assert!(learning.list_keys().send().await.is_ok());
    emulator.clear_faults();
    list().await.expect("together again");
}

#[tokio::test]
async fn a_new_key_can_take_its_time() {
    let emulator = emulator();
    let client = client(&emulator);
    emulator.set_new_key_delay(Duration::from_secs(3));
    let id = symmetric_key(&client).await;
    assert_eq!(
        code(client.describe_key().key_id(&id).send().await),
        "NotFoundException"
    );
    let listed = client.list_keys().send().await.expect("a list");
    assert_eq!(listed.keys.unwrap_or_default().len(), 0);
    emulator.advance(Duration::from_secs(3));
    describe(&client, &id).await;
}

#[tokio::test]
async fn quotas_hold_when_they_are_switched_on() {
    let emulator = emulator();
    let client = client(&emulator);
    emulator.set_quotas(Some(1.0));
    let mut outcomes = Vec::new();
    for _ in 0..8 {
        outcomes.push(
            client
                .create_alias()
                .alias_name("alias/x")
                .target_key_id("x")
                .send()
                .await,
        );
    }
    let codes: Vec<String> = outcomes.into_iter().map(code).collect();
    assert_eq!(
        codes
            .iter()
            .filter(|code| *code == "NotFoundException")
            .count(),
        5,
        "{codes:?}"
    );
    assert_eq!(
        codes.last().map(String::as_str),
        Some("ThrottlingException")
    );
    emulator.set_quotas(None);
    let refused = client
        .create_alias()
        .alias_name("alias/x")
        .target_key_id("x")
        .send()
        .await;
    assert_eq!(code(refused), "NotFoundException");
}

#[tokio::test]
async fn the_log_tells_who_did_what() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = symmetric_key(&client).await;
    client
        .encrypt()
        .key_id(&id)
        .plaintext(Blob::new("a secret"))
        .encryption_context("purpose", "test")
        .send()
        .await
        .expect("it encrypts");
    let _ = client.describe_key().key_id("nowhere").send().await;

    let log = emulator.log();
    let names: Vec<&str> = log
        .iter()
        .map(|record| record.event_name.as_str())
        .collect();
    assert_eq!(names, ["CreateKey", "Encrypt", "DescribeKey"]);
    let [created, encrypted, refused] = &log[..] else {
        panic!("three records");
    };
    assert!(!created.read_only);
    assert_eq!(created.response_elements["keyMetadata"]["arn"], id.as_str());
    assert_eq!(encrypted.resources, std::slice::from_ref(&id));
    assert_eq!(
        encrypted.request_parameters["encryptionContext"]["purpose"],
        "test"
    );
    assert!(encrypted.response_elements.is_null());
    assert_eq!(refused.error_code.as_deref(), Some("NotFoundException"));
    assert_eq!(
        refused.error_message.as_deref(),
        Some("Invalid keyId 'nowhere'")
    );

    let text = encrypted.to_json().to_string();
    assert!(!text.contains("YSBzZWNyZXQ"), "no plaintext in {text}");
    let written = encrypted.to_json();
    assert_eq!(written["eventSource"], "kms.amazonaws.com");
    assert_eq!(
        written["userIdentity"]["accessKeyId"],
        emulator.credentials().access_key_id.as_str()
    );
    assert_eq!(
        written["userIdentity"]["arn"],
        "arn:aws:iam::000000000000:user/kmsr"
    );
    emulator.clear_log();
    assert!(emulator.log().is_empty());
}

#[tokio::test]
async fn several_people_may_sign() {
    let temporary = Credentials {
        session_token: Some("a session token".to_owned()),
        ..Credentials::generate("temporary")
    };
    let emulator = Emulator::start(Config {
        credentials: vec![Credentials::generate("first"), temporary.clone()],
        ..Config::default()
    })
    .expect("it starts");
    client(&emulator)
        .list_keys()
        .send()
        .await
        .expect("the first may");
    let second = client_of(&emulator, "us-east-1", &temporary);
    second.list_keys().send().await.expect("so may the second");
    let names: Vec<String> = emulator
        .log()
        .into_iter()
        .map(|record| record.user_identity.user_name)
        .collect();
    assert_eq!(names, ["first", "temporary"]);
    let expired = Credentials {
        expires: Some(Time::from_millis(0)),
        ..Credentials::generate("late")
    };
    let emulator = Emulator::start(Config {
        credentials: vec![expired],
        ..Config::default()
    })
    .expect("it starts");
    assert_eq!(
        code(client(&emulator).list_keys().send().await),
        "ExpiredTokenException"
    );
}

#[tokio::test]
async fn it_stops_once_and_for_all() {
    let emulator = emulator();
    let client = client(&emulator);
    client.list_keys().send().await.expect("it runs");
    assert!(emulator.is_running());
    emulator.stop();
    emulator.stop();
    assert!(!emulator.is_running());
    assert!(client.list_keys().send().await.is_err());
    let port = emulator
        .endpoint()
        .rsplit(':')
        .next()
        .and_then(|port| port.parse().ok())
        .expect("a port");
    let again = Emulator::start(Config {
        port,
        ..Config::default()
    })
    .expect("the port is free again");
    let taken = Emulator::start(Config {
        port,
        ..Config::default()
    });
    assert!(taken.is_err());
    // From another thread, as a finalizer does it.
    std::thread::spawn(move || drop(again))
        .join()
        .expect("it stops there as well");
}

#[tokio::test]
async fn many_clients_get_the_right_answers() {
    let emulator = emulator();
    let client = client(&emulator);
    let id = symmetric_key(&client).await;
    let tasks: Vec<_> = (0..200u32)
        .map(|number| {
            let (client, id) = (client.clone(), id.clone());
            tokio::spawn(async move {
                let sealed = client
                    .encrypt()
                    .key_id(&id)
                    .plaintext(Blob::new(number.to_be_bytes()))
                    .send()
                    .await
                    .expect("it encrypts");
                let opened = client
                    .decrypt()
                    .set_ciphertext_blob(sealed.ciphertext_blob)
                    .send()
                    .await;
                let plaintext = opened.expect("it opens").plaintext.expect("a plaintext");
                assert_eq!(plaintext.as_ref(), number.to_be_bytes());
            })
        })
        .collect();
    for task in tasks {
        task.await.expect("a right answer");
    }
}
