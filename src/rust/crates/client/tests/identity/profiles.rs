//! Profiles of the shared files, and files that cannot be used.
use std::fs;

use crate::support::{Child, Double};

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
