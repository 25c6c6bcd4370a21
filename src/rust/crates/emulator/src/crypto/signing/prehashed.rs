//! Ed25519ph (RFC 8032, section 5.1), which AWS-LC's Rust interface does not have.
//!
//! KMS hashes what it is given, even though it asks for a digest: a message is hashed once by the caller and once here.

use ed25519_dalek::{Signature, SigningKey, VerifyingKey};
use sha2::{Digest, Sha512};
use zeroize::Zeroizing;

use crate::crypto::der::{self, PrivateKeyInfo};
use crate::crypto::{Failed, Secret};

pub(super) fn sign(private_key: &Secret, input: &[u8]) -> Result<Vec<u8>, Failed> {
    let info = PrivateKeyInfo::parse(private_key.expose()).ok_or(Failed)?;
    let seed = der::octet_string_content(info.private_key).ok_or(Failed)?;
    let seed = Zeroizing::new(<[u8; 32]>::try_from(seed).map_err(|_| Failed)?);
    SigningKey::from_bytes(&seed)
        .sign_prehashed(Sha512::new_with_prefix(input), None)
        .map(|signature| signature.to_bytes().to_vec())
        .map_err(|_| Failed)
}

pub(super) fn verify(public_key: &[u8], input: &[u8], signature: &[u8]) -> Result<bool, Failed> {
    let bits = der::public_key_bits(public_key).ok_or(Failed)?;
    let bits = bits.try_into().map_err(|_| Failed)?;
    let key = VerifyingKey::from_bytes(bits).map_err(|_| Failed)?;
    let Ok(signature) = Signature::from_slice(signature) else {
        return Ok(false);
    };
    Ok(key
        .verify_prehashed_strict(Sha512::new_with_prefix(input), None, &signature)
        .is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hex;

    /// RFC 8032, section 7.3.
    const SEED: [u8; 32] = [
        0x83, 0x3f, 0xe6, 0x24, 0x09, 0x23, 0x7b, 0x9d, 0x62, 0xec, 0x77, 0x58, 0x75, 0x20, 0x91,
        0x1e, 0x9a, 0x75, 0x9c, 0xec, 0x1d, 0x19, 0x75, 0x5b, 0x7d, 0xa9, 0x01, 0xb9, 0x6d, 0xca,
        0x3d, 0x42,
    ];
    const SIGNATURE: &str = "98a70222f0b8121aa9d30f813d683f809e462b469c7ff87639499bb94e6dae4131f85042463c2a355a2003d062adf5aaa10b8c61e636062aaad11c2a26083406";

    #[test]
    fn agrees_with_rfc_8032() {
        let mut private_key =
            b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20".to_vec();
        private_key.extend_from_slice(&SEED);
        let signature = sign(&Secret::new(private_key), b"abc").expect("a signature");
        assert_eq!(hex(&signature), SIGNATURE);
    }
}
