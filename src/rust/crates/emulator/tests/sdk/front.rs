//! What comes over the wire that is no proper request.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, SystemTime};

use crate::common::emulator;
use aws_credential_types::Credentials as SdkCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use kmsr_emulator::Emulator;

struct Answer {
    status: u16,
    head: String,
    body: String,
}

fn send(emulator: &Emulator, request: &[u8]) -> Answer {
    let address = emulator.endpoint().replace("http://", "");
    let mut stream = TcpStream::connect(address).expect("it listens");
    stream
        .set_read_timeout(Some(Duration::from_secs(5)))
        .expect("a timeout");
    stream.write_all(request).expect("it reads");
    let mut answer = String::new();
    stream
        .read_to_string(&mut answer)
        .expect("it answers and closes");
    let (head, body) = answer.split_once("\r\n\r\n").unwrap_or((&answer, ""));
    let status = head
        .split(' ')
        .nth(1)
        .and_then(|status| status.parse().ok())
        .unwrap_or(0);
    Answer {
        status,
        head: head.to_owned(),
        body: body.to_owned(),
    }
}

fn request(method: &str, headers: &[(&str, &str)], body: &[u8]) -> Vec<u8> {
    let mut request = format!("{method} / HTTP/1.1\r\nhost: 127.0.0.1\r\nconnection: close\r\n");
    for (name, value) in headers {
        request.push_str(&format!("{name}: {value}\r\n"));
    }
    request.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut request = request.into_bytes();
    request.extend_from_slice(body);
    request
}

/// A request with a good signature, whatever is in it.
fn signed(emulator: &Emulator, service: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let credentials = emulator.credentials();
    let identity = SdkCredentials::new(
        credentials.access_key_id.clone(),
        credentials.secret_access_key.clone(),
        None,
        None,
        "test",
    )
    .into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("us-east-1")
        .name(service)
        .time(SystemTime::now())
        .settings(SigningSettings::default())
        .build()
        .expect("all parameters are there")
        .into();
    let signable = SignableRequest::new(
        "POST",
        "http://127.0.0.1/",
        headers.iter().copied(),
        SignableBody::Bytes(body),
    )
    .expect("a request that can be signed");
    let (instructions, _) = sign(signable, &parameters)
        .expect("the SDK signs")
        .into_parts();
    let mut all = headers.to_vec();
    all.extend(instructions.headers());
    send(emulator, &request("POST", &all, body))
}

fn kms(emulator: &Emulator, operation: &str, body: &[u8]) -> Answer {
    let target = format!("TrentService.{operation}");
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", &target),
    ];
    signed(emulator, "kms", &headers, body)
}

