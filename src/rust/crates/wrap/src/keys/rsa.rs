//! RSA key pairs: PKCS#1 (RFC 8017 appendix A.1).

use crypto_bigint::{BoxedUint, CtEq, Resize};
use crypto_primes::Flavor;
use der::asn1::{AnyRef, ObjectIdentifier, UintRef};
use der::{Decode, Encode};
use getrandom::SysRng;
use pkcs1::{EncodeRsaPrivateKey, RsaPrivateKeyRef, RsaPublicKeyRef};
use rsa::PrivateKey;
use rsa::traits::{PrivateKeyParts, PublicKeyParts};
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::{KeyPair, expect_spec, malformed, pkcs8, spki};
use crate::error::KeyMaterialError;
use crate::key_spec::KeySpec;
use crate::memory::SecretBytes;

/// rsaEncryption, RFC 8017 appendix A.1.
pub(super) const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");

const ALGORITHM: AlgorithmIdentifierRef<'static> = AlgorithmIdentifierRef {
    oid: OID,
    parameters: Some(AnyRef::NULL),
};

/// Reads and checks an RSAPrivateKey; `verbatim` is the PKCS#8 around it if that can be kept.
pub(super) fn read(
    der: &[u8],
    verbatim: Option<&[u8]>,
    expected: Option<KeySpec>,
) -> Result<KeyPair, KeyMaterialError> {
    let key = RsaPrivateKeyRef::from_der(der).map_err(|error| malformed("RSA", &error))?;
    let bits = bit_length(key.modulus);
    let spec = KeySpec::from_rsa_bits(bits).ok_or(KeyMaterialError::RsaSize { bits })?;
    expect_spec(spec, expected)?;
    if key.other_prime_infos.is_some() {
        return Err(KeyMaterialError::MultiPrime);
    }
    check(&key, bits).map_err(|reason| KeyMaterialError::Inconsistent { spec, reason })?;
    let public_key = RsaPublicKeyRef {
        modulus: key.modulus,
        public_exponent: key.public_exponent,
    }
    .to_der()
    .map_err(|error| malformed("RSA", &error))?;
    Ok(KeyPair {
        spec,
        pkcs8: match verbatim {
            Some(bytes) => SecretBytes::copy_of(bytes),
            None => pkcs8(ALGORITHM, der)?,
        },
        public_key: spki(ALGORITHM, &public_key)?,
    })
}

/// A new key pair with the public exponent 65537.
pub(super) fn generate(bits: u32) -> Result<KeyPair, KeyMaterialError> {
    let spec = KeySpec::from_rsa_bits(bits).ok_or(KeyMaterialError::RsaSize { bits })?;
    let generate = || {
        let key = PrivateKey::new(&mut SysRng, bits as usize)?;
        let mut primes: Vec<BoxedUint> = key.primes().iter().map(|p| p.as_ref().clone()).collect();
        // The larger first, as other software expects it.
        primes.sort_unstable_by(|p, q| q.cmp(p));
        let key = PrivateKey::from_components(
            key.n().as_ref().clone(),
            key.e().clone(),
            key.d().clone(),
            primes,
        )?;
        Ok(key.to_pkcs1_der()?)
    };
    let der = generate().map_err(|error: rsa::Error| match error {
        rsa::Error::Rng => KeyMaterialError::Random {
            source: getrandom::Error::UNEXPECTED,
        },
        _ => KeyMaterialError::Inconsistent {
            spec,
            reason: "its generation failed",
        },
    })?;
    read(der.as_bytes(), None, Some(spec))
}

/// Whether the eight numbers belong together (RFC 8017 section 3.2). The error says what does not hold.
fn check(key: &RsaPrivateKeyRef<'_>, bits: u32) -> Result<(), &'static str> {
    const RANGE: &str = "one of its numbers is longer than its modulus";
    let number = |value: UintRef<'_>| {
        BoxedUint::from_be_slice(value.as_bytes(), bits)
            .map(Zeroizing::new)
            .map_err(|_| RANGE)
    };
    let (p, q) = (number(key.prime1)?, number(key.prime2)?);
    let private = PrivateKey::from_components(
        BoxedUint::clone(&*number(key.modulus)?),
        BoxedUint::clone(&*number(key.public_exponent)?),
        BoxedUint::clone(&*number(key.private_exponent)?),
        vec![BoxedUint::clone(&p), BoxedUint::clone(&q)],
    )
    .map_err(|error| match error {
        rsa::Error::InvalidModulus => "its modulus is not the product of its primes",
        rsa::Error::InvalidPrime => {
            "its primes are not two different odd numbers of half the length of its modulus"
        }
        rsa::Error::PublicExponentTooSmall | rsa::Error::PublicExponentTooLarge => {
            "its public exponent is out of range"
        }
        _ => "its private exponent does not belong to its public exponent and primes",
    })?;
    let same = |given: UintRef<'_>, computed: Option<&BoxedUint>| -> Result<bool, &'static str> {
        let computed = computed.map(|value| Zeroizing::new(value.clone().resize_unchecked(bits)));
        let given = number(given)?;
        Ok(computed.is_some_and(|computed| given.ct_eq(&computed).to_bool()))
    };
    if !same(key.exponent1, private.dp())? || !same(key.exponent2, private.dq())? {
        return Err("its CRT exponents do not belong to its private exponent");
    }
    let coefficient = private.crt_coefficient().map(Zeroizing::new);
    if !same(key.coefficient, coefficient.as_deref())? {
        return Err("its CRT coefficient does not belong to its primes");
    }
    if ![&p, &q]
        .into_iter()
        .all(|number| crypto_primes::is_prime(Flavor::Any, &**number))
    {
        return Err("one of its primes is not a prime number");
    }
    Ok(())
}

fn bit_length(number: UintRef<'_>) -> u32 {
    let bytes = number.as_bytes();
    let leading = bytes.first().map_or(0, |byte| byte.leading_zeros());
    u32::try_from(bytes.len() * 8)
        .unwrap_or(u32::MAX)
        .saturating_sub(leading)
}
