//! The errors in words: what happened, and what to do about it.

use std::fmt;

use super::{Found, KeyMaterialError, TextEncoding};
use crate::key_spec::KeySpec;
use crate::mac::MacAlgorithm;

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
                "This key is of spec {found}, not {expected}. Use the key spec {}, or another key.",
                found.as_str()
            ),
            Self::NotAnHmacKey { spec } => {
                write!(f, "{spec} keys make no MACs; only HMAC keys do.")
            }
            Self::MacAlgorithm { spec, algorithm } => write!(
                f,
                "{algorithm} does not work with {spec} keys. Use {}.",
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
