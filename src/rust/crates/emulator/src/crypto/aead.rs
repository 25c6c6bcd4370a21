//! AES-256-GCM, and the ciphertext blobs of symmetric keys.

use std::collections::BTreeMap;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use zeroize::Zeroizing;

use super::{Failed, Secret, random};

/// A symmetric key's length in bytes.
pub(crate) const KEY_LENGTH: usize = 32;

/// Nonce, then ciphertext and tag.
pub(crate) fn seal(key: &Secret, plaintext: &[u8], associated: &[u8]) -> Result<Vec<u8>, Failed> {
    // A random 96-bit nonce: fine for a test double's number of messages (NIST SP 800-38D, section 8.3).
    let nonce: [u8; NONCE_LEN] = random();
    let mut in_out = Zeroizing::new(plaintext.to_vec());
    key_of(key)?.seal_in_place_append_tag(
        Nonce::assume_unique_for_key(nonce),
        Aad::from(associated),
        &mut *in_out,
    )?;
    Ok([&nonce, in_out.as_slice()].concat())
}

/// The inverse of [`seal`]; fails when anything is not as it was sealed.
pub(crate) fn open(
    key: &Secret,
    sealed: &[u8],
    associated: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Failed> {
    let (nonce, ciphertext) = sealed.split_at_checked(NONCE_LEN).ok_or(Failed)?;
    let nonce = Nonce::try_assume_unique_for_key(nonce)?;
    let mut in_out = Zeroizing::new(ciphertext.to_vec());
    let length = key_of(key)?
        .open_in_place(nonce, Aad::from(associated), &mut in_out)?
        .len();
    in_out.truncate(length);
    Ok(in_out)
}

fn key_of(key: &Secret) -> Result<LessSafeKey, Failed> {
    Ok(LessSafeKey::new(UnboundKey::new(
        &AES_256_GCM,
        key.expose(),
    )?))
}

/// What a symmetric key's ciphertext says in clear: which key and which of its materials made it.
///
/// On the wire: the magic bytes and version, the key id with its length before it, the material id as 32 bytes, and what
/// [`seal`] gives. All that comes before the nonce is authenticated, and so is the encryption context.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Blob<'a> {
    pub(crate) key_id: &'a str,
    pub(crate) material_id: [u8; 32],
    header: &'a [u8],
    sealed: &'a [u8],
}

const MAGIC: &[u8] = b"\x01kmsr-emulator\x01";

impl<'a> Blob<'a> {
    /// Encrypts under one material of a key.
    pub(crate) fn seal(
        key_id: &str,
        material_id: [u8; 32],
        key: &Secret,
        plaintext: &[u8],
        context: &BTreeMap<String, String>,
    ) -> Result<Vec<u8>, Failed> {
        let mut blob = MAGIC.to_vec();
        blob.push(u8::try_from(key_id.len()).map_err(|_| Failed)?);
        blob.extend_from_slice(key_id.as_bytes());
        blob.extend_from_slice(&material_id);
        let sealed = seal(key, plaintext, &associated(&blob, context))?;
        blob.extend_from_slice(&sealed);
        Ok(blob)
    }

    /// Reads a ciphertext as far as it can be read without its key.
    pub(crate) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let rest = bytes.strip_prefix(MAGIC)?;
        let (length, rest) = rest.split_first()?;
        let (key_id, rest) = rest.split_at_checked(usize::from(*length))?;
        let (material_id, sealed) = rest.split_at_checked(32)?;
        Some(Self {
            key_id: std::str::from_utf8(key_id).ok()?,
            material_id: material_id.try_into().ok()?,
            header: &bytes[..bytes.len() - sealed.len()],
            sealed,
        })
    }

    /// Decrypts with the material that [`Blob::material_id`] names.
    pub(crate) fn open(
        &self,
        key: &Secret,
        context: &BTreeMap<String, String>,
    ) -> Result<Zeroizing<Vec<u8>>, Failed> {
        open(key, self.sealed, &associated(self.header, context))
    }
}

/// The header and the context in one unambiguous string of bytes: sorted by name, every text after its length.
fn associated(header: &[u8], context: &BTreeMap<String, String>) -> Vec<u8> {
    let mut bytes = header.to_vec();
    for text in context.iter().flat_map(|(name, value)| [name, value]) {
        bytes.extend_from_slice(&(text.len() as u64).to_be_bytes());
        bytes.extend_from_slice(text.as_bytes());
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
        pairs
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect()
    }

    #[test]
    fn opens_only_as_it_was_sealed() {
        let key = Secret::new(vec![7; KEY_LENGTH]);
        let sealed_with = context(&[("purpose", "test")]);
        let blob = Blob::seal("id", [3; 32], &key, b"attack at dawn", &sealed_with)
            .expect("sealing works");
        let open = |bytes: &[u8], key: &Secret, context: &BTreeMap<String, String>| {
            Blob::parse(bytes).ok_or(Failed)?.open(key, context)
        };

        assert_eq!(
            *open(&blob, &key, &sealed_with).expect("as sealed"),
            b"attack at dawn"
        );
        assert!(open(&blob, &key, &context(&[])).is_err());
        assert!(open(&blob, &key, &context(&[("purpose", "tes"), ("t", "")])).is_err());
        assert!(open(&blob, &Secret::new(vec![8; KEY_LENGTH]), &sealed_with).is_err());
        for index in 0..blob.len() {
            let mut mangled = blob.clone();
            mangled[index] ^= 1;
            assert!(open(&mangled, &key, &sealed_with).is_err(), "byte {index}");
        }
        for length in 0..blob.len() {
            assert!(open(&blob[..length], &key, &sealed_with).is_err());
        }
    }
}
