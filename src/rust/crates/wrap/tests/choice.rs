//! AWS' table of materials, algorithms and wrapping keys.
#![allow(clippy::unwrap_used, reason = "tests")]

use kmsr_wrap::{
    KeySpec, MacAlgorithm, NameError, WrappingAlgorithm, WrappingKeySpec, check, choose,
};

/// The Developer Guide's table "Select a wrapping algorithm", by hand: what is allowed outside China, then in China.
fn allowed(spec: KeySpec, algorithm: WrappingAlgorithm, key: WrappingKeySpec, china: bool) -> bool {
    let name = algorithm.as_str();
    let oaep = name.starts_with("RSAES_OAEP_");
    let rsa_aes = name.starts_with("RSA_AES_");
    let sm2pke = name == "SM2PKE";
    if sm2pke != (key.as_str() == "SM2") {
        return false;
    }
    if spec == KeySpec::EccNistP521 && oaep && key == WrappingKeySpec::Rsa2048 {
        return false;
    }
    match (spec, china) {
        (KeySpec::SymmetricDefault, false) | (KeySpec::SymmetricDefaultChina, true) => oaep,
        (KeySpec::SymmetricDefault, true) | (KeySpec::SymmetricDefaultChina, false) => false,
        (KeySpec::Sm2, false) => false,
        (KeySpec::Sm2, true) => oaep || sm2pke,
        (spec, _) if spec.as_str().starts_with("HMAC_") => oaep,
        (spec, false) if spec.as_str().starts_with("RSA_") => rsa_aes,
        (spec, true) if spec.as_str().starts_with("RSA_") => sm2pke,
        (_, false) => oaep || rsa_aes,
        (_, true) => oaep || sm2pke,
    }
}

#[test]
fn check_knows_every_combination() {
    for spec in KeySpec::ALL {
        for algorithm in WrappingAlgorithm::ALL {
            for key in WrappingKeySpec::ALL {
                for china in [false, true] {
                    let answer = check(spec, algorithm, key, china);
                    let expected = allowed(spec, algorithm, key, china);
                    assert_eq!(
                        answer.is_ok(),
                        expected,
                        "{spec:?} {algorithm} {key} {china}"
                    );
                }
            }
        }
    }
}

#[test]
fn choose_takes_the_best_algorithm_and_the_longest_key() {
    let choice = |spec, len, china| {
        let (algorithm, key) = choose(spec, len, china).unwrap();
        format!("{algorithm} {key}")
    };
    assert_eq!(
        choice(KeySpec::SymmetricDefault, 32, false),
        "RSAES_OAEP_SHA_256 RSA_4096"
    );
    assert_eq!(
        choice(KeySpec::SymmetricDefaultChina, 16, true),
        "RSAES_OAEP_SHA_256 RSA_4096"
    );
    assert_eq!(
        choice(KeySpec::Hmac512, 128, false),
        "RSAES_OAEP_SHA_256 RSA_4096"
    );
    assert_eq!(
        choice(KeySpec::Rsa4096, 2400, false),
        "RSA_AES_KEY_WRAP_SHA_256 RSA_4096"
    );
    assert_eq!(choice(KeySpec::Rsa4096, 2400, true), "SM2PKE SM2");
    assert_eq!(
        choice(KeySpec::EccNistP521, 241, false),
        "RSA_AES_KEY_WRAP_SHA_256 RSA_4096"
    );
    assert_eq!(
        choice(KeySpec::EccNistP521, 241, true),
        "RSAES_OAEP_SHA_256 RSA_4096"
    );
    // More than any RSA key carries directly.
    assert_eq!(choice(KeySpec::EccNistP521, 500, true), "SM2PKE SM2");
    assert_eq!(
        choice(KeySpec::Sm2, 138, true),
        "RSAES_OAEP_SHA_256 RSA_4096"
    );
    let error = choose(KeySpec::SymmetricDefault, 500, false).unwrap_err();
    assert_eq!(error.kind(), "too_long");
    let error = choose(KeySpec::Sm2, 138, false).unwrap_err();
    assert_eq!(error.kind(), "china_only");
}

#[test]
fn whatever_is_chosen_passes_the_check() {
    for spec in KeySpec::ALL {
        for china in [false, true] {
            if let Ok((algorithm, key)) = choose(spec, 32, china) {
                assert_eq!(check(spec, algorithm, key, china), Ok(()));
            }
        }
    }
}

