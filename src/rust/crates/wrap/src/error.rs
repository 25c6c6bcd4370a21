//! What can be wrong with key material. No text here ever holds a byte of it.

mod text;

use std::io;
use std::path::PathBuf;

use crate::key_spec::KeySpec;
use crate::mac::MacAlgorithm;

/// Why something is not key material, or not of the spec it should be.
#[derive(Debug)]
#[non_exhaustive]
pub enum KeyMaterialError {
    /// A file could not be opened or read.
    Io {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: io::Error,
    },
    /// The path leads to a folder, a pipe, a device: not a regular file.
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// The file is longer than any key file.
    FileTooLong {
        /// The file.
        path: PathBuf,
        /// The longest accepted length in bytes.
        limit: usize,
    },
    /// The content of a file is not what it should be.
    InFile {
        /// The file.
        path: PathBuf,
        /// What is wrong with its content.
        error: Box<KeyMaterialError>,
    },
    /// There are no bytes at all.
    Empty,
    /// More bytes than any key has.
    TooLong {
        /// The number of bytes.
        len: usize,
        /// The longest accepted length in bytes.
        limit: usize,
    },
    /// Raw bytes, and no spec that says what key they are.
    SpecNeeded {
        /// The number of bytes.
        len: usize,
    },
    /// A symmetric or HMAC key of the wrong length.
    Length {
        /// The spec.
        spec: KeySpec,
        /// The number of bytes.
        len: usize,
        /// Whether the last byte is a line break.
        ends_in_line_break: bool,
    },
    /// A key pair's spec for bytes that are not a private key in a known form.
    NotRaw {
        /// The spec.
        spec: KeySpec,
    },
    /// Text where bytes belong.
    Text {
        /// What the text looks like.
        encoding: TextEncoding,
        /// The number of bytes of text.
        len: usize,
        /// The number of bytes it stands for, if it can be told.
        decoded_len: Option<usize>,
        /// The spec, if one was given.
        spec: Option<KeySpec>,
    },
    /// A well-known thing, but not an unencrypted private key.
    NotAPrivateKey {
        /// What it is.
        found: Found,
    },
    /// A private key encrypted with a passphrase, and no passphrase.
    PassphraseNeeded,
    /// A passphrase for something that is not encrypted.
    PassphraseNotNeeded,
    /// The passphrase does not open it, or it is damaged.
    WrongPassphrase,
    /// Encrypted in a way this crate does not open.
    Encryption {
        /// The object identifier of the scheme, or a word for it.
        scheme: String,
    },
    /// A PEM file with more than one private key.
    SeveralKeys {
        /// How many.
        count: usize,
    },
    /// PEM that cannot be read.
    Pem {
        /// What is wrong with it.
        reason: &'static str,
    },
    /// Not the DER it should be.
    Malformed {
        /// What it should be, for example `PKCS#8`.
        format: &'static str,
        /// What is wrong with it.
        reason: String,
    },
    /// A private key of an algorithm that cannot be imported.
    Algorithm {
        /// The algorithm's name or object identifier.
        algorithm: String,
    },
    /// An elliptic curve key on a curve that cannot be imported.
    Curve {
        /// The curve's name or object identifier.
        curve: String,
    },
    /// An elliptic curve key that spells out its curve instead of naming it.
    ExplicitCurve,
    /// A SEC1 key that does not name its curve, and no spec that does.
    CurveNeeded,
    /// An RSA key of a size that cannot be imported.
    RsaSize {
        /// The size of the modulus in bits.
        bits: u32,
    },
    /// An RSA key of three or more primes.
    MultiPrime,
    /// A private key whose parts contradict each other.
    Inconsistent {
        /// The spec.
        spec: KeySpec,
        /// What does not hold.
        reason: &'static str,
    },
    /// A good key of another spec than asked for.
    Spec {
        /// The spec that was asked for.
        expected: KeySpec,
        /// The spec of the key.
        found: KeySpec,
    },
    /// A MAC by a key that is not an HMAC key.
    NotAnHmacKey {
        /// The key's spec.
        spec: KeySpec,
    },
    /// AWS KMS pairs each HMAC spec with one algorithm; this is another one.
    MacAlgorithm {
        /// The key's spec.
        spec: KeySpec,
        /// The algorithm that was asked for.
        algorithm: MacAlgorithm,
    },
    /// A copy was to be encrypted under a passphrase of no characters.
    EmptyPassphrase,
    /// A copy could not be encrypted, which is a fault of this crate.
    ExportFailed,
    /// The operating system's random number generator failed.
    Random {
        /// What the system said.
        source: getrandom::Error,
    },
}

/// What text looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum TextEncoding {
    /// Hexadecimal digits.
    Hex,
    /// Base64, also in its URL form.
    Base64,
    /// UTF-16, as Windows PowerShell writes redirected output.
    Utf16,
}

/// Well-known things that are not unencrypted private keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// A public key (SubjectPublicKeyInfo, or PKCS#1).
    PublicKey,
    /// An X.509 certificate.
    Certificate,
    /// A certificate signing request.
    CertificateRequest,
    /// Parameters of an elliptic curve or Diffie-Hellman group, without a key.
    Parameters,
    /// A private key in OpenSSH's own format.
    OpenSshKey,
    /// A public key in SSH's format.
    SshPublicKey,
    /// A PEM private key under OpenSSL's old encryption (`Proc-Type: 4,ENCRYPTED`).
    LegacyEncryptedPem,
    /// A PKCS#12 file.
    Pkcs12,
    /// An OpenPGP block.
    OpenPgp,
    /// PEM with some other label.
    OtherPem,
    /// A JSON document, for example a JSON Web Key.
    Json,
}

impl KeyMaterialError {
    /// A short, stable word for the kind of error, fit to be a part of a class name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Io { .. } | Self::NotAFile { .. } | Self::FileTooLong { .. } => "file",
            Self::InFile { error, .. } => error.kind(),
            Self::Empty => "empty",
            Self::TooLong { .. } => "too_long",
            Self::SpecNeeded { .. } => "spec_needed",
            Self::Length { .. } => "length",
            Self::NotRaw { .. } => "malformed",
            Self::Text { .. } => "text",
            Self::NotAPrivateKey { .. } => "not_a_private_key",
            Self::PassphraseNeeded => "passphrase_needed",
            Self::PassphraseNotNeeded => "passphrase_not_needed",
            Self::WrongPassphrase => "wrong_passphrase",
            Self::Encryption { .. } => "encryption",
            Self::SeveralKeys { .. } => "several_keys",
            Self::Pem { .. } => "pem",
            Self::Malformed { .. } => "malformed",
            Self::Algorithm { .. } => "algorithm",
            Self::Curve { .. } | Self::ExplicitCurve | Self::CurveNeeded => "curve",
            Self::RsaSize { .. } => "rsa_size",
            Self::MultiPrime => "multi_prime",
            Self::Inconsistent { .. } => "inconsistent",
            Self::Spec { .. } => "spec",
            Self::NotAnHmacKey { .. } | Self::MacAlgorithm { .. } => "mac",
            Self::EmptyPassphrase => "empty_passphrase",
            Self::ExportFailed => "export_failed",
            Self::Random { .. } => "random",
        }
    }
}

impl std::error::Error for KeyMaterialError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            Self::InFile { error, .. } => Some(error),
            Self::Random { source } => Some(source),
            _ => None,
        }
    }
}

impl From<getrandom::Error> for KeyMaterialError {
    fn from(source: getrandom::Error) -> Self {
        Self::Random { source }
    }
}
