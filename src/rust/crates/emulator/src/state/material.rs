//! One material of a key: a symmetric key can have had several, every other key has one.

use serde::{Deserialize, Serialize};

use crate::clock::Time;
use crate::crypto::{Secret, hex};
use crate::spec::names;

names! {
    /// What a material is to its key.
    MaterialState {
        NonCurrent = "NON_CURRENT",
        Current = "CURRENT",
        PendingRotation = "PENDING_ROTATION",
        PendingMultiRegion = "PENDING_MULTI_REGION_IMPORT_AND_ROTATION",
    }
}

names! {
    /// Whether an imported material is there.
    ImportState {
        Imported = "IMPORTED",
        PendingImport = "PENDING_IMPORT",
    }
}

names! {
    RotationType {
        Automatic = "AUTOMATIC",
        OnDemand = "ON_DEMAND",
    }
}

/// When imported material stops being there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Expiry {
    Never,
    At(Time),
}

impl Expiry {
    pub(crate) fn model(self) -> &'static str {
        match self {
            Self::Never => "KEY_MATERIAL_DOES_NOT_EXPIRE",
            Self::At(_) => "KEY_MATERIAL_EXPIRES",
        }
    }
}

/// A material, there or known to have been there.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Material {
    /// Made from the key's id and the bytes: the same bytes have the same id, and the id says nothing of them.
    #[serde(with = "material_id")]
    pub(crate) id: [u8; 32],
    /// `None` once deleted or expired.
    pub(crate) secret: Option<Secret>,
    /// The SubjectPublicKeyInfo of asymmetric material.
    pub(crate) public_key: Option<Vec<u8>>,
    pub(crate) state: MaterialState,
    /// `None` for material KMS made, and for imported material that is not there.
    pub(crate) expiry: Option<Expiry>,
    pub(crate) description: Option<String>,
    /// When and how it became the current one, unless it was the first.
    pub(crate) rotation: Option<(Time, RotationType)>,
}

impl Material {
    pub(crate) fn id_text(&self) -> String {
        hex(&self.id)
    }

    /// The same material for a related key of another Region: with its bytes, or only by name.
    pub(super) fn for_relative(&self, with_bytes: bool) -> Self {
        Self {
            id: self.id,
            secret: self
                .secret
                .as_ref()
                .filter(|_| with_bytes)
                .map(Secret::duplicate),
            public_key: self.public_key.clone().filter(|_| with_bytes),
            state: self.state,
            expiry: None,
            description: None,
            rotation: self.rotation,
        }
    }

    pub(crate) fn import_state(&self) -> ImportState {
        if self.secret.is_some() {
            ImportState::Imported
        } else {
            ImportState::PendingImport
        }
    }

    /// Whether it belongs to the key for good: material that waits for its first rotation does not.
    pub(crate) fn is_tied(&self) -> bool {
        matches!(
            self.state,
            MaterialState::Current | MaterialState::NonCurrent
        )
    }

    /// Forgets the bytes, keeps the name.
    pub(crate) fn forget(&mut self) {
        self.secret = None;
        self.expiry = None;
    }

    /// Whether the bytes' time has come.
    pub(super) fn is_due(&self, now: Time) -> bool {
        matches!(self.expiry, Some(Expiry::At(end)) if end <= now)
    }
}

mod material_id {
    use serde::{Deserialize, Deserializer, Serializer, de};

    use crate::crypto::hex;

    pub(super) fn serialize<S: Serializer>(
        id: &[u8; 32],
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&hex(id))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<[u8; 32], D::Error> {
        let text = String::deserialize(deserializer)?;
        super::parse_id(&text).ok_or_else(|| de::Error::custom("not a key material id"))
    }
}

/// Reads 64 hexadecimal digits.
pub(crate) fn parse_id(text: &str) -> Option<[u8; 32]> {
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    let mut id = [0; 32];
    for (index, byte) in id.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * index..2 * index + 2)?, 16).ok()?;
    }
    Some(id)
}
