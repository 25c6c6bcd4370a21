//! What bundles are made of besides JSON: base64 and digests.
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use extendr_api::prelude::*;
use sha2::{Digest, Sha256};

/// The SHA-256 digest of bytes, as 64 hexadecimal digits.
#[extendr]
fn rs_sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// Bytes as base64 (RFC 4648 section 4).
#[extendr]
fn rs_to_base64(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes that base64 stands for; `NULL` if it is none.
#[extendr]
fn rs_from_base64(text: &str) -> Robj {
    STANDARD
        .decode(text)
        .map_or_else(|_| ().into(), |bytes| Raw::from_bytes(&bytes).into())
}

extendr_module! {
    mod bundle;
    fn rs_sha256;
    fn rs_to_base64;
    fn rs_from_base64;
}
