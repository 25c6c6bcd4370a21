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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use aes_kw::{KeyInit, KwpAes192};

    /// RFC 5649 section 6: that the library is what it says. (openssl judges what this crate makes of it.)
    #[test]
    fn key_wrap_with_padding_gives_the_published_bytes() {
        let key = [
            0x58, 0x40, 0xdf, 0x6e, 0x29, 0xb0, 0x2a, 0xf1, 0xab, 0x49, 0x3b, 0x70, 0x5b, 0xf1,
            0x6e, 0xa1, 0xae, 0x83, 0x38, 0xf4, 0xdc, 0xc1, 0x76, 0xa8,
        ];
        let twenty = [
            0xc3, 0x7b, 0x7e, 0x64, 0x92, 0x58, 0x43, 0x40, 0xbe, 0xd1, 0x22, 0x07, 0x80, 0x89,
            0x41, 0x15, 0x50, 0x68, 0xf7, 0x38,
        ];
        let twenty_wrapped = [
            0x13, 0x8b, 0xde, 0xaa, 0x9b, 0x8f, 0xa7, 0xfc, 0x61, 0xf9, 0x77, 0x42, 0xe7, 0x22,
            0x48, 0xee, 0x5a, 0xe6, 0xae, 0x53, 0x60, 0xd1, 0xae, 0x6a, 0x5f, 0x54, 0xf3, 0x73,
            0xfa, 0x54, 0x3b, 0x6a,
        ];
        let seven = [0x46, 0x6f, 0x72, 0x50, 0x61, 0x73, 0x69];
        let seven_wrapped = [
            0xaf, 0xbe, 0xb0, 0xf0, 0x7d, 0xfb, 0xf5, 0x41, 0x92, 0x00, 0xf2, 0xcc, 0xb5, 0x0b,
            0xb2, 0x4f,
        ];
        let wrapper = KwpAes192::new_from_slice(&key).unwrap();
        let mut buffer = [0; 32];
        assert_eq!(
            wrapper.wrap_key(&twenty, &mut buffer).unwrap(),
            twenty_wrapped
        );
        assert_eq!(
            wrapper.wrap_key(&seven, &mut buffer).unwrap(),
            seven_wrapped
        );
    }
}
