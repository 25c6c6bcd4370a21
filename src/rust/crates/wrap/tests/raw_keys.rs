//! Symmetric and HMAC keys: lengths, text in place of bytes, MACs.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{hex, message, openssl};
use kmsr_wrap::{KeyMaterial, KeyMaterialError, KeySpec, MacAlgorithm, TextEncoding};

/// Bytes that look like no text.
fn bytes(len: usize) -> Vec<u8> {
    (0..len).map(|i| 0x80 | i as u8).collect()
}

#[test]
fn every_spec_takes_its_lengths_only() {
    for (spec, lengths) in [
        (KeySpec::SymmetricDefault, 32..=32),
        (KeySpec::SymmetricDefaultChina, 16..=16),
        (KeySpec::Hmac224, 28..=128),
        (KeySpec::Hmac256, 32..=128),
        (KeySpec::Hmac384, 48..=128),
        (KeySpec::Hmac512, 64..=128),
    ] {
        for len in 1..300 {
            match KeyMaterial::from_bytes(&bytes(len), Some(spec)) {
                Ok(material) => {
                    assert!(lengths.contains(&len), "{spec}, {len}");
                    assert_eq!(material.len(), len);
                    assert_eq!(material.spec(), spec);
                    assert_eq!(material.public_key_der(), None);
                }
                Err(KeyMaterialError::Length { .. }) => assert!(!lengths.contains(&len)),
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(KeyMaterial::random(spec).unwrap().len(), *lengths.start());
    }
}

#[test]
fn a_wrong_length_says_what_went_wrong() {
    let said = |bytes: &[u8], spec| message(KeyMaterial::from_bytes(bytes, Some(spec)));
    assert_eq!(
        said(&bytes(31), KeySpec::SymmetricDefault),
        "SYMMETRIC_DEFAULT material has 32 bytes, not 31."
    );
    assert_eq!(
        said(&bytes(16), KeySpec::SymmetricDefault),
        "SYMMETRIC_DEFAULT material has 32 bytes, not 16. 16 bytes are a 128-bit key: AWS KMS imports 256-bit keys, and SM4 \
         keys of 16 bytes in the China Regions only."
    );
    assert_eq!(
        said(&bytes(32), KeySpec::SymmetricDefaultChina),
        "SYMMETRIC_DEFAULT (SM4, China Regions) material has 16 bytes, not 32. In the China Regions SYMMETRIC_DEFAULT is a \
         128-bit SM4 key."
    );
    assert_eq!(
        said(
            &[bytes(32), b"\n".to_vec()].concat(),
            KeySpec::SymmetricDefault
        ),
        "SYMMETRIC_DEFAULT material has 32 bytes, not 33. The last byte is a line break, which an editor or echo may have \
         added."
    );
    assert_eq!(
        said(&bytes(129), KeySpec::Hmac256),
        "HMAC_256 material has 32 to 128 bytes, not 129. A longer key may be replaced by its hash, which gives the same \
         MACs (RFC 2104)."
    );
    assert_eq!(
        said(b"", KeySpec::Hmac256),
        "There are no bytes here. Check that the key was written."
    );
}

#[test]
fn text_is_refused_and_told_what_it_looks_like() {
    let key = bytes(32);
    let base64 = "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8=";
    let url = "gIGCg4SFhoeIiYqLjI2Oj5CRkpOUlZaXmJmam5ydnp8";
    let digits = hex(&key);
    let colons: Vec<String> = key.iter().map(|byte| format!("{byte:02X}")).collect();
    for (text, encoding) in [
        (base64.to_owned(), TextEncoding::Base64),
        (format!("{base64}\n"), TextEncoding::Base64),
        (url.to_owned(), TextEncoding::Base64),
        (
            url.replace('g', "-").replace('8', "_"),
            TextEncoding::Base64,
        ),
        (
            format!("{}\r\n{}\r\n", &base64[..20], &base64[20..]),
            TextEncoding::Base64,
        ),
        (digits.clone(), TextEncoding::Hex),
        (format!("0x{digits}\n"), TextEncoding::Hex),
        (digits.to_uppercase(), TextEncoding::Hex),
        (colons.join(":"), TextEncoding::Hex),
    ] {
        for spec in [
            KeySpec::SymmetricDefault,
            KeySpec::Hmac224,
            KeySpec::Hmac256,
        ] {
            match KeyMaterial::from_bytes(text.as_bytes(), Some(spec)).unwrap_err() {
                KeyMaterialError::Text {
                    encoding: found,
                    decoded_len,
                    ..
                } => {
                    assert_eq!((found, decoded_len), (encoding, Some(32)), "{text}");
                }
                other => panic!("{text}: {other:?}"),
            }
        }
    }
    assert_eq!(
        message(KeyMaterial::from_bytes(
            base64.as_bytes(),
            Some(KeySpec::SymmetricDefault)
        )),
        "These 44 bytes look like base64 text for 32 bytes, not like the raw bytes of a key. Decode it first, for example \
         with openssl base64 -d -A. If these characters themselves are the key, give them as such."
    );
    let utf16: Vec<u8> = [0xff, 0xfe]
        .into_iter()
        .chain(base64.bytes().flat_map(|b| [b, 0]))
        .collect();
    let error = KeyMaterial::from_bytes(&utf16, Some(KeySpec::Hmac512)).unwrap_err();
    assert!(matches!(
        error,
        KeyMaterialError::Text {
            encoding: TextEncoding::Utf16,
            ..
        }
    ));
    // The same for a private key, whose spec may be missing.
    let error = KeyMaterial::from_bytes(b"MIIEvQIBADANBgkqhkiG9w0BAQEFAASC", None).unwrap_err();
    assert_eq!(
        error.to_string(),
        "These 32 bytes look like base64 text for 24 bytes, not like a key in DER or PEM. Decode it first, for example with \
         openssl base64 -d -A."
    );
}

#[test]
fn characters_can_be_a_key_if_said_so() {
    let key = b"0123456789abcdef0123456789abcdef";
    assert_eq!(
        KeyMaterial::from_bytes(key, Some(KeySpec::Hmac256))
            .unwrap_err()
            .kind(),
        "text"
    );
    let material = KeyMaterial::from_raw_bytes(key, KeySpec::Hmac256).unwrap();
    assert_eq!(material.len(), 32);
    assert_eq!(
        KeyMaterial::from_raw_bytes(key, KeySpec::Rsa2048)
            .unwrap_err()
            .kind(),
        "malformed"
    );
    // A sentence is no text encoding, and no key that anybody would take for one.
    let sentence = b"a passphrase, with spaces and more";
    assert!(KeyMaterial::from_bytes(sentence, Some(KeySpec::Hmac256)).is_ok());
}

#[test]
fn raw_bytes_need_a_spec() {
    let error = KeyMaterial::from_bytes(&bytes(32), None).unwrap_err();
    assert!(matches!(error, KeyMaterialError::SpecNeeded { len: 32 }));
    let error = KeyMaterial::from_bytes(&bytes(32), Some(KeySpec::Rsa2048)).unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("RSA_2048 material is a private key in PKCS#8"),
        "{error}"
    );
    let error = KeyMaterial::from_bytes(&vec![0x80; 64 * 1024 + 1], None).unwrap_err();
    assert_eq!(error.kind(), "too_long");
}

#[test]
fn nothing_secret_is_printed() {
    let material = KeyMaterial::from_bytes(&bytes(48), Some(KeySpec::Hmac384)).unwrap();
    assert_eq!(
        format!("{material:?}"),
        "KeyMaterial(HMAC_384, 48 bytes, <REDACTED>)"
    );
    assert_eq!(
        format!("{material:#?}"),
        "KeyMaterial(HMAC_384, 48 bytes, <REDACTED>)"
    );
}

#[test]
fn macs_are_the_ones_of_openssl() {
    need_openssl!();
    for (spec, algorithm, digest) in [
        (KeySpec::Hmac224, MacAlgorithm::HmacSha224, "sha224"),
        (KeySpec::Hmac256, MacAlgorithm::HmacSha256, "sha256"),
        (KeySpec::Hmac384, MacAlgorithm::HmacSha384, "sha384"),
        (KeySpec::Hmac512, MacAlgorithm::HmacSha512, "sha512"),
    ] {
        for len in [64, 65, 127, 128] {
            let key = bytes(len);
            let material = KeyMaterial::from_bytes(&key, Some(spec)).unwrap();
            for message in [b"".as_slice(), b"what do ya want for nothing?"] {
                let command = format!(
                    "dgst -{digest} -binary -mac HMAC -macopt hexkey:{}",
                    hex(&key)
                );
                assert_eq!(
                    material.hmac(message, algorithm).unwrap(),
                    openssl(&command, message)
                );
            }
        }
        for other in MacAlgorithm::ALL
            .into_iter()
            .filter(|&other| other != algorithm)
        {
            let material = KeyMaterial::from_bytes(&bytes(64), Some(spec)).unwrap();
            let text = message(material.hmac(b"", other));
            assert_eq!(
                text,
                format!("{other} does not work with {spec} keys. Use {algorithm}.")
            );
        }
    }
    let symmetric = KeyMaterial::random(KeySpec::SymmetricDefault).unwrap();
    let text = message(symmetric.hmac(b"", MacAlgorithm::HmacSha256));
    assert_eq!(
        text,
        "SYMMETRIC_DEFAULT keys make no MACs; only HMAC keys do."
    );
}
