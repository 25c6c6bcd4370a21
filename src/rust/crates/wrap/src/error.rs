//! What can be wrong with key material. No text here ever holds a byte of it.

use std::fmt;
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

impl fmt::Display for KeyMaterialError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { path, source } => write!(f, "Cannot read {}: {source}.", path.display()),
            Self::NotAFile { path } => write!(
                f,
                "{} is not a regular file. Give the path of a file that holds the key.",
                path.display()
            ),
            Self::FileTooLong { path, limit } => write!(
                f,
                "{} is longer than {limit} bytes, more than any key file. Check the path.",
                path.display()
            ),
            Self::InFile { path, error } => write!(f, "In {}: {error}", path.display()),
            Self::Empty => f.write_str("There are no bytes here. Check that the key was written."),
            Self::TooLong { len, limit } => {
                write!(f, "{len} bytes are more than any key has (at most {limit}).")
            }
            Self::SpecNeeded { len } => write!(
                f,
                "These {len} bytes are not a private key in DER or PEM. If they are a symmetric or HMAC key, say so with \
                 a key spec: SYMMETRIC_DEFAULT, HMAC_224, HMAC_256, HMAC_384 or HMAC_512."
            ),
            Self::Length {
                spec,
                len,
                ends_in_line_break,
            } => fmt_length(f, *spec, *len, *ends_in_line_break),
            Self::NotRaw { spec } => write!(
                f,
                "{spec} material is a private key in PKCS#8 (DER or PEM), and this is none. If it was one, it is damaged or \
                 cut short."
            ),
            Self::Text {
                encoding,
                len,
                decoded_len,
                spec,
            } => fmt_text(f, *encoding, *len, *decoded_len, *spec),
            Self::NotAPrivateKey { found } => write!(f, "{found}"),
            Self::PassphraseNeeded => {
                f.write_str("This is encrypted with a passphrase. Give the passphrase too.")
            }
            Self::PassphraseNotNeeded => f.write_str(
                "A passphrase was given, but this is not encrypted. Leave the passphrase out if that is as it should be.",
            ),
            Self::WrongPassphrase => f.write_str(
                "The passphrase does not open it. Check the passphrase; if it is right, the file is damaged.",
            ),
            Self::Encryption { scheme } => write!(
                f,
                "It is encrypted by a scheme this package does not open ({scheme}). Encrypt it anew: openssl pkcs8 -topk8 \
                 -v2 aes-256-cbc -in OLD -out NEW."
            ),
            Self::SeveralKeys { count } => write!(
                f,
                "This PEM file holds {count} private keys. Put the one to import into a file of its own."
            ),
            Self::Pem { reason } => write!(f, "This PEM file cannot be read: {reason}."),
            Self::Malformed { format, reason } => {
                write!(f, "This is not a good {format} private key: {reason}.")
            }
            Self::Algorithm { algorithm } => write!(
                f,
                "This is a {algorithm} private key, which AWS KMS cannot import. It imports RSA, ECC (P-256, P-384, P-521, \
                 secp256k1), Ed25519 and, in China, SM2 private keys."
            ),
            Self::Curve { curve } => write!(
                f,
                "This private key is on the curve {curve}, which AWS KMS cannot import. It imports keys on P-256, P-384, \
                 P-521, secp256k1, Ed25519 and, in China, SM2."
            ),
            Self::ExplicitCurve => f.write_str(
                "This elliptic curve key spells out the parameters of its curve, and AWS KMS wants the curve's name. \
                 Convert it: openssl ec -param_enc named_curve -in OLD -out NEW.",
            ),
            Self::CurveNeeded => f.write_str(
                "This elliptic curve key does not name its curve. Say which it is with a key spec, for example \
                 ECC_NIST_P256.",
            ),
            Self::RsaSize { bits } => write!(
                f,
                "This RSA key has {bits} bits. AWS KMS imports RSA keys of 2048, 3072 and 4096 bits."
            ),
            Self::MultiPrime => f.write_str(
                "This RSA key has more than two primes. AWS KMS imports RSA keys of two primes only.",
            ),
            Self::Inconsistent { spec, reason } => write!(
                f,
                "This is no working {spec} private key: {reason}. The file is damaged or was put together wrongly."
            ),
            Self::Spec { expected, found } => write!(
                f,
                "This is a {found} key, not a {expected} key. Use the key spec {}, or another key.",
                found.as_str()
            ),
            Self::NotAnHmacKey { spec } => {
                write!(f, "A {spec} key makes no MACs; only HMAC keys do.")
            }
            Self::MacAlgorithm { spec, algorithm } => write!(
                f,
                "A {spec} key does not work with {algorithm}. Use {}.",
                MacAlgorithm::of(*spec).map_or("an HMAC key", MacAlgorithm::as_str)
            ),
            Self::EmptyPassphrase => f.write_str(
                "The passphrase is empty. Choose one that protects the key as well as the key protects your data.",
            ),
            Self::ExportFailed => f.write_str("The copy could not be encrypted."),
            Self::Random { source } => write!(
                f,
                "The operating system's random number generator failed: {source}."
            ),
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

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PublicKey => {
                "This is a public key. Give the private key; AWS KMS derives the public key from it."
            }
            Self::Certificate => {
                "This is a certificate: it holds a public key only. Give the private key that belongs to it."
            }
            Self::CertificateRequest => {
                "This is a certificate signing request. Give the private key that belongs to it."
            }
            Self::Parameters => "These are parameters without a key. Give the private key.",
            Self::OpenSshKey => {
                "This is a private key in OpenSSH's own format. Convert a copy of it in place: ssh-keygen -p -m PKCS8 -f \
                 COPY."
            }
            Self::SshPublicKey => {
                "This is an SSH public key. Give the private key, converted to PKCS#8 (ssh-keygen -p -m PKCS8 -f COPY)."
            }
            Self::LegacyEncryptedPem => {
                "This is a private key under OpenSSL's old PEM encryption. Convert it to PKCS#8: openssl pkcs8 -topk8 -v2 \
                 aes-256-cbc -in OLD -out NEW."
            }
            Self::Pkcs12 => {
                "This is a PKCS#12 file. Take the private key out of it: openssl pkcs12 -nocerts -in OLD -out NEW."
            }
            Self::OpenPgp => {
                "This is an OpenPGP block. Give the private key in PKCS#8, or the raw bytes of a symmetric key."
            }
            Self::OtherPem => {
                "This PEM file holds no private key. Give one that begins with -----BEGIN PRIVATE KEY-----."
            }
            Self::Json => {
                "This is a JSON document, for example a JSON Web Key. Give the private key in PKCS#8, or the raw bytes of \
                 a symmetric key."
            }
        })
    }
}