#[test]
fn junk_is_answered_as_aws_answers_it() {
    let emulator = emulator();
    let answer = send(&emulator, &request("GET", &[], b""));
    assert_eq!(
        (answer.status, answer.body.as_str()),
        (404, "<UnknownOperationException/>\n")
    );
    for target in ["TrentService.Nothing", "DynamoDB_20120810.ListTables", "x"] {
        let answer = send(
            &emulator,
            &request("POST", &[("x-amz-target", target)], b"{}"),
        );
        assert_eq!(
            (answer.status, answer.body.as_str()),
            (400, r#"{"__type":"UnknownOperationException"}"#)
        );
    }
    let unsigned = send(
        &emulator,
        &request("POST", &[("x-amz-target", "TrentService.ListKeys")], b"{}"),
    );
    assert_eq!(unsigned.status, 400);
    assert_eq!(
        unsigned.body,
        r#"{"__type":"MissingAuthenticationTokenException","message":"Missing Authentication Token"}"#
    );
    assert!(
        unsigned
            .head
            .contains("content-type: application/x-amz-json-1.1")
    );
    assert!(unsigned.head.to_lowercase().contains("x-amzn-requestid: "));
    assert!(unsigned.head.contains("date: "));
    assert_eq!(send(&emulator, b"nonsense\r\n\r\n").status, 400);
    let large = request(
        "POST",
        &[("x-amz-target", "TrentService.ListKeys")],
        &vec![b' '; 1024 * 1024 + 1],
    );
    assert_eq!(send(&emulator, &large).status, 413);
}

#[test]
fn bodies_that_cannot_be_read_are_serialization_errors() {
    let emulator = emulator();
    let bodies: [&[u8]; 14] = [
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"\"text\"",
        br#"{"KeyId":1}"#,
        br#"{"KeyId":true}"#,
        br#"{"KeyId":[]}"#,
        br#"{"KeyId":{}}"#,
        br#"{"KeyId":"x","Plaintext":"not base64!"}"#,
        br#"{"KeyId":"x","Plaintext":"eA==","EncryptionContext":[]}"#,
        br#"{"KeyId":"x","Plaintext":"eA==","EncryptionContext":{"a":1}}"#,
        br#"{"KeyId":"x","Plaintext":"eA==","GrantTokens":"x"}"#,
        br#"{"KeyId":"x","Plaintext":"eA==","DryRun":"yes"}"#,
    ];
    for body in bodies {
        let answer = kms(&emulator, "Encrypt", body);
        assert_eq!(answer.status, 400);
        let shown = String::from_utf8_lossy(body);
        assert!(
            answer.body.contains("SerializationException"),
            "{shown}: {}",
            answer.body
        );
    }
    let deep = "[".repeat(100_000);
    assert_eq!(kms(&emulator, "Encrypt", deep.as_bytes()).status, 400);
    let empty = kms(&emulator, "ListKeys", b"");
    assert_eq!(empty.status, 200, "no body is no members: {}", empty.body);
}

#[test]
fn an_answer_without_members_has_no_body() {
    let emulator = emulator();
    let created = kms(&emulator, "CreateKey", b"{}");
    let created: serde_json::Value = serde_json::from_str(&created.body).expect("JSON");
    let id = created["KeyMetadata"]["KeyId"].as_str().expect("an id");
    let answer = kms(
        &emulator,
        "DisableKey",
        format!(r#"{{"KeyId":"{id}"}}"#).as_bytes(),
    );
    assert_eq!((answer.status, answer.body.as_str()), (200, ""));
}

#[test]
fn a_caller_learns_who_it_is() {
    let emulator = emulator();
    let form = [(
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    )];
    let body = b"Action=GetCallerIdentity&Version=2011-06-15";
    let answer = signed(&emulator, "sts", &form, body);
    assert_eq!(answer.status, 200);
    assert!(
        answer.body.contains("<Account>000000000000</Account>"),
        "{}",
        answer.body
    );
    assert!(
        answer
            .body
            .contains("<Arn>arn:aws:iam::000000000000:user/kmsr</Arn>")
    );
    let for_kms = signed(&emulator, "kms", &form, body);
    assert_eq!(for_kms.status, 403);
    assert!(for_kms.body.contains("<Code>SignatureDoesNotMatch</Code>"));
    let unsigned = send(&emulator, &request("POST", &form, body));
    assert!(
        unsigned
            .body
            .contains("<Code>MissingAuthenticationToken</Code>")
    );
    let other = signed(&emulator, "sts", &form, b"Action=AssumeRole");
    assert!(other.body.contains("<Code>InvalidAction</Code>"));
}

#[test]
fn records_grow_no_longer_than_cloudtrails() {
    let emulator = emulator();
    let agent = "\u{e9}".repeat(2000);
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "TrentService.Encrypt"),
        ("user-agent", &agent),
    ];
    let form = [("content-type", "application/x-www-form-urlencoded")];
    let action = format!("Action={}", "x".repeat(3000));
    let unknown = signed(&emulator, "sts", &form, action.as_bytes());
    assert_eq!(unknown.status, 400, "{}", unknown.body);
    let members = serde_json::json!({
        "KeyId": "x".repeat(3000),
        "Plaintext": "AAAA",
        "EncryptionContext": {"a": "x".repeat(200_000)},
    });
    let refused = signed(&emulator, "kms", &headers, members.to_string().as_bytes());
    assert_eq!(refused.status, 400, "{}", refused.body);
    let records = emulator.log();
    let [unknown, record] = &records[..] else {
        panic!("two records");
    };
    assert_eq!(unknown.event_name.len(), 1024);
    assert_eq!(record.user_agent.len(), 1024);
    let message = record.error_message.as_ref().expect("a message");
    assert_eq!(message.len(), 1024);
    assert!(record.request_parameters.is_null());
}

/// Every operation, with every member in turn made something it should not be: an answer each time, and never a fault.
#[test]
fn no_member_of_any_operation_makes_it_fail() {
    let emulator = emulator();
    let created = kms(&emulator, "CreateKey", b"{}");
    let created: serde_json::Value = serde_json::from_str(&created.body).expect("JSON");
    let id = created["KeyMetadata"]["KeyId"]
        .as_str()
        .expect("an id")
        .to_owned();
    let wrong = [
        "null",
        "true",
        "0",
        "-1",
        "1e300",
        "9223372036854775807",
        "\"\"",
        "\"x\"",
        "\"AAAA\"",
        "[]",
        "[null]",
        "[{}]",
        "{}",
        "{\"a\":\"b\"}",
        "{\"a\":null}",
    ];
    for operation in kmsr_model::OPERATIONS {
        for changed in operation.input {
            for value in wrong {
                let members: Vec<String> = operation
                    .input
                    .iter()
                    .filter(|member| member.required || member.name == changed.name)
                    .map(|member| {
                        let good = match member.name {
                            "KeyId" | "TargetKeyId" | "DestinationKeyId" => format!("\"{id}\""),
                            "AliasName" => "\"alias/x\"".to_owned(),
                            "Tags" => "[]".to_owned(),
                            "Operations" => "[\"Decrypt\"]".to_owned(),
                            _ => "\"AAAA\"".to_owned(),
                        };
                        let value = if member.name == changed.name {
                            value
                        } else {
                            &good
                        };
                        format!("\"{}\":{value}", member.name)
                    })
                    .collect();
                let body = format!("{{{}}}", members.join(","));
                let answer = kms(&emulator, operation.name, body.as_bytes());
                assert!(
                    matches!(answer.status, 200 | 400),
                    "{} {body}: {}",
                    operation.name,
                    answer.body
                );
            }
        }
    }
}
