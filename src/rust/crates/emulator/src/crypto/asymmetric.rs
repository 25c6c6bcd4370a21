//! Private keys: made, checked on import, and their public halves. They are kept as PKCS#8 DER.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{
    KeySize, OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OaepAlgorithm, OaepPrivateDecryptingKey,
    OaepPublicEncryptingKey, PrivateDecryptingKey, PublicEncryptingKey,
};
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P256K1_SHA256_ASN1_SIGNING,
    ECDSA_P384_SHA384_ASN1_SIGNING, ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    EcdsaSigningAlgorithm, Ed25519KeyPair, KeyPair as _, ML_DSA_44_SIGNING, ML_DSA_65_SIGNING,
    ML_DSA_87_SIGNING, PqdsaKeyPair, PqdsaSigningAlgorithm,
};
use zeroize::Zeroizing;

use super::der::{PrivateKeyInfo, rsa_private_key_version};
use super::{Failed, Secret, kem};
use crate::spec::{EncryptionAlgorithm, KeySpec, RsaSize};

/// A private key as PKCS#8 DER and its public key as SubjectPublicKeyInfo DER.
#[derive(Debug)]
pub(crate) struct KeyPair {
    pub(crate) private_key: Secret,
    pub(crate) public_key: Vec<u8>,
}

impl KeyPair {
    /// A second holder of the same key: wrapping keys may be given out again.
    pub(crate) fn duplicate(&self) -> Self {
        Self {
            private_key: self.private_key.duplicate(),
            public_key: self.public_key.clone(),
        }
    }

    /// A new RSA key. Takes from tens of milliseconds (2048 bits) to seconds (4096).
    pub(crate) fn generate_rsa(size: RsaSize) -> Result<Self, Failed> {
        let size = match size {
            RsaSize::Bits2048 => KeySize::Rsa2048,
            RsaSize::Bits3072 => KeySize::Rsa3072,
            RsaSize::Bits4096 => KeySize::Rsa4096,
        };
        let key = PrivateDecryptingKey::generate(size)?;
        Ok(Self {
            private_key: Secret::new(AsDer::<Pkcs8V1Der<'_>>::as_der(&key)?.as_ref().to_vec()),
            public_key: der(&key.public_key())?,
        })
    }

    /// A new key of any other asymmetric spec.
    pub(crate) fn generate(spec: KeySpec) -> Result<Self, Failed> {
        if let Some(algorithm) = curve(spec) {
            let key = EcdsaKeyPair::generate(algorithm)?;
            return Ok(Self {
                private_key: Secret::new(key.to_pkcs8v1()?.as_ref().to_vec()),
                public_key: der(key.public_key())?,
            });
        }
        if spec == KeySpec::Ed25519 {
            let key = Ed25519KeyPair::generate()?;
            return Ok(Self {
                private_key: Secret::new(key.to_pkcs8v1()?.as_ref().to_vec()),
                public_key: der(key.public_key())?,
            });
        }
        if let Some(algorithm) = ml_dsa(spec) {
            let key = PqdsaKeyPair::generate(algorithm)?;
            return Ok(Self {
                private_key: Secret::new(key.to_pkcs8v1()?.as_ref().to_vec()),
                public_key: der(key.public_key())?,
            });
        }
        kem::generate(spec)
    }

    /// Checks that these bytes are a private key of the spec, as AWS wants it imported: unencrypted PKCS#8 DER, the curve by
    /// name, RSA with two primes and a modulus of the right size.
    pub(crate) fn import(spec: KeySpec, bytes: Zeroizing<Vec<u8>>) -> Result<Self, Failed> {
        let info = PrivateKeyInfo::parse(&bytes).ok_or(Failed)?;
        if info.algorithm != algorithm_identifier(spec).ok_or(Failed)? {
            return Err(Failed);
        }
        let public_key = match spec {
            KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => {
                let key = PrivateDecryptingKey::from_pkcs8(&bytes)?;
                let size = RsaSize::parse(spec.name()).ok_or(Failed)?;
                if key.key_size_bits() != size.bits()
                    || rsa_private_key_version(info.private_key) != Some(0)
                {
                    return Err(Failed);
                }
                der(&key.public_key())?
            }
            KeySpec::Ed25519 => {
                // RFC 8410, section 7: version 0 holds the private key alone.
                if info.version != 0 {
                    return Err(Failed);
                }
                der(Ed25519KeyPair::from_pkcs8(&bytes)?.public_key())?
            }
            _ => {
                let algorithm = curve(spec).ok_or(Failed)?;
                der(EcdsaKeyPair::from_pkcs8(algorithm, &bytes)?.public_key())?
            }
        };
        Ok(Self {
            private_key: bytes.into(),
            public_key,
        })
    }
}

/// How ECDSA keys of a spec sign, and what curve they are on.
pub(super) fn curve(spec: KeySpec) -> Option<&'static EcdsaSigningAlgorithm> {
    match spec {
        KeySpec::P256 => Some(&ECDSA_P256_SHA256_ASN1_SIGNING),
        KeySpec::P384 => Some(&ECDSA_P384_SHA384_ASN1_SIGNING),
        KeySpec::P521 => Some(&ECDSA_P521_SHA512_ASN1_SIGNING),
        KeySpec::P256K1 => Some(&ECDSA_P256K1_SHA256_ASN1_SIGNING),
        _ => None,
    }
}

