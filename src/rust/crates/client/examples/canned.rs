//! A server that gives the same answer to everybody: what is left to measure is the client.
//!
//! Usage: `canned [PORT] [DELAY_MS]`. It listens on 127.0.0.1 only and prints its URL. What a request asks for is read
//! from its `X-Amz-Target`; signatures and bodies are not looked at. `GET /count` tells how many connections and requests
//! there have been, so that a client's reuse of connections can be proven.
//!
//! Head and body leave in one write: two would add Nagle's 40 ms.
#![allow(clippy::print_stdout, reason = "printing is what this program is for")]

use std::collections::HashMap;
use std::env;
use std::error::Error;
use std::fmt::Write as _;
use std::io;
use std::rc::Rc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::io::Interest;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::LocalSet;

static CONNECTIONS: AtomicU64 = AtomicU64::new(0);
static REQUESTS: AtomicU64 = AtomicU64::new(0);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = env::args().skip(1);
    let port: u16 = arguments.next().map_or(Ok(0), |port| port.parse())?;
    let delay: u64 = arguments.next().map_or(Ok(0), |delay| delay.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    println!("http://{}", listener.local_addr()?);

    let answers = Rc::new(Answers::new());
    LocalSet::new()
        .run_until(async {
            loop {
                let (stream, _) = listener.accept().await?;
                stream.set_nodelay(true)?;
                CONNECTIONS.fetch_add(1, Ordering::Relaxed);
                let serving = serve(stream, answers.clone(), Duration::from_millis(delay));
                // A client that goes away in the middle is not this server's concern.
                tokio::task::spawn_local(async { serving.await.ok() });
            }
        })
        .await
}

/// Whole answers, head and body, by operation.
struct Answers {
    by_operation: HashMap<&'static str, Vec<u8>>,
    other: Vec<u8>,
}

async fn serve(stream: TcpStream, answers: Rc<Answers>, delay: Duration) -> io::Result<()> {
    let mut buffer = vec![0; 64 * 1024];
    let mut filled = 0;
    loop {
        let request = loop {
            if let Some(request) = Request::parse(&buffer[..filled]) {
                break request;
            }
            if filled == buffer.len() {
                buffer.resize(2 * filled, 0);
            }
            stream.ready(Interest::READABLE).await?;
            match stream.try_read(&mut buffer[filled..]) {
                Ok(0) => return Ok(()),
                Ok(read) => filled += read,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                Err(error) => return Err(error),
            }
        };
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        let counted;
        let answer = if request.counts {
            counted = whole(&format!(
                r#"{{"connections":{},"requests":{}}}"#,
                CONNECTIONS.load(Ordering::Relaxed),
                REQUESTS.load(Ordering::Relaxed)
            ));
            &counted
        } else {
            REQUESTS.fetch_add(1, Ordering::Relaxed);
            answers
                .by_operation
                .get(request.operation)
                .unwrap_or(&answers.other)
        };
        write(&stream, answer).await?;
        let end = request.length;
        buffer.copy_within(end..filled, 0);
        filled -= end;
    }
}

async fn write(stream: &TcpStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        match stream.try_write(bytes) {
            Ok(written) => bytes = &bytes[written..],
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                stream.ready(Interest::WRITABLE).await?;
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// What this server needs to know of a request.
struct Request<'a> {
    operation: &'a str,
    /// Whether it asks for the counts.
    counts: bool,
    /// Head and body together.
    length: usize,
}

impl<'a> Request<'a> {
    /// The first request in the bytes, `None` while it is not whole.
    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let head = bytes.windows(4).position(|window| window == b"\r\n\r\n")?;
        let (mut operation, mut body) = ("", 0);
        for line in std::str::from_utf8(&bytes[..head])
            .unwrap_or_default()
            .split("\r\n")
        {
            let Some((name, value)) = line.split_once(": ") else {
                continue;
            };
            if name.eq_ignore_ascii_case("content-length") {
                body = value.parse().unwrap_or_default();
            } else if name.eq_ignore_ascii_case("x-amz-target") {
                operation = value.rsplit('.').next().unwrap_or_default();
            }
        }
        let length = head + 4 + body;
        (bytes.len() >= length).then(|| Self {
            operation,
            counts: bytes.starts_with(b"GET /count"),
            length,
        })
    }
}

