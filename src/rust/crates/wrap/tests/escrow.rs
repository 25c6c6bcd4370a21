//! Copies to keep, opened by openssl and by this crate again.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{WrappingKey, material, message, openssl, reveal, try_openssl};
use kmsr_wrap::{KeyMaterial, KeySpec, WrappingAlgorithm, WrappingKeySpec};

const PASSPHRASE: &str = "correct-horse-Ünïcode";

#[test]
fn openssl_opens_every_copy_under_a_passphrase() {
    need_openssl!();
    for spec in KeySpec::ALL {
        let material = material(spec);
        let copy = material.export_encrypted(PASSPHRASE.as_bytes()).unwrap();
        let command = if spec.is_asymmetric() {
            "pkcs8 -topk8 -nocrypt -outform DER -passin pass:"
        } else {
            "cms -decrypt -binary -inform PEM -pwri_password "
        };
        let opened = openssl(&format!("{command}{PASSPHRASE}"), copy.as_bytes());
        let expected = if spec.is_asymmetric() {
            reveal(material)
        } else {
            reveal_raw(material)
        };
        assert!(opened == expected, "{spec}");
        if [KeySpec::SymmetricDefault, KeySpec::EccNistP256].contains(&spec) {
            assert!(try_openssl(&format!("{command}wrong"), copy.as_bytes()).is_err());
        }
    }
}

#[test]
fn every_copy_under_a_passphrase_is_read_again() {
    for spec in KeySpec::ALL {
        let material = material(spec);
        let copy = material.export_encrypted(PASSPHRASE.as_bytes()).unwrap();
        let again = KeyMaterial::from_bytes_with_passphrase(
            copy.as_bytes(),
            PASSPHRASE.as_bytes(),
            Some(spec),
        )
        .unwrap();
        assert_eq!(again.spec(), spec);
        assert_eq!(again.public_key_der(), material.public_key_der());
        if let Some(algorithm) = kmsr_wrap::MacAlgorithm::of(spec) {
            assert_eq!(
                again.hmac(b"message", algorithm).unwrap(),
                material.hmac(b"message", algorithm).unwrap()
            );
        }
    }
}

#[test]
fn a_copy_opens_with_its_passphrase_only() {
    for spec in [KeySpec::SymmetricDefault, KeySpec::EccNistP256] {
        let material = material(spec);
        let copy = material.export_encrypted(PASSPHRASE.as_bytes()).unwrap();
        let read = |passphrase: &str, spec| {
            KeyMaterial::from_bytes_with_passphrase(copy.as_bytes(), passphrase.as_bytes(), spec)
        };
        let error = read("wrong", Some(spec)).unwrap_err();
        assert_eq!(error.kind(), "wrong_passphrase");
        let error = KeyMaterial::from_bytes(copy.as_bytes(), Some(spec)).unwrap_err();
        assert_eq!(error.kind(), "passphrase_needed");
        // A private key says what it is, a raw key does not.
        match spec.is_asymmetric() {
            true => assert_eq!(read(PASSPHRASE, None).unwrap().spec(), spec),
            false => assert_eq!(read(PASSPHRASE, None).unwrap_err().kind(), "spec_needed"),
        }
    }
}

#[test]
fn a_copy_of_a_raw_key_says_what_it_is() {
    let material = KeyMaterial::random(KeySpec::Hmac384).unwrap();
    let copy = material.export_encrypted(b"x").unwrap();
    let head: Vec<&str> = copy.lines().take(4).collect();
    assert_eq!(
        head,
        [
            "AWS KMS key material of spec HMAC_384, 48 bytes, encrypted with a passphrase.",
            "To open it: openssl cms -decrypt -binary -inform PEM -in THIS_FILE -out KEY -pwri_password PASSPHRASE",
            "",
            "-----BEGIN CMS-----",
        ]
    );
    assert!(copy.ends_with("\n-----END CMS-----\n"));
    assert!(copy.lines().skip(3).all(|line| line.len() <= 64));
}

#[test]
fn an_empty_passphrase_is_refused() {
    let material = KeyMaterial::random(KeySpec::SymmetricDefault).unwrap();
    assert!(message(material.export_encrypted(b"")).starts_with("The passphrase is empty."));
}

#[test]
fn a_changed_copy_is_not_taken_for_another_key() {
    need_openssl!();
    let material = KeyMaterial::random(KeySpec::SymmetricDefault).unwrap();
    let copy = material.export_encrypted(b"x").unwrap();
    let der = decode(&copy);
    // The last bytes are the authentication tag, the bytes before it the encrypted key.
    for index in [
        der.len() - 1,
        der.len() - 17,
        der.len() - 20,
        der.len() - 30,
    ] {
        let mut changed = der.clone();
        changed[index] ^= 1;
        let error = KeyMaterial::from_bytes_with_passphrase(
            &changed,
            b"x",
            Some(KeySpec::SymmetricDefault),
        )
        .unwrap_err();
        assert!(
            ["wrong_passphrase", "encryption"].contains(&error.kind()),
            "{error:?}"
        );
    }
    for len in 0..der.len() {
        let cut = &der[..len];
        assert!(
            KeyMaterial::from_bytes_with_passphrase(cut, b"x", Some(KeySpec::SymmetricDefault))
                .is_err()
        );
    }
}

#[test]
fn cms_of_other_kinds_is_refused_with_its_name() {
    need_openssl!();
    let other = openssl(
        "cms -encrypt -binary -aes256 -pwri_password x -outform PEM",
        &[7; 32],
    );
    let error =
        KeyMaterial::from_bytes_with_passphrase(&other, b"x", Some(KeySpec::SymmetricDefault))
            .unwrap_err();
    assert_eq!(error.kind(), "encryption");
    assert!(
        error
            .to_string()
            .contains("CMS other than AuthEnvelopedData"),
        "{error}"
    );
}

#[test]
fn a_copy_wrapped_under_a_public_key_is_unwrapped_by_its_owner() {
    need_openssl!();
    let key = WrappingKey::of(WrappingKeySpec::Rsa3072);
    for spec in KeySpec::ALL {
        let material = material(spec);
        for algorithm in [
            WrappingAlgorithm::RsaAesKeyWrapSha256,
            WrappingAlgorithm::RsaAesKeyWrapSha1,
        ] {
            let copy = material.export_wrapped(&key.public_key, algorithm).unwrap();
            let opened = key.unwrap(algorithm, &copy);
            let again = KeyMaterial::from_bytes(&opened, Some(spec)).unwrap();
            assert_eq!(again.public_key_der(), material.public_key_der());
        }
    }
}

/// The bytes a PEM text stands for.
fn decode(pem: &str) -> Vec<u8> {
    let base64: String = pem
        .lines()
        .skip_while(|line| !line.starts_with("-----BEGIN"))
        .skip(1)
        .take_while(|line| !line.starts_with("-----END"))
        .collect();
    openssl("base64 -d -A", base64.as_bytes())
}

/// The bytes of a raw key, by unwrapping with openssl.
fn reveal_raw(material: &KeyMaterial) -> Vec<u8> {
    let key = WrappingKey::of(WrappingKeySpec::Rsa2048);
    let algorithm = WrappingAlgorithm::RsaesOaepSha256;
    let wrapped = material.export_wrapped(&key.public_key, algorithm).unwrap();
    key.unwrap(algorithm, &wrapped)
}
