//! Encrypted PKCS#8: EncryptedPrivateKeyInfo (RFC 5958 section 3) by PBES2 (RFC 8018 section 6.2).

use der::Encode;
use pkcs8::pkcs5::{self, pbes2};
use pkcs8::{EncryptedPrivateKeyInfoRef, SecretDocument};

use super::{kdf, pem};
use crate::error::KeyMaterialError;
use crate::form;

/// The PEM of a private key's PKCS#8 under a passphrase: PBKDF2 with HMAC-SHA-256, AES-256-CBC.
pub(crate) fn encrypt(pkcs8: &[u8], passphrase: &[u8]) -> Result<String, KeyMaterialError> {
    let parameters = pbes2::Parameters {
        kdf: pbes2::Kdf::Pbkdf2(kdf::parameters()?),
        encryption: pbes2::EncryptionScheme::Aes256Cbc { iv: kdf::random()? },
    };
    let failed = |_| KeyMaterialError::ExportFailed;
    let encrypted = parameters.encrypt(passphrase, pkcs8).map_err(failed)?;
    let info = EncryptedPrivateKeyInfoRef {
        encryption_algorithm: parameters.into(),
        encrypted_data: encrypted
            .as_slice()
            .try_into()
            .map_err(|_| KeyMaterialError::ExportFailed)?,
    };
    let der = info.to_der().map_err(|_| KeyMaterialError::ExportFailed)?;
    Ok(pem("ENCRYPTED PRIVATE KEY", &der))
}

/// The PKCS#8 inside an EncryptedPrivateKeyInfo in DER.
pub(crate) fn decrypt(der: &[u8], passphrase: &[u8]) -> Result<SecretDocument, KeyMaterialError> {
    let unsupported = || KeyMaterialError::Encryption {
        scheme: form::algorithm(der).map_or_else(|| "unknown".to_owned(), |oid| oid.to_string()),
    };
    let info = EncryptedPrivateKeyInfoRef::try_from(der).map_err(|_| unsupported())?;
    let parameters = info.encryption_algorithm.pbes2().ok_or_else(unsupported)?;
    kdf::refuse_excess(&parameters.kdf)?;
    info.decrypt(passphrase).map_err(|error| match error {
        pkcs8::Error::EncryptedPrivateKey(pkcs5::Error::UnsupportedAlgorithm { oid }) => {
            KeyMaterialError::Encryption {
                scheme: oid.to_string(),
            }
        }
        _ => KeyMaterialError::WrongPassphrase,
    })
}
