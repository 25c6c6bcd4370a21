//! Programs that give credentials.
use crate::support::{Child, Double};

#[test]
fn a_process_gives_credentials() {
    let kms = Double::kms();
    let answer = r#"{"Version":1,"AccessKeyId":"ASIAPROCESS","SecretAccessKey":"process-secret","SessionToken":"process-token","Expiration":"2099-01-01T00:00:00Z"}"#;
    let child = Child::new().file("answer.json", answer);
    let command = format!("cat {}", child.home.path().join("answer.json").display());
    let outcome = child
        .setting("endpoint", kms.url())
        .variable("AWS_PROFILE", "tool")
        .file(
            ".aws/config",
            &format!("[profile tool]\ncredential_process = {command}\n"),
        )
        .call();
    outcome.is_ok();
    assert_eq!(kms.only().access_key(), Some("ASIAPROCESS"));
    assert_eq!(
        kms.only().header("x-amz-security-token"),
        Some("process-token")
    );
    assert!(
        outcome
            .log()
            .contains("profile \"tool\" (credential_process)")
    );
    assert!(!outcome.log().contains("process-secret") && !outcome.log().contains("process-token"));
}

#[test]
fn a_process_that_fails_is_told_by_its_status_and_first_line() {
    let kms = Double::kms();
    let script = "#!/bin/sh\necho '{\"SecretAccessKey\":\"process-secret\"}'\necho 'vault is sealed' >&2\n\
                  echo 'trace: process-secret' >&2\nexit 3\n";
    let child = Child::new().file("fails.sh", script);
    let command = format!("sh {}", child.home.path().join("fails.sh").display());
    let outcome = child
        .setting("endpoint", kms.url())
        .setting("profile", "tool")
        .file(
            ".aws/config",
            &format!("[profile tool]\ncredential_process = {command} --password hunter2\n"),
        )
        .call();
    outcome.fails(
        "credentials",
        &["profile \"tool\"", "exit status: 3", "vault is sealed"],
    );
    for secret in ["process-secret", "hunter2"] {
        assert!(
            !outcome.message.contains(secret) && !outcome.log().contains(secret),
            "{outcome:?}"
        );
    }
}

#[test]
fn a_process_that_says_something_else_does_not_have_it_repeated() {
    let kms = Double::kms();
    let outcome = Child::new()
        .setting("endpoint", kms.url())
        .setting("profile", "tool")
        .file(
            ".aws/config",
            "[profile tool]\ncredential_process = echo 'SecretAccessKey process-secret'\n",
        )
        .call();
    outcome.fails("credentials", &["profile \"tool\"", "credential"]);
    assert!(!outcome.message.contains("process-secret"), "{outcome:?}");
}
