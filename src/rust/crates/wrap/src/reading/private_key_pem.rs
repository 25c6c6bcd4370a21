//! The private key among the blocks of a PEM file.

use zeroize::Zeroizing;

use crate::error::{Found, KeyMaterialError};
use crate::pem::{self, Block, PemError};

/// The DER of the one private key in `bytes`, encrypted or not.
pub(super) fn decode(bytes: &[u8]) -> Result<Zeroizing<Vec<u8>>, KeyMaterialError> {
    let blocks = pem::blocks(bytes)?;
    let keys: Vec<&Block<'_>> = blocks.iter().filter(|block| is_key(block)).collect();
    match (keys.as_slice(), blocks.first()) {
        ([key], _) if key.is_legacy_encrypted() => Err(KeyMaterialError::NotAPrivateKey {
            found: Found::LegacyEncryptedPem,
        }),
        ([key], _) => Ok(key.decode()?),
        ([], Some(first)) => Err(KeyMaterialError::NotAPrivateKey {
            found: found(first),
        }),
        ([], None) => Err(PemError("its BEGIN line is cut short").into()),
        (keys, _) => Err(KeyMaterialError::SeveralKeys { count: keys.len() }),
    }
}

/// Whether the block's label promises a key; what it really holds is decided by its content.
fn is_key(block: &Block<'_>) -> bool {
    matches!(
        block.label,
        b"PRIVATE KEY"
            | b"ENCRYPTED PRIVATE KEY"
            | b"RSA PRIVATE KEY"
            | b"EC PRIVATE KEY"
            | b"SM2 PRIVATE KEY"
            | b"DSA PRIVATE KEY"
            | b"CMS"
    )
}

/// What a block that is no private key is.
fn found(block: &Block<'_>) -> Found {
    match block.label {
        b"PUBLIC KEY" | b"RSA PUBLIC KEY" => Found::PublicKey,
        b"CERTIFICATE" | b"X509 CERTIFICATE" | b"TRUSTED CERTIFICATE" => Found::Certificate,
        b"CERTIFICATE REQUEST" | b"NEW CERTIFICATE REQUEST" => Found::CertificateRequest,
        b"OPENSSH PRIVATE KEY" => Found::OpenSshKey,
        label if label.ends_with(b" PARAMETERS") => Found::Parameters,
        label if label.starts_with(b"PGP ") => Found::OpenPgp,
        label if label.starts_with(b"SSH2 ") => Found::SshPublicKey,
        _ => Found::OtherPem,
    }
}

impl From<PemError> for KeyMaterialError {
    fn from(PemError(reason): PemError) -> Self {
        Self::Pem { reason }
    }
}
