//! CMS for a password recipient: AuthEnvelopedData (RFC 5083) with AES-256-GCM (RFC 5084), its key under the passphrase by
//! PBKDF2 and PWRI-KEK (RFC 3211). What `openssl cms -decrypt -pwri_password` opens.
//!
//! ```text
//! ContentInfo ::= SEQUENCE {
//!   contentType  id-ct-authEnvelopedData,
//!   content      [0] EXPLICIT SEQUENCE {                        -- AuthEnvelopedData
//!     version                   INTEGER 0,
//!     recipientInfos            SET OF {
//!       [3] IMPLICIT SEQUENCE {                                 -- PasswordRecipientInfo
//!         version                 INTEGER 0,
//!         keyDerivationAlgorithm  [0] IMPLICIT PBKDF2,
//!         keyEncryptionAlgorithm  id-alg-PWRI-KEK { AES-256-CBC },
//!         encryptedKey            OCTET STRING } },
//!     authEncryptedContentInfo  SEQUENCE {
//!       contentType                 id-data,
//!       contentEncryptionAlgorithm  AES-256-GCM,
//!       encryptedContent            [0] IMPLICIT OCTET STRING },
//!     mac                       OCTET STRING } }
//! ```

use aes::Aes256;
use aes_gcm::aead::AeadInOut;
use aes_gcm::{Aes256Gcm, KeyInit};
use cbc::cipher::block_padding::NoPadding;
use cbc::cipher::{BlockModeDecrypt, BlockModeEncrypt, KeyIvInit};
use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Encode, Tag, TagNumber};
use pkcs8::pkcs5::pbes2::{Kdf, Pbkdf2Params};
use zeroize::Zeroizing;

use super::{explanation, kdf, pem};
use crate::error::KeyMaterialError;
use crate::form::elements;
use crate::key_spec::KeySpec;
use crate::memory::SecretBytes;

const AUTH_ENVELOPED_DATA: ObjectIdentifier =
    ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.1.23");
const DATA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.7.1");
const PBKDF2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.5.12");
const PWRI_KEK: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.3.9");
const AES_256_CBC: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.42");
const AES_256_GCM: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.16.840.1.101.3.4.1.46");

const TAG_LEN: u8 = 16;

/// The PEM of a raw key under a passphrase, with lines before it that say what it is.
pub(crate) fn encrypt(
    spec: KeySpec,
    bytes: &[u8],
    passphrase: &[u8],
) -> Result<String, KeyMaterialError> {
    let key = SecretBytes::random(32)?;
    let nonce: [u8; 12] = kdf::random()?;
    let mut content = bytes.to_vec();
    let mac = gcm(key.as_slice())?
        .encrypt_inout_detached(&nonce.into(), b"", content.as_mut_slice().into())
        .map_err(|_| KeyMaterialError::ExportFailed)?;
    let der = message(
        &recipient(key.as_slice(), passphrase)?,
        &nonce,
        &content,
        &mac,
    )
    .map_err(|_| KeyMaterialError::ExportFailed)?;
    let command =
        "openssl cms -decrypt -binary -inform PEM -in THIS_FILE -out KEY -pwri_password PASSPHRASE";
    Ok(explanation(spec, bytes.len(), command) + &pem("CMS", &der))
}

/// The content of such a message in DER.
pub(crate) fn decrypt(der: &[u8], passphrase: &[u8]) -> Result<SecretBytes, KeyMaterialError> {
    let message = Message::parse(der).ok_or_else(|| KeyMaterialError::Encryption {
        scheme: "CMS other than AuthEnvelopedData with AES-256-GCM for one password recipient"
            .to_owned(),
    })?;
    kdf::refuse_excess(&Kdf::Pbkdf2(message.kdf))?;
    let key = kdf::derive(passphrase, &message.kdf)
        .and_then(|kek| unwrap_key(&kek, &message.kek_iv, message.encrypted_key))
        .ok_or(KeyMaterialError::WrongPassphrase)?;
    let mut content = SecretBytes::copy_of(message.content);
    gcm(&*key)?
        .decrypt_inout_detached(
            &message.nonce.into(),
            b"",
            content.as_mut_slice().into(),
            &message.mac.into(),
        )
        .map_err(|_| KeyMaterialError::WrongPassphrase)?;
    Ok(content)
}

