//! Signatures: RSASSA-PSS and PKCS#1 v1.5 (RFC 8017), ECDSA as DER (RFC 3279), Ed25519 and Ed25519ph (RFC 8032), ML-DSA
//! (FIPS 204).

mod prehashed;

use aws_lc_rs::digest::{self, Digest, SHA256, SHA384, SHA512};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa;
use aws_lc_rs::signature::{
    ECDSA_P256_SHA256_ASN1, ECDSA_P256K1_SHA256_ASN1, ECDSA_P384_SHA384_ASN1,
    ECDSA_P521_SHA512_ASN1, ED25519, EcdsaKeyPair, Ed25519KeyPair, ML_DSA_44, ML_DSA_65, ML_DSA_87,
    ParsedPublicKey, PqdsaKeyPair, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512, RSA_PKCS1_SHA256, RSA_PKCS1_SHA384, RSA_PKCS1_SHA512,
    RSA_PSS_2048_8192_SHA256, RSA_PSS_2048_8192_SHA384, RSA_PSS_2048_8192_SHA512, RSA_PSS_SHA256,
    RSA_PSS_SHA384, RSA_PSS_SHA512, RsaEncoding, VerificationAlgorithm,
};

use super::asymmetric::{curve, ml_dsa};
use super::{Failed, Secret};
use crate::spec::{KeySpec, SigningAlgorithm};

/// What is signed: the message, or its digest made elsewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Message<'a> {
    Raw(&'a [u8]),
    Digest(&'a [u8]),
}

/// The length of the digest an algorithm signs; `None` when it takes no digest in a message's place.
pub(crate) fn digest_length(algorithm: SigningAlgorithm) -> Option<usize> {
    digest_algorithm(algorithm).map(|digest| digest.output_len())
}

/// Signs with a private key of the spec.
pub(crate) fn sign(
    spec: KeySpec,
    algorithm: SigningAlgorithm,
    private_key: &Secret,
    message: Message<'_>,
) -> Result<Vec<u8>, Failed> {
    if let Some(encoding) = rsa_encoding(algorithm) {
        let key = rsa::KeyPair::from_pkcs8(private_key.expose())?;
        let mut signature = vec![0; key.public_modulus_len()];
        key.sign_digest(encoding, &digest_of(algorithm, message)?, &mut signature)?;
        return Ok(signature);
    }
    if let Some(curve) = curve(spec) {
        let key = EcdsaKeyPair::from_pkcs8(curve, private_key.expose())?;
        let signature = match message {
            Message::Raw(message) => key.sign(&SystemRandom::new(), message)?,
            Message::Digest(_) => key.sign_digest(&digest_of(algorithm, message)?)?,
        };
        return Ok(signature.as_ref().to_vec());
    }
    match (algorithm, message) {
        (SigningAlgorithm::Ed25519Sha512, Message::Raw(message)) => {
            let key = Ed25519KeyPair::from_pkcs8(private_key.expose())?;
            Ok(key.try_sign(message)?.as_ref().to_vec())
        }
        (SigningAlgorithm::Ed25519PhSha512, Message::Digest(digest)) => {
            prehashed::sign(private_key, digest)
        }
        (SigningAlgorithm::MlDsaShake256, Message::Raw(message)) => {
            let algorithm = ml_dsa(spec).ok_or(Failed)?;
            let key = PqdsaKeyPair::from_pkcs8(algorithm, private_key.expose())?;
            let mut signature = vec![0; algorithm.signature_len()];
            let length = key.sign(message, &mut signature)?;
            signature.truncate(length);
            Ok(signature)
        }
        _ => Err(Failed),
    }
}

/// Whether a signature is the message's.
pub(crate) fn verify(
    spec: KeySpec,
    algorithm: SigningAlgorithm,
    public_key: &[u8],
    message: Message<'_>,
    signature: &[u8],
) -> Result<bool, Failed> {
    if let (SigningAlgorithm::Ed25519PhSha512, Message::Digest(digest)) = (algorithm, message) {
        return prehashed::verify(public_key, digest, signature);
    }
    let key = ParsedPublicKey::new(verification(spec, algorithm)?, public_key)?;
    Ok(match message {
        Message::Raw(message) => key.verify_sig(message, signature),
        Message::Digest(_) => key.verify_digest_sig(&digest_of(algorithm, message)?, signature),
    }
    .is_ok())
}

fn digest_of(algorithm: SigningAlgorithm, message: Message<'_>) -> Result<Digest, Failed> {
    let digest_algorithm = digest_algorithm(algorithm).ok_or(Failed)?;
    Ok(match message {
        Message::Raw(message) => digest::digest(digest_algorithm, message),
        Message::Digest(bytes) => Digest::import_less_safe(bytes, digest_algorithm)?,
    })
}

fn digest_algorithm(algorithm: SigningAlgorithm) -> Option<&'static digest::Algorithm> {
    use SigningAlgorithm::*;
    match algorithm {
        PssSha256 | Pkcs1Sha256 | EcdsaSha256 => Some(&SHA256),
        PssSha384 | Pkcs1Sha384 | EcdsaSha384 => Some(&SHA384),
        PssSha512 | Pkcs1Sha512 | EcdsaSha512 | Ed25519PhSha512 => Some(&SHA512),
        Sm2Dsa | MlDsaShake256 | Ed25519Sha512 => None,
    }
}

