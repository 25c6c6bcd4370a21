//! Each source of credentials against a double of its endpoint, and what happens when sources fail.
mod support;

use std::time::Duration;
use std::{fs, thread};

use support::{Child, Double, Reply};

#[test]
#[ignore = "a process of its own, for the other tests"]
fn child() {
    support::child::live();
}

// --- Given, anonymous, environment -------------------------------------------------------------------------------------

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

// --- Profiles -----------------------------------------------------------------------------------------------------------

#[test]
fn a_named_profile_wins_over_the_environment() {
    let kms = Double::kms();
    let outcome = Child::with_keys(&kms.url())
        .setting("profile", "work")
        .file(
            ".aws/credentials",
            "[work]\naws_access_key_id = AKIAFILE\naws_secret_access_key = s\n",
        )
        .call();
    outcome.is_ok();
    assert_eq!(kms.only().access_key(), Some("AKIAFILE"));
    assert!(
        outcome
            .log()
            .contains("found in profile \"work\" (keys in the files)"),
        "{}",
        outcome.log()
    );
}

#[test]
fn keys_in_the_config_file_count_as_well() {
    let kms = Double::kms();
    Child::new()
        .setting("endpoint", kms.url())
        .variable("AWS_PROFILE", "work")
        .file(
            ".aws/config",
            "[profile work]\naws_access_key_id = AKIACONFIG\naws_secret_access_key = s\n",
        )
        .call()
        .is_ok();
    assert_eq!(kms.only().access_key(), Some("AKIACONFIG"));
}

#[test]
fn a_profile_that_was_asked_for_must_be_there() {
    let kms = Double::kms();
    Child::with_keys(&kms.url())
        .setting("profile", "nobody")
        .call()
        .fails(
            "credentials",
            &["there is no profile \"nobody\" in", ".aws/credentials"],
        );
    Child::new()
        .setting("endpoint", kms.url())
        .variable("AWS_PROFILE", "nobody")
        .call()
        .fails(
            "credentials",
            &["AWS_PROFILE names profile \"nobody\", which is not in"],
        );
    Child::with_keys(&kms.url())
        .setting("profile", "bare")
        .file(".aws/config", "[profile bare]\nregion = eu-west-1\n")
        .call()
        .fails("credentials", &["profile \"bare\" names no credentials"]);
    assert!(kms.seen().is_empty());
}

#[test]
fn half_a_pair_in_a_profile_is_an_error() {
    let kms = Double::kms();
    Child::new()
        .setting("endpoint", kms.url())
        .file(
            ".aws/credentials",
            "[default]\naws_access_key_id = AKIAHALF\n",
        )
        .call()
        .fails("credentials", &["default", "aws_secret_access_key"]);
    assert!(kms.seen().is_empty());
}

#[test]
fn mfa_is_refused_with_what_to_do_instead() {
    let kms = Double::kms();
    let config = "[profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n\
                  [profile admin]\nrole_arn = arn:aws:iam::123456789012:role/admin\nsource_profile = base\n\
                  mfa_serial = arn:aws:iam::123456789012:mfa/me\n";
    Child::new()
        .setting("endpoint", kms.url())
        .setting("profile", "admin")
        .file(".aws/config", config)
        .call()
        .fails(
            "credentials",
            &[
                "profile \"admin\"",
                "MFA",
                "export-credentials --profile admin",
            ],
        );
    assert!(kms.seen().is_empty());
}

// --- Security token service ----------------------------------------------------------------------------------------------

fn sts() -> Double {
    Double::start(|request| {
        let form = request.text();
        let (action, key) = if form.contains("Action=AssumeRoleWithWebIdentity") {
            ("AssumeRoleWithWebIdentity", "ASIAWEB")
        } else if form.contains("role%2Fsecond") {
            ("AssumeRole", "ASIASECOND")
        } else {
            ("AssumeRole", "ASIAFIRST")
        };
        Reply::ok(format!(
            "<{action}Response xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><{action}Result>\
             <AssumedRoleUser><AssumedRoleId>A:s</AssumedRoleId><Arn>arn:aws:sts::123456789012:assumed-role/r/s</Arn>\
             </AssumedRoleUser><Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>sts-secret</SecretAccessKey>\
             <SessionToken>token-of-{key}</SessionToken><Expiration>2099-01-01T00:00:00Z</Expiration></Credentials>\
             </{action}Result></{action}Response>"
        ))
        .header("content-type", "text/xml")
    })
}