fn gcm(key: &[u8]) -> Result<Aes256Gcm, KeyMaterialError> {
    Aes256Gcm::new_from_slice(key).map_err(|_| KeyMaterialError::ExportFailed)
}

/// A PasswordRecipientInfo that carries `key`.
fn recipient(key: &[u8], passphrase: &[u8]) -> Result<Vec<u8>, KeyMaterialError> {
    let parameters = kdf::parameters()?;
    let iv: [u8; 16] = kdf::random()?;
    let kek = kdf::derive(passphrase, &parameters).ok_or(KeyMaterialError::ExportFailed)?;
    let encrypted_key = wrap_key(&kek, &iv, key)?;
    let encode = || -> der::Result<Vec<u8>> {
        let derivation = [PBKDF2.to_der()?, parameters.to_der()?].concat();
        let cipher = sequence(&[AES_256_CBC.to_der()?, octets(&iv)?])?;
        element(
            context(3),
            &[
                0u8.to_der()?,
                element(context(0), &[derivation])?,
                sequence(&[PWRI_KEK.to_der()?, cipher])?,
                octets(&encrypted_key)?,
            ],
        )
    };
    encode().map_err(|_| KeyMaterialError::ExportFailed)
}

/// The whole message.
fn message(recipient: &[u8], nonce: &[u8], content: &[u8], mac: &[u8]) -> der::Result<Vec<u8>> {
    let gcm_parameters = sequence(&[octets(nonce)?, TAG_LEN.to_der()?])?;
    let encrypted_content_info = sequence(&[
        DATA.to_der()?,
        sequence(&[AES_256_GCM.to_der()?, gcm_parameters])?,
        element(ENCRYPTED_CONTENT, &[content.to_vec()])?,
    ])?;
    let enveloped = sequence(&[
        0u8.to_der()?,
        element(Tag::Set, &[recipient.to_vec()])?,
        encrypted_content_info,
        octets(mac)?,
    ])?;
    sequence(&[
        AUTH_ENVELOPED_DATA.to_der()?,
        element(context(0), &[enveloped])?,
    ])
}

/// The parts of a message that this crate opens.
struct Message<'a> {
    kdf: Pbkdf2Params,
    kek_iv: [u8; 16],
    encrypted_key: &'a [u8],
    nonce: [u8; 12],
    content: &'a [u8],
    mac: [u8; TAG_LEN as usize],
}

impl<'a> Message<'a> {
    fn parse(der: &'a [u8]) -> Option<Self> {
        let [content_type, content] = array(AnyRef::from_der(der).ok()?)?;
        let content = (is(content_type, AUTH_ENVELOPED_DATA)
            && content.header().tag() == context(0))
        .then(|| AnyRef::from_der(content.value()).ok())??;
        let [_version, recipients, info, mac] = array(content)?;
        let [recipient] = array(recipients)?;
        let [_version, derivation, key_encryption, encrypted_key] = array(recipient)?;
        let [pbkdf2, parameters] = array(derivation)?;
        let [pwri_kek, cipher] = array(key_encryption)?;
        let [cbc, iv] = array(cipher)?;
        let [_data, content_encryption, encrypted_content] = array(info)?;
        let [gcm, gcm_parameters] = array(content_encryption)?;
        let [nonce, _tag_len] = array(gcm_parameters)?;
        let known = recipient.header().tag() == context(3)
            && is(pbkdf2, PBKDF2)
            && is(pwri_kek, PWRI_KEK)
            && is(cbc, AES_256_CBC)
            && is(gcm, AES_256_GCM)
            && encrypted_content.header().tag() == ENCRYPTED_CONTENT;
        known.then_some(())?;
        Some(Self {
            kdf: Pbkdf2Params::try_from(parameters).ok()?,
            kek_iv: iv.value().try_into().ok()?,
            encrypted_key: encrypted_key.value(),
            nonce: nonce.value().try_into().ok()?,
            content: encrypted_content.value(),
            mac: mac.value().try_into().ok()?,
        })
    }
}