/// How ML-DSA keys of a spec sign.
pub(super) fn ml_dsa(spec: KeySpec) -> Option<&'static PqdsaSigningAlgorithm> {
    match spec {
        KeySpec::MlDsa44 => Some(&ML_DSA_44_SIGNING),
        KeySpec::MlDsa65 => Some(&ML_DSA_65_SIGNING),
        KeySpec::MlDsa87 => Some(&ML_DSA_87_SIGNING),
        _ => None,
    }
}

/// Encrypts under an RSA public key.
pub(crate) fn oaep_encrypt(
    algorithm: EncryptionAlgorithm,
    public_key: &[u8],
    plaintext: &[u8],
) -> Result<Vec<u8>, Failed> {
    let key = OaepPublicEncryptingKey::new(PublicEncryptingKey::from_der(public_key)?)?;
    let mut ciphertext = vec![0; key.ciphertext_size()];
    let length = key
        .encrypt(oaep(algorithm)?, plaintext, &mut ciphertext, None)?
        .len();
    ciphertext.truncate(length);
    Ok(ciphertext)
}

/// Decrypts with an RSA private key.
pub(crate) fn oaep_decrypt(
    algorithm: EncryptionAlgorithm,
    private_key: &Secret,
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Failed> {
    let key = PrivateDecryptingKey::from_pkcs8(private_key.expose())?;
    let key = OaepPrivateDecryptingKey::new(key)?;
    let mut plaintext = Zeroizing::new(vec![0; key.min_output_size()]);
    let length = key
        .decrypt(oaep(algorithm)?, ciphertext, &mut plaintext, None)?
        .len();
    plaintext.truncate(length);
    Ok(plaintext)
}

/// How many bytes OAEP carries (RFC 8017, section 7.1.1): the modulus less two digests and two bytes.
pub(crate) fn oaep_capacity(algorithm: EncryptionAlgorithm, size: RsaSize) -> usize {
    let digest = match algorithm {
        EncryptionAlgorithm::OaepSha1 => 20,
        _ => 32,
    };
    size.bits() / 8 - 2 * digest - 2
}

fn oaep(algorithm: EncryptionAlgorithm) -> Result<&'static OaepAlgorithm, Failed> {
    match algorithm {
        EncryptionAlgorithm::OaepSha1 => Ok(&OAEP_SHA1_MGF1SHA1),
        EncryptionAlgorithm::OaepSha256 => Ok(&OAEP_SHA256_MGF1SHA256),
        EncryptionAlgorithm::Symmetric | EncryptionAlgorithm::Sm2Pke => Err(Failed),
    }
}

