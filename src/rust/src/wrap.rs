//! Wrapping, and the choice of how.
use extendr_api::prelude::*;
use kmsr_wrap::{KeySpec, WrappingAlgorithm, WrappingKeySpec, check, choose, wrap, wrap_slice};

use crate::error::{Failure, into_r};
use crate::key_material;

/// Wraps key material, or a raw vector, under a public key.
#[extendr]
fn rs_wrap(material: Robj, public_key: Robj, wrapping_algorithm: &str) -> Robj {
    into_r(
        wrap_any(&material, &public_key, wrapping_algorithm)
            .map(|wrapped| Raw::from_bytes(&wrapped)),
    )
}

/// The best wrapping algorithm and wrapping key spec for material of a spec and length in bytes.
#[extendr]
fn rs_wrap_choose(key_spec: &str, length: f64, china: bool) -> Robj {
    into_r(
        best(key_spec, length as usize, china).map(|(algorithm, key)| {
            list!(
                wrapping_algorithm = algorithm.as_str(),
                wrapping_key_spec = key.as_str()
            )
        }),
    )
}

/// `NULL` if AWS KMS takes material of this spec wrapped this way, else a failure that says why not.
#[extendr]
fn rs_wrap_check(
    key_spec: &str,
    wrapping_algorithm: &str,
    wrapping_key_spec: &str,
    china: bool,
) -> Robj {
    into_r(fits(key_spec, wrapping_algorithm, wrapping_key_spec, china))
}

fn wrap_any(material: &Robj, public_key: &Robj, algorithm: &str) -> Result<Vec<u8>, Failure> {
    let algorithm = WrappingAlgorithm::parse(algorithm)?;
    // R passes nothing but raw vectors and text here.
    let public_key = public_key
        .as_raw_slice()
        .or_else(|| public_key.as_str().map(str::as_bytes))
        .unwrap_or_default();
    Ok(match material.as_raw_slice() {
        Some(bytes) => wrap_slice(bytes, public_key, algorithm)?,
        None => wrap(key_material::from_r(material)?, public_key, algorithm)?,
    })
}

fn best(
    key_spec: &str,
    length: usize,
    china: bool,
) -> Result<(WrappingAlgorithm, WrappingKeySpec), Failure> {
    Ok(choose(KeySpec::parse(key_spec)?, length, china)?)
}

fn fits(
    key_spec: &str,
    algorithm: &str,
    wrapping_key_spec: &str,
    china: bool,
) -> Result<(), Failure> {
    let algorithm = WrappingAlgorithm::parse(algorithm)?;
    let wrapping_key_spec = WrappingKeySpec::parse(wrapping_key_spec)?;
    Ok(check(
        KeySpec::parse(key_spec)?,
        algorithm,
        wrapping_key_spec,
        china,
    )?)
}

extendr_module! {
    mod wrap;
    fn rs_wrap;
    fn rs_wrap_choose;
    fn rs_wrap_check;
}
