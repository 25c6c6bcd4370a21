//! Taking wrapped key material out of its wrapping.

use aws_lc_rs::key_wrap::{AES_256, AesKek, KeyWrapPadded};
use zeroize::Zeroizing;

use super::asymmetric::oaep_decrypt;
use super::{Failed, Secret};
use crate::spec::{EncryptionAlgorithm, RsaSize, WrappingAlgorithm};

/// What was wrapped under the public half of `private_key`; fails when it was wrapped in any other way.
pub(crate) fn unwrap(
    algorithm: WrappingAlgorithm,
    size: RsaSize,
    private_key: &Secret,
    wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Failed> {
    match algorithm {
        WrappingAlgorithm::OaepSha1 => {
            oaep_decrypt(EncryptionAlgorithm::OaepSha1, private_key, wrapped)
        }
        WrappingAlgorithm::OaepSha256 => {
            oaep_decrypt(EncryptionAlgorithm::OaepSha256, private_key, wrapped)
        }
        WrappingAlgorithm::RsaAesSha1 => {
            rsa_aes(EncryptionAlgorithm::OaepSha1, size, private_key, wrapped)
        }
        WrappingAlgorithm::RsaAesSha256 => {
            rsa_aes(EncryptionAlgorithm::OaepSha256, size, private_key, wrapped)
        }
        WrappingAlgorithm::Pkcs1 | WrappingAlgorithm::Sm2Pke => Err(Failed),
    }
}

/// A fresh AES-256 key by OAEP, as long as the modulus, and after it the material by AES key wrap with padding (RFC 5649)
/// under that key.
fn rsa_aes(
    oaep: EncryptionAlgorithm,
    size: RsaSize,
    private_key: &Secret,
    wrapped: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Failed> {
    let (wrapped_key, wrapped_material) =
        wrapped.split_at_checked(size.bits() / 8).ok_or(Failed)?;
    let aes_key = oaep_decrypt(oaep, private_key, wrapped_key)?;
    let kek = AesKek::new(&AES_256, &aes_key)?;
    let mut material = Zeroizing::new(vec![0; wrapped_material.len()]);
    let length = kek
        .unwrap_with_padding(wrapped_material, &mut material)?
        .len();
    material.truncate(length);
    Ok(material)
}
