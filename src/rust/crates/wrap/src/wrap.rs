//! Wrapping: key material under a public key of AWS KMS.

use aes_kw::{KeyInit, KwpAes256};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use rsa::{Oaep, Pkcs1v15Encrypt};
use sha1::Sha1;
use sha2::Sha256;
use sm2::pke::{EncryptingKey, Mode};

use crate::algorithm::WrappingAlgorithm;
use crate::choice;
use crate::material::KeyMaterial;
use crate::memory::{SecretBytes, on_wiped_stack};
use crate::public_key::{Key, WrappingPublicKey};
use crate::wrap_error::WrapError;

/// Wraps key material for ImportKeyMaterial.
///
/// `public_key` is the PublicKey of GetParametersForImport (SubjectPublicKeyInfo, DER or PEM), `algorithm` the one the
/// parameters were asked for. Every call gives other bytes.
///
/// # Errors
/// A [`WrapError`] if this is no wrapping key, the material does not fit, or AWS KMS accepts the combination in no
/// Region. RSAES_PKCS1_V1_5 is an exception: AWS KMS refuses it, but other systems ask for it.
pub fn wrap(
    material: &KeyMaterial,
    public_key: &[u8],
    algorithm: WrappingAlgorithm,
) -> Result<Vec<u8>, WrapError> {
    let key = WrappingPublicKey::parse(public_key)?;
    if algorithm != WrappingAlgorithm::RsaesPkcs1V15 {
        let spec = material.spec();
        choice::check(spec, algorithm, key.spec(), spec.is_china_only()).or_else(|error| {
            choice::check(spec.in_china(), algorithm, key.spec(), true).or(Err(error))
        })?;
    }
    wrap_under(material.expose(), &key, algorithm)
}

/// Wraps bytes that the caller vouches for; see [`wrap`]. What AWS KMS imports is not checked.
///
/// # Errors
/// A [`WrapError`] if this is no wrapping key, or the bytes do not fit.
pub fn wrap_slice(
    bytes: &[u8],
    public_key: &[u8],
    algorithm: WrappingAlgorithm,
) -> Result<Vec<u8>, WrapError> {
    wrap_under(bytes, &WrappingPublicKey::parse(public_key)?, algorithm)
}

fn wrap_under(
    bytes: &[u8],
    key: &WrappingPublicKey,
    algorithm: WrappingAlgorithm,
) -> Result<Vec<u8>, WrapError> {
    if bytes.is_empty() {
        return Err(WrapError::Empty);
    }
    if !algorithm.fits(key.spec()) {
        return Err(WrapError::AlgorithmAndKey {
            algorithm,
            key: key.spec(),
        });
    }
    if let Some(limit) = algorithm.max_len(key.spec())
        && bytes.len() > limit
    {
        return Err(WrapError::TooLong {
            len: bytes.len(),
            limit,
            algorithm,
            key: key.spec(),
        });
    }
    on_wiped_stack(|| match &key.key {
        Key::Rsa(key) if algorithm.is_rsa_aes() => rsa_aes(bytes, key, algorithm),
        Key::Rsa(key) => rsa(bytes, key, algorithm),
        Key::Sm2(key) => sm2(bytes, key),
    })
}

/// RSA-OAEP (RFC 8017 section 7.1.1), MGF1 with the same hash, empty label; or PKCS#1 v1.5 (section 7.2.1).
fn rsa(
    bytes: &[u8],
    key: &rsa::PublicKey,
    algorithm: WrappingAlgorithm,
) -> Result<Vec<u8>, WrapError> {
    match algorithm {
        WrappingAlgorithm::RsaesPkcs1V15 => key.encrypt(&mut SysRng, Pkcs1v15Encrypt, bytes),
        WrappingAlgorithm::RsaesOaepSha1 | WrappingAlgorithm::RsaAesKeyWrapSha1 => {
            key.encrypt(&mut SysRng, Oaep::<Sha1>::new(), bytes)
        }
        _ => key.encrypt(&mut SysRng, Oaep::<Sha256>::new(), bytes),
    }
    .map_err(|_| WrapError::Failed { algorithm })
}

/// The wrapped AES key, then the material under it: PKCS#11 3.0 section 2.1.21, CKM_RSA_AES_KEY_WRAP.
fn rsa_aes(
    bytes: &[u8],
    key: &rsa::PublicKey,
    algorithm: WrappingAlgorithm,
) -> Result<Vec<u8>, WrapError> {
    let aes_key = SecretBytes::random(32)?;
    let mut wrapped = rsa(aes_key.as_slice(), key, algorithm)?;
    // AES key wrap with padding, RFC 5649 section 4.1: whole semiblocks of 8 bytes, and one more in front.
    let mut material = vec![0; bytes.len().next_multiple_of(8) + 8];
    KwpAes256::new_from_slice(aes_key.as_slice())
        .map_err(|_| WrapError::Failed { algorithm })?
        .wrap_key(bytes, &mut material)
        .map_err(|_| WrapError::Failed { algorithm })?;
    wrapped.extend_from_slice(&material);
    Ok(wrapped)
}

/// SM2 public key encryption (GM/T 0003.4-2012), in the DER form of GM/T 0009-2012.
fn sm2(bytes: &[u8], key: &sm2::PublicKey) -> Result<Vec<u8>, WrapError> {
    EncryptingKey::new_with_mode(*key, Mode::C1C3C2)
        .encrypt_der(&mut UnwrapErr(SysRng), bytes)
        .map_err(|_| WrapError::Failed {
            algorithm: WrappingAlgorithm::Sm2Pke,
        })
}
