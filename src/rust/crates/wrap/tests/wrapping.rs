//! Wrapping, judged by openssl.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{WrappingKey, material, message};
use kmsr_wrap::{
    KeySpec, NotAPublicKey, WrapError, WrappingAlgorithm, WrappingKeySpec, check, wrap, wrap_slice,
};

#[test]
fn openssl_unwraps_every_algorithm_under_every_key() {
    need_openssl!();
    for key in WrappingKey::all() {
        for algorithm in WrappingAlgorithm::ALL
            .into_iter()
            .filter(|a| a.fits(key.spec))
        {
            let longest = algorithm.max_len(key.spec).unwrap_or(2400);
            for len in [1, 7, 8, 9, 16, 31, 32, 64, 128, longest] {
                let bytes: Vec<u8> = (0..len).map(|i| (i * 7 + 1) as u8).collect();
                let wrapped = wrap_slice(&bytes, &key.public_key, algorithm).unwrap();
                let unwrapped = key.unwrap(algorithm, &wrapped);
                assert!(
                    unwrapped == bytes,
                    "{algorithm} under {}, {len} bytes",
                    key.spec
                );
            }
        }
    }
}

#[test]
fn openssl_unwraps_every_spec_by_every_algorithm_for_it() {
    need_openssl!();
    for spec in KeySpec::ALL {
        let material = material(spec);
        let mut revealed: Option<Vec<u8>> = None;
        for china in [false, true] {
            for &algorithm in spec.wrapping_algorithms(china) {
                for key in WrappingKey::all() {
                    if check(spec, algorithm, key.spec, china).is_err() {
                        continue;
                    }
                    let wrapped = wrap(material, &key.public_key, algorithm).unwrap();
                    let unwrapped = key.unwrap(algorithm, &wrapped);
                    assert_eq!(unwrapped.len(), material.len());
                    let before = revealed.get_or_insert_with(|| unwrapped.clone());
                    assert!(
                        *before == unwrapped,
                        "{spec} by {algorithm} under {}",
                        key.spec
                    );
                }
            }
        }
        assert!(revealed.is_some(), "{spec} was never wrapped");
    }
}

#[test]
fn wrapping_twice_gives_other_bytes() {
    need_openssl!();
    for key in WrappingKey::all() {
        for algorithm in WrappingAlgorithm::ALL
            .into_iter()
            .filter(|a| a.fits(key.spec))
        {
            let once = wrap_slice(b"the same bytes", &key.public_key, algorithm).unwrap();
            let again = wrap_slice(b"the same bytes", &key.public_key, algorithm).unwrap();
            assert!(once != again, "{algorithm}");
        }
    }
}

#[test]
fn a_public_key_may_be_pem() {
    need_openssl!();
    let key = WrappingKey::of(WrappingKeySpec::Rsa2048);
    let pem = common::openssl("pkey -pubin -inform DER -outform PEM", &key.public_key);
    let wrapped = wrap_slice(b"secret", &pem, WrappingAlgorithm::RsaesOaepSha256).unwrap();
    assert_eq!(
        key.unwrap(WrappingAlgorithm::RsaesOaepSha256, &wrapped),
        b"secret"
    );
}

#[test]
fn one_byte_too_many_names_the_limit_and_the_way_out() {
    need_openssl!();
    let limits = [
        (WrappingAlgorithm::RsaesOaepSha1, [214, 342, 470]),
        (WrappingAlgorithm::RsaesOaepSha256, [190, 318, 446]),
        (WrappingAlgorithm::RsaesPkcs1V15, [245, 373, 501]),
    ];
    for (algorithm, limits) in limits {
        for (key, limit) in WrappingKeySpec::ALL.into_iter().zip(limits) {
            let public_key = &WrappingKey::of(key).public_key;
            assert!(wrap_slice(&vec![1; limit], public_key, algorithm).is_ok());
            let error = wrap_slice(&vec![1; limit + 1], public_key, algorithm).unwrap_err();
            assert!(
                matches!(error, WrapError::TooLong { len, limit: said, .. } if len == limit + 1 && said == limit),
                "{error:?}"
            );
            assert!(
                error.to_string().contains("RSA_AES_KEY_WRAP_SHA_256"),
                "{error}"
            );
        }
    }
    assert_eq!(
        message(wrap_slice(
            &[1; 300],
            &WrappingKey::of(WrappingKeySpec::Rsa2048).public_key,
            WrappingAlgorithm::RsaesOaepSha256
        )),
        "300 bytes are too long: RSAES_OAEP_SHA_256 under RSA_2048 carries at most 190 bytes. Use a wrapping key of spec \
         RSA_3072, or RSA_AES_KEY_WRAP_SHA_256, which carries any length."
    );
}

#[test]
fn nothing_is_not_wrapped() {
    need_openssl!();
    for key in WrappingKey::all() {
        for algorithm in WrappingAlgorithm::ALL
            .into_iter()
            .filter(|a| a.fits(key.spec))
        {
            let error = wrap_slice(b"", &key.public_key, algorithm).unwrap_err();
            assert!(matches!(error, WrapError::Empty), "{error:?}");
        }
    }
}

