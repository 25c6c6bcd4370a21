//! Sign-ins with IAM Identity Center.
use crate::support::{Child, Double, Reply};

const SSO_CONFIG: &str = "[profile work]\nsso_session = office\nsso_account_id = 123456789012\nsso_role_name = Reader\n\
                          [sso-session office]\nsso_region = eu-west-1\nsso_start_url = https://office.awsapps.com/start\n\
                          [profile role]\nrole_arn = arn:aws:iam::123456789012:role/first\nsource_profile = work\n";

fn sso_cache() -> String {
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, b"office");
    let name: String = digest
        .as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!(".aws/sso/cache/{name}.json")
}

fn sso_token(expires: &str) -> String {
    serde_json::json!({
        "startUrl": "https://office.awsapps.com/start",
        "region": "eu-west-1",
        "accessToken": "an-sso-access-token",
        "expiresAt": expires,
    })
    .to_string()
}

fn sso() -> Double {
    Double::start(|request| {
        if request.header("x-amz-sso_bearer_token") != Some("an-sso-access-token") {
            return Reply::new(401, r#"{"message":"Session token not found or invalid"}"#)
                .header("x-amzn-errortype", "UnauthorizedException");
        }
        let credentials = serde_json::json!({"roleCredentials": {
            "accessKeyId": "ASIASSO", "secretAccessKey": "sso-secret", "sessionToken": "sso-session",
            "expiration": 4_070_908_800_000_u64,
        }});
        Reply::ok(credentials.to_string()).header("content-type", "application/json")
    })
}

#[test]
fn a_cached_sign_in_gives_a_roles_credentials() {
    let (kms, sso) = (Double::kms(), sso());
    let outcome = Child::new()
        .setting("endpoint", kms.url())
        .setting("profile", "work")
        .variable("AWS_ENDPOINT_URL_SSO", &sso.url())
        .file(".aws/config", SSO_CONFIG)
        .file(&sso_cache(), &sso_token("2099-01-01T00:00:00Z"))
        .call();
    outcome.is_ok();
    assert_eq!(
        sso.only().path,
        "/federation/credentials?role_name=Reader&account_id=123456789012"
    );
    assert_eq!(kms.only().access_key(), Some("ASIASSO"));
    assert!(
        outcome
            .log()
            .contains("profile \"work\" (IAM Identity Center)")
    );
    for secret in ["an-sso-access-token", "sso-secret", "sso-session"] {
        assert!(!outcome.log().contains(secret));
    }
}

#[test]
fn a_sign_in_that_ended_names_the_command_to_sign_in_again() {
    let (kms, sso) = (Double::kms(), sso());
    let child = |profile: &str| {
        Child::new()
            .setting("endpoint", kms.url())
            .setting("profile", profile)
            .variable("AWS_ENDPOINT_URL_SSO", &sso.url())
            .file(".aws/config", SSO_CONFIG)
    };
    // Ended, never begun, taken away.
    let advice = &["run `aws sso login --profile work`"];
    child("work")
        .file(&sso_cache(), &sso_token("2001-01-01T00:00:00Z"))
        .call()
        .fails("credentials", advice);
    child("work").call().fails("credentials", advice);
    let taken_away = sso_token("2099-01-01T00:00:00Z").replace("an-sso-access-token", "another");
    child("work")
        .file(&sso_cache(), &taken_away)
        .call()
        .fails("credentials", advice);
    // Of a role's source, it is the source that has to sign in.
    child("role").call().fails(
        "credentials",
        &["profile \"role\"", "run `aws sso login --profile work`"],
    );
    assert!(kms.seen().is_empty());
}
