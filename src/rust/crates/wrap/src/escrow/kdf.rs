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
