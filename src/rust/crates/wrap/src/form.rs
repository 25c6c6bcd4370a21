//! Which of the many DER structures this is, told by its first elements.

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag};

/// A known DER structure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// PrivateKeyInfo or OneAsymmetricKey, RFC 5958 section 2.
    Pkcs8,
    /// RSAPrivateKey, RFC 8017 appendix A.1.2.
    Pkcs1,
    /// ECPrivateKey, RFC 5915 section 3.
    Sec1,
    /// OpenSSL's own form of DSA keys.
    Dsa,
    /// EncryptedPrivateKeyInfo, RFC 5958 section 3.
    EncryptedPkcs8,
    /// SubjectPublicKeyInfo, RFC 5280 section 4.1.
    PublicKey,
    /// RSAPublicKey, RFC 8017 appendix A.1.1.
    Pkcs1PublicKey,
    /// Certificate, RFC 5280 section 4.1.
    Certificate,
    /// CertificationRequest, RFC 2986 section 4.2.
    CertificateRequest,
    /// PFX, RFC 7292 section 4.
    Pkcs12,
    /// ContentInfo, RFC 5652 section 3.
    Cms,
}

/// The form of `bytes`, if they are one known structure from the first byte to the last.
pub(crate) fn of(bytes: &[u8]) -> Option<Form> {
    let outer = AnyRef::from_der(bytes).ok()?;
    let elements = (outer.header().tag() == Tag::Sequence)
        .then(|| elements(outer))
        .flatten()?;
    let tags: Vec<Tag> = elements
        .iter()
        .map(|element| element.header().tag())
        .collect();
    let integers = tags.iter().take_while(|&&tag| tag == Tag::Integer).count();
    match tags.as_slice() {
        [Tag::Integer, Tag::Sequence, Tag::OctetString, ..] => Some(Form::Pkcs8),
        [Tag::Integer, Tag::OctetString, ..] => Some(Form::Sec1),
        [Tag::Integer, Tag::Integer] => Some(Form::Pkcs1PublicKey),
        tags if integers == 6 && tags.len() == 6 => Some(Form::Dsa),
        _ if integers == 9 => Some(Form::Pkcs1),
        [Tag::Sequence, Tag::OctetString] => Some(Form::EncryptedPkcs8),
        [Tag::Sequence, Tag::BitString] => Some(Form::PublicKey),
        [Tag::Sequence, Tag::Sequence, Tag::BitString] => Some(certificate_or_request(elements[0])),
        [Tag::Integer, Tag::Sequence, ..] if elements[0].value() == [3] => Some(Form::Pkcs12),
        [Tag::ObjectIdentifier, Tag::ContextSpecific { .. }] => Some(Form::Cms),
        _ => None,
    }
}

/// The object identifier in the first element of a structure, its algorithm.
pub(crate) fn algorithm(bytes: &[u8]) -> Option<ObjectIdentifier> {
    let algorithm = *elements(AnyRef::from_der(bytes).ok()?)?.first()?;
    elements(algorithm)?.first()?.decode_as().ok()
}

/// The elements of a constructed element; `None` if its content is not DER.
pub(crate) fn elements(outer: AnyRef<'_>) -> Option<Vec<AnyRef<'_>>> {
    let mut reader = SliceReader::new(outer.value()).ok()?;
    let mut elements = Vec::new();
    while !reader.is_finished() {
        elements.push(AnyRef::decode(&mut reader).ok()?);
    }
    Some(elements)
}

/// A certificate's content begins with a version in a tag of its own (RFC 5280 section 4.1), a request's with the
/// number 0 (RFC 2986 section 4.1).
fn certificate_or_request(content: AnyRef<'_>) -> Form {
    match elements(content).as_deref() {
        Some([first, ..]) if first.header().tag() == Tag::Integer && first.value() == [0] => {
            Form::CertificateRequest
        }
        _ => Form::Certificate,
    }
}