fn fmt_length(
    f: &mut fmt::Formatter<'_>,
    spec: KeySpec,
    len: usize,
    ends_in_line_break: bool,
) -> fmt::Result {
    let lengths = spec.raw_lengths().unwrap_or(0..=0);
    let (min, max) = (*lengths.start(), *lengths.end());
    write!(f, "{spec} material has ")?;
    if min == max {
        write!(f, "{min} bytes")?;
    } else {
        write!(f, "{min} to {max} bytes")?;
    }
    write!(f, ", not {len}.")?;
    if ends_in_line_break && lengths.contains(&(len - 1)) {
        f.write_str(" The last byte is a line break, which an editor or echo may have added.")?;
    } else if spec == KeySpec::SymmetricDefault && len == 16 {
        f.write_str(" 16 bytes are a 128-bit key: AWS KMS imports 256-bit keys, and SM4 keys of 16 bytes in the China Regions only.")?;
    } else if spec == KeySpec::SymmetricDefaultChina && len == 32 {
        f.write_str(" In the China Regions SYMMETRIC_DEFAULT is a 128-bit SM4 key.")?;
    }
    if spec.is_hmac() && len > max {
        // RFC 2104 section 2: a key longer than the block is replaced by its hash.
        f.write_str(
            " A longer key may be replaced by its hash, which gives the same MACs (RFC 2104).",
        )?;
    }
    Ok(())
}

fn fmt_text(
    f: &mut fmt::Formatter<'_>,
    encoding: TextEncoding,
    len: usize,
    decoded_len: Option<usize>,
    spec: Option<KeySpec>,
) -> fmt::Result {
    write!(
        f,
        "These {len} bytes look like {} text",
        match encoding {
            TextEncoding::Hex => "hexadecimal",
            TextEncoding::Base64 => "base64",
            TextEncoding::Utf16 => "UTF-16",
        }
    )?;
    if let Some(decoded_len) = decoded_len {
        write!(f, " for {decoded_len} bytes")?;
    }
    f.write_str(match spec {
        Some(spec) if !spec.is_asymmetric() => ", not like the raw bytes of a key. ",
        _ => ", not like a key in DER or PEM. ",
    })?;
    f.write_str(match encoding {
        TextEncoding::Hex => "Decode it first, for example with xxd -r -p.",
        TextEncoding::Base64 => "Decode it first, for example with openssl base64 -d -A.",
        TextEncoding::Utf16 => "Windows PowerShell writes such files; write the bytes themselves.",
    })?;
    if spec.is_some_and(|spec| !spec.is_asymmetric()) && encoding != TextEncoding::Utf16 {
        f.write_str(" If these characters themselves are the key, give them as such.")?;
    }
    Ok(())
}
