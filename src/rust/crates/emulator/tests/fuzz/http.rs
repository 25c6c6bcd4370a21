//! Raw bytes on a connection. Whatever they are, what comes back is HTTP, and the emulator goes on.

use super::wire::{Connection, head, parse, send_raw, signed};
use kmsr_emulator::Emulator;

/// Sends the bytes and judges what comes back.
///
/// # Panics
/// When the emulator says what no server of AWS says.
pub fn run(emulator: &Emulator, bytes: &[u8]) {
    let received = send_raw(&emulator.endpoint().replace("http://", ""), bytes);
    let asks_for_heads = bytes.windows(4).any(|four| four == b"HEAD");
    let mut rest = &received[..];
    while !rest.is_empty() {
        let whole = parse(rest, true).or_else(|| asks_for_heads.then(|| parse(rest, false))?);
        // Who hangs up early may not see the end of the last answer.
        let Some((answer, after)) = whole else { break };
        assert!(
            matches!(answer.status, 100 | 200 | 400 | 403 | 404 | 413 | 414 | 431),
            "status {} for {:?}",
            answer.status,
            String::from_utf8_lossy(bytes)
        );
        rest = if asks_for_heads && answer.header("content-length").is_some() {
            parse(rest, false).map_or(after, |(_, after)| skip_to_answer(after))
        } else {
            after
        };
    }
}

/// Past what may be a body, to the next answer.
fn skip_to_answer(bytes: &[u8]) -> &[u8] {
    let next = bytes.windows(9).position(|nine| nine == b"HTTP/1.1 ");
    next.map_or(&[], |next| &bytes[next..])
}

/// Asks something proper.
///
/// # Panics
/// When that is not answered as it should be.
pub fn still_works(emulator: &Emulator) {
    let answer = Connection::to(emulator).ask(&signed("us-east-1", "ListKeys", b"{}"));
    assert_eq!(answer.expect("it answers").status, 200);
}

/// Bytes to begin with: good requests in the forms HTTP has for them, and what is none.
pub fn seeds() -> Vec<Vec<u8>> {
    let list = signed("us-east-1", "ListKeys", br#"{"Limit":10}"#);
    let create = signed("us-east-1", "CreateKey", b"{}");
    let target = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", "TrentService.ListKeys"),
    ];
    let chunked = head("kms", "us-east-1", &target, b"{}")
        + "transfer-encoding: chunked\r\n\r\n1\r\n{\r\n1;a=b\r\n}\r\n0\r\n\r\n";
    let form = [(
        "content-type",
        "application/x-www-form-urlencoded; charset=utf-8",
    )];
    let who = "Action=GetCallerIdentity&Version=2011-06-15";
    let caller = head("sts", "us-east-1", &form, who.as_bytes())
        + &format!("content-length: {}\r\n\r\n{who}", who.len());
    let expecting = head("kms", "us-east-1", &target, b"{}")
        + "expect: 100-continue\r\nconnection: close\r\ncontent-length: 2\r\n\r\n{}";
    vec![
        [list.clone(), create.clone(), list.clone()].concat(),
        create,
        list,
        chunked.into_bytes(),
        caller.into_bytes(),
        expecting.into_bytes(),
        b"GET / HTTP/1.1\r\nhost: a\r\n\r\n".to_vec(),
        b"HEAD /a/../%zz?b=%&c HTTP/1.0\r\n\r\n".to_vec(),
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec(),
        b"POST http://example.com/x?y HTTP/1.1\r\nx-amz-target: TrentService.Sign\r\nauthorization: AWS4-HMAC-SHA256 Credential=a/b/c/d/e, SignedHeaders=host;;, Signature=\xff\r\ndate: Thu, 01 Jan 2026 00:00:00 GMT\r\n\r\n".to_vec(),
        Vec::new(),
    ]
}
