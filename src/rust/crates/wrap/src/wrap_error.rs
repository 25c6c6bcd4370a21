//! Why wrapping did not happen.

use std::fmt;

use crate::algorithm::{WrappingAlgorithm, WrappingKeySpec};
use crate::choice::CombinationError;
use crate::error::TextEncoding;

/// Why something could not be wrapped.
#[derive(Debug)]
#[non_exhaustive]
pub enum WrapError {
    /// The wrapping public key is no public key.
    NotAPublicKey(NotAPublicKey),
    /// The wrapping public key is a public key of a kind AWS KMS does not wrap with.
    KeyType {
        /// The algorithm it is for.
        algorithm: String,
    },
    /// The wrapping public key is an RSA key of an unusual size.
    KeySize {
        /// The size of its modulus in bits.
        bits: usize,
    },
    /// The algorithm does not work under this kind of wrapping key.
    AlgorithmAndKey {
        /// The algorithm.
        algorithm: WrappingAlgorithm,
        /// What the public key is.
        key: WrappingKeySpec,
    },
    /// AWS KMS accepts this combination nowhere.
    Combination(CombinationError),
    /// There is nothing to wrap.
    Empty,
    /// The material is longer than the algorithm carries under this key.
    TooLong {
        /// The length of the material in bytes.
        len: usize,
        /// The most bytes that fit.
        limit: usize,
        /// The algorithm.
        algorithm: WrappingAlgorithm,
        /// What the public key is.
        key: WrappingKeySpec,
    },
    /// The operating system's random number generator failed.
    Random(getrandom::Error),
    /// The cryptography failed on a key that looked good.
    Failed {
        /// The algorithm.
        algorithm: WrappingAlgorithm,
    },
}

/// What was given instead of a public key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum NotAPublicKey {
    /// A private key.
    PrivateKey,
    /// An X.509 certificate.
    Certificate,
    /// An RSA public key in PKCS#1, without the SubjectPublicKeyInfo around it.
    Pkcs1,
    /// Text, where DER or PEM belongs.
    Text(TextEncoding),
    /// PEM with more than one block.
    SeveralPemBlocks,
    /// A public key that is damaged.
    Broken,
    /// Something else, for example the import token.
    Other,
}

impl WrapError {
    /// A short, stable word for the kind of error, fit to be a part of a class name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::NotAPublicKey(_) => "not_a_public_key",
            Self::KeyType { .. } => "key_type",
            Self::KeySize { .. } => "key_size",
            Self::AlgorithmAndKey { .. } => "algorithm_and_key",
            Self::Combination(error) => error.kind(),
            Self::Empty => "empty",
            Self::TooLong { .. } => "too_long",
            Self::Random(_) => "random",
            Self::Failed { .. } => "failed",
        }
    }
}

impl fmt::Display for WrapError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotAPublicKey(what) => write!(f, "{what}"),
            Self::KeyType { algorithm } => write!(
                f,
                "This is a public key for {algorithm}. AWS KMS wraps under RSA keys and, in China, SM2 keys: give the PublicKey \
                 of GetParametersForImport."
            ),
            Self::KeySize { bits } => write!(
                f,
                "This RSA public key has {bits} bits. AWS KMS wraps under keys of 2048, 3072 and 4096 bits: give the \
                 PublicKey of GetParametersForImport."
            ),
            Self::AlgorithmAndKey {
                algorithm,
                key: WrappingKeySpec::Sm2,
            } => write!(
                f,
                "{algorithm} does not work under this SM2 public key. Use SM2PKE, or parameters with an RSA key."
            ),
            Self::AlgorithmAndKey { algorithm, key } => write!(
                f,
                "{algorithm} does not work under this {key} public key. Use an RSAES_OAEP or RSA_AES_KEY_WRAP algorithm, \
                 or parameters with an SM2 key."
            ),
            Self::Combination(error) => write!(f, "{error}"),
            Self::Empty => f.write_str("There is nothing to wrap: the key material has no bytes."),
            Self::TooLong {
                len,
                limit,
                algorithm,
                key,
            } => {
                write!(
                    f,
                    "{len} bytes are too long: {algorithm} under {key} carries at most {limit} bytes. Use "
                )?;
                for other in WrappingKeySpec::ALL {
                    if algorithm.max_len(other).is_some_and(|limit| *len <= limit) {
                        write!(f, "a wrapping key of spec {other}, or ")?;
                        break;
                    }
                }
                f.write_str("RSA_AES_KEY_WRAP_SHA_256, which carries any length.")
            }
            Self::Random(source) => write!(
                f,
                "The operating system's random number generator failed: {source}."
            ),
            Self::Failed { algorithm } => write!(
                f,
                "{algorithm} failed under this public key. Get new parameters for import."
            ),
        }
    }
}

impl std::error::Error for WrapError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Combination(error) => Some(error),
            Self::Random(source) => Some(source),
            _ => None,
        }
    }
}

impl From<CombinationError> for WrapError {
    fn from(error: CombinationError) -> Self {
        Self::Combination(error)
    }
}

impl From<getrandom::Error> for WrapError {
    fn from(source: getrandom::Error) -> Self {
        Self::Random(source)
    }
}

impl fmt::Display for NotAPublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PrivateKey => {
                "This is a private key, and wrapping needs a public key: the PublicKey of GetParametersForImport. Check \
                 the order of the arguments."
            }
            Self::Certificate => {
                "This is a certificate. Give the public key alone: openssl x509 -pubkey -noout -in CERTIFICATE."
            }
            Self::Pkcs1 => {
                "This is an RSA public key in PKCS#1. Give it as SubjectPublicKeyInfo: openssl rsa -RSAPublicKey_in -in \
                 OLD -pubout -out NEW."
            }
            Self::Text(TextEncoding::Base64) => {
                "This looks like base64 text, as the AWS command line prints public keys. Decode it first, for example \
                 with openssl base64 -d -A."
            }
            Self::Text(TextEncoding::Hex) => {
                "This looks like hexadecimal text. Decode it first, for example with xxd -r -p."
            }
            Self::Text(TextEncoding::Utf16) => {
                "This looks like UTF-16 text, as Windows PowerShell writes it. Write the bytes themselves."
            }
            Self::SeveralPemBlocks => {
                "This PEM text does not hold exactly one block. Give the public key alone."
            }
            Self::Broken => "This public key is damaged. Get new parameters for import.",
            Self::Other => {
                "This is not a public key (SubjectPublicKeyInfo, DER or PEM). Give the PublicKey of \
                 GetParametersForImport, not its ImportToken."
            }
        })
    }
}
