//! The canonical request: the one form of a request that both sides hash.

use super::{Headers, Incoming, sha256_hex};

/// Method, path, query, headers, the names of the headers, and the body's hash, a line each.
pub(super) fn request(request: &Incoming<'_>, signed_headers: &[&str]) -> Vec<u8> {
    let mut canonical = Vec::with_capacity(512);
    canonical.extend_from_slice(request.method.as_bytes());
    canonical.push(b'\n');
    canonical.extend_from_slice(path(request.path).as_bytes());
    canonical.push(b'\n');
    canonical.extend_from_slice(query(request.query).as_bytes());
    canonical.push(b'\n');
    for name in signed_headers {
        canonical.extend_from_slice(name.as_bytes());
        canonical.push(b':');
        canonical.extend_from_slice(&header_value(request.headers, name));
        canonical.push(b'\n');
    }
    canonical.push(b'\n');
    canonical.extend_from_slice(signed_headers.join(";").as_bytes());
    canonical.push(b'\n');
    canonical.extend_from_slice(sha256_hex(request.body).as_bytes());
    canonical
}

/// The path without empty and dot segments, percent-encoded once more: every service but S3 encodes twice.
fn path(path: &str) -> String {
    let mut segments = Vec::new();
    for segment in path.split('/') {
        match segment {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            _ => segments.push(segment),
        }
    }
    let last_is_directory = matches!(path.rsplit('/').next(), Some("" | "." | ".."));
    let mut canonical = String::from("/");
    canonical.push_str(
        &segments
            .iter()
            .map(|segment| percent_encode(segment.as_bytes()))
            .collect::<Vec<_>>()
            .join("/"),
    );
    if last_is_directory && !segments.is_empty() {
        canonical.push('/');
    }
    canonical
}

/// The parameters, each decoded and encoded the one canonical way, sorted by name and then by value.
fn query(query: &str) -> String {
    let mut parameters: Vec<(String, String)> = query
        .split('&')
        .filter(|parameter| !parameter.is_empty())
        .map(|parameter| {
            let (name, value) = parameter.split_once('=').unwrap_or((parameter, ""));
            (
                percent_encode(&percent_decode(name)),
                percent_encode(&percent_decode(value)),
            )
        })
        .collect();
    parameters.sort();
    parameters
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect::<Vec<_>>()
        .join("&")
}

/// All values of a header, trimmed, with runs of spaces made one, joined by commas.
fn header_value(headers: &Headers, name: &str) -> Vec<u8> {
    headers
        .values(name)
        .map(|value| {
            value
                .split(|byte| byte.is_ascii_whitespace())
                .filter(|word| !word.is_empty())
                .collect::<Vec<_>>()
                .join(&b' ')
        })
        .collect::<Vec<_>>()
        .join(&b',')
}

fn percent_encode(bytes: &[u8]) -> String {
    let mut encoded = String::with_capacity(bytes.len());
    for byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' => {
                encoded.push(char::from(*byte));
            }
            _ => encoded.push_str(&format!("%{byte:02X}")),
        }
    }
    encoded
}

/// What percent-encoding hides; a percent sign without two digits stands for itself.
pub(crate) fn percent_decode(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut index = 0;
    while index < bytes.len() {
        let digits = bytes
            .get(index + 1..index + 3)
            .and_then(|pair| std::str::from_utf8(pair).ok())
            .and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match digits {
            Some(byte) if bytes[index] == b'%' => {
                decoded.push(byte);
                index += 3;
            }
            _ => {
                decoded.push(bytes[index]);
                index += 1;
            }
        }
    }
    decoded
}
