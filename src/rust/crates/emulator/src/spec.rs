//! What each key spec can be and do: usages, algorithms, and the ways its material may be wrapped for import.

macro_rules! names {
    ($(#[$meta:meta])* $type:ident { $($variant:ident = $name:literal,)+ }) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, ::serde::Serialize, ::serde::Deserialize)]
        pub(crate) enum $type {
            $(#[serde(rename = $name)] $variant,)+
        }

        #[allow(dead_code, reason = "not every list of names is both read and written")]
        impl $type {
            /// Every value, in the order AWS lists them.
            pub(crate) const NAMES: &[&str] = &[$($name),+];

            /// The name on the wire.
            pub(crate) fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)+ }
            }

            pub(crate) fn parse(name: &str) -> Option<Self> {
                match name { $($name => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}
pub(crate) use names;

names! {
    /// The kind of key material a key holds.
    KeySpec {
        Rsa2048 = "RSA_2048",
        Rsa3072 = "RSA_3072",
        Rsa4096 = "RSA_4096",
        P256 = "ECC_NIST_P256",
        P384 = "ECC_NIST_P384",
        P521 = "ECC_NIST_P521",
        P256K1 = "ECC_SECG_P256K1",
        Symmetric = "SYMMETRIC_DEFAULT",
        Hmac224 = "HMAC_224",
        Hmac256 = "HMAC_256",
        Hmac384 = "HMAC_384",
        Hmac512 = "HMAC_512",
        Sm2 = "SM2",
        MlDsa44 = "ML_DSA_44",
        MlDsa65 = "ML_DSA_65",
        MlDsa87 = "ML_DSA_87",
        Ed25519 = "ECC_NIST_EDWARDS25519",
        MlKem512 = "ML_KEM_512",
        MlKem768 = "ML_KEM_768",
        MlKem1024 = "ML_KEM_1024",
    }
}

names! {
    /// What a key is for.
    KeyUsage {
        SignVerify = "SIGN_VERIFY",
        EncryptDecrypt = "ENCRYPT_DECRYPT",
        GenerateVerifyMac = "GENERATE_VERIFY_MAC",
        KeyAgreement = "KEY_AGREEMENT",
        EncapsulateDecapsulate = "ENCAPSULATE_DECAPSULATE",
    }
}

names! {
    /// Where a key's material comes from.
    Origin {
        AwsKms = "AWS_KMS",
        External = "EXTERNAL",
        CloudHsm = "AWS_CLOUDHSM",
        ExternalKeyStore = "EXTERNAL_KEY_STORE",
    }
}

names! {
    /// How key material is wrapped for its journey.
    WrappingAlgorithm {
        Pkcs1 = "RSAES_PKCS1_V1_5",
        OaepSha1 = "RSAES_OAEP_SHA_1",
        OaepSha256 = "RSAES_OAEP_SHA_256",
        RsaAesSha1 = "RSA_AES_KEY_WRAP_SHA_1",
        RsaAesSha256 = "RSA_AES_KEY_WRAP_SHA_256",
        Sm2Pke = "SM2PKE",
    }
}

names! {
    /// The size of an RSA key.
    RsaSize {
        Bits2048 = "RSA_2048",
        Bits3072 = "RSA_3072",
        Bits4096 = "RSA_4096",
    }
}

names! {
    EncryptionAlgorithm {
        Symmetric = "SYMMETRIC_DEFAULT",
        OaepSha1 = "RSAES_OAEP_SHA_1",
        OaepSha256 = "RSAES_OAEP_SHA_256",
        Sm2Pke = "SM2PKE",
    }
}

names! {
    MacAlgorithm {
        Sha224 = "HMAC_SHA_224",
        Sha256 = "HMAC_SHA_256",
        Sha384 = "HMAC_SHA_384",
        Sha512 = "HMAC_SHA_512",
    }
}

names! {
    SigningAlgorithm {
        PssSha256 = "RSASSA_PSS_SHA_256",
        PssSha384 = "RSASSA_PSS_SHA_384",
        PssSha512 = "RSASSA_PSS_SHA_512",
        Pkcs1Sha256 = "RSASSA_PKCS1_V1_5_SHA_256",
        Pkcs1Sha384 = "RSASSA_PKCS1_V1_5_SHA_384",
        Pkcs1Sha512 = "RSASSA_PKCS1_V1_5_SHA_512",
        EcdsaSha256 = "ECDSA_SHA_256",
        EcdsaSha384 = "ECDSA_SHA_384",
        EcdsaSha512 = "ECDSA_SHA_512",
        Sm2Dsa = "SM2DSA",
        MlDsaShake256 = "ML_DSA_SHAKE_256",
        Ed25519Sha512 = "ED25519_SHA_512",
        Ed25519PhSha512 = "ED25519_PH_SHA_512",
    }
}

/// Specs of one nature are handled alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Family {
    Symmetric,
    Hmac(MacAlgorithm),
    Rsa(RsaSize),
    /// ECDSA and, on the NIST curves, ECDH.
    EllipticCurve,
    Ed25519,
    MlDsa,
    MlKem,
    Sm2,
}

impl KeySpec {
    pub(crate) fn family(self) -> Family {
        match self {
            Self::Symmetric => Family::Symmetric,
            Self::Hmac224 => Family::Hmac(MacAlgorithm::Sha224),
            Self::Hmac256 => Family::Hmac(MacAlgorithm::Sha256),
            Self::Hmac384 => Family::Hmac(MacAlgorithm::Sha384),
            Self::Hmac512 => Family::Hmac(MacAlgorithm::Sha512),
            Self::Rsa2048 => Family::Rsa(RsaSize::Bits2048),
            Self::Rsa3072 => Family::Rsa(RsaSize::Bits3072),
            Self::Rsa4096 => Family::Rsa(RsaSize::Bits4096),
            Self::P256 | Self::P384 | Self::P521 | Self::P256K1 => Family::EllipticCurve,
            Self::Ed25519 => Family::Ed25519,
            Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => Family::MlDsa,
            Self::MlKem512 | Self::MlKem768 | Self::MlKem1024 => Family::MlKem,
            Self::Sm2 => Family::Sm2,
        }
    }

    pub(crate) fn is_symmetric(self) -> bool {
        self == Self::Symmetric
    }

    /// Whether there is a public key to give out.
    pub(crate) fn has_public_key(self) -> bool {
        !matches!(self.family(), Family::Symmetric | Family::Hmac(_))
    }

    /// The older `CustomerMasterKeySpec` member carries the spec as well, for the specs of its time.
    pub(crate) fn usages(self) -> &'static [KeyUsage] {
        match self.family() {
            Family::Symmetric => &[KeyUsage::EncryptDecrypt],
            Family::Hmac(_) => &[KeyUsage::GenerateVerifyMac],
            Family::Rsa(_) => &[KeyUsage::SignVerify, KeyUsage::EncryptDecrypt],
            Family::EllipticCurve if self == Self::P256K1 => &[KeyUsage::SignVerify],
            Family::EllipticCurve => &[KeyUsage::SignVerify, KeyUsage::KeyAgreement],
            Family::Ed25519 | Family::MlDsa => &[KeyUsage::SignVerify],
            Family::MlKem => &[KeyUsage::EncapsulateDecapsulate],
            Family::Sm2 => &[
                KeyUsage::SignVerify,
                KeyUsage::EncryptDecrypt,
                KeyUsage::KeyAgreement,
            ],
        }
    }

    pub(crate) fn encryption_algorithms(self) -> &'static [EncryptionAlgorithm] {
        match self.family() {
            Family::Symmetric => &[EncryptionAlgorithm::Symmetric],
            Family::Rsa(_) => &[
                EncryptionAlgorithm::OaepSha1,
                EncryptionAlgorithm::OaepSha256,
            ],
            Family::Sm2 => &[EncryptionAlgorithm::Sm2Pke],
            _ => &[],
        }
    }

    pub(crate) fn signing_algorithms(self) -> &'static [SigningAlgorithm] {
        use SigningAlgorithm::*;
        match self {
            Self::Rsa2048 | Self::Rsa3072 | Self::Rsa4096 => &[
                Pkcs1Sha256,
                Pkcs1Sha384,
                Pkcs1Sha512,
                PssSha256,
                PssSha384,
                PssSha512,
            ],
            Self::P256 | Self::P256K1 => &[EcdsaSha256],
            Self::P384 => &[EcdsaSha384],
            Self::P521 => &[EcdsaSha512],
            Self::Ed25519 => &[Ed25519Sha512, Ed25519PhSha512],
            Self::MlDsa44 | Self::MlDsa65 | Self::MlDsa87 => &[MlDsaShake256],
            Self::Sm2 => &[Sm2Dsa],
            _ => &[],
        }
    }

    pub(crate) fn mac_algorithm(self) -> Option<MacAlgorithm> {
        match self.family() {
            Family::Hmac(algorithm) => Some(algorithm),
            _ => None,
        }
    }

    /// Whether AWS lets material of this spec be imported at all.
    pub(crate) fn is_importable(self) -> bool {
        !matches!(self.family(), Family::MlDsa | Family::MlKem)
    }

    /// Whether material of this spec may travel wrapped this way under a wrapping key of this size.
    pub(crate) fn accepts_wrapping(self, algorithm: WrappingAlgorithm, size: RsaSize) -> bool {
        use WrappingAlgorithm::*;
        let oaep = matches!(algorithm, OaepSha1 | OaepSha256);
        let rsa_aes = matches!(algorithm, RsaAesSha1 | RsaAesSha256);
        match self.family() {
            Family::Symmetric | Family::Hmac(_) => oaep,
            Family::Rsa(_) => rsa_aes,
            // A P-521 key is longer than OAEP under 2048 bits can carry.
            Family::EllipticCurve if self == Self::P521 && size == RsaSize::Bits2048 => rsa_aes,
            Family::EllipticCurve | Family::Ed25519 => oaep || rsa_aes,
            Family::MlDsa | Family::MlKem | Family::Sm2 => false,
        }
    }
}