#[test]
fn refusals_say_what_to_do() {
    use WrappingAlgorithm as A;
    use WrappingKeySpec as W;
    let said =
        |spec, algorithm, key, china| check(spec, algorithm, key, china).unwrap_err().to_string();
    assert_eq!(
        said(
            KeySpec::SymmetricDefault,
            A::RsaesPkcs1V15,
            W::Rsa4096,
            false
        ),
        "AWS KMS has refused RSAES_PKCS1_V1_5 since 2023-10-10. Use RSAES_OAEP_SHA_256 or RSAES_OAEP_SHA_1."
    );
    assert_eq!(
        said(
            KeySpec::EccNistP256,
            A::RsaAesKeyWrapSha256,
            W::Rsa4096,
            true
        ),
        "The China Regions do not offer RSA_AES_KEY_WRAP_SHA_256. For ECC_NIST_P256 material use RSAES_OAEP_SHA_256 or \
         RSAES_OAEP_SHA_1 or SM2PKE under an SM2 wrapping key there."
    );
    assert_eq!(
        said(KeySpec::EccNistP256, A::Sm2Pke, W::Sm2, false),
        "Only the China Regions offer SM2PKE. For ECC_NIST_P256 material use RSA_AES_KEY_WRAP_SHA_256 or \
         RSA_AES_KEY_WRAP_SHA_1 or RSAES_OAEP_SHA_256 or RSAES_OAEP_SHA_1 elsewhere."
    );
    assert_eq!(
        said(KeySpec::Hmac256, A::RsaesOaepSha256, W::Sm2, true),
        "RSAES_OAEP_SHA_256 works under an RSA wrapping key, not under an SM2 one. Use the wrapping key spec RSA_4096, or \
         the algorithm SM2PKE."
    );
    assert_eq!(
        said(KeySpec::Sm2, A::Sm2Pke, W::Rsa2048, true),
        "SM2PKE works under an SM2 wrapping key, not under RSA_2048. Use the wrapping key spec SM2, or an RSAES_OAEP \
         algorithm if the material allows it."
    );
    assert_eq!(
        said(
            KeySpec::SymmetricDefault,
            A::RsaesOaepSha256,
            W::Rsa2048,
            true
        ),
        "In the China Regions SYMMETRIC_DEFAULT material is a 128-bit SM4 key of 16 bytes, not a 256-bit AES key."
    );
    assert_eq!(
        said(KeySpec::EccNistP521, A::RsaesOaepSha256, W::Rsa2048, true),
        "ECC_NIST_P521 material does not fit RSAES_OAEP_SHA_256 under RSA_2048. Use the wrapping key spec RSA_4096 or \
         RSA_3072."
    );
}

#[test]
fn names_are_read_to_the_letter_and_mistakes_told() {
    for spec in KeySpec::ALL {
        assert_eq!(
            KeySpec::parse(spec.as_str()).unwrap().in_china(),
            spec.in_china()
        );
    }
    for algorithm in WrappingAlgorithm::ALL {
        assert_eq!(WrappingAlgorithm::parse(algorithm.as_str()), Ok(algorithm));
    }
    for key in WrappingKeySpec::ALL {
        assert_eq!(WrappingKeySpec::parse(key.as_str()), Ok(key));
    }
    for mac in MacAlgorithm::ALL {
        assert_eq!(MacAlgorithm::parse(mac.as_str()), Ok(mac));
    }
    assert_eq!(
        KeySpec::parse("RSA2048").unwrap_err().to_string(),
        "\"RSA2048\" is not a key spec. Did you mean RSA_2048? Use one of SYMMETRIC_DEFAULT, HMAC_224, HMAC_256, HMAC_384, \
         HMAC_512, RSA_2048, RSA_3072, RSA_4096, ECC_NIST_P256, ECC_NIST_P384, ECC_NIST_P521, ECC_SECG_P256K1, \
         ECC_NIST_EDWARDS25519, SM2."
    );
    for (given, meant) in [
        ("symmetric-default", "SYMMETRIC_DEFAULT"),
        ("ECC_NIST_P265", "ECC_NIST_P256"),
        ("hmac 256", "HMAC_256"),
        ("ECC_NIST_EDWARDS_25519", "ECC_NIST_EDWARDS25519"),
    ] {
        match KeySpec::parse(given).unwrap_err() {
            NameError::Unknown { nearest, .. } => assert_eq!(nearest, Some(meant)),
            other => panic!("{other:?}"),
        }
    }
    match WrappingAlgorithm::parse("AES_GCM").unwrap_err() {
        NameError::Unknown { nearest, .. } => assert_eq!(nearest, None),
        other => panic!("{other:?}"),
    }
    for spec in ["ML_DSA_44", "ML_DSA_65", "ML_DSA_87", "ML_KEM_768"] {
        let error = KeySpec::parse(spec).unwrap_err();
        assert_eq!(error.kind(), "not_importable");
        assert!(
            error
                .to_string()
                .starts_with(&format!("Key material for {spec} keys cannot be imported"))
        );
    }
}

#[test]
fn every_spec_has_its_usages() {
    let usages = |spec: KeySpec| (spec.default_key_usage(), spec.key_usages().len());
    assert_eq!(usages(KeySpec::SymmetricDefault), ("ENCRYPT_DECRYPT", 1));
    assert_eq!(usages(KeySpec::Hmac224), ("GENERATE_VERIFY_MAC", 1));
    assert_eq!(usages(KeySpec::Rsa3072), ("SIGN_VERIFY", 2));
    assert_eq!(usages(KeySpec::EccNistP384), ("SIGN_VERIFY", 2));
    assert_eq!(usages(KeySpec::EccSecgP256k1), ("SIGN_VERIFY", 1));
    assert_eq!(usages(KeySpec::EccNistEdwards25519), ("SIGN_VERIFY", 1));
    assert_eq!(usages(KeySpec::Sm2), ("SIGN_VERIFY", 3));
}

#[test]
fn oaep_carries_what_rfc_8017_says() {
    use WrappingAlgorithm as A;
    use WrappingKeySpec as W;
    let limits = |algorithm: A| W::ALL.map(|key| algorithm.max_len(key));
    assert_eq!(
        limits(A::RsaesOaepSha1),
        [Some(214), Some(342), Some(470), None]
    );
    assert_eq!(
        limits(A::RsaesOaepSha256),
        [Some(190), Some(318), Some(446), None]
    );
    assert_eq!(limits(A::RsaAesKeyWrapSha256), [None; 4]);
}
