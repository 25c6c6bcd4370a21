//! As much DER as it takes to see what a private key file says it is.

/// An unencrypted private key (PKCS#8, RFC 5958) as far as its outer structure goes.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct PrivateKeyInfo<'a> {
    /// 0 is PKCS#8 v1; 1 adds a public key.
    pub(super) version: u8,
    /// The whole AlgorithmIdentifier, its tag and length included.
    pub(super) algorithm: &'a [u8],
    /// What the private key's octet string holds.
    pub(super) private_key: &'a [u8],
}

impl<'a> PrivateKeyInfo<'a> {
    /// `None` unless the bytes are one such structure from the first to the last.
    pub(super) fn parse(bytes: &'a [u8]) -> Option<Self> {
        let (outer, rest) = element(bytes, SEQUENCE)?;
        if !rest.is_empty() {
            return None;
        }
        let (version, rest) = element(outer.content, INTEGER)?;
        let [version] = *version.content else {
            return None;
        };
        let (algorithm, rest) = element(rest, SEQUENCE)?;
        let (private_key, _attributes) = element(rest, OCTET_STRING)?;
        Some(Self {
            version,
            algorithm: algorithm.whole,
            private_key: private_key.content,
        })
    }
}

/// The version of an RSAPrivateKey (RFC 8017, appendix A.1.2): 0 for two primes, 1 for more.
pub(super) fn rsa_private_key_version(bytes: &[u8]) -> Option<u8> {
    let (outer, _) = element(bytes, SEQUENCE)?;
    let (version, _) = element(outer.content, INTEGER)?;
    match *version.content {
        [version] => Some(version),
        _ => None,
    }
}

/// What an octet string that is all there is holds.
pub(super) fn octet_string_content(bytes: &[u8]) -> Option<&[u8]> {
    let (string, rest) = element(bytes, OCTET_STRING)?;
    rest.is_empty().then_some(string.content)
}

/// The public key in a SubjectPublicKeyInfo (RFC 5280, section 4.1).
pub(super) fn public_key_bits(bytes: &[u8]) -> Option<&[u8]> {
    let (outer, _) = element(bytes, SEQUENCE)?;
    let (_algorithm, rest) = element(outer.content, SEQUENCE)?;
    let (bits, _) = element(rest, BIT_STRING)?;
    // The first byte says how many bits of the last one are unused.
    bits.content.strip_prefix(&[0])
}

pub(super) fn sequence(elements: &[&[u8]]) -> Vec<u8> {
    encode(SEQUENCE, &elements.concat())
}

pub(super) fn octet_string(content: &[u8]) -> Vec<u8> {
    encode(OCTET_STRING, content)
}

pub(super) fn bit_string(content: &[u8]) -> Vec<u8> {
    encode(BIT_STRING, &[&[0], content].concat())
}

/// From the content octets of the identifier.
pub(super) fn object_identifier(content: &[u8]) -> Vec<u8> {
    encode(OBJECT_IDENTIFIER, content)
}

pub(super) fn integer_zero() -> Vec<u8> {
    encode(INTEGER, &[0])
}

/// For content of less than 64 KiB, which all keys are.
fn encode(tag: u8, content: &[u8]) -> Vec<u8> {
    debug_assert!(content.len() <= 0xffff);
    let length = content.len();
    let mut encoded = vec![tag];
    match length {
        0..=0x7f => encoded.push(length as u8),
        0x80..=0xff => encoded.extend_from_slice(&[0x81, length as u8]),
        _ => encoded.extend_from_slice(&[0x82, (length >> 8) as u8, length as u8]),
    }
    encoded.extend_from_slice(content);
    encoded
}

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OCTET_STRING: u8 = 0x04;
const OBJECT_IDENTIFIER: u8 = 0x06;
const SEQUENCE: u8 = 0x30;

struct Element<'a> {
    whole: &'a [u8],
    content: &'a [u8],
}

/// The element at the front, if it has this tag and a definite, minimal length (X.690, section 10.1), and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(Element<'_>, &[u8])> {
    let (&found, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    if found != tag {
        return None;
    }
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81 | 0x82 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            let length = digits
                .iter()
                .fold(0, |length, digit| length << 8 | usize::from(*digit));
            let minimal = length > if first == 0x81 { 0x7f } else { 0xff };
            (minimal.then_some(length)?, rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    let whole = &bytes[..bytes.len() - rest.len()];
    Some((Element { whole, content }, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_an_ed25519_key() {
        let mut key = vec![
            0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22,
            0x04, 0x20,
        ];
        key.extend_from_slice(&[9; 32]);
        let info = PrivateKeyInfo::parse(&key).expect("a key of RFC 8410's form");
        assert_eq!(info.version, 0);
        assert_eq!(info.algorithm, &key[5..12]);
        assert_eq!(info.private_key, &key[14..]);

        key.push(0);
        assert_eq!(PrivateKeyInfo::parse(&key), None, "something follows");
        assert_eq!(PrivateKeyInfo::parse(&key[..40]), None, "cut short");
        assert_eq!(PrivateKeyInfo::parse(b""), None);
    }

    #[test]
    fn long_lengths_must_be_minimal() {
        assert!(element(&[0x04, 0x81, 0x01, 0xff], OCTET_STRING).is_none());
        assert!(element(&[0x04, 0x80, 0x00, 0x00], OCTET_STRING).is_none());
        let mut long = vec![0x04, 0x81, 0x80];
        long.extend_from_slice(&[1; 128]);
        assert!(element(&long, OCTET_STRING).is_some());
    }
}
