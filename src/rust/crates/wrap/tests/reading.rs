//! Private keys as openssl writes them, in every form.
#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use common::{Scratch, asymmetric, material, message, openssl, private_key, reveal};
use kmsr_wrap::{Found, KeyMaterial, KeyMaterialError, KeySpec};

/// PKCS#8, PKCS#1 or SEC1 of a key, in DER and PEM.
fn forms(spec: KeySpec) -> Vec<(&'static str, Vec<u8>)> {
    let pem = private_key(spec);
    let mut forms = vec![
        ("PKCS#8 PEM", pem.to_vec()),
        (
            "PKCS#8 DER",
            openssl("pkcs8 -topk8 -nocrypt -outform DER", pem),
        ),
    ];
    if spec.is_rsa() {
        forms.push(("PKCS#1 PEM", openssl("rsa -traditional", pem)));
        forms.push(("PKCS#1 DER", openssl("rsa -traditional -outform DER", pem)));
    } else if spec != KeySpec::EccNistEdwards25519 {
        forms.push(("SEC1 PEM", openssl("ec", pem)));
        forms.push(("SEC1 DER", openssl("ec -outform DER", pem)));
    }
    forms
}

#[test]
fn every_form_of_every_spec_becomes_the_same_pkcs8() {
    need_openssl!();
    for spec in asymmetric() {
        let pkcs8 = openssl("pkcs8 -topk8 -nocrypt -outform DER", private_key(spec));
        let public_key = openssl("pkey -pubout -outform DER", private_key(spec));
        for (form, bytes) in forms(spec) {
            for given in [None, Some(spec)] {
                let material = KeyMaterial::from_bytes(&bytes, given)
                    .unwrap_or_else(|error| panic!("{spec}, {form}: {error}"));
                assert_eq!(material.spec(), spec);
                assert_eq!(
                    material.public_key_der(),
                    Some(public_key.as_slice()),
                    "{form}"
                );
                assert!(reveal(&material) == pkcs8, "{spec}, {form}");
            }
        }
    }
}

#[test]
fn generated_keys_are_good_for_openssl() {
    need_openssl!();
    for spec in asymmetric() {
        let material = material(spec);
        let pkcs8 = reveal(material);
        let scratch = Scratch::new();
        let path = scratch.file("key.der", &pkcs8);
        let checked = openssl(
            &format!("pkey -inform DER -in {} -check -noout", path.display()),
            b"",
        );
        assert_eq!(String::from_utf8_lossy(&checked).trim(), "Key is valid");
        let public_key = openssl("pkey -inform DER -pubout -outform DER", &pkcs8);
        assert_eq!(material.public_key_der(), Some(public_key.as_slice()));
        // OpenSSL writes the same bytes, and so do we again.
        assert!(openssl("pkcs8 -topk8 -nocrypt -inform DER -outform DER", &pkcs8) == pkcs8);
        assert!(reveal(&KeyMaterial::from_bytes(&pkcs8, Some(spec)).unwrap()) == pkcs8);
    }
    for spec in asymmetric().filter(|spec| !spec.is_rsa()) {
        let other = KeyMaterial::random(spec).unwrap();
        assert_ne!(other.public_key_der(), material(spec).public_key_der());
    }
}

#[test]
fn a_key_of_another_spec_is_refused() {
    need_openssl!();
    for spec in asymmetric() {
        for expected in KeySpec::ALL.into_iter().filter(|&other| other != spec) {
            for (_, bytes) in forms(spec) {
                let error = KeyMaterial::from_bytes(&bytes, Some(expected)).unwrap_err();
                assert_eq!(error.kind(), "spec", "{spec} as {expected}: {error}");
            }
        }
    }
    assert_eq!(
        message(KeyMaterial::from_bytes(
            private_key(KeySpec::Rsa2048),
            Some(KeySpec::Rsa4096)
        )),
        "This key is of spec RSA_2048, not RSA_4096. Use the key spec RSA_2048, or another key."
    );
}

