//! Keys that openssl does not write: published examples, other writers' habits, contradictions.

use std::sync::OnceLock;

use base64ct::{Base64, Encoding};
use crypto_bigint::{BoxedUint, ConcatenatingMul};
use crypto_primes::Flavor;
use der::asn1::{AnyRef, ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Encode, Tag, TagNumber};
use getrandom::SysRng;
use getrandom::rand_core::UnwrapErr;
use pkcs1::{EncodeRsaPrivateKey, RsaPrivateKeyRef};
use pkcs8::PrivateKeyInfoRef;
use rsa::PrivateKey;
use rsa::traits::PublicKeyParts;
use sec1::{EcParameters, EcPrivateKey};
use spki::AlgorithmIdentifierRef;

use super::{KeyPair, from_pkcs1, from_pkcs8, from_sec1, generate};
use crate::error::KeyMaterialError;
use crate::key_spec::KeySpec;

const P256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7");
const EC: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

fn base64(text: &str) -> Vec<u8> {
    Base64::decode_vec(text).unwrap()
}

fn reason(result: Result<KeyPair, KeyMaterialError>) -> String {
    match result.map(|_| ()).unwrap_err() {
        KeyMaterialError::Inconsistent { reason, .. } => reason.to_owned(),
        other => panic!("{other:?}"),
    }
}

/// RFC 8410 section 10.3: the same key in version 1, and in version 2 with an attribute and its public key.
#[test]
fn ed25519_of_rfc_8410_becomes_version_1() {
    let v1 = base64("MC4CAQAwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhC");
    let v2 = base64(
        "MHICAQEwBQYDK2VwBCIEINTuctv5E1hK1bbY8fdp+K06/nwoy/HU++CXqI9EdVhCoB8wHQYKKoZIhvcNAQkJFDEPDA1DdXJkbGUgQ2hhaXJzgSEA\
         Gb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=",
    );
    let public_key = base64("MCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=");
    for der in [&v1, &v2] {
        let pair = from_pkcs8(der, None).unwrap();
        assert_eq!(pair.spec, KeySpec::EccNistEdwards25519);
        assert!(pair.pkcs8.as_slice() == v1);
        assert_eq!(pair.pkcs8.as_slice().len(), 48);
        assert_eq!(pair.public_key, public_key);
    }
    let mut other = v2;
    *other.last_mut().unwrap() ^= 1;
    assert_eq!(
        reason(from_pkcs8(&other, None)),
        "its public key does not belong to its private key"
    );
}

fn ec_pkcs8(curve: ObjectIdentifier, key: &EcPrivateKey<'_>) -> Vec<u8> {
    let inner = key.to_der().unwrap();
    let algorithm = AlgorithmIdentifierRef {
        oid: EC,
        parameters: Some(AnyRef::from(&curve)),
    };
    PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(&inner).unwrap())
        .to_der()
        .unwrap()
}

fn ec_key<'a>(private_key: &'a [u8], public_key: Option<&'a [u8]>) -> EcPrivateKey<'a> {
    EcPrivateKey {
        private_key,
        parameters: None,
        public_key,
    }
}

#[test]
fn leading_zeros_of_a_private_number_are_put_right() {
    let mut number = [0; 32];
    number[31] = 5;
    let full = from_pkcs8(&ec_pkcs8(P256, &ec_key(&number, None)), None).unwrap();
    let canonical = from_sec1(
        &ec_key(&number, None).to_der().unwrap(),
        Some(KeySpec::EccNistP256),
    );
    let canonical = canonical.unwrap();
    for form in [
        &number[31..],
        &number[8..],
        &[&[0], number.as_slice()].concat(),
    ] {
        let pair = from_pkcs8(&ec_pkcs8(P256, &ec_key(form, None)), None).unwrap();
        assert_eq!(pair.public_key, full.public_key);
        assert!(pair.pkcs8.as_slice() == canonical.pkcs8.as_slice());
    }
}