fn rsa_encoding(algorithm: SigningAlgorithm) -> Option<&'static dyn RsaEncoding> {
    use SigningAlgorithm::*;
    Some(match algorithm {
        PssSha256 => &RSA_PSS_SHA256,
        PssSha384 => &RSA_PSS_SHA384,
        PssSha512 => &RSA_PSS_SHA512,
        Pkcs1Sha256 => &RSA_PKCS1_SHA256,
        Pkcs1Sha384 => &RSA_PKCS1_SHA384,
        Pkcs1Sha512 => &RSA_PKCS1_SHA512,
        _ => return None,
    })
}

fn verification(
    spec: KeySpec,
    algorithm: SigningAlgorithm,
) -> Result<&'static dyn VerificationAlgorithm, Failed> {
    use SigningAlgorithm::*;
    Ok(match (algorithm, spec) {
        (PssSha256, _) => &RSA_PSS_2048_8192_SHA256,
        (PssSha384, _) => &RSA_PSS_2048_8192_SHA384,
        (PssSha512, _) => &RSA_PSS_2048_8192_SHA512,
        (Pkcs1Sha256, _) => &RSA_PKCS1_2048_8192_SHA256,
        (Pkcs1Sha384, _) => &RSA_PKCS1_2048_8192_SHA384,
        (Pkcs1Sha512, _) => &RSA_PKCS1_2048_8192_SHA512,
        (EcdsaSha256, KeySpec::P256) => &ECDSA_P256_SHA256_ASN1,
        (EcdsaSha256, KeySpec::P256K1) => &ECDSA_P256K1_SHA256_ASN1,
        (EcdsaSha384, KeySpec::P384) => &ECDSA_P384_SHA384_ASN1,
        (EcdsaSha512, KeySpec::P521) => &ECDSA_P521_SHA512_ASN1,
        (Ed25519Sha512, KeySpec::Ed25519) => &ED25519,
        (MlDsaShake256, KeySpec::MlDsa44) => &ML_DSA_44,
        (MlDsaShake256, KeySpec::MlDsa65) => &ML_DSA_65,
        (MlDsaShake256, KeySpec::MlDsa87) => &ML_DSA_87,
        _ => return Err(Failed),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::asymmetric::KeyPair;
    use crate::spec::RsaSize;

    fn round_trip(spec: KeySpec, pair: &KeyPair) {
        for &algorithm in spec.signing_algorithms() {
            let digest = digest_algorithm(algorithm)
                .map(|algorithm| digest::digest(algorithm, b"a message"));
            let mut messages = Vec::new();
            if algorithm != SigningAlgorithm::Ed25519PhSha512 {
                messages.push(Message::Raw(b"a message"));
            }
            if let Some(digest) = &digest {
                messages.push(Message::Digest(digest.as_ref()));
                let short = Message::Digest(&digest.as_ref()[1..]);
                let signed = sign(spec, algorithm, &pair.private_key, short);
                assert!(signed.is_err() || algorithm == SigningAlgorithm::Ed25519PhSha512);
            }
            let check = |message, signature: &[u8]| {
                verify(spec, algorithm, &pair.public_key, message, signature)
                    .expect("key and algorithm fit")
            };
            for &message in &messages {
                let signature =
                    sign(spec, algorithm, &pair.private_key, message).expect("a signature");
                // A message and its digest are signed alike.
                for &message in &messages {
                    assert!(check(message, &signature), "{algorithm:?}");
                }
                assert!(!check(messages[0], &signature[1..]));
                assert!(!check(messages[0], b""));
                if let Message::Raw(_) = message {
                    assert!(!check(Message::Raw(b"another"), &signature));
                }
            }
        }
    }

    #[test]
    fn every_algorithm_signs_and_verifies() {
        for spec in [
            KeySpec::P256,
            KeySpec::P384,
            KeySpec::P521,
            KeySpec::P256K1,
            KeySpec::Ed25519,
            KeySpec::MlDsa44,
            KeySpec::MlDsa65,
            KeySpec::MlDsa87,
        ] {
            round_trip(spec, &KeyPair::generate(spec).expect("a key"));
        }
        let pair = KeyPair::generate_rsa(RsaSize::Bits2048).expect("a key");
        round_trip(KeySpec::Rsa2048, &pair);
    }
}