#[test]
fn text_around_a_pem_block_does_no_harm() {
    need_openssl!();
    let pem = private_key(KeySpec::EccNistP256);
    let parameters = openssl("ecparam -name prime256v1", b"");
    let sec1 = openssl("ec", pem);
    let windows = String::from_utf8_lossy(pem).replace('\n', "\r\n");
    let one_line = String::from_utf8_lossy(pem)
        .lines()
        .skip(1)
        .take(3)
        .collect::<String>();
    let variants: [Vec<u8>; 5] = [
        [b"\xef\xbb\xbf".as_slice(), pem].concat(),
        [
            b"Bag Attributes\n  friendlyName: key\n".as_slice(),
            pem,
            b"\n\n",
        ]
        .concat(),
        [parameters, sec1].concat(),
        windows.into_bytes(),
        format!(
            "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----",
            one_line.split("-----").next().unwrap()
        )
        .into_bytes(),
    ];
    for variant in variants {
        let material = KeyMaterial::from_bytes(&variant, None).unwrap();
        assert_eq!(material.spec(), KeySpec::EccNistP256);
    }
}

#[test]
fn a_certificate_beside_the_key_is_passed_over_but_not_two_keys() {
    need_openssl!();
    let pem = private_key(KeySpec::Rsa2048);
    let scratch = Scratch::new();
    let path = scratch.file("key.pem", pem);
    let certificate = openssl(
        &format!("req -new -x509 -key {} -subj /CN=test", path.display()),
        b"",
    );
    assert!(KeyMaterial::from_bytes(&[&certificate, pem].concat(), None).is_ok());
    let error = KeyMaterial::from_bytes(&[pem, pem].concat(), None).unwrap_err();
    assert!(
        matches!(error, KeyMaterialError::SeveralKeys { count: 2 }),
        "{error:?}"
    );
}

#[test]
fn what_is_no_private_key_is_told_what_it_is() {
    need_openssl!();
    let pem = private_key(KeySpec::Rsa2048);
    let ec = private_key(KeySpec::EccNistP256);
    let scratch = Scratch::new();
    let key = scratch.file("key.pem", pem);
    let key = key.display();
    let certificate = openssl(&format!("req -new -x509 -key {key} -subj /CN=test"), b"");
    let request = openssl(&format!("req -new -key {key} -subj /CN=test"), b"");
    let both = scratch.file("both.pem", &[pem, &certificate].concat());
    let pkcs12 = openssl(
        &format!("pkcs12 -export -passout pass:x -in {}", both.display()),
        b"",
    );
    let der = |command: &str, input: &[u8]| openssl(&format!("{command} -outform DER"), input);
    for (bytes, expected) in [
        (openssl("pkey -pubout", pem), Found::PublicKey),
        (der("pkey -pubout", pem), Found::PublicKey),
        (openssl("rsa -RSAPublicKey_out", pem), Found::PublicKey),
        (der("rsa -RSAPublicKey_out", pem), Found::PublicKey),
        (certificate.clone(), Found::Certificate),
        (der("x509", &certificate), Found::Certificate),
        (request.clone(), Found::CertificateRequest),
        (der("req", &request), Found::CertificateRequest),
        (pkcs12, Found::Pkcs12),
        (openssl("ecparam -name prime256v1", b""), Found::Parameters),
        (openssl("rsa -traditional -aes128 -passout pass:test", pem), Found::LegacyEncryptedPem),
        (openssl("ec -aes128 -passout pass:test", ec), Found::LegacyEncryptedPem),
        (
            b"-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaA==\n-----END OPENSSH PRIVATE KEY-----\n".to_vec(),
            Found::OpenSshKey,
        ),
        (b"ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAA me@example\n".to_vec(), Found::SshPublicKey),
        (b"{\"kty\":\"oct\",\"k\":\"AAAA\"}".to_vec(), Found::Json),
        (
            b"-----BEGIN PGP PRIVATE KEY BLOCK-----\n\nAAAA\n-----END PGP PRIVATE KEY BLOCK-----\n".to_vec(),
            Found::OpenPgp,
        ),
        (b"-----BEGIN NOTHING-----\nAAAA\n-----END NOTHING-----\n".to_vec(), Found::OtherPem),
    ] {
        for spec in [None, Some(KeySpec::Rsa2048), Some(KeySpec::SymmetricDefault)] {
            match KeyMaterial::from_bytes(&bytes, spec).unwrap_err() {
                KeyMaterialError::NotAPrivateKey { found } => assert_eq!(found, expected),
                other => panic!("{expected:?}: {other:?}"),
            }
        }
    }
}

