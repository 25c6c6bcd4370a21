//! A log of everything, of every operation: it tells what happened, and holds no secret.
mod support;

use std::collections::HashMap;
use std::sync::Arc;

use kmsr_client::log::{Level, Log};
use kmsr_client::{Arguments, Client, Credentials, Secret, Settings, Value, resolve};
use kmsr_model::{Member, OPERATIONS, Shape};
use serde_json::json;
use support::{Double, Reply};

const BYTES: &str = "bytes-nobody-may-see";
const HUSH: &str = "hush-do-not-tell";
const TOKEN: &str = "token-of-a-grant";
const HARMLESS: &str = "harmless-text";
const SECRET_KEY: &str = "secret-access-key-of-nobody";
const SESSION: &str = "session-token-of-nobody";

/// A value of a member, with a mark in it that says whether it may be shown.
fn argument(member: &'static Member) -> Value {
    filled(&member.shape, mark(member))
}

fn mark(member: &Member) -> &'static str {
    match member.name {
        _ if member.sensitive => HUSH,
        name if name.contains("Token") => TOKEN,
        _ => HARMLESS,
    }
}

fn filled(shape: &'static Shape, mark: &str) -> Value {
    match shape {
        Shape::String => Value::Text(mark.to_owned()),
        Shape::Enum(known) => Value::Text(known.values[0].to_owned()),
        Shape::Blob => Value::Bytes(BYTES.as_bytes().to_vec()),
        Shape::Timestamp => Value::Timestamp(1_900_000_000),
        Shape::Boolean => Value::Boolean(true),
        Shape::Integer => Value::Integer(7),
        Shape::List(of) => Value::List(vec![filled(of, mark)]),
        Shape::Map => Value::Map(HashMap::from([("context".to_owned(), mark.to_owned())])),
        Shape::Structure(of) => {
            let mut members = Arguments::new();
            of.members
                .iter()
                .for_each(|member| members.push(member.name, argument(member)));
            Value::Structure(members)
        }
    }
}

fn answer(members: &'static [Member]) -> serde_json::Value {
    members
        .iter()
        .map(|member| {
            (
                member.name.to_owned(),
                answered(&member.shape, mark(member)),
            )
        })
        .collect()
}

fn answered(shape: &'static Shape, mark: &str) -> serde_json::Value {
    match shape {
        Shape::String => json!(mark),
        Shape::Enum(known) => json!(known.values[0]),
        Shape::Blob => json!(aws_smithy_types::base64::encode(BYTES)),
        Shape::Timestamp => json!(1_900_000_000),
        Shape::Boolean => json!(true),
        Shape::Integer => json!(7),
        Shape::List(of) => json!([answered(of, mark)]),
        Shape::Map => json!({"context": mark}),
        Shape::Structure(of) => answer(of.members),
    }
}

fn settings(kms: &Double) -> Settings {
    Settings {
        region: Some("eu-central-1".to_owned()),
        endpoint: Some(kms.url()),
        credentials: Credentials::Static {
            access_key_id: "AKIANOBODY".to_owned(),
            secret_access_key: Arc::new(Secret::new(SECRET_KEY.to_owned())),
            session_token: Some(Arc::new(Secret::new(SESSION.to_owned()))),
            expiration: None,
        },
        max_retries: Some(0),
        ..Settings::default()
    }
}

async fn client(kms: &Double) -> Client {
    let settings = settings(kms);
    let resolved = resolve(&settings).await.expect("settings that make sense");
    Client::new(&settings, &resolved).await.expect("a client")
}

fn told(log: &Log) -> String {
    let events = log.take();
    let lines = events
        .iter()
        .map(|event| format!("{} {}\n", event.level.name(), event.message));
    lines.collect()
}

