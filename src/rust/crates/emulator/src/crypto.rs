//! Real cryptography, by AWS-LC: what comes out can be checked by anything else that knows the standards.

pub(crate) mod aead;
pub(crate) mod asymmetric;
mod der;
pub(crate) mod mac;
mod secret;
pub(crate) mod signing;
pub(crate) mod unwrap;

pub(crate) use secret::Secret;

/// The algorithm failed or refused. Why is deliberately not said, as AWS does not say it either.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Failed;

impl From<aws_lc_rs::error::Unspecified> for Failed {
    fn from(_: aws_lc_rs::error::Unspecified) -> Self {
        Self
    }
}

impl From<aws_lc_rs::error::KeyRejected> for Failed {
    fn from(_: aws_lc_rs::error::KeyRejected) -> Self {
        Self
    }
}

/// Random bytes.
pub(crate) fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    fill_random(&mut bytes);
    bytes
}

/// Fills a buffer with random bytes.
pub(crate) fn fill_random(buffer: &mut [u8]) {
    aws_lc_rs::rand::fill(buffer).expect("the system's random number generator works");
}

/// The SHA-256 digest in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
