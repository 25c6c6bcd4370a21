//! Roles, assumed with other credentials or a web identity token.
use crate::support::{Child, Double, Reply};

pub fn sts() -> Double {
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
