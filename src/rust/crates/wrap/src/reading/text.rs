//! Telling text from bytes: base64 and hexadecimal digits where a raw key belongs are the commonest mistake of all.

use crate::error::{Found, KeyMaterialError, TextEncoding};
use crate::key_spec::KeySpec;

/// The error for `bytes` that are text, or `None` if they are not.
///
/// A random key of 16 bytes is made of base64 characters only once in 2^32 keys, one of 32 bytes once in 2^64.
pub(super) fn error(bytes: &[u8], spec: Option<KeySpec>) -> Option<KeyMaterialError> {
    if let Some(found) = well_known(bytes) {
        return Some(KeyMaterialError::NotAPrivateKey { found });
    }
    encoding(bytes).map(|(encoding, decoded_len)| KeyMaterialError::Text {
        encoding,
        len: bytes.len(),
        decoded_len,
        spec,
    })
}

/// What `bytes` look like if they are text, and how many bytes they stand for if that can be told.
pub(crate) fn encoding(bytes: &[u8]) -> Option<(TextEncoding, Option<usize>)> {
    if bytes.starts_with(&[0xff, 0xfe])
        && bytes.len().is_multiple_of(2)
        && is_ascii_utf16(&bytes[2..])
    {
        return Some((TextEncoding::Utf16, None));
    }
    let hex = hex_len(bytes).map(|len| (TextEncoding::Hex, Some(len)));
    hex.or_else(|| base64_len(bytes).map(|len| (TextEncoding::Base64, Some(len))))
}

/// Whether the whole of `bytes` is ASCII as UTF-16, low byte first.
fn is_ascii_utf16(bytes: &[u8]) -> bool {
    bytes
        .chunks_exact(2)
        .all(|unit| unit[0].is_ascii() && unit[1] == 0)
}

/// Text formats that are recognised by their first characters.
fn well_known(bytes: &[u8]) -> Option<Found> {
    if !bytes.is_ascii() {
        return None;
    }
    let start = bytes.trim_ascii_start();
    let begins = |prefixes: &[&str]| prefixes.iter().any(|p| start.starts_with(p.as_bytes()));
    if begins(&["ssh-rsa ", "ssh-ed25519 ", "ecdsa-sha2-", "ssh-dss "]) {
        Some(Found::SshPublicKey)
    } else if begins(&["{\"", "{ \"", "{\n", "{\r"]) {
        Some(Found::Json)
    } else {
        None
    }
}

/// How many bytes hexadecimal digits stand for; line breaks, colons and a leading `0x` are as usual in such text.
fn hex_len(bytes: &[u8]) -> Option<usize> {
    let bytes = bytes.trim_ascii();
    let digits = bytes
        .strip_prefix(b"0x")
        .or_else(|| bytes.strip_prefix(b"0X"))
        .unwrap_or(bytes);
    let mut count = 0usize;
    for &byte in digits {
        match byte {
            b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' => count += 1,
            b':' | b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => return None,
        }
    }
    (count >= MIN_CHARACTERS && count.is_multiple_of(2)).then_some(count / 2)
}

/// How many bytes base64 stands for, also in its URL form (RFC 4648 section 5) and without padding.
fn base64_len(bytes: &[u8]) -> Option<usize> {
    let mut count = 0usize;
    let mut padding = 0;
    for &byte in bytes {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'+' | b'/' | b'-' | b'_' if padding == 0 => {
                count += 1;
            }
            b'=' if padding < 2 => padding += 1,
            b' ' | b'\t' | b'\r' | b'\n' => {}
            _ => return None,
        }
    }
    let complete = match padding {
        0 => count % 4 != 1,
        padding => (count + padding).is_multiple_of(4),
    };
    (count >= MIN_CHARACTERS && complete).then_some(count * 3 / 4)
}

/// Fewer characters than this are too short to be any key in hexadecimal digits or base64.
const MIN_CHARACTERS: usize = 16;