#[test]
fn roles_are_assumed_one_after_another() {
    let (kms, sts) = (Double::kms(), sts());
    let outcome = Child::new()
        .setting("endpoint", kms.url())
        .setting("profile", "second")
        .variable("AWS_ENDPOINT_URL_STS", &sts.url())
        .file(
            ".aws/config",
            "[profile first]\nrole_arn = arn:aws:iam::123456789012:role/first\nsource_profile = base\n\
             external_id = a-secret-handshake\nrole_session_name = me\n\
             [profile second]\nrole_arn = arn:aws:iam::123456789012:role/second\nsource_profile = first\n",
        )
        .file(".aws/credentials", "[base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n")
        .call();
    outcome.is_ok();
    let asked = sts.seen();
    assert_eq!(asked.len(), 2);
    assert_eq!(asked[0].access_key(), Some("AKIABASE"));
    assert!(asked[0].text().contains("ExternalId=a-secret-handshake"));
    assert!(asked[0].text().contains("RoleSessionName=me"));
    assert_eq!(asked[1].access_key(), Some("ASIAFIRST"));
    assert_eq!(kms.only().access_key(), Some("ASIASECOND"));
    assert_eq!(
        kms.only().header("x-amz-security-token"),
        Some("token-of-ASIASECOND")
    );
    assert!(outcome.log().contains("profile \"second\" (assumed role)"));
    assert!(!outcome.log().contains("token-of-") && !outcome.log().contains("sts-secret"));
}

#[test]
fn a_role_may_take_its_first_credentials_from_the_environment() {
    let (kms, sts) = (Double::kms(), sts());
    Child::with_keys(&kms.url())
        .setting("profile", "first")
        .variable("AWS_ENDPOINT_URL_STS", &sts.url())
        .file(
            ".aws/config",
            "[profile first]\nrole_arn = arn:aws:iam::123456789012:role/first\ncredential_source = Environment\n",
        )
        .call()
        .is_ok();
    assert_eq!(sts.only().access_key(), Some("AKIAENVIRONMENT"));
    assert_eq!(kms.only().access_key(), Some("ASIAFIRST"));
}

#[test]
fn a_role_that_may_not_be_assumed_is_told_with_the_reason() {
    let kms = Double::kms();
    let sts = Double::start(|_| {
        Reply::new(
            403,
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>AccessDenied</Code><Message>User me is not authorized to perform: sts:AssumeRole</Message></Error>\
             <RequestId>r</RequestId></ErrorResponse>",
        )
    });
    Child::new()
        .setting("endpoint", kms.url())
        .variable("AWS_PROFILE", "first")
        .variable("AWS_ENDPOINT_URL_STS", &sts.url())
        .file(
            ".aws/config",
            "[profile first]\nrole_arn = arn:aws:iam::123456789012:role/first\nsource_profile = base\n\
             [profile base]\naws_access_key_id = AKIABASE\naws_secret_access_key = s\n",
        )
        .call()
        .fails("credentials", &["profile \"first\"", "not authorized to perform: sts:AssumeRole"]);
    // It does not go on to another identity.
    assert!(kms.seen().is_empty());
}

#[test]
fn a_source_profile_that_is_not_there_ends_the_search() {
    let kms = Double::kms();
    Child::new()
        .setting("endpoint", kms.url())
        .file(
            ".aws/config",
            "[default]\nrole_arn = arn:aws:iam::123456789012:role/first\nsource_profile = nobody\n",
        )
        .call()
        .fails("credentials", &["default", "nobody"]);
    assert!(kms.seen().is_empty());
}

#[test]
fn a_web_identity_token_is_exchanged_for_a_role() {
    let (kms, sts) = (Double::kms(), sts());
    let child = Child::new().file("token", "a-web-identity-token");
    let token = child.home.path().join("token").display().to_string();
    let outcome = child
        .setting("endpoint", kms.url())
        .variable("AWS_ENDPOINT_URL_STS", &sts.url())
        .variable("AWS_WEB_IDENTITY_TOKEN_FILE", &token)
        .variable("AWS_ROLE_ARN", "arn:aws:iam::123456789012:role/pod")
        .call();
    outcome.is_ok();
    let asked = sts.only();
    assert_eq!(asked.header("authorization"), None);
    assert!(
        asked
            .text()
            .contains("WebIdentityToken=a-web-identity-token")
    );
    assert_eq!(kms.only().access_key(), Some("ASIAWEB"));
    assert!(outcome.log().contains("found in web identity token"));
    assert!(!outcome.log().contains("a-web-identity-token"));
}

#[test]
fn a_profile_may_have_a_web_identity_token_file() {
    let (kms, sts) = (Double::kms(), sts());
    let child = Child::new().file("token", "a-web-identity-token");
    let token = child.home.path().join("token").display().to_string();
    child
        .setting("endpoint", kms.url())
        .setting("profile", "pod")
        .variable("AWS_ENDPOINT_URL_STS", &sts.url())
        .file(
            ".aws/config",
            &format!(
                "[profile pod]\nrole_arn = arn:aws:iam::123456789012:role/pod\nweb_identity_token_file = {token}\n"
            ),
        )
        .call()
        .is_ok();
    assert_eq!(kms.only().access_key(), Some("ASIAWEB"));
}

