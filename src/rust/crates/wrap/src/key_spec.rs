//! Key specs: the kinds of keys whose material can be imported into AWS KMS.

use std::fmt;
use std::ops::RangeInclusive;

use crate::algorithm::WrappingAlgorithm;
use crate::names::{self, NameError};

/// A KMS key spec whose key material can be imported.
///
/// Source: AWS KMS Developer Guide, "Requirements for imported key material".
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeySpec {
    /// `SYMMETRIC_DEFAULT`: a 256-bit AES key, 32 bytes.
    SymmetricDefault,
    /// `SYMMETRIC_DEFAULT` in the China Regions: a 128-bit SM4 key, 16 bytes. AWS has one name for both; see
    /// [`KeySpec::in_china`].
    SymmetricDefaultChina,
    /// `HMAC_224`: 28 to 128 bytes.
    Hmac224,
    /// `HMAC_256`: 32 to 128 bytes.
    Hmac256,
    /// `HMAC_384`: 48 to 128 bytes.
    Hmac384,
    /// `HMAC_512`: 64 to 128 bytes.
    Hmac512,
    /// `RSA_2048`: PKCS#8 DER.
    Rsa2048,
    /// `RSA_3072`: PKCS#8 DER.
    Rsa3072,
    /// `RSA_4096`: PKCS#8 DER.
    Rsa4096,
    /// `ECC_NIST_P256`: PKCS#8 DER, named curve.
    EccNistP256,
    /// `ECC_NIST_P384`: PKCS#8 DER, named curve.
    EccNistP384,
    /// `ECC_NIST_P521`: PKCS#8 DER, named curve.
    EccNistP521,
    /// `ECC_SECG_P256K1`: PKCS#8 DER, named curve.
    EccSecgP256k1,
    /// `ECC_NIST_EDWARDS25519`: PKCS#8 version 1 DER, 48 bytes.
    EccNistEdwards25519,
    /// `SM2`: PKCS#8 DER, named curve; China Regions only.
    Sm2,
}

impl KeySpec {
    /// Every spec, [`KeySpec::SymmetricDefaultChina`] next to its namesake.
    pub const ALL: [Self; 15] = [
        Self::SymmetricDefault,
        Self::SymmetricDefaultChina,
        Self::Hmac224,
        Self::Hmac256,
        Self::Hmac384,
        Self::Hmac512,
        Self::Rsa2048,
        Self::Rsa3072,
        Self::Rsa4096,
        Self::EccNistP256,
        Self::EccNistP384,
        Self::EccNistP521,
        Self::EccSecgP256k1,
        Self::EccNistEdwards25519,
        Self::Sm2,
    ];

    /// Reads AWS' name of a key spec.
    ///
    /// `SYMMETRIC_DEFAULT` is read as it is meant outside China; see [`KeySpec::in_china`].
    ///
    /// # Errors
    /// [`NameError::NotImportable`] for `ML_DSA_*` and `ML_KEM_*`, [`NameError::Unknown`] for everything else that is
    /// not an importable key spec.
    pub fn parse(name: &str) -> Result<Self, NameError> {
        let all = Self::ALL.map(Self::outside_china);
        let unique: Vec<Self> = all
            .iter()
            .enumerate()
            .filter(|(i, spec)| !all[..*i].contains(spec))
            .map(|(_, &spec)| spec)
            .collect();
        names::parse("key spec", name, &unique, Self::as_str).map_err(|error| match error {
            NameError::Unknown { given, known, .. }
                if given.starts_with("ML_DSA_") || given.starts_with("ML_KEM_") =>
            {
                NameError::NotImportable { given, known }
            }
            other => other,
        })
    }

