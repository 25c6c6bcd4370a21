//! Wrapping algorithms and wrapping key specs: the two words of GetParametersForImport.

use std::fmt;

use crate::names::{self, NameError};

/// How key material is encrypted for its way to AWS KMS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WrappingAlgorithm {
    /// `RSAES_PKCS1_V1_5` (RFC 8017 section 7.2). AWS KMS has refused it since 2023-10-10.
    RsaesPkcs1V15,
    /// `RSAES_OAEP_SHA_1` (RFC 8017 section 7.1), MGF1 with SHA-1, empty label.
    RsaesOaepSha1,
    /// `RSAES_OAEP_SHA_256` (RFC 8017 section 7.1), MGF1 with SHA-256, empty label.
    RsaesOaepSha256,
    /// `RSA_AES_KEY_WRAP_SHA_1`: a fresh AES-256 key by OAEP with SHA-1, then the material under that key by AES key
    /// wrap with padding (RFC 5649).
    RsaAesKeyWrapSha1,
    /// `RSA_AES_KEY_WRAP_SHA_256`: the same with SHA-256.
    RsaAesKeyWrapSha256,
    /// `SM2PKE` (GM/T 0003.4-2012), as DER in the order C1, C3, C2; China Regions only.
    Sm2Pke,
}

impl WrappingAlgorithm {
    /// Every algorithm, in AWS' order.
    pub const ALL: [Self; 6] = [
        Self::RsaesPkcs1V15,
        Self::RsaesOaepSha1,
        Self::RsaesOaepSha256,
        Self::RsaAesKeyWrapSha1,
        Self::RsaAesKeyWrapSha256,
        Self::Sm2Pke,
    ];

    /// Reads AWS' name of a wrapping algorithm.
    ///
    /// # Errors
    /// [`NameError::Unknown`] for every other name.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        names::parse("wrapping algorithm", name, &Self::ALL, Self::as_str)
    }

    /// AWS' name of this algorithm.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::RsaesPkcs1V15 => "RSAES_PKCS1_V1_5",
            Self::RsaesOaepSha1 => "RSAES_OAEP_SHA_1",
            Self::RsaesOaepSha256 => "RSAES_OAEP_SHA_256",
            Self::RsaAesKeyWrapSha1 => "RSA_AES_KEY_WRAP_SHA_1",
            Self::RsaAesKeyWrapSha256 => "RSA_AES_KEY_WRAP_SHA_256",
            Self::Sm2Pke => "SM2PKE",
        }
    }

    /// Whether the material is encrypted directly by RSA-OAEP.
    pub fn is_oaep(self) -> bool {
        matches!(self, Self::RsaesOaepSha1 | Self::RsaesOaepSha256)
    }

    /// Whether the material is encrypted under a temporary AES key.
    pub fn is_rsa_aes(self) -> bool {
        matches!(self, Self::RsaAesKeyWrapSha1 | Self::RsaAesKeyWrapSha256)
    }

    /// Whether this algorithm works under wrapping keys of this spec at all.
    pub fn fits(self, key: WrappingKeySpec) -> bool {
        (self == Self::Sm2Pke) == (key == WrappingKeySpec::Sm2)
    }

    /// The most bytes this algorithm carries under a wrapping key of this spec; `None` if there is no practical limit.
    pub fn max_len(self, key: WrappingKeySpec) -> Option<usize> {
        let k = key.modulus_len()?;
        match self {
            // RFC 8017 section 7.2.1, step 1.
            Self::RsaesPkcs1V15 => Some(k - 11),
            // RFC 8017 section 7.1.1, step 1b: k - 2 hLen - 2.
            Self::RsaesOaepSha1 => Some(k - 2 * 20 - 2),
            Self::RsaesOaepSha256 => Some(k - 2 * 32 - 2),
            Self::RsaAesKeyWrapSha1 | Self::RsaAesKeyWrapSha256 | Self::Sm2Pke => None,
        }
    }
}

impl fmt::Display for WrappingAlgorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The kind of public key AWS KMS hands out for wrapping.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum WrappingKeySpec {
    /// `RSA_2048`
    Rsa2048,
    /// `RSA_3072`
    Rsa3072,
    /// `RSA_4096`
    Rsa4096,
    /// `SM2`, China Regions only.
    Sm2,
}

impl WrappingKeySpec {
    /// Every wrapping key spec, in AWS' order.
    pub const ALL: [Self; 4] = [Self::Rsa2048, Self::Rsa3072, Self::Rsa4096, Self::Sm2];

    /// Reads AWS' name of a wrapping key spec.
    ///
    /// # Errors
    /// [`NameError::Unknown`] for every other name.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        names::parse("wrapping key spec", name, &Self::ALL, Self::as_str)
    }

    /// AWS' name of this wrapping key spec.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rsa2048 => "RSA_2048",
            Self::Rsa3072 => "RSA_3072",
            Self::Rsa4096 => "RSA_4096",
            Self::Sm2 => "SM2",
        }
    }

    /// The length of the modulus in bytes, RFC 8017's k; `None` for SM2.
    fn modulus_len(self) -> Option<usize> {
        match self {
            Self::Rsa2048 => Some(256),
            Self::Rsa3072 => Some(384),
            Self::Rsa4096 => Some(512),
            Self::Sm2 => None,
        }
    }
}

impl fmt::Display for WrappingKeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
