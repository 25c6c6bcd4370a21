//! More that can be done to a good request: to its signature's text, to each header under it, to what it says about its body;
//! and the forms of a query that the published cases leave out, agreed upon with the SDK's signer.

use super::*;

fn signature_of(request: &Signed) -> String {
    let authorization = request
        .headers
        .iter()
        .find(|(name, _)| name == "authorization");
    let value = &authorization.expect("it is signed").1;
    value.rsplit('=').next().unwrap_or_default().to_owned()
}

#[test]
fn a_signature_has_one_spelling() {
    let changes: [fn(&str) -> String; 8] = [
        |signature| signature.to_uppercase(),
        |signature| signature[..63].to_owned(),
        |signature| signature[1..].to_owned(),
        |signature| format!("{signature}0"),
        |signature| format!("0{signature}"),
        |signature| signature.replace(|_: char| true, "z"),
        |signature| signature.chars().rev().collect(),
        |_| "é".repeat(32),
    ];
    for change in changes {
        let mut request = signed();
        let good = signature_of(&request);
        let bad = change(&good);
        request.edit("authorization", &good, &bad);
        assert_eq!(request.outcome(), mismatch(), "{bad}");
    }
    // None at all is a part that is missing.
    let mut request = signed();
    let good = signature_of(&request);
    request.edit("authorization", &good, "");
    assert!(matches!(request.outcome(), Err(Refusal::Incomplete(_))));
}

#[test]
fn every_bit_of_a_signature_counts() {
    for at in 0..64 {
        let mut request = signed();
        let good = signature_of(&request);
        let mut bad = good.clone().into_bytes();
        bad[at] = if bad[at] == b'0' { b'1' } else { b'0' };
        request.edit("authorization", &good, &String::from_utf8_lossy(&bad));
        assert_eq!(request.outcome(), mismatch(), "digit {at}");
    }
}

#[test]
fn every_signed_header_counts() {
    let mut with_token = user();
    with_token.session_token = Some("a session token".to_owned());
    for name in ["host", "content-type", "x-amz-target", "x-amz-date"] {
        let good = signed_by(&with_token, "kms", NOW);
        let value = good.headers.iter().find(|(header, _)| header == name);
        let value = value.expect("the header is there").1.clone();

        let mut changed = good.clone();
        let other = if name == "x-amz-date" {
            "20150830T123601Z".to_owned()
        } else {
            format!("{value}x")
        };
        changed.set(name, &other);
        assert_eq!(changed.outcome(), mismatch(), "{name} changed");

        let mut twice = good.clone();
        twice.headers.push((name.to_owned(), value));
        assert_eq!(twice.outcome(), mismatch(), "{name} twice");

        let mut removed = good.clone();
        removed.remove(name);
        let outcome = removed.outcome();
        if name == "x-amz-date" {
            assert!(
                matches!(outcome, Err(Refusal::Incomplete(_))),
                "{outcome:?}"
            );
        } else {
            assert_eq!(outcome, mismatch(), "{name} removed");
        }
    }
    // Another token is told apart before the signature is judged, see `an_unknown_key_is_not_told_from_a_wrong_token`.
    let mut empty = signed_by(&with_token, "kms", NOW);
    empty.set("x-amz-security-token", "");
    assert_eq!(empty.outcome(), Err(Refusal::UnknownToken));
}

#[test]
fn space_around_and_within_a_value_does_not_count() {
    let mut request = signed();
    request.set("content-type", "  application/x-amz-json-1.1\t ");
    assert!(request.outcome().is_ok());
}