#[test]
fn combinations_aws_refuses_are_refused() {
    need_openssl!();
    let rsa = material(KeySpec::Rsa2048);
    let symmetric = material(KeySpec::SymmetricDefault);
    let p521 = material(KeySpec::EccNistP521);
    let rsa_2048 = &WrappingKey::of(WrappingKeySpec::Rsa2048).public_key;
    let rsa_4096 = &WrappingKey::of(WrappingKeySpec::Rsa4096).public_key;
    let sm2 = &WrappingKey::of(WrappingKeySpec::Sm2).public_key;
    assert_eq!(
        message(wrap(rsa, rsa_4096, WrappingAlgorithm::RsaesOaepSha256)),
        "AWS KMS does not accept RSA_2048 material by RSAES_OAEP_SHA_256: an RSA private key is longer than what RSA \
         carries directly. Use RSA_AES_KEY_WRAP_SHA_256 or RSA_AES_KEY_WRAP_SHA_1."
    );
    assert_eq!(
        message(wrap(
            symmetric,
            rsa_4096,
            WrappingAlgorithm::RsaAesKeyWrapSha256
        )),
        "AWS KMS does not accept SYMMETRIC_DEFAULT material by RSA_AES_KEY_WRAP_SHA_256. Use RSAES_OAEP_SHA_256 or \
         RSAES_OAEP_SHA_1."
    );
    assert_eq!(
        message(wrap(p521, rsa_2048, WrappingAlgorithm::RsaesOaepSha1)),
        "ECC_NIST_P521 material does not fit RSAES_OAEP_SHA_1 under RSA_2048. Use the wrapping key spec RSA_4096 or \
         RSA_3072, or the algorithm RSA_AES_KEY_WRAP_SHA_256."
    );
    // An RSA key by SM2PKE is for China, but it exists.
    assert!(wrap(rsa, sm2, WrappingAlgorithm::Sm2Pke).is_ok());
    // AWS KMS refuses PKCS#1 v1.5; this function leaves that to its caller.
    assert!(wrap(symmetric, rsa_2048, WrappingAlgorithm::RsaesPkcs1V15).is_ok());
}

#[test]
fn what_is_no_wrapping_key_is_told_what_it_is() {
    need_openssl!();
    let private_key = common::private_key(KeySpec::Rsa2048);
    let public_key = common::openssl("pkey -pubout", private_key);
    let der = common::openssl("pkey -pubout -outform DER", private_key);
    let pkcs1 = common::openssl("rsa -RSAPublicKey_out", private_key);
    let scratch = common::Scratch::new();
    let path = scratch.file("key.pem", private_key);
    let certificate = common::openssl(
        &format!("req -new -x509 -key {} -subj /CN=test", path.display()),
        b"",
    );
    let is = |bytes: &[u8], expected: NotAPublicKey| {
        let error = wrap_slice(b"x", bytes, WrappingAlgorithm::RsaesOaepSha256).unwrap_err();
        match error {
            WrapError::NotAPublicKey(found) => assert_eq!(found, expected),
            other => panic!("{other:?}"),
        }
    };
    is(private_key, NotAPublicKey::PrivateKey);
    is(
        &common::openssl("pkey -outform DER", private_key),
        NotAPublicKey::PrivateKey,
    );
    is(
        &common::openssl("rsa -traditional", private_key),
        NotAPublicKey::PrivateKey,
    );
    is(&pkcs1, NotAPublicKey::Pkcs1);
    is(
        &common::openssl("rsa -RSAPublicKey_out -outform DER", private_key),
        NotAPublicKey::Pkcs1,
    );
    is(&certificate, NotAPublicKey::Certificate);
    is(
        &common::openssl("x509 -outform DER", &certificate),
        NotAPublicKey::Certificate,
    );
    is(
        &common::openssl("base64", &der),
        NotAPublicKey::Text(kmsr_wrap::TextEncoding::Base64),
    );
    is(
        &[public_key.as_slice(), &certificate].concat(),
        NotAPublicKey::SeveralPemBlocks,
    );
    is(b"", NotAPublicKey::Other);
    is(&[7; 300], NotAPublicKey::Other);
    is(&der[..der.len() - 1], NotAPublicKey::Other);
    for (command, expected) in [
        (
            "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024",
            "1024 bits",
        ),
        (
            "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2047",
            "2047 bits",
        ),
        (
            common::genpkey(KeySpec::EccNistP256),
            "a public key for elliptic curve cryptography",
        ),
        (
            common::genpkey(KeySpec::EccNistEdwards25519),
            "a public key for Ed25519",
        ),
    ] {
        let other = common::openssl(command, b"");
        let other = common::openssl("pkey -pubout -outform DER", &other);
        let text = message(wrap_slice(b"x", &other, WrappingAlgorithm::RsaesOaepSha256));
        assert!(text.contains(expected), "{text}");
    }
    let sm2 = &WrappingKey::of(WrappingKeySpec::Sm2).public_key;
    let text = message(wrap_slice(b"x", sm2, WrappingAlgorithm::RsaesOaepSha256));
    assert!(text.contains("Use SM2PKE"), "{text}");
    let text = message(wrap_slice(b"x", &der, WrappingAlgorithm::Sm2Pke));
    assert!(
        text.contains("SM2PKE does not work under this RSA_2048"),
        "{text}"
    );
}

#[test]
fn mangled_public_keys_never_panic() {
    need_openssl!();
    for spec in [WrappingKeySpec::Rsa2048, WrappingKeySpec::Sm2] {
        let key = &WrappingKey::of(spec).public_key;
        let algorithm = match spec {
            WrappingKeySpec::Sm2 => WrappingAlgorithm::Sm2Pke,
            _ => WrappingAlgorithm::RsaesOaepSha256,
        };
        for len in 0..key.len() {
            assert!(wrap_slice(b"x", &key[..len], algorithm).is_err());
        }
        for index in 0..key.len() {
            for bit in 0..8 {
                let mut mangled = key.clone();
                mangled[index] ^= 1 << bit;
                drop(wrap_slice(b"x", &mangled, algorithm));
            }
        }
    }
}
