//! Containers and instances, and what is said off both.
use crate::roles::sts;
use crate::support::{Child, Double, Reply};

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
                  machines::relative_uri_inside_a_network_of_its_own --nocapture";
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
