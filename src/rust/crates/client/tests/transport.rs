//! Connections: certificate authorities, proxies, key exchange, connections that went away, and retries.
mod support;

use std::io::Read;
use std::net::TcpListener;
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use std::{fs, thread};

use support::tls::{Authority, Tunnel, nonsense};
use support::{Child, Double, Reply, Request};

const EMPTY: &str = r#"{"Keys":[],"Truncated":false}"#;
const KMS: &str = "kms.eu-central-1.amazonaws.com";

#[test]
#[ignore = "a process of its own, for the other tests"]
fn child() {
    support::child::live();
}

fn empty(_: &Request) -> Reply {
    Reply::ok(EMPTY)
}

// --- Certificate authorities ---------------------------------------------------------------------------------------------

#[test]
fn private_authorities_are_trusted_when_a_variable_names_them() {
    let authority = Authority::new("DNS:localhost,IP:127.0.0.1");
    let (address, kms) = authority.serve(empty);
    let pem = authority.pem().display().to_string();
    let folder = tempfile::tempdir().expect("a folder");
    fs::copy(authority.pem(), folder.path().join("0123abcd.0")).expect("a copy");
    fs::write(folder.path().join("README"), "not a certificate").expect("a file");
    let folder = folder.path().display().to_string();
    for (variable, value) in [
        ("AWS_CA_BUNDLE", &pem),
        ("CURL_CA_BUNDLE", &pem),
        ("SSL_CERT_FILE", &pem),
        ("SSL_CERT_DIR", &folder),
    ] {
        let outcome = Child::with_keys(&format!("https://localhost:{}", address.port()))
            .variable(variable, value)
            .call();
        assert_eq!(outcome.kind, "ok", "{variable}: {outcome:?}");
    }
    assert_eq!(kms.seen().len(), 4);
}

#[test]
fn an_untrusted_certificate_fails_at_once() {
    let authority = Authority::new("DNS:localhost");
    let (address, kms) = authority.serve(empty);
    let outcome = Child::with_keys(&format!("https://localhost:{}", address.port()))
        .setting("max_retries", 5)
        .call();
    outcome.fails("transport", &["invalid peer certificate", "UnknownIssuer"]);
    assert_eq!(
        outcome.log().matches("no answer").count(),
        1,
        "{}",
        outcome.log()
    );
    assert!(kms.seen().is_empty());
}

#[test]
fn a_certificate_of_another_host_fails_at_once() {
    let authority = Authority::new("DNS:elsewhere.example");
    let (address, _) = authority.serve(empty);
    let outcome = Child::with_keys(&format!("https://localhost:{}", address.port()))
        .variable("AWS_CA_BUNDLE", &authority.pem().display().to_string())
        .setting("max_retries", 5)
        .call();
    outcome.fails("transport", &["invalid peer certificate", "localhost"]);
    assert_eq!(
        outcome.log().matches("no answer").count(),
        1,
        "{}",
        outcome.log()
    );
}

#[test]
fn bundles_of_no_use_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let not_pem = nonsense(folder.path()).display().to_string();
    let empty = folder.path().join("empty");
    fs::create_dir(&empty).expect("a folder");
    let empty = empty.display().to_string();
    let missing = folder.path().join("missing.pem").display().to_string();
    for variable in ["AWS_CA_BUNDLE", "CURL_CA_BUNDLE", "SSL_CERT_FILE"] {
        for (path, why) in [
            (&not_pem, "holds no certificate in PEM form"),
            (&missing, "cannot be read"),
            (&empty, "cannot be read"),
        ] {
            Child::with_keys("https://localhost:9")
                .variable(variable, path)
                .call()
                .fails("request", &[variable, path, why]);
        }
    }
    Child::with_keys("https://localhost:9")
        .variable("SSL_CERT_DIR", &empty)
        .call()
        .fails("request", &["SSL_CERT_DIR", &empty, "holds no certificate"]);
}

