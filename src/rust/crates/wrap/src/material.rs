//! The one type that holds key material.

use std::fmt;
use std::path::Path;

use crate::algorithm::WrappingAlgorithm;
use crate::error::KeyMaterialError;
use crate::escrow::{cms, encrypted_pkcs8};
use crate::key_spec::KeySpec;
use crate::keys::KeyPair;
use crate::mac::{self, MacAlgorithm};
use crate::memory::{SecretBytes, on_wiped_stack};
use crate::reading::{self, Read};
use crate::wrap::wrap_slice;
use crate::wrap_error::WrapError;

/// Key material, known to be good for its key spec.
///
/// A symmetric or HMAC key as raw bytes, or a private key in PKCS#8 DER: what AWS KMS wants to find inside the wrapping.
/// The bytes are in memory of their own, locked where the system allows it, wiped when this is dropped. They cannot be
/// cloned, printed, or read; they leave only wrapped or encrypted.
pub struct KeyMaterial {
    spec: KeySpec,
    bytes: SecretBytes,
    public_key: Option<Vec<u8>>,
}

impl KeyMaterial {
    /// A new key from the operating system's random number generator.
    ///
    /// HMAC keys get the length AWS KMS gives its own: that of the hash.
    ///
    /// # Errors
    /// [`KeyMaterialError::Random`] if the system has no randomness to give.
    pub fn random(spec: KeySpec) -> Result<Self, KeyMaterialError> {
        on_wiped_stack(|| match spec.raw_lengths() {
            Some(lengths) => Ok(Self {
                spec,
                bytes: SecretBytes::random(*lengths.start())?,
                public_key: None,
            }),
            None => crate::keys::generate(spec).map(Self::from),
        })
    }

    /// Reads key material from a file: raw bytes, DER or PEM; see [`KeyMaterial::from_bytes`].
    ///
    /// # Errors
    /// A [`KeyMaterialError`] that names the file.
    pub fn from_file(path: &Path, spec: Option<KeySpec>) -> Result<Self, KeyMaterialError> {
        Self::from_file_with(path, |bytes| Self::from_bytes(bytes, spec))
    }

    /// Reads key material encrypted with a passphrase from a file; see [`KeyMaterial::from_bytes_with_passphrase`].
    ///
    /// # Errors
    /// A [`KeyMaterialError`] that names the file.
    pub fn from_file_with_passphrase(
        path: &Path,
        passphrase: &[u8],
        spec: Option<KeySpec>,
    ) -> Result<Self, KeyMaterialError> {
        Self::from_file_with(path, |bytes| {
            Self::from_bytes_with_passphrase(bytes, passphrase, spec)
        })
    }

    /// Takes the bytes of a file as a symmetric or HMAC key; see [`KeyMaterial::from_raw_bytes`].
    ///
    /// # Errors
    /// A [`KeyMaterialError`] that names the file.
    pub fn from_raw_file(path: &Path, spec: KeySpec) -> Result<Self, KeyMaterialError> {
        Self::from_file_with(path, |bytes| Self::from_raw_bytes(bytes, spec))
    }

    /// Reads key material from bytes.
    ///
    /// A private key may be PKCS#8, PKCS#1 (RSA) or SEC1 (elliptic curves), each as DER or PEM; the spec may be left out,
    /// since the key says what it is. A symmetric or HMAC key is its raw bytes, and needs the spec. Base64 and hexadecimal
    /// digits are refused, not decoded: of those, nobody can tell which of the two was meant to be the key.
    ///
    /// # Errors
    /// A [`KeyMaterialError`] if this is no key, not one AWS KMS imports, or not of `spec`.
    pub fn from_bytes(bytes: &[u8], spec: Option<KeySpec>) -> Result<Self, KeyMaterialError> {
        on_wiped_stack(|| reading::read(bytes, None, spec).map(Self::from))
    }

    /// Reads key material encrypted with a passphrase: a private key in PKCS#8 by PBES2, or what
    /// [`KeyMaterial::export_encrypted`] writes; as DER or PEM.
    ///
    /// # Errors
    /// As [`KeyMaterial::from_bytes`]; also if the passphrase is wrong, or nothing is encrypted.
    pub fn from_bytes_with_passphrase(
        bytes: &[u8],
        passphrase: &[u8],
        spec: Option<KeySpec>,
    ) -> Result<Self, KeyMaterialError> {
        on_wiped_stack(|| reading::read(bytes, Some(passphrase), spec).map(Self::from))
    }