#[test]
fn keys_aws_cannot_import_are_named() {
    need_openssl!();
    for (command, kind, words) in [
        (
            "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:1024",
            "rsa_size",
            "has 1024 bits",
        ),
        (
            "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2056",
            "rsa_size",
            "has 2056 bits",
        ),
        (
            "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048 -pkeyopt rsa_keygen_primes:3",
            "multi_prime",
            "more than two primes",
        ),
        (
            "genpkey -algorithm RSA-PSS -pkeyopt rsa_keygen_bits:2048",
            "algorithm",
            "RSASSA-PSS",
        ),
        ("genpkey -algorithm X25519", "algorithm", "X25519"),
        ("genpkey -algorithm ED448", "algorithm", "Ed448"),
        (
            "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-224",
            "curve",
            "P-224",
        ),
        (
            "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:brainpoolP256r1",
            "curve",
            "brainpoolP256r1",
        ),
        (
            "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -pkeyopt ec_param_enc:explicit",
            "curve",
            "openssl ec -param_enc named_curve",
        ),
    ] {
        let pem = openssl(command, b"");
        let error = KeyMaterial::from_bytes(&pem, None).unwrap_err();
        assert_eq!(error.kind(), kind, "{error}");
        assert!(error.to_string().contains(words), "{error}");
        if kind == "curve" {
            let sec1 = openssl("ec", &pem);
            let error = KeyMaterial::from_bytes(&sec1, None).unwrap_err();
            assert!(error.to_string().contains(words), "{error}");
        }
    }
}

#[test]
fn encrypted_pkcs8_opens_with_its_passphrase_only() {
    need_openssl!();
    for spec in [
        KeySpec::Rsa2048,
        KeySpec::EccNistP384,
        KeySpec::EccNistEdwards25519,
    ] {
        let pem = private_key(spec);
        let pkcs8 = openssl("pkcs8 -topk8 -nocrypt -outform DER", pem);
        for scheme in [
            "-v2 aes-256-cbc",
            "-v2 aes-128-cbc -v2prf hmacWithSHA1",
            "-v2 aes-192-cbc -v2prf hmacWithSHA512 -iter 3000",
            "-v2 aes-256-cbc -scrypt",
        ] {
            for form in ["PEM", "DER"] {
                let encrypted = openssl(
                    &format!("pkcs8 -topk8 {scheme} -passout pass:correct -outform {form}"),
                    pem,
                );
                let open = |passphrase: &[u8]| {
                    KeyMaterial::from_bytes_with_passphrase(&encrypted, passphrase, None)
                };
                assert!(reveal(&open(b"correct").unwrap()) == pkcs8);
                assert_eq!(open(b"wrong").unwrap_err().kind(), "wrong_passphrase");
                assert_eq!(open(b"").unwrap_err().kind(), "wrong_passphrase");
                let error = KeyMaterial::from_bytes(&encrypted, None).unwrap_err();
                assert_eq!(error.kind(), "passphrase_needed");
            }
        }
    }
    let pem = private_key(KeySpec::Rsa2048);
    let error = KeyMaterial::from_bytes_with_passphrase(pem, b"x", None).unwrap_err();
    assert_eq!(error.kind(), "passphrase_not_needed");
    for scheme in ["-v2 des3", "-v1 PBE-SHA1-3DES"] {
        let old = openssl(&format!("pkcs8 -topk8 {scheme} -passout pass:x"), pem);
        let error = KeyMaterial::from_bytes_with_passphrase(&old, b"x", None).unwrap_err();
        assert_eq!(error.kind(), "encryption", "{scheme}: {error}");
    }
}