#[test]
fn without_tls_authorities_do_not_matter() {
    let kms = Double::kms();
    Child::with_keys(&kms.url())
        .variable("AWS_CA_BUNDLE", "/nowhere/at/all")
        .call()
        .is_ok();
}

#[test]
fn post_quantum_key_exchange_is_offered_first() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let port = listener.local_addr().expect("an address").port();
    let hello = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a connection");
        let mut hello = vec![0; 16 * 1024];
        let length = stream.read(&mut hello).expect("a ClientHello");
        let mut whole = length;
        // The key shares of the hybrid make it longer than one segment.
        while whole < 5 + usize::from(u16::from_be_bytes([hello[3], hello[4]])) {
            whole += stream.read(&mut hello[whole..]).expect("the rest of it");
        }
        hello.truncate(whole);
        hello
    });
    let outcome = Child::with_keys(&format!("https://localhost:{port}")).call();
    assert_eq!(outcome.kind, "transport");
    let hello = hello.join().expect("a ClientHello");
    // Extension 10, supported_groups, and 51, key_share (RFC 8446, section 4.2); X25519MLKEM768 is 0x11EC.
    assert_eq!(extension(&hello, 10)[2..4], [0x11, 0xec]);
    assert_eq!(extension(&hello, 51)[2..4], [0x11, 0xec]);
}

/// The content of an extension of a ClientHello: RFC 8446, section 4.1.2, behind the headers of record and handshake.
fn extension(hello: &[u8], wanted: u16) -> Vec<u8> {
    let number = |at: usize| usize::from(u16::from_be_bytes([hello[at], hello[at + 1]]));
    let mut at = 5 + 4 + 2 + 32;
    at += 1 + usize::from(hello[at]);
    at += 2 + number(at);
    at += 1 + usize::from(hello[at]);
    at += 2;
    while at < hello.len() {
        let (kind, length) = (number(at), number(at + 2));
        if kind == usize::from(wanted) {
            return hello[at + 4..at + 4 + length].to_vec();
        }
        at += 4 + length;
    }
    panic!("no extension {wanted}");
}