    /// Takes bytes as a symmetric or HMAC key even if they look like text, for keys that are text.
    ///
    /// # Errors
    /// [`KeyMaterialError::Length`], or another [`KeyMaterialError`] if `spec` is not of a symmetric or HMAC key.
    pub fn from_raw_bytes(bytes: &[u8], spec: KeySpec) -> Result<Self, KeyMaterialError> {
        on_wiped_stack(|| reading::read_raw(bytes, spec).map(Self::from))
    }

    /// The key spec.
    pub fn spec(&self) -> KeySpec {
        self.spec
    }

    /// The length in bytes of what is wrapped: the raw key, or the private key's PKCS#8 DER.
    #[expect(clippy::len_without_is_empty, reason = "key material is never empty")]
    pub fn len(&self) -> usize {
        self.bytes.as_slice().len()
    }

    /// The public key of a key pair as SubjectPublicKeyInfo in DER, as GetPublicKey answers it; `None` for symmetric and
    /// HMAC keys.
    pub fn public_key_der(&self) -> Option<&[u8]> {
        self.public_key.as_deref()
    }

    /// The MAC of a message, as GenerateMac answers it.
    ///
    /// # Errors
    /// [`KeyMaterialError::NotAnHmacKey`], or [`KeyMaterialError::MacAlgorithm`] if the algorithm is not the one AWS KMS
    /// pairs with this key's spec.
    pub fn hmac(
        &self,
        message: &[u8],
        algorithm: MacAlgorithm,
    ) -> Result<Vec<u8>, KeyMaterialError> {
        on_wiped_stack(|| mac::mac(self.expose(), self.spec, message, algorithm))
    }

    /// A copy to keep, encrypted with a passphrase, in PEM.
    ///
    /// A key pair becomes an encrypted PKCS#8 (PBES2 with PBKDF2 and AES-256-CBC), which `openssl pkey` and most other
    /// software open. A symmetric or HMAC key becomes a CMS message (AuthEnvelopedData with AES-256-GCM for a password
    /// recipient), which `openssl cms -decrypt -pwri_password` opens. [`KeyMaterial::from_bytes_with_passphrase`] reads both.
    ///
    /// # Errors
    /// [`KeyMaterialError::EmptyPassphrase`], [`KeyMaterialError::Random`].
    pub fn export_encrypted(&self, passphrase: &[u8]) -> Result<String, KeyMaterialError> {
        if passphrase.is_empty() {
            return Err(KeyMaterialError::EmptyPassphrase);
        }
        on_wiped_stack(|| match self.spec.is_asymmetric() {
            true => encrypted_pkcs8::encrypt(self.expose(), passphrase),
            false => cms::encrypt(self.spec, self.expose(), passphrase),
        })
    }

    /// A copy to keep, wrapped under a public key of one's own (SubjectPublicKeyInfo, DER or PEM).
    ///
    /// The same as [`wrap`](crate::wrap), but what AWS KMS imports does not matter: RSA_AES_KEY_WRAP_SHA_256 fits material
    /// of every spec.
    ///
    /// # Errors
    /// A [`WrapError`] if this is no public key to wrap under, or the material does not fit.
    pub fn export_wrapped(
        &self,
        public_key: &[u8],
        algorithm: WrappingAlgorithm,
    ) -> Result<Vec<u8>, WrapError> {
        wrap_slice(self.expose(), public_key, algorithm)
    }

    /// The bytes themselves.
    pub(crate) fn expose(&self) -> &[u8] {
        self.bytes.as_slice()
    }

    fn from_file_with(
        path: &Path,
        read: impl FnOnce(&[u8]) -> Result<Self, KeyMaterialError>,
    ) -> Result<Self, KeyMaterialError> {
        let content = reading::read_file(path)?;
        read(&content).map_err(|error| KeyMaterialError::InFile {
            path: path.to_owned(),
            error: Box::new(error),
        })
    }
}

impl fmt::Debug for KeyMaterial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "KeyMaterial({}, {} bytes, <REDACTED>)",
            self.spec,
            self.len()
        )
    }
}

impl From<Read> for KeyMaterial {
    fn from(read: Read) -> Self {
        match read {
            Read::Raw(spec, bytes) => Self {
                spec,
                bytes,
                public_key: None,
            },
            Read::Pair(pair) => pair.into(),
        }
    }
}

impl From<KeyPair> for KeyMaterial {
    fn from(pair: KeyPair) -> Self {
        Self {
            spec: pair.spec,
            bytes: pair.pkcs8,
            public_key: Some(pair.public_key),
        }
    }
}
