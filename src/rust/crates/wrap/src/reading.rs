//! From files and bytes of any common form to key material.

mod file;
mod private_key_pem;
mod text;

pub(crate) use self::file::read_file;
pub(crate) use self::text::encoding;

use crate::error::{Found, KeyMaterialError};
use crate::escrow::{cms, encrypted_pkcs8};
use crate::form::{self, Form};
use crate::key_spec::KeySpec;
use crate::keys::{self, KeyPair};
use crate::memory::SecretBytes;
use crate::pem;

/// The longest input that is looked at. An RSA_4096 key in PEM has about 3,300 bytes; bag attributes and certificates
/// may surround it.
pub(crate) const LIMIT: usize = 64 * 1024;

/// What was read.
pub(crate) enum Read {
    /// A symmetric or HMAC key.
    Raw(KeySpec, SecretBytes),
    /// A private key with its public key.
    Pair(KeyPair),
}

/// Finds out what `bytes` are, checks them and turns them into what AWS KMS imports.
pub(crate) fn read(
    bytes: &[u8],
    passphrase: Option<&[u8]>,
    spec: Option<KeySpec>,
) -> Result<Read, KeyMaterialError> {
    if bytes.is_empty() {
        return Err(KeyMaterialError::Empty);
    }
    if bytes.len() > LIMIT {
        return Err(KeyMaterialError::TooLong {
            len: bytes.len(),
            limit: LIMIT,
        });
    }
    if pem::is_pem(bytes) {
        let der = private_key_pem::decode(bytes)?;
        let form = form::of(&der).ok_or_else(|| KeyMaterialError::Malformed {
            format: "PEM",
            reason: "what it holds is not one DER structure".to_owned(),
        })?;
        return read_der(form, &der, passphrase, spec);
    }
    if let Some(error) = text::error(bytes, spec) {
        return Err(error);
    }
    match (form::of(bytes), spec) {
        (Some(form), _) => read_der(form, bytes, passphrase, spec),
        (None, None) => Err(KeyMaterialError::SpecNeeded { len: bytes.len() }),
        (None, Some(spec)) => {
            refuse_needless(passphrase)?;
            read_raw(bytes, spec)
        }
    }
}

/// Takes `bytes` as a symmetric or HMAC key, whatever they look like.
pub(crate) fn read_raw(bytes: &[u8], spec: KeySpec) -> Result<Read, KeyMaterialError> {
    match spec.raw_lengths() {
        None => Err(KeyMaterialError::NotRaw { spec }),
        Some(lengths) if lengths.contains(&bytes.len()) => {
            Ok(Read::Raw(spec, SecretBytes::copy_of(bytes)))
        }
        Some(_) => Err(KeyMaterialError::Length {
            spec,
            len: bytes.len(),
            ends_in_line_break: bytes.last() == Some(&b'\n'),
        }),
    }
}

/// Reads a private key of any form.
fn read_der(
    form: Form,
    der: &[u8],
    passphrase: Option<&[u8]>,
    spec: Option<KeySpec>,
) -> Result<Read, KeyMaterialError> {
    if matches!(form, Form::EncryptedPkcs8 | Form::Cms) {
        let passphrase = passphrase.ok_or(KeyMaterialError::PassphraseNeeded)?;
        return decrypt(form, der, passphrase, spec);
    }
    refuse_needless(passphrase)?;
    let not_a_key = |found| Err(KeyMaterialError::NotAPrivateKey { found });
    match form {
        Form::Pkcs8 => keys::from_pkcs8(der, spec),
        Form::Pkcs1 => keys::from_pkcs1(der, spec),
        Form::Sec1 => keys::from_sec1(der, spec),
        Form::Dsa => Err(KeyMaterialError::Algorithm {
            algorithm: "DSA".to_owned(),
        }),
        Form::EncryptedPkcs8 | Form::Cms => Err(KeyMaterialError::PassphraseNeeded),
        Form::PublicKey | Form::Pkcs1PublicKey => not_a_key(Found::PublicKey),
        Form::Certificate => not_a_key(Found::Certificate),
        Form::CertificateRequest => not_a_key(Found::CertificateRequest),
        Form::Pkcs12 => not_a_key(Found::Pkcs12),
    }
    .map(Read::Pair)
}

/// Reads what is encrypted with a passphrase: a private key in PKCS#8, or a raw key in CMS.
fn decrypt(
    form: Form,
    der: &[u8],
    passphrase: &[u8],
    spec: Option<KeySpec>,
) -> Result<Read, KeyMaterialError> {
    if form == Form::EncryptedPkcs8 {
        let clear = encrypted_pkcs8::decrypt(der, passphrase)?;
        return keys::from_pkcs8(clear.as_bytes(), spec).map(Read::Pair);
    }
    let clear = cms::decrypt(der, passphrase)?;
    match spec {
        Some(spec) => read_raw(clear.as_slice(), spec),
        None => Err(KeyMaterialError::SpecNeeded {
            len: clear.as_slice().len(),
        }),
    }
}

/// A passphrase for something that is not encrypted is a sign of a mistake.
fn refuse_needless(passphrase: Option<&[u8]>) -> Result<(), KeyMaterialError> {
    match passphrase {
        Some(_) => Err(KeyMaterialError::PassphraseNotNeeded),
        None => Ok(()),
    }
}