#[track_caller]
fn holds_no_secret(log: &str, of: &str) {
    let bytes = aws_smithy_types::base64::encode(BYTES);
    for secret in [
        BYTES,
        &bytes,
        HUSH,
        TOKEN,
        SECRET_KEY,
        SESSION,
        "Signature=",
    ] {
        assert!(
            !log.contains(secret),
            "{of}: {secret} is in the log:\n{log}"
        );
    }
}

#[tokio::test]
async fn a_full_log_of_every_operation_holds_no_secret() {
    let kms = Double::start(|request| {
        let name = request
            .header("x-amz-target")
            .and_then(|target| target.split('.').next_back());
        let operation = name.and_then(kmsr_model::operation).expect("an operation");
        Reply::ok(answer(operation.output).to_string()).header("x-amzn-requestid", "a-request-id")
    });
    let client = client(&kms).await;
    for operation in OPERATIONS {
        let mut arguments = Arguments::new();
        operation
            .input
            .iter()
            .for_each(|member| arguments.push(member.name, argument(member)));
        let log = Log::new(Level::Trace);
        log.during(client.call(operation, arguments))
            .await
            .expect(operation.name);
        let log = told(&log);
        holds_no_secret(&log, operation.name);
        let target = format!("x-amz-target: TrentService.{}", operation.name);
        for said in [
            operation.name,
            &target,
            "request a-request-id",
            "<REDACTED>",
            "<- 200",
        ] {
            assert!(
                log.contains(said),
                "{}: {said} is not in the log:\n{log}",
                operation.name
            );
        }
    }
    // What is shown is worth reading, and the marks were sent.
    assert_eq!(kms.seen().len(), 56);
    let log = Log::new(Level::Trace);
    let mut arguments = Arguments::new();
    arguments.push("KeyId", Value::Text("alias/shown".to_owned()));
    let describe = kmsr_model::operation("DescribeKey").expect("an operation");
    log.during(client.call(describe, arguments))
        .await
        .expect("an answer");
    let log = told(&log);
    assert!(
        log.contains(r#"{"KeyId":"alias/shown"}"#) && log.contains(HARMLESS),
        "{log}"
    );
}

#[tokio::test]
async fn a_log_of_a_failure_holds_no_secret_either() {
    let refusals = [
        (403, json!({"__type": "InvalidSignatureException", "message": format!("signed:\nx-amz-security-token:{SESSION}\n")}).to_string()),
        (400, json!({"__type": "ValidationException", "message": "no", "Plaintext": HUSH}).to_string()),
        (502, format!("<html>{HUSH}</html>")),
        (200, format!("[\"{HUSH}\"]")),
    ];
    for (status, body) in refusals {
        let kms =
            Double::start(move |_| Reply::new(status, body.clone()).header("set-cookie", HUSH));
        let log = Log::new(Level::Trace);
        let encrypt = kmsr_model::operation("Encrypt").expect("an operation");
        let mut arguments = Arguments::new();
        encrypt
            .input
            .iter()
            .for_each(|member| arguments.push(member.name, argument(member)));
        let outcome = log
            .during(client(&kms).await.call(encrypt, arguments))
            .await;
        assert_eq!(outcome.is_ok(), status == 200);
        let log = told(&log);
        holds_no_secret(&log, &status.to_string());
        assert!(log.contains(&format!("<- {status} Encrypt")), "{log}");
    }
}

#[tokio::test]
async fn each_level_tells_its_part() {
    let kms = Double::kms();
    let client = client(&kms).await;
    let list = kmsr_model::operation("ListKeys").expect("an operation");
    for (level, lines) in [(Level::Warn, 0), (Level::Info, 0), (Level::Debug, 2)] {
        let log = Log::new(level);
        log.during(client.call(list, Arguments::new()))
            .await
            .expect("an answer");
        let log = told(&log);
        // The first call at a level that tells of it looks up the credentials.
        let decisions = log.lines().filter(|line| line.starts_with("INFO")).count();
        assert_eq!(log.lines().count() - decisions, lines, "{log}");
    }
}
