//! Elliptic curve Diffie-Hellman (NIST SP 800-56A, section 5.7.1.2): the x-coordinate both sides can compute.

use aws_lc_rs::agreement::{
    self, Algorithm, ECDH_P256, ECDH_P384, ECDH_P521, PrivateKey, UnparsedPublicKey,
};
use zeroize::Zeroizing;

use super::{Failed, Secret};
use crate::spec::KeySpec;

/// The secret shared with the owner of a public key, which must be a SubjectPublicKeyInfo on the same curve.
pub(crate) fn derive(
    spec: KeySpec,
    private_key: &Secret,
    peer_public_key: &[u8],
) -> Result<Zeroizing<Vec<u8>>, Failed> {
    // AWS-LC would take a bare point as well; the API does not.
    if peer_public_key.first() != Some(&0x30) {
        return Err(Failed);
    }
    let algorithm = algorithm(spec).ok_or(Failed)?;
    let private_key = PrivateKey::from_private_key_der(algorithm, private_key.expose())?;
    agreement::agree(
        &private_key,
        UnparsedPublicKey::new(algorithm, peer_public_key),
        Failed,
        |secret| Ok(Zeroizing::new(secret.to_vec())),
    )
}

fn algorithm(spec: KeySpec) -> Option<&'static Algorithm> {
    match spec {
        KeySpec::P256 => Some(&ECDH_P256),
        KeySpec::P384 => Some(&ECDH_P384),
        KeySpec::P521 => Some(&ECDH_P521),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::asymmetric::KeyPair;

    #[test]
    fn both_sides_come_to_the_same_secret() {
        for (spec, length) in [
            (KeySpec::P256, 32),
            (KeySpec::P384, 48),
            (KeySpec::P521, 66),
        ] {
            let one = KeyPair::generate(spec).expect("a key");
            let other = KeyPair::generate(spec).expect("a key");
            let here = derive(spec, &one.private_key, &other.public_key).expect("a secret");
            let there = derive(spec, &other.private_key, &one.public_key).expect("a secret");
            assert_eq!(*here, *there);
            assert_eq!(here.len(), length);
        }
    }

    #[test]
    fn a_point_on_another_curve_is_refused() {
        let one = KeyPair::generate(KeySpec::P256).expect("a key");
        let other = KeyPair::generate(KeySpec::P384).expect("a key");
        assert!(derive(KeySpec::P256, &one.private_key, &other.public_key).is_err());
        assert!(derive(KeySpec::P256, &one.private_key, b"junk").is_err());
        let bare_point = &one.public_key[one.public_key.len() - 65..];
        assert!(derive(KeySpec::P256, &one.private_key, bare_point).is_err());
    }
}