fn der(key: &impl AsDer<PublicKeyX509Der<'static>>) -> Result<Vec<u8>, Failed> {
    Ok(key.as_der()?.as_ref().to_vec())
}

/// The AlgorithmIdentifier a private key of the spec carries, DER encoded: RFC 8017 appendix A.1 for RSA, RFC 5480 with
/// a named curve, RFC 8410 for Ed25519.
fn algorithm_identifier(spec: KeySpec) -> Option<&'static [u8]> {
    Some(match spec {
        KeySpec::Rsa2048 | KeySpec::Rsa3072 | KeySpec::Rsa4096 => {
            b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00"
        }
        KeySpec::P256 => {
            b"\x30\x13\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07"
        }
        KeySpec::P384 => {
            b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x22"
        }
        KeySpec::P521 => {
            b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x23"
        }
        KeySpec::P256K1 => {
            b"\x30\x10\x06\x07\x2a\x86\x48\xce\x3d\x02\x01\x06\x05\x2b\x81\x04\x00\x0a"
        }
        KeySpec::Ed25519 => b"\x30\x05\x06\x03\x2b\x65\x70",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const CURVES: [KeySpec; 5] = [
        KeySpec::P256,
        KeySpec::P384,
        KeySpec::P521,
        KeySpec::P256K1,
        KeySpec::Ed25519,
    ];

    fn import(spec: KeySpec, bytes: &[u8]) -> Result<KeyPair, Failed> {
        KeyPair::import(spec, Zeroizing::new(bytes.to_vec()))
    }

    #[test]
    fn a_key_is_taken_for_its_own_spec_alone() {
        for made in CURVES {
            let pair = KeyPair::generate(made).expect("a key");
            for asked in CURVES {
                let imported = import(asked, pair.private_key.expose());
                assert_eq!(imported.is_ok(), asked == made, "{made:?} as {asked:?}");
                if let Ok(imported) = imported {
                    assert_eq!(imported.public_key, pair.public_key);
                }
            }
            assert!(import(KeySpec::Rsa2048, pair.private_key.expose()).is_err());
        }
    }

    #[test]
    fn an_rsa_key_of_another_size_is_refused() {
        let pair = KeyPair::generate_rsa(RsaSize::Bits2048).expect("a key");
        let private_key = pair.private_key.expose();
        assert!(import(KeySpec::Rsa2048, private_key).is_ok());
        assert!(import(KeySpec::Rsa3072, private_key).is_err());
        assert!(import(KeySpec::Rsa2048, &private_key[..private_key.len() - 1]).is_err());
    }

    #[test]
    fn ed25519_with_its_public_key_is_not_version_one() {
        let key = Ed25519KeyPair::generate().expect("a key");
        let version_two = key.to_pkcs8().expect("PKCS#8 v2");
        assert!(import(KeySpec::Ed25519, version_two.as_ref()).is_err());
    }

    #[test]
    fn oaep_carries_what_it_says_and_no_more() {
        let pair = KeyPair::generate_rsa(RsaSize::Bits2048).expect("a key");
        for algorithm in [
            EncryptionAlgorithm::OaepSha1,
            EncryptionAlgorithm::OaepSha256,
        ] {
            let capacity = oaep_capacity(algorithm, RsaSize::Bits2048);
            let message = vec![1; capacity];
            let sealed = oaep_encrypt(algorithm, &pair.public_key, &message).expect("it fits");
            let opened = oaep_decrypt(algorithm, &pair.private_key, &sealed).expect("it opens");
            assert_eq!(*opened, message);
            assert!(oaep_encrypt(algorithm, &pair.public_key, &vec![1; capacity + 1]).is_err());
        }
        assert_eq!(
            oaep_capacity(EncryptionAlgorithm::OaepSha1, RsaSize::Bits2048),
            214
        );
        assert_eq!(
            oaep_capacity(EncryptionAlgorithm::OaepSha256, RsaSize::Bits4096),
            446
        );
    }
}