#[test]
fn files_are_read_and_named_in_errors() {
    need_openssl!();
    let scratch = Scratch::new();
    let good = scratch.file("good.pem", private_key(KeySpec::EccNistP256));
    let material = KeyMaterial::from_file(&good, None).unwrap();
    assert_eq!(material.spec(), KeySpec::EccNistP256);

    let missing = scratch.path("missing.pem");
    let text = message(KeyMaterial::from_file(&missing, None));
    assert!(
        text.contains("missing.pem") && text.contains("No such file"),
        "{text}"
    );
    let error = KeyMaterial::from_file(&scratch.path(""), None).unwrap_err();
    assert!(
        matches!(error, KeyMaterialError::NotAFile { .. }),
        "{error:?}"
    );
    let error = KeyMaterial::from_file(std::path::Path::new("/dev/zero"), None).unwrap_err();
    assert!(
        matches!(error, KeyMaterialError::NotAFile { .. }),
        "{error:?}"
    );
    let long = scratch.file("long.bin", &vec![0; 64 * 1024 + 1]);
    let error = KeyMaterial::from_file(&long, None).unwrap_err();
    assert!(
        matches!(error, KeyMaterialError::FileTooLong { .. }),
        "{error:?}"
    );
    let empty = scratch.file("empty.bin", b"");
    let error = KeyMaterial::from_file(&empty, None).unwrap_err();
    assert_eq!(error.kind(), "empty");
    let text = error.to_string();
    assert!(
        text.starts_with("In ") && text.contains("empty.bin"),
        "{text}"
    );

    let encrypted = openssl(
        "pkcs8 -topk8 -passout pass:x",
        private_key(KeySpec::EccNistP256),
    );
    let encrypted = scratch.file("encrypted.pem", &encrypted);
    assert!(KeyMaterial::from_file_with_passphrase(&encrypted, b"x", None).is_ok());
    let raw = scratch.file("raw.bin", b"thirty-two ASCII bytes as a key!");
    assert!(KeyMaterial::from_raw_file(&raw, KeySpec::SymmetricDefault).is_ok());
}

#[test]
fn mangled_keys_never_panic_and_never_pass_for_another_key() {
    need_openssl!();
    for spec in asymmetric().filter(|spec| !spec.is_rsa()) {
        let public_key = openssl("pkey -pubout -outform DER", private_key(spec));
        for (form, der) in forms(spec)
            .into_iter()
            .filter(|(form, _)| form.ends_with("DER"))
        {
            // Ed25519 in version 1 has no second copy of anything: every 32 bytes are a key.
            let redundant = (spec != KeySpec::EccNistEdwards25519).then_some(public_key.as_slice());
            mangle(&der, form, redundant, 1);
        }
    }
}

#[test]
fn mangled_encrypted_keys_never_panic() {
    need_openssl!();
    let pem = private_key(KeySpec::EccNistEdwards25519);
    let der = openssl("pkcs8 -topk8 -passout pass:x -iter 1 -outform DER", pem);
    for index in 0..der.len() {
        for bit in 0..8 {
            let mut mangled = der.clone();
            mangled[index] ^= 1 << bit;
            drop(KeyMaterial::from_bytes_with_passphrase(
                &mangled, b"x", None,
            ));
        }
    }
}

#[test]
fn mangled_rsa_keys_never_panic_and_never_pass_for_another_key() {
    need_openssl!();
    let public_key = openssl("pkey -pubout -outform DER", private_key(KeySpec::Rsa2048));
    for (form, der) in forms(KeySpec::Rsa2048) {
        if form.ends_with("DER") {
            mangle(&der, form, Some(&public_key), 7);
        }
    }
}

/// Cuts a key short at every byte and flips one bit of every byte (each `step`-th). What still passes has the same public
/// key: the flip fell on something that does not matter.
fn mangle(der: &[u8], form: &str, public_key: Option<&[u8]>, step: usize) {
    for len in 0..der.len() {
        assert!(KeyMaterial::from_bytes(&der[..len], None).is_err());
    }
    for index in (0..der.len()).step_by(step) {
        let mut mangled = der.to_vec();
        mangled[index] ^= 1 << (index % 8);
        if let Ok(material) = KeyMaterial::from_bytes(&mangled, None) {
            assert!(
                public_key.is_none() || material.public_key_der() == public_key,
                "{form}, byte {index}"
            );
        }
    }
}