#[test]
fn one_rustls_with_aws_lc_and_no_ring() {
    // Of this platform: the crates of others are not on a machine that never built for them.
    let tree = |package: &str| {
        let done = Command::new(env!("CARGO"))
            .args([
                "tree",
                "--offline",
                "--locked",
                "--workspace",
                "--edges",
                "normal,build",
            ])
            .args(["--prefix", "none", "--format", "{p}", "--invert", package])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .expect("cargo is there");
        String::from_utf8_lossy(&done.stdout)
            .lines()
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(tree("ring"), "");
    assert_eq!(tree("openssl-sys"), "");
    // Cargo refuses an ambiguous name.
    assert!(tree("rustls").starts_with("rustls v0.23."));
    assert!(tree("aws-lc-rs").starts_with("aws-lc-rs v"));
}

// --- Proxies ---------------------------------------------------------------------------------------------------------------

/// A client of the Region's own endpoint, which only a proxy reaches.
fn behind_a_proxy(authority: &Authority) -> Child {
    Child::with_keys("")
        .setting("endpoint", serde_json::Value::Null)
        .setting("connect_timeout", 2.0)
        .variable("AWS_CA_BUNDLE", &authority.pem().display().to_string())
}

#[test]
fn https_goes_through_a_tunnel_of_the_proxy() {
    let authority = Authority::new(&format!("DNS:{KMS}"));
    let (address, kms) = authority.serve(empty);
    for variable in ["HTTPS_PROXY", "https_proxy", "ALL_PROXY", "all_proxy"] {
        let tunnel = Tunnel::to(address);
        let proxy = format!("http://me:pass%20word@127.0.0.1:{}", tunnel.port);
        let outcome = behind_a_proxy(&authority).variable(variable, &proxy).call();
        assert_eq!(outcome.kind, "ok", "{variable}: {outcome:?}");
        let asked = tunnel.asked();
        assert_eq!(asked.len(), 1, "{variable}");
        assert_eq!(
            (asked[0].method.as_str(), asked[0].path.as_str()),
            ("CONNECT", &*format!("{KMS}:443"))
        );
        assert_eq!(
            asked[0].header("proxy-authorization"),
            Some("Basic bWU6cGFzcyB3b3Jk")
        );
        // What is for the proxy stays there, and what is for the service goes no further than the tunnel.
        assert_eq!(asked[0].header("authorization"), None);
        assert_eq!(kms.last().header("proxy-authorization"), None);
        assert!(
            !outcome.log().contains("bWU6cGFzcyB3b3Jk") && !outcome.log().contains("pass%20word")
        );
    }
}

#[test]
fn exempt_hosts_are_reached_without_the_proxy() {
    let authority = Authority::new(&format!("DNS:{KMS}"));
    let (address, _) = authority.serve(empty);
    let tunnel = Tunnel::to(address);
    for variable in ["NO_PROXY", "no_proxy"] {
        let outcome = behind_a_proxy(&authority)
            .variable("HTTPS_PROXY", &format!("http://127.0.0.1:{}", tunnel.port))
            .variable(variable, "example.com,.amazonaws.com")
            .call();
        // There is no way to it but the proxy.
        assert_ne!(outcome.kind, "ok", "{outcome:?}");
    }
    assert!(tunnel.asked().is_empty());
    // This machine is never behind a proxy.
    let kms = Double::kms();
    Child::with_keys(&kms.url())
        .variable("HTTP_PROXY", &format!("http://127.0.0.1:{}", tunnel.port))
        .call()
        .is_ok();
    assert!(tunnel.asked().is_empty());
}

#[test]
fn http_is_asked_of_the_proxy_itself() {
    let proxy = Double::kms();
    for variable in ["HTTP_PROXY", "http_proxy", "ALL_PROXY"] {
        Child::with_keys("http://kms.example.test:4599/path")
            .variable(variable, &proxy.url())
            .call()
            .is_ok();
        assert_eq!(proxy.last().path, "http://kms.example.test:4599/path/");
        assert_eq!(proxy.last().header("host"), Some("kms.example.test:4599"));
    }
}

#[test]
fn a_proxy_that_refuses_is_told_apart_from_the_service() {
    let authority = Authority::new(&format!("DNS:{KMS}"));
    let refuses = Double::start(|_| Reply::new(407, "who are you?"));
    let outcome = behind_a_proxy(&authority)
        .variable("HTTPS_PROXY", &refuses.url())
        .setting("max_retries", 5)
        .call();
    outcome.fails("transport", &["proxy authorization required"]);
    assert_eq!(
        refuses.seen().len(),
        1,
        "asked again without anything new to say"
    );

    let forbids = Double::start(|_| Reply::new(403, "not from here"));
    behind_a_proxy(&authority)
        .variable("HTTPS_PROXY", &forbids.url())
        .call()
        .fails("transport", &["tunnel error"]);
}

#[test]
fn a_proxy_of_another_kind_is_an_error_before_anything_is_sent() {
    let authority = Authority::new(&format!("DNS:{KMS}"));
    behind_a_proxy(&authority)
        .variable("ALL_PROXY", "socks5://me:hunter2@127.0.0.1:9")
        .call()
        .fails("request", &["ALL_PROXY names a socks5 proxy"]);
}

// --- Connections that went away ----------------------------------------------------------------------------------------------

#[test]
fn connections_are_reused_and_one_closed_between_calls_is_replaced() {
    let kms = Double::kms();
    let mut client = Child::with_keys(&kms.url()).start();
    client.call().is_ok();
    let second = client.call();
    second.is_ok();
    assert_eq!(kms.connections(), 1);
    assert!(
        second.log().contains("connection reused"),
        "{}",
        second.log()
    );

    // Closed while nobody looks, as services do with connections that idle. No retry is allowed to make up for it.
    let closes = Double::start(|_| Reply::ok(EMPTY).hang_up(Duration::from_millis(10)));
    let mut client = Child::with_keys(&closes.url()).start();
    for _ in 0..10 {
        client.call().is_ok();
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!((closes.connections(), closes.seen().len()), (10, 10));
}

#[test]
fn tls_connections_closed_between_calls_are_replaced_as_well() {
    let authority = Authority::new("DNS:localhost");
    let (address, kms) = authority.serve(|_| Reply::ok(EMPTY).hang_up(Duration::from_millis(10)));
    let mut client = Child::with_keys(&format!("https://localhost:{}", address.port()))
        .variable("AWS_CA_BUNDLE", &authority.pem().display().to_string())
        .start();
    for _ in 0..10 {
        client.call().is_ok();
        thread::sleep(Duration::from_millis(100));
    }
    assert_eq!(kms.seen().len(), 10);
}

// --- Retries -----------------------------------------------------------------------------------------------------------------

/// Refuses so many times before it answers.
fn after(refusals: usize, refusal: fn() -> Reply) -> Double {
    let left = AtomicUsize::new(refusals);
    Double::start(move |_| {
        let refuse = left
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| {
                left.checked_sub(1)
            })
            .is_ok();
        if refuse { refusal() } else { Reply::ok(EMPTY) }
    })
}

#[test]
fn what_may_pass_is_sent_again() {
    let throttled: fn() -> Reply = || Reply::error("ThrottlingException", "Rate exceeded");
    let kms = after(2, throttled);
    let outcome = Child::with_keys(&kms.url())
        .setting("max_retries", 2)
        .call();
    outcome.is_ok();
    assert_eq!(kms.seen().len(), 3);
    let log = outcome.log();
    assert!(
        log.contains("WARN: ListKeys: ThrottlingException (HTTP 400); sent again after"),
        "{log}"
    );

    let kms = after(1, throttled);
    Child::with_keys(&kms.url())
        .setting("max_retries", 0)
        .call()
        .fails("service", &["ThrottlingException (HTTP 400)"]);
    assert_eq!(kms.seen().len(), 1);

    // From the environment, where attempts are counted.
    let kms = after(1, || Reply::new(503, "<html>busy</html>"));
    Child::with_keys(&kms.url())
        .setting("max_retries", serde_json::Value::Null)
        .variable("AWS_MAX_ATTEMPTS", "2")
        .call()
        .is_ok();
    assert_eq!(kms.seen().len(), 2);
}

#[test]
fn what_will_not_pass_is_not() {
    for (refusal, kind) in [
        (
            (|| Reply::error("LimitExceededException", "too many keys")) as fn() -> Reply,
            "service",
        ),
        (
            || Reply::error("NotFoundException", "no such key"),
            "service",
        ),
        (|| Reply::new(403, "<html>blocked</html>"), "unreadable"),
    ] {
        let kms = after(9, refusal);
        let outcome = Child::with_keys(&kms.url())
            .setting("max_retries", 3)
            .call();
        assert_eq!(outcome.kind, kind, "{outcome:?}");
        assert_eq!(kms.seen().len(), 1);
    }
}

#[test]
fn nobody_there_is_a_transport_error_after_the_retries() {
    let port = TcpListener::bind("127.0.0.1:0")
        .and_then(|listener| listener.local_addr())
        .expect("a port")
        .port();
    let outcome = Child::with_keys(&format!("http://127.0.0.1:{port}"))
        .setting("max_retries", 1)
        .call();
    outcome.fails("transport", &["onnection refused"]);
    assert_eq!(
        outcome.log().matches("no answer").count(),
        2,
        "{}",
        outcome.log()
    );
}
