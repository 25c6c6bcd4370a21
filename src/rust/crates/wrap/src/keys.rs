//! Key pairs: private keys in PKCS#8 as AWS KMS imports them, checked, with their public keys.

mod ec;
mod ed25519;
mod rsa;

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Encode, ErrorKind};
use pkcs8::{PrivateKeyInfoRef, Version};
use spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};

use crate::error::KeyMaterialError;
use crate::key_spec::KeySpec;
use crate::memory::SecretBytes;

/// A private key and its public key, known to belong together.
pub(crate) struct KeyPair {
    pub(crate) spec: KeySpec,
    /// PrivateKeyInfo, version 1 (RFC 5958 section 2), DER.
    pub(crate) pkcs8: SecretBytes,
    /// SubjectPublicKeyInfo (RFC 5280 section 4.1), DER.
    pub(crate) public_key: Vec<u8>,
}

/// A new key pair from the operating system's random number generator.
pub(crate) fn generate(spec: KeySpec) -> Result<KeyPair, KeyMaterialError> {
    match spec.rsa_bits() {
        Some(bits) => rsa::generate(bits),
        None if spec == KeySpec::EccNistEdwards25519 => ed25519::generate(),
        None => ec::generate(spec),
    }
}

/// Reads PKCS#8 of both versions.
///
/// Version 1 is kept byte for byte, since AWS KMS takes only the same bytes again at a later import; everything else is
/// written anew as OpenSSL writes it.
pub(crate) fn from_pkcs8(der: &[u8], spec: Option<KeySpec>) -> Result<KeyPair, KeyMaterialError> {
    let info = PrivateKeyInfoRef::from_der(der).map_err(|error| malformed("PKCS#8", &error))?;
    let algorithm = info.algorithm;
    let verbatim = (info.version() == Version::V1).then_some(der);
    let inner = info.private_key.as_bytes();
    let outer_public_key = info.public_key.as_ref().map(|key| key.raw_bytes());
    match algorithm.oid {
        rsa::OID => {
            // RFC 3279 section 2.3.1: the parameters are NULL.
            let verbatim = verbatim.filter(|_| algorithm.parameters == Some(AnyRef::NULL));
            rsa::read(inner, verbatim, spec)
        }
        ec::OID => {
            let curve = ec::named_curve(algorithm.parameters)?;
            ec::read(inner, Some(curve), outer_public_key, verbatim, spec)
        }
        ed25519::OID => ed25519::read(inner, outer_public_key, spec),
        other => Err(KeyMaterialError::Algorithm {
            algorithm: algorithm_name(other),
        }),
    }
}

/// Reads PKCS#1, RSA's own form.
pub(crate) fn from_pkcs1(der: &[u8], spec: Option<KeySpec>) -> Result<KeyPair, KeyMaterialError> {
    rsa::read(der, None, spec)
}

/// Reads SEC1, elliptic curve keys' own form.
pub(crate) fn from_sec1(der: &[u8], spec: Option<KeySpec>) -> Result<KeyPair, KeyMaterialError> {
    ec::read(der, None, None, None, spec)
}

/// Refuses a key of another spec than asked for.
fn expect_spec(found: KeySpec, expected: Option<KeySpec>) -> Result<(), KeyMaterialError> {
    match expected {
        Some(expected) if expected != found => Err(KeyMaterialError::Spec { expected, found }),
        _ => Ok(()),
    }
}

/// PrivateKeyInfo, version 1, around an algorithm's own private key structure.
fn pkcs8(
    algorithm: AlgorithmIdentifierRef<'_>,
    private_key: &[u8],
) -> Result<SecretBytes, KeyMaterialError> {
    let private_key =
        OctetStringRef::new(private_key).map_err(|error| malformed("PKCS#8", &error))?;
    encode_secret(&PrivateKeyInfoRef::new(algorithm, private_key))
}

/// SubjectPublicKeyInfo around an algorithm's own public key structure.
fn spki(
    algorithm: AlgorithmIdentifierRef<'_>,
    public_key: &[u8],
) -> Result<Vec<u8>, KeyMaterialError> {
    BitStringRef::from_bytes(public_key)
        .and_then(|subject_public_key| {
            SubjectPublicKeyInfoRef {
                algorithm,
                subject_public_key,
            }
            .to_der()
        })
        .map_err(|error| malformed("PKCS#8", &error))
}

/// The DER of `value` in memory fit for secrets.
fn encode_secret(value: &impl Encode) -> Result<SecretBytes, KeyMaterialError> {
    let encode = || {
        let len = usize::try_from(value.encoded_len()?)?;
        let mut bytes = SecretBytes::zeroed(len);
        value.encode_to_slice(bytes.as_mut_slice())?;
        Ok(bytes)
    };
    encode().map_err(|error: der::Error| malformed("PKCS#8", &error))
}

/// A DER error in words that hold nothing of the content. (`der`'s own words may quote a byte.)
fn malformed(format: &'static str, error: &der::Error) -> KeyMaterialError {
    let what = match error.kind() {
        ErrorKind::Incomplete { .. } => "it is cut short",
        ErrorKind::TrailingData { .. } => "more bytes follow where it should end",
        ErrorKind::TagUnexpected { .. } => "an element is of another type than expected",
        ErrorKind::Noncanonical { .. } | ErrorKind::IndefiniteLength => {
            "it is BER or damaged, not DER"
        }
        _ => "its DER encoding is broken",
    };
    let reason = match error.position() {
        Some(position) => format!("{what} (at byte {position})"),
        None => what.to_owned(),
    };
    KeyMaterialError::Malformed { format, reason }
}

/// The name of an algorithm that keys may be for, else its object identifier.
pub(crate) fn algorithm_name(oid: ObjectIdentifier) -> String {
    let text = oid.to_string();
    match text.as_str() {
        "1.2.840.113549.1.1.10" => "RSA-PSS only (RSASSA-PSS)",
        "1.2.840.113549.1.1.7" => "RSA-OAEP only (RSAES-OAEP)",
        "1.2.840.10040.4.1" => "DSA",
        "1.2.840.113549.1.3.1" | "1.2.840.10046.2.1" => "Diffie-Hellman",
        "1.3.101.110" => "X25519",
        "1.3.101.111" => "X448",
        "1.3.101.112" => "Ed25519",
        "1.3.101.113" => "Ed448",
        _ if text.starts_with("2.16.840.1.101.3.4.3.") => "ML-DSA or SLH-DSA",
        _ if text.starts_with("2.16.840.1.101.3.4.4.") => "ML-KEM",
        _ => return text,
    }
    .to_owned()
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests;