#[test]
fn a_private_number_outside_its_curve_is_refused() {
    let order = [
        0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63,
        0x25, 0x51,
    ];
    let mut last = order;
    last[31] -= 1;
    assert!(from_pkcs8(&ec_pkcs8(P256, &ec_key(&last, None)), None).is_ok());
    for number in [&order[..], &[0; 32], &[], &[0xff; 32], &[1; 33]] {
        assert_eq!(
            reason(from_pkcs8(&ec_pkcs8(P256, &ec_key(number, None)), None)),
            "its private number is not between 1 and the order of its curve"
        );
    }
}

#[test]
fn an_embedded_public_key_must_belong() {
    let [one, two] = [1, 2].map(|last| {
        let mut number = [0; 32];
        number[31] = last;
        let pair = from_pkcs8(&ec_pkcs8(P256, &ec_key(&number, None)), None).unwrap();
        (number, pair.public_key[26..].to_vec())
    });
    let good = ec_pkcs8(P256, &ec_key(&one.0, Some(&one.1)));
    let pair = from_pkcs8(&good, None).unwrap();
    assert!(pair.pkcs8.as_slice() == good, "kept byte for byte");
    let wrong = ec_pkcs8(P256, &ec_key(&one.0, Some(&two.1)));
    assert_eq!(
        reason(from_pkcs8(&wrong, None)),
        "its public key does not belong to its private key"
    );
    // Compressed (SEC 1 section 2.3.3) is right too, but not written that way.
    let compressed = [&[2 + (one.1[64] & 1)], &one.1[1..33]].concat();
    let pair = from_pkcs8(&ec_pkcs8(P256, &ec_key(&one.0, Some(&compressed))), None).unwrap();
    assert!(pair.pkcs8.as_slice() == good);
}

#[test]
fn version_2_of_an_elliptic_curve_key_becomes_version_1() {
    let pair = generate(KeySpec::EccNistP384).unwrap();
    let mut info = PrivateKeyInfoRef::from_der(pair.pkcs8.as_slice()).unwrap();
    let point = spki::SubjectPublicKeyInfoRef::from_der(&pair.public_key).unwrap();
    info.public_key = Some(point.subject_public_key);
    let v2 = info.to_der().unwrap();
    assert!(from_pkcs8(&v2, None).unwrap().pkcs8.as_slice() == pair.pkcs8.as_slice());
    let other = generate(KeySpec::EccNistP384).unwrap();
    let point = spki::SubjectPublicKeyInfoRef::from_der(&other.public_key).unwrap();
    info.public_key = Some(point.subject_public_key);
    let v2 = info.to_der().unwrap();
    assert_eq!(
        reason(from_pkcs8(&v2, None)),
        "its public key does not belong to its private key"
    );
}

#[test]
fn attributes_are_kept() {
    let pair = generate(KeySpec::EccNistP256).unwrap();
    // A key usage, as Windows writes it: [0] { SEQUENCE { 2.5.29.15, SET { BIT STRING } } }.
    let attribute = [
        0x30, 0x0b, 0x06, 0x03, 0x55, 0x1d, 0x0f, 0x31, 0x04, 0x03, 0x02, 0x07, 0x80,
    ];
    let tag = Tag::ContextSpecific {
        constructed: true,
        number: TagNumber(0),
    };
    let attributes = AnyRef::new(tag, &attribute).unwrap().to_der().unwrap();
    let content = AnyRef::from_der(pair.pkcs8.as_slice()).unwrap();
    let content = [content.value(), &attributes].concat();
    let with = AnyRef::new(Tag::Sequence, &content)
        .unwrap()
        .to_der()
        .unwrap();
    assert!(from_pkcs8(&with, None).unwrap().pkcs8.as_slice() == with);
}

#[test]
fn two_different_curves_are_refused() {
    let key = EcPrivateKey {
        private_key: &[1; 32],
        parameters: Some(EcParameters::NamedCurve(ObjectIdentifier::new_unwrap(
            "1.3.132.0.10",
        ))),
        public_key: None,
    };
    assert_eq!(
        reason(from_pkcs8(&ec_pkcs8(P256, &key), None)),
        "it names two different curves"
    );
}