impl MacAlgorithm {
    /// The least and the greatest number of bytes AWS takes as a key for this algorithm.
    pub(crate) fn key_lengths(self) -> std::ops::RangeInclusive<usize> {
        let least = match self {
            Self::Sha224 => 28,
            Self::Sha256 => 32,
            Self::Sha384 => 48,
            Self::Sha512 => 64,
        };
        least..=128
    }
}

impl RsaSize {
    pub(crate) fn bits(self) -> usize {
        match self {
            Self::Bits2048 => 2048,
            Self::Bits3072 => 3072,
            Self::Bits4096 => 4096,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_is_read_back() {
        for name in KeySpec::NAMES {
            assert_eq!(KeySpec::parse(name).map(KeySpec::name), Some(*name));
        }
        assert_eq!(KeySpec::parse("RSA_1024"), None);
    }

    #[test]
    fn wrapping_follows_the_documented_table() {
        use WrappingAlgorithm::*;
        let all = [
            Pkcs1,
            OaepSha1,
            OaepSha256,
            RsaAesSha1,
            RsaAesSha256,
            Sm2Pke,
        ];
        let accepted = |spec: KeySpec, size| {
            all.into_iter()
                .filter(|algorithm| spec.accepts_wrapping(*algorithm, size))
                .collect::<Vec<_>>()
        };
        let oaep = vec![OaepSha1, OaepSha256];
        let rsa_aes = vec![RsaAesSha1, RsaAesSha256];
        let both = vec![OaepSha1, OaepSha256, RsaAesSha1, RsaAesSha256];
        assert_eq!(accepted(KeySpec::Symmetric, RsaSize::Bits2048), oaep);
        assert_eq!(accepted(KeySpec::Hmac512, RsaSize::Bits4096), oaep);
        assert_eq!(accepted(KeySpec::Rsa2048, RsaSize::Bits4096), rsa_aes);
        assert_eq!(accepted(KeySpec::P256, RsaSize::Bits2048), both);
        assert_eq!(accepted(KeySpec::P521, RsaSize::Bits2048), rsa_aes);
        assert_eq!(accepted(KeySpec::P521, RsaSize::Bits3072), both);
        assert_eq!(accepted(KeySpec::Ed25519, RsaSize::Bits2048), both);
        assert!(accepted(KeySpec::MlDsa65, RsaSize::Bits4096).is_empty());
    }
}
