//! The public key that AWS KMS hands out for wrapping.

use der::Decode;
use der::asn1::{AnyRef, ObjectIdentifier};
use pkcs1::RsaPublicKeyRef;
use spki::SubjectPublicKeyInfoRef;

use crate::algorithm::WrappingKeySpec;
use crate::form::{self, Form};
use crate::keys;
use crate::pem::{self, PemError};
use crate::reading;
use crate::wrap_error::{NotAPublicKey, WrapError};

/// A wrapping public key, parsed and known to be of a [`WrappingKeySpec`].
#[derive(Debug, Clone)]
pub struct WrappingPublicKey {
    pub(crate) key: Key,
    spec: WrappingKeySpec,
}

#[derive(Debug, Clone)]
pub(crate) enum Key {
    Rsa(rsa::PublicKey),
    Sm2(sm2::PublicKey),
}

impl WrappingPublicKey {
    /// Reads a SubjectPublicKeyInfo (RFC 5280 section 4.1), in DER as GetParametersForImport answers it, or in PEM.
    ///
    /// # Errors
    /// [`WrapError::NotAPublicKey`], [`WrapError::KeyType`] or [`WrapError::KeySize`].
    pub fn parse(bytes: &[u8]) -> Result<Self, WrapError> {
        if pem::is_pem(bytes) {
            let blocks = pem::blocks(bytes)?;
            let block = match blocks.as_slice() {
                [block] => block,
                _ => return Err(WrapError::NotAPublicKey(NotAPublicKey::SeveralPemBlocks)),
            };
            return match NotAPublicKey::by_label(block.label) {
                None => Self::from_der(&block.decode()?),
                Some(other) => Err(WrapError::NotAPublicKey(other)),
            };
        }
        Self::from_der(bytes)
    }

    /// Its kind, in AWS' words.
    pub fn spec(&self) -> WrappingKeySpec {
        self.spec
    }

    fn from_der(der: &[u8]) -> Result<Self, WrapError> {
        let info = SubjectPublicKeyInfoRef::from_der(der)
            .map_err(|_| WrapError::NotAPublicKey(NotAPublicKey::by_content(der)))?;
        let broken = || WrapError::NotAPublicKey(NotAPublicKey::Broken);
        let public_key = info.subject_public_key.as_bytes().ok_or_else(broken)?;
        match info.algorithm.oid {
            RSA_ENCRYPTION => {
                let key = RsaPublicKeyRef::from_der(public_key).map_err(|_| broken())?;
                rsa_key(key)
            }
            EC_PUBLIC_KEY if names_sm2(info.algorithm.parameters) => {
                let key = sm2::PublicKey::from_sec1_bytes(public_key).map_err(|_| broken())?;
                Ok(Self {
                    key: Key::Sm2(key),
                    spec: WrappingKeySpec::Sm2,
                })
            }
            EC_PUBLIC_KEY => Err(WrapError::KeyType {
                algorithm: "elliptic curve cryptography".to_owned(),
            }),
            other => Err(WrapError::KeyType {
                algorithm: keys::algorithm_name(other),
            }),
        }
    }
}

fn rsa_key(key: RsaPublicKeyRef<'_>) -> Result<WrappingPublicKey, WrapError> {
    // UintRef has no leading zeros.
    let modulus = key.modulus.as_bytes();
    let leading = modulus.first().map_or(0, |byte| byte.leading_zeros());
    let bits = modulus.len() * 8 - leading as usize;
    let spec = match bits {
        2048 => WrappingKeySpec::Rsa2048,
        3072 => WrappingKeySpec::Rsa3072,
        4096 => WrappingKeySpec::Rsa4096,
        bits => return Err(WrapError::KeySize { bits }),
    };
    let key = rsa::PublicKey::try_from(key)
        .map_err(|_| WrapError::NotAPublicKey(NotAPublicKey::Broken))?;
    Ok(WrappingPublicKey {
        key: Key::Rsa(key),
        spec,
    })
}

const RSA_ENCRYPTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const EC_PUBLIC_KEY: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");
const SM2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.156.10197.1.301");

fn names_sm2(parameters: Option<AnyRef<'_>>) -> bool {
    parameters.is_some_and(|parameters| parameters.decode_as() == Ok(SM2))
}

impl NotAPublicKey {
    /// What a PEM block is by its label; `None` if that is a public key.
    fn by_label(label: &[u8]) -> Option<Self> {
        match label {
            b"PUBLIC KEY" => None,
            b"RSA PUBLIC KEY" => Some(Self::Pkcs1),
            b"CERTIFICATE" | b"X509 CERTIFICATE" | b"TRUSTED CERTIFICATE" => {
                Some(Self::Certificate)
            }
            label if label.ends_with(b"PRIVATE KEY") => Some(Self::PrivateKey),
            _ => Some(Self::Other),
        }
    }

    /// What bytes are that are not a SubjectPublicKeyInfo.
    fn by_content(bytes: &[u8]) -> Self {
        match form::of(bytes) {
            Some(Form::Pkcs8 | Form::Pkcs1 | Form::Sec1 | Form::Dsa | Form::EncryptedPkcs8) => {
                Self::PrivateKey
            }
            Some(Form::Pkcs1PublicKey) => Self::Pkcs1,
            Some(Form::Certificate) => Self::Certificate,
            Some(Form::PublicKey) => Self::Broken,
            _ => match reading::encoding(bytes) {
                Some((encoding, _)) => Self::Text(encoding),
                None => Self::Other,
            },
        }
    }
}

impl From<PemError> for WrapError {
    fn from(_: PemError) -> Self {
        Self::NotAPublicKey(NotAPublicKey::Broken)
    }
}
