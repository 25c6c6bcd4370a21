//! ML-KEM (FIPS 203). Private keys are PKCS#8 with the expanded key, public keys SubjectPublicKeyInfo (RFC 9935).

use aws_lc_rs::kem::{
    Algorithm, AlgorithmId, DecapsulationKey, EncapsulationKey, ML_KEM_512, ML_KEM_768, ML_KEM_1024,
};
use zeroize::Zeroizing;

use super::asymmetric::KeyPair;
use super::der::{self, PrivateKeyInfo};
use super::{Failed, Secret};
use crate::spec::KeySpec;

/// A shared secret and the ciphertext that carries it.
pub(crate) struct Encapsulated {
    pub(crate) ciphertext: Vec<u8>,
    pub(crate) shared_secret: Zeroizing<Vec<u8>>,
}

pub(super) fn generate(spec: KeySpec) -> Result<KeyPair, Failed> {
    let key = DecapsulationKey::generate(algorithm(spec)?)?;
    let expanded = key.key_bytes()?;
    let identifier = der::sequence(&[&der::object_identifier(object_identifier(spec)?)]);
    let private_key = der::sequence(&[
        &der::integer_zero(),
        &identifier,
        &der::octet_string(&der::octet_string(expanded.as_ref())),
    ]);
    let encapsulation_key = key.encapsulation_key()?.key_bytes()?;
    let public_key = der::sequence(&[&identifier, &der::bit_string(encapsulation_key.as_ref())]);
    Ok(KeyPair {
        private_key: Secret::new(private_key),
        public_key,
    })
}

/// A fresh secret for the owner of the private key.
pub(crate) fn encapsulate(spec: KeySpec, public_key: &[u8]) -> Result<Encapsulated, Failed> {
    let raw = der::public_key_bits(public_key).ok_or(Failed)?;
    let key = EncapsulationKey::new(algorithm(spec)?, raw)?;
    let (ciphertext, shared_secret) = key.encapsulate()?;
    Ok(Encapsulated {
        ciphertext: ciphertext.as_ref().to_vec(),
        shared_secret: Zeroizing::new(shared_secret.as_ref().to_vec()),
    })
}

/// The secret a ciphertext carries. A ciphertext of the right length that was made for another key, or changed, gives another
/// secret rather than an error (FIPS 203, section 6.3).
pub(crate) fn decapsulate(
    spec: KeySpec,
    private_key: &Secret,
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Failed> {
    let info = PrivateKeyInfo::parse(private_key.expose()).ok_or(Failed)?;
    let expanded = der::octet_string_content(info.private_key).ok_or(Failed)?;
    let key = DecapsulationKey::new(algorithm(spec)?, expanded)?;
    let secret = key.decapsulate(ciphertext.into())?;
    Ok(Zeroizing::new(secret.as_ref().to_vec()))
}

fn algorithm(spec: KeySpec) -> Result<&'static Algorithm<AlgorithmId>, Failed> {
    match spec {
        KeySpec::MlKem512 => Ok(&ML_KEM_512),
        KeySpec::MlKem768 => Ok(&ML_KEM_768),
        KeySpec::MlKem1024 => Ok(&ML_KEM_1024),
        _ => Err(Failed),
    }
}

/// id-alg-ml-kem-512, -768 and -1024 (RFC 9935, section 3), without tag and length.
fn object_identifier(spec: KeySpec) -> Result<&'static [u8], Failed> {
    match spec {
        KeySpec::MlKem512 => Ok(b"\x60\x86\x48\x01\x65\x03\x04\x04\x01"),
        KeySpec::MlKem768 => Ok(b"\x60\x86\x48\x01\x65\x03\x04\x04\x02"),
        KeySpec::MlKem1024 => Ok(b"\x60\x86\x48\x01\x65\x03\x04\x04\x03"),
        _ => Err(Failed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_secret_arrives() {
        for (spec, public_length, ciphertext_length) in [
            (KeySpec::MlKem512, 800, 768),
            (KeySpec::MlKem768, 1184, 1088),
            (KeySpec::MlKem1024, 1568, 1568),
        ] {
            let pair = generate(spec).expect("a key");
            assert_eq!(pair.public_key.len(), public_length + 22);
            let sent = encapsulate(spec, &pair.public_key).expect("a secret");
            assert_eq!(sent.ciphertext.len(), ciphertext_length);
            let arrived = decapsulate(spec, &pair.private_key, &sent.ciphertext).expect("it opens");
            assert_eq!(*arrived, *sent.shared_secret);
            assert_eq!(arrived.len(), 32);

            let mut changed = sent.ciphertext.clone();
            changed[0] ^= 1;
            let other = decapsulate(spec, &pair.private_key, &changed).expect("implicit rejection");
            assert_ne!(*other, *sent.shared_secret);
            assert!(decapsulate(spec, &pair.private_key, &changed[1..]).is_err());
        }
    }
}
