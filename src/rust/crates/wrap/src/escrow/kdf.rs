//! From passphrase to key: PBKDF2 (RFC 8018 section 5.2), with bounds on what a file may ask for.

use getrandom::SysRng;
use getrandom::rand_core::TryRng;
use pkcs8::pkcs5::pbes2::{Kdf, Pbkdf2Params, Pbkdf2Prf};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::error::KeyMaterialError;

/// OWASP's recommendation for PBKDF2 with HMAC-SHA-256.
const ITERATIONS: u32 = 600_000;

/// The most iterations this crate runs: some seconds.
const MAX_ITERATIONS: u32 = 10_000_000;

/// The most memory scrypt may take, in bytes.
const MAX_SCRYPT_MEMORY: u64 = 1 << 30;

/// What a new copy uses: PBKDF2 with HMAC-SHA-256 and a random salt. Not scrypt: OpenSSL's limit of 32 MiB would leave it
/// little of its strength, and other software does not know it.
pub(super) fn parameters() -> Result<Pbkdf2Params, KeyMaterialError> {
    Pbkdf2Params::hmac_sha256(ITERATIONS, &random::<16>()?)
        .map_err(|_| KeyMaterialError::ExportFailed)
}

/// A 256-bit key from a passphrase. `None` for a pseudo-random function that this crate does not write.
pub(super) fn derive(passphrase: &[u8], params: &Pbkdf2Params) -> Option<Zeroizing<[u8; 32]>> {
    if params.prf != Pbkdf2Prf::HmacWithSha256 {
        return None;
    }
    let mut key = Zeroizing::new([0; 32]);
    let salt = params.salt.as_ref();
    pbkdf2::pbkdf2_hmac::<Sha256>(passphrase, salt, params.iteration_count, &mut *key);
    Some(key)
}

/// Refuses what would take too long or too much memory: a damaged file must not hang or end the process.
pub(super) fn refuse_excess(kdf: &Kdf) -> Result<(), KeyMaterialError> {
    let excess = match kdf {
        Kdf::Pbkdf2(params) => params.iteration_count > MAX_ITERATIONS,
        Kdf::Scrypt(params) => {
            let memory = params
                .cost_parameter
                .saturating_mul(u64::from(params.block_size))
                .saturating_mul(128);
            memory > MAX_SCRYPT_MEMORY || params.parallelization > 16
        }
        _ => false,
    };
    match excess {
        true => Err(KeyMaterialError::Encryption {
            scheme: "a key derivation of extreme cost".to_owned(),
        }),
        false => Ok(()),
    }
}

/// Random bytes that are no secret: salts and initial values.
pub(super) fn random<const N: usize>() -> Result<[u8; N], KeyMaterialError> {
    let mut bytes = [0; N];
    SysRng.try_fill_bytes(&mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "tests")]
mod tests {
    use pkcs8::pkcs5::pbes2::{Kdf, Pbkdf2Params, ScryptParams};
    use pkcs8::pkcs5::scrypt;

    use super::{MAX_ITERATIONS, derive, parameters, refuse_excess};

    #[test]
    fn extreme_costs_are_refused() {
        let pbkdf2 = |count| Kdf::Pbkdf2(Pbkdf2Params::hmac_sha256(count, b"salt").unwrap());
        assert!(refuse_excess(&pbkdf2(MAX_ITERATIONS)).is_ok());
        assert!(refuse_excess(&pbkdf2(MAX_ITERATIONS + 1)).is_err());
        let scrypt = |log_n, r, p| {
            let params = scrypt::Params::new(log_n, r, p).unwrap();
            Kdf::Scrypt(ScryptParams::from_params_and_salt(params, b"salt").unwrap())
        };
        assert!(refuse_excess(&scrypt(14, 8, 1)).is_ok());
        assert!(refuse_excess(&scrypt(20, 8, 1)).is_ok());
        assert!(refuse_excess(&scrypt(21, 8, 1)).is_err());
        assert!(refuse_excess(&scrypt(14, 8, 17)).is_err());
    }

    #[test]
    fn every_copy_has_a_salt_of_its_own() {
        assert_ne!(parameters().unwrap(), parameters().unwrap());
    }

    /// RFC 7914 section 11, its first 32 bytes.
    #[test]
    fn pbkdf2_gives_the_published_key() {
        let params = Pbkdf2Params::hmac_sha256(80_000, b"NaCl").unwrap();
        assert_eq!(
            *derive(b"Password", &params).unwrap(),
            [
                0x4d, 0xdc, 0xd8, 0xf6, 0x0b, 0x98, 0xbe, 0x21, 0x83, 0x0c, 0xee, 0x5e, 0xf2, 0x27,
                0x01, 0xf9, 0x64, 0x1a, 0x44, 0x18, 0xd0, 0x4c, 0x04, 0x14, 0xae, 0xff, 0x08, 0x87,
                0x6b, 0x34, 0xab, 0x56,
            ]
        );
    }
}