const ARN: &str = "arn:aws:kms:us-east-1:000000000000:key/1234abcd-12ab-34cd-56ef-1234567890ab";

impl Answers {
    fn new() -> Self {
        // As long as the service's own: a 4096-bit public key in DER, an import token, a 32-byte secret and its ciphertext.
        let (public_key, token, secret, ciphertext) = (
            "A".repeat(736),
            "A".repeat(3232),
            format!("{}=", "A".repeat(43)),
            "A".repeat(248),
        );
        let bodies = [
            (
                "GetParametersForImport",
                format!(
                    r#"{{"ImportToken":"{token}","KeyId":"{ARN}","ParametersValidTo":1.700086400987E9,"PublicKey":"{public_key}"}}"#
                ),
            ),
            (
                "Decrypt",
                format!(
                    r#"{{"EncryptionAlgorithm":"SYMMETRIC_DEFAULT","KeyId":"{ARN}","KeyMaterialId":"{}","Plaintext":"{secret}"}}"#,
                    "a".repeat(64)
                ),
            ),
            (
                "Encrypt",
                format!(
                    r#"{{"CiphertextBlob":"{ciphertext}","EncryptionAlgorithm":"SYMMETRIC_DEFAULT","KeyId":"{ARN}"}}"#
                ),
            ),
            (
                "DescribeKey",
                format!(r#"{{"KeyMetadata":{}}}"#, metadata()),
            ),
            (
                "ListKeys",
                listing("Keys", 1000, &|_| {
                    format!(r#"{{"KeyArn":"{ARN}","KeyId":"{}"}}"#, &ARN[39..])
                }),
            ),
            (
                "ListAliases",
                listing("Aliases", 100, &|index| {
                    format!(
                        r#"{{"AliasArn":"{ARN}","AliasName":"alias/name-{index}","CreationDate":1.7E9,"LastUpdatedDate":1.7E9,"TargetKeyId":"{}"}}"#,
                        &ARN[39..]
                    )
                }),
            ),
            // As large as plaintexts get: 4096 bytes and what belongs to them.
            (
                "GenerateRandom",
                format!(r#"{{"Plaintext":"{}"}}"#, "A".repeat(1364)),
            ),
        ];
        Self {
            by_operation: bodies
                .into_iter()
                .map(|(operation, body)| (operation, whole(&body)))
                .collect(),
            other: whole("{}"),
        }
    }
}

fn metadata() -> String {
    format!(
        r#"{{"AWSAccountId":"000000000000","Arn":"{ARN}","CreationDate":1.7E9,"CurrentKeyMaterialId":"{}","Description":"","Enabled":true,"EncryptionAlgorithms":["SYMMETRIC_DEFAULT"],"KeyId":"{}","KeyManager":"CUSTOMER","KeySpec":"SYMMETRIC_DEFAULT","KeyState":"Enabled","KeyUsage":"ENCRYPT_DECRYPT","MultiRegion":false,"Origin":"EXTERNAL"}}"#,
        "a".repeat(64),
        &ARN[39..]
    )
}

fn listing(member: &str, count: usize, item: &dyn Fn(usize) -> String) -> String {
    let mut body = format!(r#"{{"{member}":["#);
    for index in 0..count {
        let comma = if index == 0 { "" } else { "," };
        // Writing to a String never fails.
        let _ = write!(body, "{comma}{}", item(index));
    }
    body + r#"],"Truncated":false}"#
}

fn whole(body: &str) -> Vec<u8> {
    format!(
        "HTTP/1.1 200 OK\r\nx-amzn-RequestId: 9c1a6a5e-0b1d-4d0e-9f5a-0d5d3a1c7b11\r\ncontent-type: application/x-amz-json-1.1\r\ncontent-length: {}\r\ndate: Tue, 14 Nov 2023 22:13:20 GMT\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}
