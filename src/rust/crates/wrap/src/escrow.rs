//! Copies to keep: key material under a passphrase, in containers that other software opens.
//!
//! A key pair becomes an encrypted PKCS#8, which every crypto library reads. Raw keys have no PKCS#8 form; they become a
//! CMS message for a password recipient, which `openssl cms -decrypt -pwri_password` opens. Of the alternatives, a JSON
//! Web Encryption would need a JOSE library on the day of the emergency, many of which refuse this many iterations, and an
//! encrypted RFC 6031 symmetric key package is opened by no common tool at all.

pub(crate) mod cms;
pub(crate) mod encrypted_pkcs8;
mod kdf;

use base64ct::{Base64, Encoding};

use crate::key_spec::KeySpec;

/// PEM (RFC 7468) around `der`.
fn pem(label: &str, der: &[u8]) -> String {
    let base64 = Base64::encode_string(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = base64.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem + &format!("-----END {label}-----\n")
}

/// The lines before a PEM block (RFC 7468 section 5.2) that tell a finder in ten years what this is.
fn explanation(spec: KeySpec, len: usize, command: &str) -> String {
    format!(
        "AWS KMS key material of spec {spec}, {len} bytes, encrypted with a passphrase.\n\
         To open it: {command}\n\n"
    )
}
