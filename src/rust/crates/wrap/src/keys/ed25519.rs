//! Ed25519 key pairs (RFC 8410).

use der::Decode;
use der::asn1::{ObjectIdentifier, OctetStringRef};
use ed25519_dalek::SigningKey;
use spki::AlgorithmIdentifierRef;

use super::{KeyPair, encode_secret, expect_spec, malformed, pkcs8, spki};
use crate::error::KeyMaterialError;
use crate::key_spec::KeySpec;
use crate::memory::SecretBytes;

/// id-Ed25519, RFC 8410 section 3.
pub(super) const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

const ALGORITHM: AlgorithmIdentifierRef<'static> = AlgorithmIdentifierRef {
    oid: OID,
    parameters: None,
};

const SPEC: KeySpec = KeySpec::EccNistEdwards25519;

/// A new key pair.
pub(super) fn generate() -> Result<KeyPair, KeyMaterialError> {
    let seed = SecretBytes::random(32)?;
    read(curve_private_key(seed.as_slice())?.as_slice(), None, None)
}

/// Reads a CurvePrivateKey (RFC 8410 section 7): 32 bytes in an OCTET STRING. Its PKCS#8 is always the 48 bytes of
/// version 1, without attributes and public key, which is the only form AWS KMS takes.
pub(super) fn read(
    der: &[u8],
    outer_public_key: Option<&[u8]>,
    expected: Option<KeySpec>,
) -> Result<KeyPair, KeyMaterialError> {
    expect_spec(SPEC, expected)?;
    let seed: &[u8; 32] = <&OctetStringRef>::from_der(der)
        .map_err(|error| malformed("Ed25519", &error))?
        .as_bytes()
        .try_into()
        .map_err(|_| KeyMaterialError::Malformed {
            format: "Ed25519",
            reason: "it does not have 32 bytes".to_owned(),
        })?;
    let public_key = SigningKey::from_bytes(seed).verifying_key();
    if outer_public_key.is_some_and(|outer| outer != public_key.as_bytes()) {
        return Err(KeyMaterialError::Inconsistent {
            spec: SPEC,
            reason: "its public key does not belong to its private key",
        });
    }
    Ok(KeyPair {
        spec: SPEC,
        pkcs8: pkcs8(ALGORITHM, curve_private_key(seed)?.as_slice())?,
        public_key: spki(ALGORITHM, public_key.as_bytes())?,
    })
}

fn curve_private_key(seed: &[u8]) -> Result<SecretBytes, KeyMaterialError> {
    let seed = OctetStringRef::new(seed).map_err(|error| malformed("Ed25519", &error))?;
    encode_secret(&seed)
}
