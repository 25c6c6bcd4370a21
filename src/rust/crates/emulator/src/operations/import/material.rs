//! What may become a key's material, and what it becomes to the key.

use zeroize::Zeroizing;

use crate::crypto::asymmetric::KeyPair;
use crate::crypto::{Secret, aead, hex};
use crate::error::ServiceError;
use crate::spec::{Family, KeySpec, names};
use crate::state::{Expiry, Key, MaterialState};

names! {
    /// Whether the bytes are to be the key's next material or one it had before.
    ImportType {
        New = "NEW_KEY_MATERIAL",
        Existing = "EXISTING_KEY_MATERIAL",
    }
}

/// Unwrapped bytes that are of the right form for a key spec.
#[derive(Debug)]
pub(super) struct Material {
    pub(super) secret: Secret,
    pub(super) public_key: Option<Vec<u8>>,
}

impl Material {
    pub(super) fn check(spec: KeySpec, bytes: Zeroizing<Vec<u8>>) -> Result<Self, ServiceError> {
        let length = bytes.len();
        match spec.family() {
            Family::Symmetric if length == aead::KEY_LENGTH => Ok(Self::without_public_key(bytes)),
            Family::Symmetric => Err(ServiceError::incorrect_key_material(format!(
                "The key material for key spec SYMMETRIC_DEFAULT must be {} bytes long, not {length}.",
                aead::KEY_LENGTH
            ))),
            Family::Hmac(algorithm) => {
                let lengths = algorithm.key_lengths();
                if lengths.contains(&length) {
                    return Ok(Self::without_public_key(bytes));
                }
                Err(ServiceError::incorrect_key_material(format!(
                    "The key material for key spec {} must be {} to {} bytes long, not {length}.",
                    spec.name(),
                    lengths.start(),
                    lengths.end()
                )))
            }
            _ => KeyPair::import(spec, bytes)
                .map(|pair| Self {
                    secret: pair.private_key,
                    public_key: Some(pair.public_key),
                })
                .map_err(|_| {
                    ServiceError::incorrect_key_material(format!(
                        "The key material is not an unencrypted PKCS #8 private key, DER encoded, of key spec {}.",
                        spec.name()
                    ))
                }),
        }
    }

    fn without_public_key(bytes: Zeroizing<Vec<u8>>) -> Self {
        Self {
            secret: bytes.into(),
            public_key: None,
        }
    }
}

/// An import that is ready to happen.
#[derive(Debug)]
pub(super) struct Import {
    pub(super) id: [u8; 32],
    /// The material the caller means to import.
    pub(super) named_id: Option<[u8; 32]>,
    /// `None` takes AWS' default: new when the key never had any, else existing.
    pub(super) import_type: Option<ImportType>,
    pub(super) expiry: Expiry,
    pub(super) description: Option<String>,
    pub(super) material: Material,
}

impl Import {
    /// Makes the bytes the key's, or refuses and leaves the key as it was.
    pub(super) fn into_key(self, key: &mut Key) -> Result<(), ServiceError> {
        if self.named_id.is_some_and(|named| named != self.id) {
            return Err(ServiceError::incorrect_key_material(format!(
                "The key material is not the key material (id: {}) that the request names.",
                hex(&self.named_id.unwrap_or_default())
            )));
        }
        let default = if key.materials.is_empty() {
            ImportType::New
        } else {
            ImportType::Existing
        };
        match self.import_type.unwrap_or(default) {
            ImportType::Existing => self.again(key),
            ImportType::New => self.anew(key),
        }
    }

    /// The same bytes as before come back, or have their expiry set anew.
    fn again(self, key: &mut Key) -> Result<(), ServiceError> {
        let arn = key.arn.clone();
        let known = key
            .materials
            .iter_mut()
            .find(|known| known.id == self.id)
            .ok_or_else(|| {
                ServiceError::incorrect_key_material(format!("The key material is not one that was imported into KMS key {arn} before. Only the same key material can be reimported."))
            })?;
        known.secret = Some(self.material.secret);
        known.public_key = self.material.public_key;
        known.expiry = Some(self.expiry);
        if self.description.is_some() {
            known.description = self.description;
        }
        Ok(())
    }

    /// The first bytes become the current material; later ones, under a symmetric key, wait for their rotation.
    fn anew(self, key: &mut Key) -> Result<(), ServiceError> {
        if key.is_replica() && key.spec.is_symmetric() {
            return Err(key.not_a_primary());
        }
        if key.material(&self.id).is_some() {
            return Err(ServiceError::incorrect_key_material(format!(
                "The key material (id: {}) is already associated with KMS key {}. Use ImportType EXISTING_KEY_MATERIAL to reimport it.",
                hex(&self.id),
                key.arn
            )));
        }
        if let Some(waiting) = key.pending() {
            return Err(ServiceError::invalid_state(format!(
                "New key material (id: {}) cannot be imported into KMS key {}, because another key material (id: {}) is pending rotation.",
                hex(&self.id),
                key.arn,
                waiting.id_text()
            )));
        }
        let state = if key.materials.is_empty() {
            MaterialState::Current
        } else {
            MaterialState::PendingRotation
        };
        key.materials.push(crate::state::Material {
            id: self.id,
            secret: Some(self.material.secret),
            public_key: self.material.public_key,
            state,
            expiry: Some(self.expiry),
            description: self.description,
            rotation: None,
        });
        Ok(())
    }
}
