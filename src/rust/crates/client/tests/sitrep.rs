//! Where a client stands: told in full where it can be, and part by part where it cannot.
mod support;

use kmsr_client::sitrep::built_with;
use support::tls::Authority;
use support::{Child, Double, Reply, Request};

#[test]
#[ignore = "a process of its own, for the other tests"]
fn child() {
    support::child::live();
}

/// A service that knows who asks, and is ten minutes ahead.
fn service(request: &Request) -> Reply {
    let reply = if request.text().contains("GetCallerIdentity") {
        Reply::ok(
            "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult>\
             <Arn>arn:aws:iam::123456789012:user/me</Arn><UserId>AIDA</UserId><Account>123456789012</Account>\
             </GetCallerIdentityResult></GetCallerIdentityResponse>",
        )
    } else {
        Reply::new(404, "")
    };
    let ahead = std::time::SystemTime::now() + std::time::Duration::from_secs(600);
    let date = aws_smithy_types::DateTime::from(ahead)
        .fmt(aws_smithy_types::date_time::Format::HttpDate)
        .expect("a date");
    reply.header("date", &date)
}

#[track_caller]
fn says(sitrep: &str, said: &[&str]) {
    for said in said {
        assert!(sitrep.contains(said), "{said:?} is not in {sitrep}");
    }
}

#[test]
fn everything_is_told_of_a_service_on_this_machine() {
    let kms = Double::start(service);
    let told = Child::with_keys(&kms.url()).start().sitrep().message;
    says(
        &told,
        &[
            "access_key_id: \"AKIAENVIRONMENT\"",
            "source: \"environment variables\"",
            "account: \"123456789012\"",
            "arn: \"arn:aws:iam::123456789012:user/me\"",
            "status: 404",
            "tls: None",
        ],
    );
    let ahead = told
        .split("ahead: Some(")
        .nth(1)
        .and_then(|rest| rest.split(',').next())
        .expect("a number");
    let ahead: f64 = ahead.trim().parse().expect("a number");
    assert!((ahead - 600.0).abs() < 2.0, "{ahead}");
    assert!(!told.contains("secret-of-the-environment"), "{told}");
    let asked = kms.seen();
    let question = asked
        .iter()
        .find(|request| request.method == "GET")
        .expect("a request for nothing");
    assert_eq!(question.header("authorization"), None);
}

#[test]
fn tls_is_told_with_its_key_exchange() {
    let authority = Authority::new("DNS:localhost");
    let (address, _) = authority.serve(service);
    let told = Child::with_keys(&format!("https://localhost:{}", address.port()))
        .variable("AWS_CA_BUNDLE", &authority.pem().display().to_string())
        .start()
        .sitrep()
        .message;
    says(
        &told,
        &[
            "version: \"TLS 1.3\"",
            "group: \"X25519MLKEM768\"",
            "post_quantum: true",
            "environment variable AWS_CA_BUNDLE",
            "account: \"123456789012\"",
        ],
    );
}

#[test]
fn tls_is_told_through_a_proxy_as_well() {
    let authority = Authority::new("DNS:kms.eu-central-1.amazonaws.com");
    let (address, _) = authority.serve(service);
    let tunnel = support::tls::Tunnel::to(address);
    let told = Child::with_keys("")
        .setting("endpoint", serde_json::Value::Null)
        .variable("AWS_CA_BUNDLE", &authority.pem().display().to_string())
        .variable(
            "HTTPS_PROXY",
            &format!("http://me:hunter2@127.0.0.1:{}", tunnel.port),
        )
        .start()
        .sitrep()
        .message;
    says(
        &told,
        &[
            "group: \"X25519MLKEM768\"",
            "http://<REDACTED>@127.0.0.1:",
            "status: 404",
        ],
    );
    assert!(!told.contains("hunter2"));
    // STS has another name, which the certificate does not.
    says(&told, &["caller: Some(\n        Err("]);
}

#[test]
fn what_cannot_be_reached_fails_alone_and_in_time() {
    // Nobody is there, and there are no credentials either.
    let silent = std::net::TcpListener::bind("127.0.0.1:0").expect("a port");
    let endpoint = format!("https://{}", silent.local_addr().expect("an address"));
    let outcome = Child::new()
        .setting("endpoint", endpoint.as_str())
        .start()
        .sitrep();
    says(
        &outcome.message,
        &[
            &endpoint,
            "Credentials {",
            "caller: None",
            "Timeout {",
            "proxy: Ok(\n        None,",
        ],
    );
    assert!(outcome.seconds < 5.0, "{outcome:?}");
    // Without a Region there is nowhere to look.
    let told = Child::new().setting("region", "").start().sitrep().message;
    says(&told, &["endpoint: None", "server: None", "tls: None"]);
    // Anonymous, so nobody's.
    let kms = Double::start(service);
    let told = Child::with_keys(&kms.url())
        .setting("anonymous", true)
        .start()
        .sitrep()
        .message;
    says(&told, &["credentials: None", "caller: None", "status: 404"]);
}

#[test]
fn a_refused_identity_is_told_with_the_services_words() {
    let kms = Double::start(|_| {
        Reply::new(
            403,
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>InvalidClientTokenId</Code><Message>The security token is invalid.</Message></Error></ErrorResponse>",
        )
    });
    let told = Child::with_keys(&kms.url()).start().sitrep().message;
    says(
        &told,
        &[
            "code: \"InvalidClientTokenId\"",
            "The security token is invalid.",
            "status: 403",
        ],
    );
}

#[test]
fn what_it_is_built_with_is_known() {
    let built = built_with();
    let names: Vec<_> = built.iter().map(|(name, _)| *name).collect();
    assert_eq!(
        names,
        [
            "rustc",
            "aws-sdk-kms",
            "aws-config",
            "rustls",
            "aws-lc-rs",
            "hyper",
            "tokio"
        ]
    );
    for (name, version) in built {
        assert!(
            version.split('.').count() == 3 && version.starts_with(|c: char| c.is_ascii_digit()),
            "{name} {version}"
        );
    }
}
