//! Key material as R holds it: external pointers to what only Rust can read.
use std::path::Path;

use extendr_api::prelude::*;
use kmsr_wrap::{KeyMaterial, KeySpec, MacAlgorithm, WrappingAlgorithm};

use crate::error::{Failure, into_r};
use crate::foreign;

/// The material behind an R object.
pub(crate) fn from_r(pointer: &Robj) -> Result<&KeyMaterial, Failure> {
    let pointer: Result<&ExternalPtr<KeyMaterial>, _> = pointer.try_into();
    pointer
        .ok()
        .and_then(|pointer| pointer.try_addr().ok())
        .ok_or(Failure::MaterialLost)
}

/// New key material for a key spec.
#[extendr]
fn rs_key_material_random(key_spec: &str) -> Robj {
    into_r(parse(key_spec).and_then(|spec| Ok(ExternalPtr::new(KeyMaterial::random(spec)?))))
}

/// Key material from a file; an empty key spec or passphrase is none.
#[extendr]
fn rs_key_material_file(path: &str, key_spec: &str, passphrase: &str, text: bool) -> Robj {
    into_r(spec_or_none(key_spec).and_then(|spec| {
        let path = Path::new(path);
        let material = match spec {
            Some(spec) if text => KeyMaterial::from_raw_file(path, spec),
            _ if passphrase.is_empty() => KeyMaterial::from_file(path, spec),
            _ => KeyMaterial::from_file_with_passphrase(path, passphrase.as_bytes(), spec),
        };
        Ok(ExternalPtr::new(material?))
    }))
}

/// Key material from bytes; an empty key spec or passphrase is none.
#[extendr]
fn rs_key_material_raw(bytes: &[u8], key_spec: &str, passphrase: &str, text: bool) -> Robj {
    into_r(spec_or_none(key_spec).and_then(|spec| {
        let material = match spec {
            Some(spec) if text => KeyMaterial::from_raw_bytes(bytes, spec),
            _ if passphrase.is_empty() => KeyMaterial::from_bytes(bytes, spec),
            _ => KeyMaterial::from_bytes_with_passphrase(bytes, passphrase.as_bytes(), spec),
        };
        Ok(ExternalPtr::new(material?))
    }))
}

/// What may be known of key material: its spec, length in bytes, and public key (`NULL` if it has none).
#[extendr]
fn rs_key_material_describe(material: Robj) -> Robj {
    into_r(from_r(&material).map(|material| {
        list!(
            key_spec = material.spec().as_str(),
            length = material.len() as f64,
            key_usage = material.spec().default_key_usage(),
            public_key = material
                .public_key_der()
                .map_or(Robj::from(()), |der| Raw::from_bytes(der).into())
        )
    }))
}

/// The MAC of a message by an HMAC key.
#[extendr]
fn rs_key_material_mac(material: Robj, message: &[u8], mac_algorithm: &str) -> Robj {
    into_r(mac(&material, message, mac_algorithm).map(|mac| Raw::from_bytes(&mac)))
}

/// A copy to keep, encrypted with a passphrase: PEM.
#[extendr]
fn rs_key_material_encrypted(material: Robj, passphrase: &str) -> Robj {
    into_r(
        from_r(&material)
            .and_then(|material| Ok(material.export_encrypted(passphrase.as_bytes())?)),
    )
}

/// A copy to keep, wrapped under a public key (DER or PEM) of one's own.
#[extendr]
fn rs_key_material_wrapped(material: Robj, public_key: &[u8], wrapping_algorithm: &str) -> Robj {
    into_r(
        wrapped(&material, public_key, wrapping_algorithm).map(|wrapped| Raw::from_bytes(&wrapped)),
    )
}

/// Random bytes from the operating system, for challenges that nobody must foresee.
#[extendr]
fn rs_random(length: i32) -> Robj {
    let mut bytes = vec![0; usize::try_from(length).unwrap_or_default()];
    into_r(
        getrandom::fill(&mut bytes)
            .map(|()| Raw::from_bytes(&bytes))
            .map_err(|error| Failure::Refused {
                kind: "key_material",
                reason: "random",
                message: format!("The operating system has no randomness to give: {error}."),
            }),
    )
}

/// An object that makes `save()` and its kin stop with an error that says why.
#[extendr]
fn rs_guard() -> Robj {
    foreign::guard()
}

fn mac(material: &Robj, message: &[u8], algorithm: &str) -> Result<Vec<u8>, Failure> {
    Ok(from_r(material)?.hmac(message, MacAlgorithm::parse(algorithm)?)?)
}

fn wrapped(material: &Robj, public_key: &[u8], algorithm: &str) -> Result<Vec<u8>, Failure> {
    Ok(from_r(material)?.export_wrapped(public_key, WrappingAlgorithm::parse(algorithm)?)?)
}

fn spec_or_none(key_spec: &str) -> Result<Option<KeySpec>, Failure> {
    if key_spec.is_empty() {
        Ok(None)
    } else {
        parse(key_spec).map(Some)
    }
}

fn parse(key_spec: &str) -> Result<KeySpec, Failure> {
    Ok(KeySpec::parse(key_spec)?)
}

extendr_module! {
    mod key_material;
    fn rs_key_material_random;
    fn rs_key_material_file;
    fn rs_key_material_raw;
    fn rs_key_material_describe;
    fn rs_key_material_mac;
    fn rs_key_material_encrypted;
    fn rs_key_material_wrapped;
    fn rs_random;
    fn rs_guard;
}
