//! Clients that outlive their credentials.
use std::fs;
use std::thread;
use std::time::Duration;

use crate::support::{Child, Double, Reply};

#[test]
fn a_rewritten_file_is_noticed_at_the_next_call() {
    let kms = Double::kms();
    let keys =
        |id: &str| format!("[default]\naws_access_key_id = {id}\naws_secret_access_key = s\n");
    let mut client = Child::new()
        .setting("endpoint", kms.url())
        .file(".aws/credentials", &keys("AKIAOLD"))
        .start();
    client.call().is_ok();
    client.call().is_ok();
    assert_eq!(kms.last().access_key(), Some("AKIAOLD"));
    // The same length: only the time is another.
    thread::sleep(Duration::from_millis(20));
    client.file(".aws/credentials", &keys("AKIANEW"));
    client.call().is_ok();
    assert_eq!(kms.last().access_key(), Some("AKIANEW"));
    // Gone for a moment, as while it is being replaced: what holds is kept.
    fs::remove_file(client.home.path().join(".aws/credentials")).expect("the file is there");
    let outcome = client.call();
    outcome.is_ok();
    assert_eq!(kms.last().access_key(), Some("AKIANEW"));
    assert!(
        outcome
            .log()
            .contains("WARN: credentials: those of before are kept for now")
    );
}

#[test]
fn refused_credentials_are_looked_up_again_and_the_call_is_repeated() {
    for code in ["ExpiredTokenException", "UnrecognizedClientException"] {
        let kms = Double::start(move |request| match request.access_key() {
            Some("ASIANEW") => Reply::ok(r#"{"Keys":[]}"#),
            _ => Reply::error(
                code,
                "The security token included in the request is expired or invalid",
            ),
        });
        let answer = |id: &str| {
            format!(
                r#"{{"Version":1,"AccessKeyId":"{id}","SecretAccessKey":"s","SessionToken":"t"}}"#
            )
        };
        let child = Child::new().file("answer.json", &answer("ASIAOLD"));
        let command = format!("cat {}", child.home.path().join("answer.json").display());
        let mut client = child
            .setting("endpoint", kms.url())
            .setting("profile", "tool")
            .file(
                ".aws/config",
                &format!("[profile tool]\ncredential_process = {command}\n"),
            )
            .start();
        // The same credentials again would be refused again: nothing more is sent.
        client.call().fails("service", &[code]);
        assert_eq!(kms.seen().len(), 1);
        client.file("answer.json", &answer("ASIANEW"));
        let outcome = client.call();
        outcome.is_ok();
        assert_eq!(kms.seen().len(), 3);
        assert!(outcome.log().contains("sent again with other credentials"));
    }
}

#[test]
fn given_keys_that_are_refused_are_not_replaced() {
    let kms = Double::start(|_| Reply::error("ExpiredTokenException", "expired"));
    Child::with_keys(&kms.url())
        .setting("access_key_id", "AKIAGIVEN")
        .call()
        .fails("service", &["ExpiredToken"]);
    assert_eq!(kms.only().access_key(), Some("AKIAGIVEN"));
}