// --- IAM Identity Center ---------------------------------------------------------------------------------------------------

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

// --- Processes -------------------------------------------------------------------------------------------------------------

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

// --- Containers and instances ------------------------------------------------------------------------------------------------

const CONTAINER_ANSWER: &str = r#"{"AccessKeyId":"ASIACONTAINER","SecretAccessKey":"container-secret","Token":"container-token","Expiration":"2099-01-01T00:00:00Z"}"#;

#[test]
fn a_containers_full_uri_is_asked_with_its_token() {
    let kms = Double::kms();
    for (variable, from_file) in [
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN", false),
        ("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", true),
    ] {
        let container = Double::start(|_| Reply::ok(CONTAINER_ANSWER));
        let child = Child::new().file("token", "pod-token");
        let file = child.home.path().join("token").display().to_string();
        let outcome = child
            .setting("endpoint", kms.url())
            .variable(
                "AWS_CONTAINER_CREDENTIALS_FULL_URI",
                &format!("{}/v1/credentials", container.url()),
            )
            .variable(variable, if from_file { &file } else { "pod-token" })
            // The token is for the container's own endpoint, not for a proxy.
            .variable("HTTP_PROXY", "http://127.0.0.1:9")
            .call();
        outcome.is_ok();
        assert_eq!(container.only().path, "/v1/credentials");
        assert_eq!(container.only().header("authorization"), Some("pod-token"));
        assert_eq!(kms.last().access_key(), Some("ASIACONTAINER"));
        assert!(outcome.log().contains("found in container"));
        assert!(
            !outcome.log().contains("pod-token") && !outcome.log().contains("container-secret")
        );
    }
}

#[test]
fn a_container_that_answers_nonsense_ends_the_search() {
    let kms = Double::kms();
    let container = Double::start(|_| Reply::new(404, "no such task"));
    Child::new()
        .setting("endpoint", kms.url())
        .variable("AWS_CONTAINER_CREDENTIALS_FULL_URI", &container.url())
        .call()
        .fails("credentials", &["container"]);
    assert!(kms.seen().is_empty());
}

/// A relative URI belongs to a fixed address, which only a network of one's own can have.
#[test]
fn a_containers_relative_uri_is_asked_at_its_fixed_address() {
    let inside = "ip link set lo up && ip addr add 169.254.170.2/32 dev lo && exec \"$0\" --ignored --exact \
                  relative_uri_inside_a_network_of_its_own --nocapture";
    let this = std::env::current_exe().expect("this test's program");
    let done = std::process::Command::new("unshare")
        .args(["-rn", "sh", "-c", inside])
        .arg(this)
        .output();
    match done {
        Ok(done) if done.status.success() => {}
        // Where a network of one's own is not allowed there is nothing to be seen.
        Ok(done) if !String::from_utf8_lossy(&done.stdout).contains("running 1 test") => {}
        Ok(done) => panic!(
            "{}{}",
            String::from_utf8_lossy(&done.stdout),
            String::from_utf8_lossy(&done.stderr)
        ),
        Err(_) => {}
    }
}

#[test]
#[ignore = "needs a network of its own, which another test makes"]
fn relative_uri_inside_a_network_of_its_own() {
    let kms = Double::kms();
    let container = Double::at("169.254.170.2:80", |_| Reply::ok(CONTAINER_ANSWER));
    Child::new()
        .setting("endpoint", kms.url())
        .variable(
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI",
            "/v2/credentials/task",
        )
        .variable("HTTP_PROXY", "http://127.0.0.1:9")
        .call()
        .is_ok();
    assert_eq!(container.only().path, "/v2/credentials/task");
    assert_eq!(kms.only().access_key(), Some("ASIACONTAINER"));
}

fn instance_metadata() -> Double {
    Double::start(
        |request| match (request.method.as_str(), request.path.as_str()) {
            ("PUT", "/latest/api/token") => {
                Reply::ok("imds-token").header("x-aws-ec2-metadata-token-ttl-seconds", "21600")
            }
            ("GET", _) if request.header("x-aws-ec2-metadata-token") != Some("imds-token") => {
                Reply::new(401, "")
            }
            ("GET", "/latest/meta-data/iam/security-credentials/") => Reply::ok("instance-role"),
            ("GET", "/latest/meta-data/iam/security-credentials/instance-role") => Reply::ok(
                r#"{"Code":"Success","LastUpdated":"2024-01-01T00:00:00Z","Type":"AWS-HMAC","AccessKeyId":"ASIAINSTANCE","SecretAccessKey":"instance-secret","Token":"instance-token","Expiration":"2099-01-01T00:00:00Z"}"#,
            ),
            _ => Reply::new(404, ""),
        },
    )
}

