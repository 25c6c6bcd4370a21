//! Message authentication codes (FIPS 198-1).

use aws_lc_rs::hmac;

use super::Secret;
use crate::spec::MacAlgorithm;

/// The code of a message under a key.
pub(crate) fn generate(algorithm: MacAlgorithm, key: &Secret, message: &[u8]) -> Vec<u8> {
    hmac::sign(&key_of(algorithm, key), message)
        .as_ref()
        .to_vec()
}

/// Whether a code is the message's, compared in constant time.
pub(crate) fn verify(algorithm: MacAlgorithm, key: &Secret, message: &[u8], code: &[u8]) -> bool {
    hmac::verify(&key_of(algorithm, key), message, code).is_ok()
}

fn key_of(algorithm: MacAlgorithm, key: &Secret) -> hmac::Key {
    let algorithm = match algorithm {
        MacAlgorithm::Sha224 => hmac::HMAC_SHA224,
        MacAlgorithm::Sha256 => hmac::HMAC_SHA256,
        MacAlgorithm::Sha384 => hmac::HMAC_SHA384,
        MacAlgorithm::Sha512 => hmac::HMAC_SHA512,
    };
    hmac::Key::new(algorithm, key.expose())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::hex;

    #[test]
    fn agrees_with_rfc_4231_case_1() {
        let key = Secret::new(vec![0x0b; 20]);
        let code = |algorithm| hex(&generate(algorithm, &key, b"Hi There"));
        assert_eq!(
            code(MacAlgorithm::Sha224),
            "896fb1128abbdf196832107cd49df33f47b4b1169912ba4f53684b22"
        );
        assert_eq!(
            code(MacAlgorithm::Sha256),
            "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7"
        );
    }
}
