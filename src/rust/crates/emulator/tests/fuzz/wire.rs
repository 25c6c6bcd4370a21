//! The client's side of the wire: signed requests out, answers in.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials as SdkCredentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use kmsr_emulator::{Clock, Config, Credentials, Emulator, Time};
use socket2::SockRef;

/// 2026-01-01T00:00:00Z: time stands still, so that the same bytes always say the same.
pub const NOW: Time = Time::from_millis(1_767_225_600_000);
/// Longer than anything takes, the making of an RSA key included.
const PATIENCE: Duration = Duration::from_secs(20);

/// An emulator whose clock stands still and whose only user is always the same.
pub fn emulator() -> Emulator {
    Emulator::start(Config {
        clock: Clock::standing_at(NOW),
        credentials: vec![user()],
        log_capacity: 16,
        ..Config::default()
    })
    .expect("a port is free")
}

fn user() -> Credentials {
    Credentials {
        access_key_id: "AKIAKMSRFUZZFUZZFUZZ".to_owned(),
        secret_access_key: "a-secret-of-forty-characters-0123456789a".to_owned(),
        session_token: None,
        expires: None,
        user_name: "fuzz".to_owned(),
    }
}

pub struct Answer {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(header, _)| header == name)
            .map(|(_, value)| value.as_str())
    }
}

/// A connection that is made anew when it has ended.
pub struct Connection {
    address: String,
    stream: Option<TcpStream>,
}

impl Connection {
    pub fn to(emulator: &Emulator) -> Self {
        Self {
            address: emulator.endpoint().replace("http://", ""),
            stream: None,
        }
    }

    /// One request and its answer, or how the connection ended before the answer did.
    pub fn ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        let answer = self.try_ask(request);
        let is_over = answer
            .as_ref()
            .map_or(true, |answer| answer.header("connection") == Some("close"));
        if is_over {
            self.stream = None;
        }
        answer
    }

    fn try_ask(&mut self, request: &[u8]) -> io::Result<Answer> {
        let stream = match &mut self.stream {
            Some(stream) => stream,
            None => self.stream.insert(connect(&self.address)),
        };
        stream.write_all(request)?;
        let mut received = Vec::with_capacity(1024);
        let mut buffer = [0; 8192];
        loop {
            if let Some((answer, _)) = parse(&received, true) {
                return Ok(answer);
            }
            let count = match stream.read(&mut buffer) {
                // By the fuzzer's own timer.
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                read => read?,
            };
            if count == 0 {
                return Err(io::ErrorKind::UnexpectedEof.into());
            }
            received.extend_from_slice(&buffer[..count]);
        }
    }
}

/// Sends bytes, says that no more will come, and reads what comes back until the other side is done.
pub fn send_raw(address: &str, bytes: &[u8]) -> Vec<u8> {
    let mut stream = connect(address);
    let mut received = Vec::new();
    // Whoever is told nonsense may hang up before it has heard it all: what it said until then counts.
    let sent = stream
        .write_all(bytes)
        .and_then(|()| stream.shutdown(Shutdown::Write));
    if sent.is_ok()
        && let Err(error) = stream.read_to_end(&mut received)
    {
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset, "{error}");
    }
    received
}

fn connect(address: &str) -> TcpStream {
    let stream = TcpStream::connect(address).expect("it listens");
    stream.set_nodelay(true).expect("it can be set");
    stream
        .set_read_timeout(Some(PATIENCE))
        .expect("it can be set");
    // Closing does not wait: thousands of connections a second would use up the ports.
    SockRef::from(&stream)
        .set_linger(Some(Duration::ZERO))
        .expect("it can be set");
    stream
}

/// The first answer in some bytes and what follows it; `None` while it is not whole. The answer to a HEAD announces a body and
/// has none.
pub fn parse(bytes: &[u8], with_body: bool) -> Option<(Answer, &[u8])> {
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..end]).expect("an answer's head is text");
    let mut lines = head.split("\r\n");
    let status_line = lines.next().unwrap_or_default();
    let status = status_line
        .strip_prefix("HTTP/1.1 ")
        .or_else(|| status_line.strip_prefix("HTTP/1.0 "))
        .and_then(|rest| rest.get(..3))
        .and_then(|status| status.parse().ok())
        .unwrap_or_else(|| panic!("no status line: {status_line}"));
    let headers: Vec<(String, String)> = lines
        .map(|line| {
            let (name, value) = line.split_once(": ").expect("a header has a colon");
            (name.to_lowercase(), value.to_owned())
        })
        .collect();
    let rest = &bytes[end + 4..];
    let mut answer = Answer {
        status,
        headers,
        body: Vec::new(),
    };
    let length = answer
        .header("content-length")
        .filter(|_| with_body)
        .map_or(0, |length| length.parse().expect("a length is a number"));
    let body = rest.get(..length)?;
    answer.body = body.to_vec();
    Some((answer, &rest[length..]))
}

/// A request of an operation with a good signature, whatever is in its body.
pub fn signed(region: &str, operation: &str, body: &[u8]) -> Vec<u8> {
    let target = format!("TrentService.{operation}");
    let headers = [
        ("content-type", "application/x-amz-json-1.1"),
        ("x-amz-target", target.as_str()),
    ];
    let mut request = head("kms", region, &headers, body);
    request.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
    let mut request = request.into_bytes();
    request.extend_from_slice(body);
    request
}

/// A signed request's head, without what says how long its body is.
pub fn head(service: &str, region: &str, headers: &[(&str, &str)], body: &[u8]) -> String {
    let user = user();
    let identity =
        SdkCredentials::new(user.access_key_id, user.secret_access_key, None, None, "").into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(SystemTime::UNIX_EPOCH + Duration::from_millis(NOW.millis() as u64))
        .settings(SigningSettings::default())
        .build()
        .expect("all parameters are there")
        .into();
    let signable = SignableRequest::new(
        "POST",
        "http://127.0.0.1/",
        headers.iter().copied(),
        SignableBody::Bytes(body),
    )
    .expect("a request that can be signed");
    let (instructions, _) = sign(signable, &parameters)
        .expect("the SDK signs")
        .into_parts();
    let mut head = "POST / HTTP/1.1\r\nhost: 127.0.0.1\r\n".to_owned();
    for (name, value) in headers.iter().copied().chain(instructions.headers()) {
        head.push_str(&format!("{name}: {value}\r\n"));
    }
    head
}