/// RFC 3211 section 2.3.1: the key with its length, a check value and random padding, encrypted twice in a row.
fn wrap_key(kek: &[u8; 32], iv: &[u8; 16], key: &[u8]) -> Result<Vec<u8>, KeyMaterialError> {
    let (Ok(key_len), [a, b, c, ..]) = (u8::try_from(key.len()), key) else {
        return Err(KeyMaterialError::ExportFailed);
    };
    let len = (4 + key.len()).next_multiple_of(16).max(32);
    let mut block = SecretBytes::random(len)?;
    let bytes = block.as_mut_slice();
    bytes[..4].copy_from_slice(&[key_len, !a, !b, !c]);
    bytes[4..4 + key.len()].copy_from_slice(key);
    let mut iv = *iv;
    for _ in 0..2 {
        cbc::Encryptor::<Aes256>::new(kek.into(), &iv.into())
            .encrypt_padded::<NoPadding>(bytes, len)
            .map_err(|_| KeyMaterialError::ExportFailed)?;
        iv.copy_from_slice(&bytes[len - 16..]);
    }
    Ok(bytes.to_vec())
}

/// RFC 3211 section 2.3.2.
fn unwrap_key(kek: &[u8; 32], iv: &[u8; 16], wrapped: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let blocks = wrapped.len() / 16;
    if blocks < 2 || !wrapped.len().is_multiple_of(16) {
        return None;
    }
    let decrypt = |iv: &[u8], bytes: &mut [u8]| {
        cbc::Decryptor::<Aes256>::new_from_slices(kek, iv)
            .ok()?
            .decrypt_padded::<NoPadding>(bytes)
            .ok()
            .map(|_| ())
    };
    let mut bytes = Zeroizing::new(wrapped.to_vec());
    // Steps 1 and 2: the last block of the inner encryption is the initial value of the outer one.
    let (rest, last) = bytes.split_at_mut(wrapped.len() - 16);
    decrypt(&wrapped[wrapped.len() - 32..wrapped.len() - 16], last)?;
    decrypt(last, rest)?;
    // Step 3: the inner encryption.
    decrypt(iv, &mut bytes)?;
    let [32, x, y, z, key @ ..] = bytes.as_slice() else {
        return None;
    };
    let key: &[u8; 32] = key.get(..32)?.try_into().ok()?;
    ([!x, !y, !z] == key[..3]).then(|| Zeroizing::new(*key))
}

const ENCRYPTED_CONTENT: Tag = Tag::ContextSpecific {
    constructed: false,
    number: TagNumber(0),
};

const fn context(number: u32) -> Tag {
    Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(number),
    }
}

fn is(element: AnyRef<'_>, oid: ObjectIdentifier) -> bool {
    element.decode_as() == Ok(oid)
}

/// Exactly `N` elements of a constructed element.
fn array<const N: usize>(outer: AnyRef<'_>) -> Option<[AnyRef<'_>; N]> {
    elements(outer)?.try_into().ok()
}

fn element(tag: Tag, parts: &[Vec<u8>]) -> der::Result<Vec<u8>> {
    AnyRef::new(tag, &parts.concat())?.to_der()
}

fn sequence(parts: &[Vec<u8>]) -> der::Result<Vec<u8>> {
    element(Tag::Sequence, parts)
}

fn octets(bytes: &[u8]) -> der::Result<Vec<u8>> {
    element(Tag::OctetString, &[bytes.to_vec()])
}