#[test]
fn sec1_without_a_curve_takes_it_from_the_spec() {
    let der = ec_key(&[1; 32], None).to_der().unwrap();
    let error = from_sec1(&der, None).map(|_| ()).unwrap_err();
    assert!(matches!(error, KeyMaterialError::CurveNeeded));
    for spec in [KeySpec::EccNistP256, KeySpec::EccSecgP256k1, KeySpec::Sm2] {
        assert_eq!(from_sec1(&der, Some(spec)).unwrap().spec, spec);
    }
    assert!(from_sec1(&der, Some(KeySpec::Rsa2048)).is_err());
}

fn rsa_pkcs1() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(|| {
        let pair = generate(KeySpec::Rsa2048).unwrap();
        let info = PrivateKeyInfoRef::from_der(pair.pkcs8.as_slice()).unwrap();
        info.private_key.as_bytes().to_vec()
    })
}

#[test]
fn rsa_keys_whose_numbers_contradict_each_other_are_refused() {
    let key = RsaPrivateKeyRef::from_der(rsa_pkcs1()).unwrap();
    let changed = |number: UintRef<'_>| {
        let mut bytes = number.as_bytes().to_vec();
        // Stays odd, and as long as it was.
        *bytes.last_mut().unwrap() ^= 4;
        bytes
    };
    fn said(change: impl Fn(&mut RsaPrivateKeyRef<'static>)) -> String {
        let mut key = RsaPrivateKeyRef::from_der(rsa_pkcs1()).unwrap();
        change(&mut key);
        reason(from_pkcs1(&key.to_der().unwrap(), None))
    }
    let leak = |bytes: Vec<u8>| UintRef::new(Vec::leak(bytes)).unwrap();
    let modulus = "its modulus is not the product of its primes";
    let n = leak(changed(key.modulus));
    assert_eq!(said(|key| key.modulus = n), modulus);
    let p = leak(changed(key.prime1));
    assert_eq!(said(|key| key.prime1 = p), modulus);
    let q = leak(changed(key.prime2));
    assert_eq!(said(|key| key.prime2 = q), modulus);
    let exponent = "its private exponent does not belong to its public exponent and primes";
    let d = leak(changed(key.private_exponent));
    assert_eq!(said(|key| key.private_exponent = d), exponent);
    let e = leak(vec![3]);
    assert_eq!(said(|key| key.public_exponent = e), exponent);
    let crt = "its CRT exponents do not belong to its private exponent";
    let dp = leak(changed(key.exponent1));
    assert_eq!(said(|key| key.exponent1 = dp), crt);
    let dq = leak(changed(key.exponent2));
    assert_eq!(said(|key| key.exponent2 = dq), crt);
    let coefficient = leak(changed(key.coefficient));
    assert_eq!(
        said(|key| key.coefficient = coefficient),
        "its CRT coefficient does not belong to its primes"
    );
    // Swapped primes have another coefficient.
    assert_eq!(
        said(|key| std::mem::swap(&mut key.prime1, &mut key.prime2)),
        crt
    );
    let one = leak(vec![1]);
    assert_eq!(
        said(|key| key.public_exponent = one),
        "its public exponent is out of range"
    );
    let huge = leak(vec![0xff; 9]);
    assert_eq!(
        said(|key| key.public_exponent = huge),
        "its public exponent is out of range"
    );
    let long = leak(vec![0xff; 300]);
    assert_eq!(
        said(|key| key.exponent1 = long),
        "one of its numbers is longer than its modulus"
    );
    let zero = leak(vec![0]);
    assert_eq!(said(|key| key.prime1 = zero), modulus);
}

#[test]
fn rsa_with_a_composite_prime_is_refused() {
    let prime = |bits| -> BoxedUint {
        crypto_primes::random_prime(&mut UnwrapErr(SysRng), Flavor::Any, bits)
    };
    // Until their product is long enough and 65537 has an inverse.
    let key = loop {
        let composite = prime(512).concatenating_mul(&prime(512));
        if let Ok(key) = PrivateKey::from_p_q(composite, prime(1024), 65537u64.into())
            && key.n().bit_width_vartime() == 2048
        {
            break key;
        }
    };
    let der = key.to_pkcs1_der().unwrap();
    assert_eq!(
        reason(from_pkcs1(der.as_bytes(), None)),
        "one of its primes is not a prime number"
    );
}
