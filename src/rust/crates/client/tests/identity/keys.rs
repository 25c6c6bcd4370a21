//! Keys that are given, in the environment, or not there at all.
use crate::support::{Child, Double};

#[test]
fn given_keys_sign_and_win() {
    let kms = Double::kms();
    Child::with_keys(&kms.url())
        .setting("access_key_id", "AKIAGIVEN")
        .setting("session_token", "token-that-was-given")
        .call()
        .is_ok();
    let request = kms.only();
    assert_eq!(request.access_key(), Some("AKIAGIVEN"));
    assert_eq!(
        request.header("x-amz-security-token"),
        Some("token-that-was-given")
    );
    assert!(
        request
            .header("user-agent")
            .expect("every request says who sends it")
            .contains(concat!("kmsr/", env!("CARGO_PKG_VERSION")))
    );
}

#[test]
fn given_keys_that_expired_are_refused_and_not_replaced() {
    let kms = Double::kms();
    let outcome = Child::with_keys(&kms.url())
        .setting("access_key_id", "AKIAGIVEN")
        .setting("expiration", 1_000_000_000)
        .call();
    outcome.fails("credentials", &["have expired", "make a new client"]);
    assert!(kms.seen().is_empty());
}

#[test]
fn anonymous_requests_are_not_signed() {
    let kms = Double::kms();
    Child::with_keys(&kms.url())
        .setting("anonymous", true)
        .call()
        .is_ok();
    let request = kms.only();
    assert_eq!(request.header("authorization"), None);
    assert_eq!(request.header("x-amz-security-token"), None);
}

#[test]
fn the_environment_comes_first_in_the_chain() {
    let kms = Double::kms();
    let outcome = Child::with_keys(&kms.url())
        .variable("AWS_SESSION_TOKEN", "token-of-the-environment")
        .variable("AWS_PROFILE", "work")
        .file(
            ".aws/credentials",
            "[work]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\n",
        )
        .call();
    outcome.is_ok();
    assert_eq!(kms.only().access_key(), Some("AKIAENVIRONMENT"));
    assert_eq!(
        kms.only().header("x-amz-security-token"),
        Some("token-of-the-environment")
    );
    assert!(
        outcome.log().contains(
            "INFO: credentials: found in environment variables: access key AKIAENVIRONMENT"
        )
    );
}

#[test]
fn half_a_pair_in_the_environment_is_an_error() {
    let kms = Double::kms();
    Child::with_keys(&kms.url())
        .without("AWS_SECRET_ACCESS_KEY")
        .file(
            ".aws/credentials",
            "[default]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\n",
        )
        .call()
        .fails(
            "credentials",
            &["AWS_ACCESS_KEY_ID is set, but AWS_SECRET_ACCESS_KEY is not"],
        );
    assert!(kms.seen().is_empty());
}

#[test]
fn keys_in_the_environment_that_expired_are_refused() {
    let kms = Double::kms();
    Child::with_keys(&kms.url())
        .variable("AWS_CREDENTIAL_EXPIRATION", "2001-09-09T01:46:40Z")
        .call()
        .fails("credentials", &["environment variables", "have expired"]);
    assert!(kms.seen().is_empty());
}