#[test]
fn an_instance_gives_its_roles_credentials() {
    let (kms, instance) = (Double::kms(), instance_metadata());
    let outcome = Child::new()
        .setting("endpoint", kms.url())
        .without("AWS_EC2_METADATA_DISABLED")
        .variable("AWS_EC2_METADATA_SERVICE_ENDPOINT", &instance.url())
        .variable("http_proxy", "http://127.0.0.1:9")
        .call();
    outcome.is_ok();
    assert_eq!(kms.only().access_key(), Some("ASIAINSTANCE"));
    assert_eq!(
        kms.only().header("x-amz-security-token"),
        Some("instance-token")
    );
    assert!(outcome.log().contains("found in instance metadata"));
    for secret in ["imds-token", "instance-secret", "instance-token"] {
        assert!(!outcome.log().contains(secret));
    }
}

#[test]
fn an_instance_may_be_a_roles_source() {
    let (kms, instance, sts) = (Double::kms(), instance_metadata(), sts());
    Child::new()
        .setting("endpoint", kms.url())
        .setting("profile", "first")
        .without("AWS_EC2_METADATA_DISABLED")
        .variable("AWS_EC2_METADATA_SERVICE_ENDPOINT", &instance.url())
        .variable("AWS_ENDPOINT_URL_STS", &sts.url())
        .file(
            ".aws/config",
            "[profile first]\nrole_arn = arn:aws:iam::1:role/first\ncredential_source = Ec2InstanceMetadata\n",
        )
        .call()
        .is_ok();
    assert_eq!(sts.only().access_key(), Some("ASIAINSTANCE"));
    assert_eq!(kms.only().access_key(), Some("ASIAFIRST"));
}

#[test]
fn without_any_credentials_everything_tried_is_told() {
    let kms = Double::kms();
    for value in ["true", "TRUE", "1"] {
        let outcome = Child::new()
            .setting("endpoint", kms.url())
            .variable("AWS_EC2_METADATA_DISABLED", value)
            .call();
        outcome.fails(
            "credentials",
            &[
                "environment variables: AWS_ACCESS_KEY_ID is not set",
                "shared config and credentials files: there is no profile \"default\" in",
                "web identity token: ",
                "container: ",
                "instance metadata: disabled by AWS_EC2_METADATA_DISABLED",
            ],
        );
        assert_eq!(outcome.message.lines().count(), 5, "{}", outcome.message);
        assert!(outcome.seconds < 1.0, "{outcome:?}");
    }
    assert!(kms.seen().is_empty());
}

#[test]
fn off_ec2_it_takes_less_than_three_seconds_to_say_so() {
    // A host that never answers is what a firewall makes of instance metadata.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let kms = Double::kms();
    for endpoint in [
        format!("http://{}", silent.local_addr().expect("an address")),
        "http://192.0.2.1".to_owned(),
    ] {
        let outcome = Child::new()
            .setting("endpoint", kms.url())
            .without("AWS_EC2_METADATA_DISABLED")
            .variable("AWS_EC2_METADATA_SERVICE_ENDPOINT", &endpoint)
            .call();
        outcome.fails(
            "credentials",
            &["environment variables: ", "instance metadata: "],
        );
        assert!(outcome.seconds < 3.0, "{outcome:?}");
    }
}

// --- Long lives ----------------------------------------------------------------------------------------------------------------

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

// --- Files that cannot be used ------------------------------------------------------------------------------------------------

#[test]
fn malformed_files_are_named_with_the_line() {
    let kms = Double::kms();
    Child::with_keys(&kms.url())
        .file(
            ".aws/config",
            "[default]\nregion = eu-west-1\n\nthis is not a setting\n",
        )
        .call()
        .fails("request", &[".aws/config", "line 4"]);
    let binary = Child::with_keys(&kms.url());
    fs::create_dir(binary.home.path().join(".aws")).expect("a new folder");
    fs::write(binary.home.path().join(".aws/credentials"), [0xff, 0xfe, 0]).expect("a new file");
    binary
        .call()
        .fails("request", &[".aws/credentials is not a text file in UTF-8"]);
    let folder = Child::with_keys(&kms.url());
    fs::create_dir_all(folder.home.path().join(".aws/config")).expect("a new folder");
    folder
        .call()
        .fails("request", &[".aws/config cannot be read"]);
    assert!(kms.seen().is_empty());
}
