//! Import tokens: everything an import must be checked against, sealed, so that the emulator needs to remember nothing.

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use crate::clock::Time;
use crate::crypto::{Secret, aead, asymmetric::KeyPair};
use crate::spec::{RsaSize, WrappingAlgorithm};

/// What an import token carries.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ImportToken {
    /// The key it was made for.
    key_arn: String,
    pub(crate) algorithm: WrappingAlgorithm,
    pub(crate) wrapping_key_spec: RsaSize,
    /// The private half of the public key that was given out with the token.
    pub(crate) private_key: Secret,
    valid_to: Time,
}

/// Why a token opens nothing.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Rejected {
    /// It is not a token of this emulator, was changed, or was made for another key.
    Invalid,
    /// It was good until its end.
    Expired,
}

/// How long a token and its public key are good for.
pub(crate) const VALID_MILLIS: i64 = 24 * 3600 * 1000;

impl ImportToken {
    pub(crate) fn new(
        key_arn: &str,
        algorithm: WrappingAlgorithm,
        wrapping_key_spec: RsaSize,
        pair: KeyPair,
        now: Time,
    ) -> Self {
        Self {
            key_arn: key_arn.to_owned(),
            algorithm,
            wrapping_key_spec,
            private_key: pair.private_key,
            valid_to: now.plus_millis(VALID_MILLIS),
        }
    }

    pub(crate) fn valid_to(&self) -> Time {
        self.valid_to
    }

    /// The bytes that are given out.
    pub(crate) fn seal(&self, token_key: &Secret) -> Vec<u8> {
        let text =
            Zeroizing::new(serde_json::to_vec(self).expect("a token has only texts and numbers"));
        aead::seal(token_key, &text, PURPOSE).expect("the token key is an AES-256 key")
    }

    /// The inverse, for the key the token is presented with.
    pub(crate) fn open(
        bytes: &[u8],
        token_key: &Secret,
        key_arn: &str,
        now: Time,
    ) -> Result<Self, Rejected> {
        let text = aead::open(token_key, bytes, PURPOSE).map_err(|_| Rejected::Invalid)?;
        let token: Self = serde_json::from_slice(&text).map_err(|_| Rejected::Invalid)?;
        if token.key_arn != key_arn {
            return Err(Rejected::Invalid);
        }
        if now >= token.valid_to {
            return Err(Rejected::Expired);
        }
        Ok(token)
    }
}

/// Authenticated with every token, so that nothing else sealed under the same key can pass for one.
const PURPOSE: &[u8] = b"kmsr emulator import token, version 1";

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:kms:us-east-1:000000000000:key/a";
    const START: Time = Time::from_millis(1_700_000_000_000);

    fn sealed(token_key: &Secret) -> Vec<u8> {
        let pair = KeyPair::generate_rsa(RsaSize::Bits2048).expect("a key");
        ImportToken::new(
            ARN,
            WrappingAlgorithm::OaepSha256,
            RsaSize::Bits2048,
            pair,
            START,
        )
        .seal(token_key)
    }

    #[test]
    fn is_bound_to_key_and_time_and_emulator() {
        let token_key = Secret::new(vec![1; 32]);
        let bytes = sealed(&token_key);
        assert!(bytes.len() <= 6144, "AWS' bound on a token's length");
        let open = |bytes: &[u8], key: &Secret, arn, now| {
            ImportToken::open(bytes, key, arn, now).map(|token| token.algorithm)
        };
        let end = START.plus_millis(VALID_MILLIS);

        assert_eq!(
            open(&bytes, &token_key, ARN, START),
            Ok(WrappingAlgorithm::OaepSha256)
        );
        assert!(open(&bytes, &token_key, ARN, end.plus_millis(-1)).is_ok());
        assert_eq!(open(&bytes, &token_key, ARN, end), Err(Rejected::Expired));
        assert_eq!(
            open(&bytes, &token_key, "another", START),
            Err(Rejected::Invalid)
        );
        let foreign = Secret::new(vec![2; 32]);
        assert_eq!(open(&bytes, &foreign, ARN, START), Err(Rejected::Invalid));
        for index in (0..bytes.len()).step_by(97) {
            let mut mangled = bytes.clone();
            mangled[index] ^= 0x40;
            assert_eq!(
                open(&mangled, &token_key, ARN, START),
                Err(Rejected::Invalid)
            );
        }
        assert_eq!(open(b"", &token_key, ARN, START), Err(Rejected::Invalid));
    }
}
