//! The published test suite's cases for headers (aws-c-auth, `aws-signing-test-suite`, version 4 with normalized paths), and
//! everything that can be done to a good request, each refused for its own reason.

mod tampering;

use std::time::SystemTime;

use aws_credential_types::Credentials as SdkCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;

use super::*;

/// 2015-08-30T12:36:00Z, the moment of the published cases.
const NOW: Time = Time::from_millis(1_440_938_160_000);

/// A clock that was never advanced.
fn at(time: Time) -> Now {
    Now {
        here: time,
        left_behind: time,
    }
}

struct Vector {
    name: &'static str,
    method: &'static str,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    signed_headers: &'static str,
    body: &'static str,
    signature: &'static str,
}

const fn vector(
    name: &'static str,
    method: &'static str,
    target: &'static str,
    headers: &'static [(&'static str, &'static str)],
    signed_headers: &'static str,
    body: &'static str,
    signature: &'static str,
) -> Vector {
    Vector {
        name,
        method,
        target,
        headers,
        signed_headers,
        body,
        signature,
    }
}

/// Without `post-sts-header-after`: there the session token is not under the signature, which KMS does not take.
#[rustfmt::skip] // One case a line.
const PUBLISHED: &[Vector] = &[
    vector("get-header-key-duplicate", "GET", "/", &[("my-header1", "value2"), ("my-header1", "value2"), ("my-header1", "value1")], "host;my-header1;x-amz-date", "", "c9d5ea9f3f72853aea855b47ea873832890dbdd183b4468f858259531a5138ea"),
    vector("get-header-value-multiline", "GET", "/", &[("my-header1", "value1\n  value2\n     value3")], "host;my-header1;x-amz-date", "", "cfd34249e4b1c8d6b91ef74165d41a32e5fab3306300901bb65a51a73575eefd"),
    vector("get-header-value-order", "GET", "/", &[("my-header1", "value4"), ("my-header1", "value1"), ("my-header1", "value3"), ("my-header1", "value2")], "host;my-header1;x-amz-date", "", "08c7e5a9acfcfeb3ab6b2185e75ce8b1deb5e634ec47601a50643f830c755c01"),
    vector("get-header-value-trim", "GET", "/", &[("my-header1", " value1"), ("my-header2", " \"a   b   c\"")], "host;my-header1;my-header2;x-amz-date", "", "acc3ed3afb60bb290fc8d2dd0098b9911fcaa05412b367055dee359757a9c736"),
    vector("get-relative", "GET", "/example/..", &[], "host;x-amz-date", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    vector("get-relative-relative", "GET", "/example1/example2/../..", &[], "host;x-amz-date", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    vector("get-slash-dot-slash", "GET", "/./", &[], "host;x-amz-date", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    vector("get-slash", "GET", "//", &[], "host;x-amz-date", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    vector("get-slash-pointless-dot", "GET", "/./example", &[], "host;x-amz-date", "", "ef75d96142cf21edca26f06005da7988e4f8dc83a165a80865db7089db637ec5"),
    vector("get-slashes", "GET", "//example//", &[], "host;x-amz-date", "", "9a624bd73a37c9a373b5312afbebe7a714a789de108f0bdfe846570885f57e84"),
    vector("get-space", "GET", "/example space/", &[], "host;x-amz-date", "", "652487583200325589f1fba4c7e578f72c47cb61beeca81406b39ddec1366741"),
    vector("get-unreserved", "GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", &[], "host;x-amz-date", "", "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f"),
    vector("get-utf8", "GET", "/ሴ", &[], "host;x-amz-date", "", "8318018e0b0f223aa2bbf98705b62bb787dc9c0e678f255a891fd03141be5d85"),
    vector("get-vanilla", "GET", "/", &[], "host;x-amz-date", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    vector("get-vanilla-empty-query-key", "GET", "/?Param1=value1", &[], "host;x-amz-date", "", "a67d582fa61cc504c4bae71f336f98b97f1ea3c7a6bfe1b6e45aec72011b9aeb"),
    vector("get-vanilla-query", "GET", "/", &[], "host;x-amz-date", "", "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"),
    vector("get-vanilla-query-order-encoded", "GET", "/?Param-3=Value3&Param=Value2&%E1%88%B4=Value1", &[], "host;x-amz-date", "", "371d3713e185cc334048618a97f809c9ffe339c62934c032af5a0e595648fcac"),
    vector("get-vanilla-query-order-key-case", "GET", "/?Param2=value2&Param1=value1", &[], "host;x-amz-date", "", "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500"),
    vector("get-vanilla-query-unreserved", "GET", "/?-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz=-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", &[], "host;x-amz-date", "", "9c3e54bfcdf0b19771a7f523ee5669cdf59bc7cc0884027167c21bb143a40197"),
    vector("get-vanilla-utf8-query", "GET", "/?ሴ=bar", &[], "host;x-amz-date", "", "2cdec8eed098649ff3a119c94853b13c643bcf08f8b0a1d91e12c9027818dd04"),
    vector("get-vanilla-with-session-token", "GET", "/", &[("x-amz-security-token", "6e86291e8372ff2a2260956d9b8aae1d763fbf315fa00fa31553b73ebf194267")], "host;x-amz-date;x-amz-security-token", "", "07ec1639c89043aa0e3e2de82b96708f198cceab042d4a97044c66dd9f74e7f8"),
    vector("post-header-key-case", "POST", "/", &[], "host;x-amz-date", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    vector("post-header-key-sort", "POST", "/", &[("my-header1", "value1")], "host;my-header1;x-amz-date", "", "c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c"),
    vector("post-header-value-case", "POST", "/", &[("my-header1", "VALUE1")], "host;my-header1;x-amz-date", "", "cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d"),
    vector("post-sts-header-before", "POST", "/", &[("x-amz-security-token", "AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==")], "host;x-amz-date;x-amz-security-token", "", "85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead"),
    vector("post-vanilla", "POST", "/", &[], "host;x-amz-date", "", "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b"),
    vector("post-vanilla-empty-query-value", "POST", "/?Param1=value1", &[], "host;x-amz-date", "", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
    vector("post-vanilla-query", "POST", "/?Param1=value1", &[], "host;x-amz-date", "", "28038455d6de14eafc1f9222cf5aa6f1a96197d7deb8263271d420d138af7f11"),
    vector("post-x-www-form-urlencoded", "POST", "/", &[("content-type", "application/x-www-form-urlencoded"), ("content-length", "13"), ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e")], "content-length;content-type;host;x-amz-content-sha256;x-amz-date", "Param1=value1", "d3875051da38690788ef43de4db0d8f280229d82040bfac253562e56c3f20e0b"),
    vector("post-x-www-form-urlencoded-parameters", "POST", "/", &[("content-type", "application/x-www-form-urlencoded; charset=utf-8"), ("content-length", "13"), ("x-amz-content-sha256", "9095672bbd1f56dfc5b65f3e153adc8731a4a654192329106275f4c7b24d0b6e")], "content-length;content-type;host;x-amz-content-sha256;x-amz-date", "Param1=value1", "328d1b9eaadca9f5818ef05e8392801e091653bafec24fcab71e7344e7f51422"),
];

#[test]
fn agrees_with_the_published_cases() {
    for vector in PUBLISHED {
        let mut headers = vec![
            ("host".to_owned(), b"example.amazonaws.com".to_vec()),
            ("x-amz-date".to_owned(), b"20150830T123600Z".to_vec()),
        ];
        let mut session_token = None;
        for (name, value) in vector.headers {
            headers.push(((*name).to_owned(), value.as_bytes().to_vec()));
            if *name == "x-amz-security-token" {
                session_token = Some((*value).to_owned());
            }
        }
        let authorization = format!(
            "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders={}, Signature={}",
            vector.signed_headers, vector.signature
        );
        headers.push(("authorization".to_owned(), authorization.into_bytes()));
        let credentials = Credentials {
            access_key_id: "AKIDEXAMPLE".to_owned(),
            secret_access_key: "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY".to_owned(),
            session_token,
            expires: None,
            user_name: "example".to_owned(),
        };
        let (path, query) = vector.target.split_once('?').unwrap_or((vector.target, ""));
        let headers = Headers(headers);
        let request = Incoming {
            method: vector.method,
            path,
            query,
            headers: &headers,
            body: vector.body.as_bytes(),
        };
        let known = [credentials];
        let verified = verify(&request, "service", &known, at(NOW));
        assert_eq!(
            verified.map(|signer| signer.region),
            Ok("us-east-1".to_owned()),
            "{}",
            vector.name
        );
    }
}

/// A request that the SDK's own signer signed, to be tampered with.
#[derive(Clone)]
struct Signed {
    method: String,
    path: String,
    query: String,
    headers: Vec<(String, String)>,
    body: Vec<u8>,
    now: Now,
    known: Vec<Credentials>,
}

fn user() -> Credentials {
    Credentials {
        access_key_id: "AKIAKMSRTESTTESTTEST".to_owned(),
        secret_access_key: "a-secret-of-forty-characters-0123456789a".to_owned(),
        session_token: None,
        expires: None,
        user_name: "test".to_owned(),
    }
}

const BODY: &[u8] = br#"{"KeyId":"alias/x"}"#;

fn signed_by(user: &Credentials, service: &str, date: Time) -> Signed {
    let body = SignableBody::Bytes(BODY);
    signed_with(user, service, date, body, "http://127.0.0.1:4599/", &[])
}

fn signed_with(
    user: &Credentials,
    service: &str,
    date: Time,
    body: SignableBody<'_>,
    url: &str,
    more_headers: &[(&str, &str)],
) -> Signed {
    let identity = SdkCredentials::new(
        user.access_key_id.clone(),
        user.secret_access_key.clone(),
        user.session_token.clone(),
        None,
        "test",
    )
    .into();
    let time = SystemTime::UNIX_EPOCH + Duration::from_millis(date.millis() as u64);
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region("eu-west-1")
        .name(service)
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .expect("all parameters are there")
        .into();
    let mut headers = vec![
        ("host", "127.0.0.1:4599"),
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "TrentService.DescribeKey"),
    ];
    headers.extend(more_headers);
    let signable = SignableRequest::new("POST", url, headers.iter().copied(), body)
        .expect("a request that can be signed");
    let (instructions, _) = sign(signable, &parameters)
        .expect("the SDK signs")
        .into_parts();
    let mut all: Vec<(String, String)> = headers
        .iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect();
    for (name, value) in instructions.headers() {
        all.push((name.to_owned(), value.to_owned()));
    }
    let target = url.trim_start_matches("http://127.0.0.1:4599");
    let (path, query) = target.split_once('?').unwrap_or((target, ""));
    Signed {
        method: "POST".to_owned(),
        path: path.to_owned(),
        query: query.to_owned(),
        headers: all,
        body: BODY.to_vec(),
        now: at(date),
        known: vec![user.clone()],
    }
}

fn signed() -> Signed {
    signed_by(&user(), "kms", NOW)
}

impl Signed {
    fn set(&mut self, name: &str, value: &str) {
        self.headers.retain(|(header, _)| header != name);
        self.headers.push((name.to_owned(), value.to_owned()));
    }

    fn remove(&mut self, name: &str) {
        self.headers.retain(|(header, _)| header != name);
    }

    fn edit(&mut self, name: &str, from: &str, to: &str) {
        for (header, value) in &mut self.headers {
            if header == name {
                assert!(value.contains(from), "{value} has no {from}");
                *value = value.replace(from, to);
            }
        }
    }

    fn outcome(&self) -> Result<String, Refusal> {
        let headers = Headers(
            self.headers
                .iter()
                .map(|(name, value)| (name.clone(), value.clone().into_bytes()))
                .collect(),
        );
        let request = Incoming {
            method: &self.method,
            path: &self.path,
            query: &self.query,
            headers: &headers,
            body: &self.body,
        };
        verify(&request, "kms", &self.known, self.now).map(|signer| signer.region)
    }
}

fn mismatch() -> Result<String, Refusal> {
    Err(Refusal::InvalidSignature(DOES_NOT_MATCH.to_owned()))
}

#[test]
fn what_the_sdk_signs_is_believed() {
    assert_eq!(signed().outcome(), Ok("eu-west-1".to_owned()));
}

#[test]
fn any_change_under_the_signature_is_a_mismatch() {
    type Change = (&'static str, fn(&mut Signed));
    let changes: [Change; 9] = [
        ("method", |s| s.method = "PUT".to_owned()),
        ("path", |s| s.path = "/x".to_owned()),
        ("query", |s| s.query = "a=b".to_owned()),
        ("body", |s| s.body.push(b' ')),
        ("empty body", |s| s.body.clear()),
        ("host", |s| s.set("host", "example.com")),
        ("target", |s| {
            s.set("x-amz-target", "TrentService.ScheduleKeyDeletion");
        }),
        ("another value for a signed header", |s| {
            s.headers.push(("x-amz-target".to_owned(), "x".to_owned()));
        }),
        ("a signature of the right form", |s| {
            let zeros = "0".repeat(64);
            let authorization = s.headers.iter().find(|(name, _)| name == "authorization");
            let value = authorization.expect("it is signed").1.clone();
            let signature = value.rsplit('=').next().unwrap_or_default().to_owned();
            s.edit("authorization", &signature, &zeros);
        }),
    ];
    for (what, change) in changes {
        let mut request = signed();
        change(&mut request);
        assert_eq!(request.outcome(), mismatch(), "{what}");
    }
}

#[test]
fn another_secret_is_a_mismatch() {
    let mut request = signed();
    request.known[0].secret_access_key = "another".to_owned();
    assert_eq!(request.outcome(), mismatch());
}

#[test]
fn the_scope_must_fit() {
    let message = |from: &str, to: &str| {
        let mut request = signed();
        request.edit("authorization", from, to);
        match request.outcome() {
            Err(Refusal::InvalidSignature(message)) => message,
            other => panic!("{to}: {other:?}"),
        }
    };
    assert_eq!(
        message("/kms/", "/s3/"),
        "Credential should be scoped to correct service: 'kms'. "
    );
    assert_eq!(
        message("/20150830/", "/20150829/"),
        "Date in Credential scope does not match YYYYMMDD from ISO-8601 version of date from HTTP: '20150829' != '20150830', from '20150830T123600Z'."
    );
    assert_eq!(
        message("/aws4_request", "/aws5_request"),
        "Credential should be scoped with a valid terminator: 'aws4_request', not 'aws5_request'. "
    );
    assert_eq!(
        message("/eu-west-1/", "/nowhere/"),
        "Credential should be scoped to a valid region. "
    );
    assert_eq!(message("/eu-west-1/", "/eu-west-2/"), DOES_NOT_MATCH);
    let for_sts = signed_by(&user(), "sts", NOW);
    assert_eq!(
        for_sts.outcome(),
        Err(Refusal::InvalidSignature(
            "Credential should be scoped to correct service: 'kms'. ".to_owned()
        ))
    );
}

#[test]
fn five_minutes_either_way_and_no_more() {
    let after = |seconds: i64| {
        let mut request = signed();
        request.now = at(NOW.plus_millis(seconds * 1000));
        request.outcome()
    };
    assert!(after(300).is_ok());
    assert!(after(-300).is_ok());
    assert_eq!(
        after(301),
        Err(Refusal::InvalidSignature(
            "Signature expired: 20150830T123600Z is now earlier than 20150830T123601Z (20150830T124101Z - 5 min.)"
                .to_owned()
        ))
    );
    assert_eq!(
        after(-301),
        Err(Refusal::InvalidSignature(
            "Signature not yet current: 20150830T123600Z is still later than 20150830T123559Z (20150830T123059Z + 5 min.)"
                .to_owned()
        ))
    );
}

#[test]
fn who_was_left_behind_may_still_sign() {
    const DAY: i64 = 86_400_000;
    let signed_after = |millis: i64| {
        let mut request = signed();
        request.now = Now {
            here: NOW.plus_millis(DAY - millis),
            left_behind: NOW.plus_millis(-millis),
        };
        request.outcome()
    };
    assert!(signed_after(0).is_ok(), "by a clock that stayed behind");
    assert!(
        signed_after(DAY / 2).is_ok(),
        "by one that went half the way"
    );
    assert!(signed_after(DAY).is_ok(), "by one that went along");
    assert!(signed_after(-301_000).is_err());
    assert!(signed_after(DAY + 301_000).is_err());
}

#[test]
fn an_unknown_key_is_not_told_from_a_wrong_token() {
    let mut request = signed();
    request.edit(
        "authorization",
        "AKIAKMSRTESTTESTTEST",
        "AKIAKMSRTESTTESTTESX",
    );
    assert_eq!(request.outcome(), Err(Refusal::UnknownToken));

    let mut with_token = user();
    with_token.session_token = Some("a session token".to_owned());
    let good = signed_by(&with_token, "kms", NOW);
    assert_eq!(good.outcome(), Ok("eu-west-1".to_owned()));

    let mut other = good.clone();
    other.known[0].session_token = Some("another".to_owned());
    assert_eq!(other.outcome(), Err(Refusal::UnknownToken));

    let mut without = signed();
    without.known[0].session_token = Some("a session token".to_owned());
    assert_eq!(without.outcome(), Err(Refusal::UnknownToken));

    let mut removed = good.clone();
    removed.remove("x-amz-security-token");
    assert_eq!(removed.outcome(), Err(Refusal::UnknownToken));

    let mut expired = good;
    expired.known[0].expires = Some(NOW);
    assert_eq!(expired.outcome(), Err(Refusal::ExpiredToken));
}

#[test]
fn the_host_and_amazon_headers_must_be_signed() {
    let mut unsigned = signed();
    unsigned.set("x-amz-extra", "1");
    assert_eq!(
        unsigned.outcome(),
        Err(Refusal::InvalidSignature(
            "'x-amz-extra' must be a 'SignedHeader' in the AWS Authorization.".to_owned()
        ))
    );
    let mut no_host = signed();
    no_host.edit("authorization", ";host;", ";");
    assert_eq!(
        no_host.outcome(),
        Err(Refusal::InvalidSignature(
            "'Host' or ':authority' must be a 'SignedHeader' in the AWS Authorization.".to_owned()
        ))
    );
    let mut other_header = signed();
    other_header.set("user-agent", "anything");
    assert!(
        other_header.outcome().is_ok(),
        "an unsigned header of no meaning"
    );
}

#[test]
fn an_authorization_with_parts_missing_says_which() {
    let mut none = signed();
    none.remove("authorization");
    assert_eq!(none.outcome(), Err(Refusal::MissingToken));

    let mut basic = signed();
    basic.set("authorization", "Basic dXNlcjpwYXNz");
    assert_eq!(basic.outcome(), Err(Refusal::MissingToken));

    let incomplete = |authorization: &str, date: Option<&str>| {
        let mut request = signed();
        request.set("authorization", authorization);
        match date {
            Some(date) => request.set("x-amz-date", date),
            None => request.remove("x-amz-date"),
        }
        match request.outcome() {
            Err(Refusal::Incomplete(message)) => message,
            other => panic!("{authorization}: {other:?}"),
        }
    };
    let date = Some("20150830T123600Z");
    assert_eq!(
        incomplete("AWS4-HMAC-SHA256", None),
        "Authorization header requires 'Credential' parameter. Authorization header requires 'Signature' parameter. Authorization header requires 'SignedHeaders' parameter. Authorization header requires existence of either a 'X-Amz-Date' or a 'Date' header. Authorization=AWS4-HMAC-SHA256"
    );
    assert_eq!(
        incomplete("AWS4-HMAC-SHA512 Credential=a", date),
        "Unsupported AWS 'algorithm': 'AWS4-HMAC-SHA512'. "
    );
    assert_eq!(
        incomplete("AWS4-HMAC-SHA256 junk", date),
        "'junk' not a valid key=value pair (missing equal-sign) in Authorization header: 'AWS4-HMAC-SHA256 junk'."
    );
    assert_eq!(
        incomplete(
            "AWS4-HMAC-SHA256 Credential=a/b, SignedHeaders=host, Signature=0",
            date
        ),
        "Credential must have exactly 5 slash-delimited elements, e.g. keyid/date/region/service/term, got 'a/b'"
    );
    assert_eq!(
        incomplete(
            "AWS4-HMAC-SHA256 Credential=a/20150830/us-east-1/kms/aws4_request, SignedHeaders=host, Signature=0",
            Some("yesterday")
        ),
        "Date must be in ISO-8601 'basic format'. Got 'yesterday'. See http://en.wikipedia.org/wiki/ISO_8601"
    );
}
