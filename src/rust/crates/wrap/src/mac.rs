//! MACs by HMAC key material, to prove that AWS KMS holds the same key.

use std::fmt;

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Sha224, Sha256, Sha384, Sha512};

use crate::error::KeyMaterialError;
use crate::key_spec::KeySpec;
use crate::names::{self, NameError};

/// A MAC algorithm of AWS KMS (RFC 2104 with a hash of FIPS 180-4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MacAlgorithm {
    /// `HMAC_SHA_224`
    HmacSha224,
    /// `HMAC_SHA_256`
    HmacSha256,
    /// `HMAC_SHA_384`
    HmacSha384,
    /// `HMAC_SHA_512`
    HmacSha512,
}

impl MacAlgorithm {
    /// Every algorithm, in AWS' order.
    pub const ALL: [Self; 4] = [
        Self::HmacSha224,
        Self::HmacSha256,
        Self::HmacSha384,
        Self::HmacSha512,
    ];

    /// Reads AWS' name of a MAC algorithm.
    ///
    /// # Errors
    /// [`NameError::Unknown`] for every other name.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        names::parse("MAC algorithm", name, &Self::ALL, Self::as_str)
    }

    /// AWS' name of this algorithm.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::HmacSha224 => "HMAC_SHA_224",
            Self::HmacSha256 => "HMAC_SHA_256",
            Self::HmacSha384 => "HMAC_SHA_384",
            Self::HmacSha512 => "HMAC_SHA_512",
        }
    }

    /// The one algorithm AWS KMS uses with keys of this spec; `None` if they are not HMAC keys.
    pub fn of(spec: KeySpec) -> Option<Self> {
        match spec {
            KeySpec::Hmac224 => Some(Self::HmacSha224),
            KeySpec::Hmac256 => Some(Self::HmacSha256),
            KeySpec::Hmac384 => Some(Self::HmacSha384),
            KeySpec::Hmac512 => Some(Self::HmacSha512),
            _ => None,
        }
    }
}

impl fmt::Display for MacAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The MAC of `message` by `key`, which is of `spec`.
pub(crate) fn mac(
    key: &[u8],
    spec: KeySpec,
    message: &[u8],
    algorithm: MacAlgorithm,
) -> Result<Vec<u8>, KeyMaterialError> {
    match MacAlgorithm::of(spec) {
        None => Err(KeyMaterialError::NotAnHmacKey { spec }),
        Some(own) if own != algorithm => Err(KeyMaterialError::MacAlgorithm { spec, algorithm }),
        Some(MacAlgorithm::HmacSha224) => Ok(compute::<Hmac<Sha224>>(key, message)),
        Some(MacAlgorithm::HmacSha256) => Ok(compute::<Hmac<Sha256>>(key, message)),
        Some(MacAlgorithm::HmacSha384) => Ok(compute::<Hmac<Sha384>>(key, message)),
        Some(MacAlgorithm::HmacSha512) => Ok(compute::<Hmac<Sha512>>(key, message)),
    }
}

fn compute<M: Mac + KeyInit>(key: &[u8], message: &[u8]) -> Vec<u8> {
    <M as KeyInit>::new_from_slice(key)
        .expect("HMAC takes keys of every length")
        .chain_update(message)
        .finalize()
        .into_bytes()
        .to_vec()
}