    /// AWS' name of this key spec.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::SymmetricDefault | Self::SymmetricDefaultChina => "SYMMETRIC_DEFAULT",
            Self::Hmac224 => "HMAC_224",
            Self::Hmac256 => "HMAC_256",
            Self::Hmac384 => "HMAC_384",
            Self::Hmac512 => "HMAC_512",
            Self::Rsa2048 => "RSA_2048",
            Self::Rsa3072 => "RSA_3072",
            Self::Rsa4096 => "RSA_4096",
            Self::EccNistP256 => "ECC_NIST_P256",
            Self::EccNistP384 => "ECC_NIST_P384",
            Self::EccNistP521 => "ECC_NIST_P521",
            Self::EccSecgP256k1 => "ECC_SECG_P256K1",
            Self::EccNistEdwards25519 => "ECC_NIST_EDWARDS25519",
            Self::Sm2 => "SM2",
        }
    }

    /// What this spec means in the China Regions: there `SYMMETRIC_DEFAULT` is a 128-bit SM4 key.
    #[must_use]
    pub fn in_china(self) -> Self {
        match self {
            Self::SymmetricDefault => Self::SymmetricDefaultChina,
            other => other,
        }
    }

    /// Whether keys of this spec exist in the China Regions only.
    pub fn is_china_only(self) -> bool {
        matches!(self, Self::SymmetricDefaultChina | Self::Sm2)
    }

    /// Whether this is a symmetric encryption key: raw bytes.
    pub fn is_symmetric(self) -> bool {
        matches!(self, Self::SymmetricDefault | Self::SymmetricDefaultChina)
    }

    /// Whether this is an HMAC key: raw bytes.
    pub fn is_hmac(self) -> bool {
        matches!(
            self,
            Self::Hmac224 | Self::Hmac256 | Self::Hmac384 | Self::Hmac512
        )
    }

    /// Whether this is an RSA key pair.
    pub fn is_rsa(self) -> bool {
        self.rsa_bits().is_some()
    }

    /// Whether this is a key pair, imported as the private key in PKCS#8 DER.
    pub fn is_asymmetric(self) -> bool {
        !self.is_symmetric() && !self.is_hmac()
    }

    /// The key usages AWS KMS allows for keys of this spec, the usual one first.
    pub fn key_usages(self) -> &'static [&'static str] {
        match self {
            Self::SymmetricDefault | Self::SymmetricDefaultChina => &["ENCRYPT_DECRYPT"],
            Self::Hmac224 | Self::Hmac256 | Self::Hmac384 | Self::Hmac512 => {
                &["GENERATE_VERIFY_MAC"]
            }
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => &["SIGN_VERIFY", "ENCRYPT_DECRYPT"],
            Self::EccNistP256 | Self::EccNistP384 | Self::EccNistP521 => {
                &["SIGN_VERIFY", "KEY_AGREEMENT"]
            }
            Self::EccSecgP256k1 | Self::EccNistEdwards25519 => &["SIGN_VERIFY"],
            Self::Sm2 => &["SIGN_VERIFY", "ENCRYPT_DECRYPT", "KEY_AGREEMENT"],
        }
    }

    /// The usual key usage for keys of this spec.
    pub fn default_key_usage(self) -> &'static str {
        self.key_usages()[0]
    }

    /// The algorithms AWS KMS accepts for wrapping material of this spec, best first, outside or in the China Regions.
    /// Empty if keys of this spec do not exist there.
    pub fn wrapping_algorithms(self, china: bool) -> &'static [WrappingAlgorithm] {
        use WrappingAlgorithm::{
            RsaAesKeyWrapSha1, RsaAesKeyWrapSha256, RsaesOaepSha1, RsaesOaepSha256, Sm2Pke,
        };
        match (self, china) {
            (Self::SymmetricDefault, true) | (Self::SymmetricDefaultChina | Self::Sm2, false) => {
                &[]
            }
            (Self::SymmetricDefault, false) | (Self::SymmetricDefaultChina, true) => {
                &[RsaesOaepSha256, RsaesOaepSha1]
            }
            (Self::Hmac224 | Self::Hmac256 | Self::Hmac384 | Self::Hmac512, _) => {
                &[RsaesOaepSha256, RsaesOaepSha1]
            }
            (Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096, false) => {
                &[RsaAesKeyWrapSha256, RsaAesKeyWrapSha1]
            }
            (Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096, true) => &[Sm2Pke],
            (
                Self::EccNistP256
                | Self::EccNistP384
                | Self::EccNistP521
                | Self::EccSecgP256k1
                | Self::EccNistEdwards25519,
                false,
            ) => &[
                RsaAesKeyWrapSha256,
                RsaAesKeyWrapSha1,
                RsaesOaepSha256,
                RsaesOaepSha1,
            ],
            (
                Self::EccNistP256
                | Self::EccNistP384
                | Self::EccNistP521
                | Self::EccSecgP256k1
                | Self::EccNistEdwards25519
                | Self::Sm2,
                true,
            ) => &[RsaesOaepSha256, RsaesOaepSha1, Sm2Pke],
        }
    }

    /// How many raw bytes a symmetric or HMAC key of this spec has; `None` for key pairs.
    pub fn raw_lengths(self) -> Option<RangeInclusive<usize>> {
        match self {
            Self::SymmetricDefault => Some(32..=32),
            Self::SymmetricDefaultChina => Some(16..=16),
            Self::Hmac224 => Some(28..=128),
            Self::Hmac256 => Some(32..=128),
            Self::Hmac384 => Some(48..=128),
            Self::Hmac512 => Some(64..=128),
            _ => None,
        }
    }

    /// The size of the modulus, for RSA specs.
    pub(crate) fn rsa_bits(self) -> Option<u32> {
        match self {
            Self::Rsa2048 => Some(2048),
            Self::Rsa3072 => Some(3072),
            Self::Rsa4096 => Some(4096),
            _ => None,
        }
    }

    /// The RSA spec with a modulus of this size.
    pub(crate) fn from_rsa_bits(bits: u32) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|spec| spec.rsa_bits() == Some(bits))
    }

    fn outside_china(self) -> Self {
        match self {
            Self::SymmetricDefaultChina => Self::SymmetricDefault,
            other => other,
        }
    }
}

impl fmt::Display for KeySpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())?;
        if *self == Self::SymmetricDefaultChina {
            f.write_str(" (SM4, China Regions)")?;
        }
        Ok(())
    }
}