#[test]
fn the_list_of_signed_headers_is_under_the_signature() {
    let listed = "content-type;host;x-amz-date;x-amz-target";
    for other in [
        "host;content-type;x-amz-date;x-amz-target",
        "content-type;host;host;x-amz-date;x-amz-target",
        "content-type;host;user-agent;x-amz-date;x-amz-target",
        "content-type;host;x-amz-date;x-amz-target;",
        "host;x-amz-date;x-amz-target",
    ] {
        let mut request = signed();
        request.edit("authorization", listed, other);
        assert_eq!(request.outcome(), mismatch(), "{other}");
    }
    for (other, unsigned) in [
        ("content-type;host;x-amz-target", "x-amz-date"),
        ("content-type;host;x-amz-date", "x-amz-target"),
        ("content-type;host;X-Amz-Date;x-amz-target", "x-amz-date"),
    ] {
        let mut request = signed();
        request.edit("authorization", listed, other);
        assert_eq!(
            request.outcome(),
            Err(Refusal::InvalidSignature(format!(
                "'{unsigned}' must be a 'SignedHeader' in the AWS Authorization."
            )))
        );
    }
}

#[test]
fn each_part_of_the_scope_is_under_the_signature() {
    for (from, to) in [
        ("/20150830/", "//"),
        ("/20150830/", "/2015083/"),
        ("/kms/", "/KMS/"),
        ("/kms/", "//"),
        ("/eu-west-1/", "//"),
        ("/aws4_request", "/AWS4_REQUEST"),
        ("/aws4_request", "/"),
    ] {
        let mut request = signed();
        request.edit("authorization", from, to);
        let outcome = request.outcome();
        assert!(
            matches!(outcome, Err(Refusal::InvalidSignature(_))),
            "{to}: {outcome:?}"
        );
    }
    // Another day's signature, with the day's date to match it.
    let mut other_day = signed();
    other_day.edit("authorization", "/20150830/", "/20150829/");
    other_day.set("x-amz-date", "20150829T235959Z");
    other_day.now = at(NOW.plus_millis(-45_360_000));
    assert_eq!(other_day.outcome(), mismatch());
}

#[test]
fn what_is_said_about_the_body_must_be_true() {
    let mut unsigned = signed_as(
        &user(),
        SignableBody::UnsignedPayload,
        "http://127.0.0.1:4599/",
    );
    assert_eq!(unsigned.outcome(), mismatch(), "an unsigned body");
    unsigned.remove("x-amz-content-sha256");
    assert_eq!(unsigned.outcome(), mismatch());

    let body = SignableBody::Precomputed("0".repeat(64));
    let wrong = signed_as(&user(), body, "http://127.0.0.1:4599/");
    assert_eq!(wrong.outcome(), mismatch(), "another body's hash");

    let hash = sha256_hex(BODY);
    let stated = |hash: &str| {
        let headers = [("x-amz-content-sha256", hash)];
        signed_with(
            &user(),
            "kms",
            NOW,
            SignableBody::Bytes(BODY),
            "http://127.0.0.1:4599/",
            &headers,
        )
        .outcome()
    };
    assert!(stated(&hash).is_ok());
    assert_eq!(stated("UNSIGNED-PAYLOAD"), mismatch());
    assert_eq!(stated(&"0".repeat(64)), mismatch());
}

#[test]
fn a_signature_in_the_query_is_none() {
    let mut request = signed();
    request.remove("authorization");
    request.query =
        "X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=a&X-Amz-Signature=b".to_owned();
    assert_eq!(request.outcome(), Err(Refusal::MissingToken));
}

#[test]
fn agrees_with_the_sdk_about_paths_and_queries() {
    for target in [
        "/?Param1=value2&Param1=Value1",
        "/?Param1=value2&Param1=value1&Param1=",
        "/?Param2=b&Param10=a&Param1=c",
        "/?a=b&A=B&aa=c",
        "/?Param",
        "/?=value",
        "/?Param=a%20b&Param=%2F%2f",
        "/?Param=%E1%88%B4",
        "/a%20b/%E1%88%B4",
        "/example/./other/",
        "/%2Fexample",
    ] {
        let url = format!("http://127.0.0.1:4599{target}");
        let request = signed_as(&user(), SignableBody::Bytes(BODY), &url);
        assert_eq!(request.outcome(), Ok("eu-west-1".to_owned()), "{target}");
    }
}

/// The same, for another URL or with another idea of the body.
fn signed_as(user: &Credentials, body: SignableBody<'_>, url: &str) -> Signed {
    signed_with(user, "kms", NOW, body, url, &[])
}
