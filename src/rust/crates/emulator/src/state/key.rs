//! A key, and what state it is in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::material::{Expiry, Material, MaterialState};
use crate::clock::Time;
use crate::crypto::Secret;
use crate::error::ServiceError;
use crate::spec::{KeySpec, KeyUsage, Origin, names};

names! {
    /// What a key is at a moment.
    KeyState {
        Creating = "Creating",
        Enabled = "Enabled",
        Disabled = "Disabled",
        PendingDeletion = "PendingDeletion",
        PendingImport = "PendingImport",
        PendingReplicaDeletion = "PendingReplicaDeletion",
        Unavailable = "Unavailable",
        Updating = "Updating",
    }
}

/// A KMS key.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Key {
    pub(crate) id: String,
    pub(crate) arn: String,
    pub(crate) spec: KeySpec,
    pub(crate) usage: KeyUsage,
    pub(crate) origin: Origin,
    pub(crate) created: Time,
    pub(crate) description: String,
    /// What EnableKey and DisableKey said last; [`Key::state`] knows more.
    pub(crate) enabled: bool,
    pub(crate) policy: String,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) deletion: Option<Deletion>,
    pub(crate) multi_region: Option<MultiRegion>,
    /// In the order they came.
    pub(crate) materials: Vec<Material>,
}

/// When a key is to go.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Deletion {
    pub(crate) date: Time,
    pub(crate) window_in_days: i64,
}

/// A multi-Region key's place among its relatives.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MultiRegion {
    pub(crate) primary_region: String,
}

impl Key {
    /// The key's state, once [`Key::settle`] has brought it up to the moment.
    pub(crate) fn state(&self) -> KeyState {
        if self.deletion.is_some() {
            return KeyState::PendingDeletion;
        }
        if self.origin == Origin::External && !self.has_all_material() {
            return KeyState::PendingImport;
        }
        if self.enabled {
            KeyState::Enabled
        } else {
            KeyState::Disabled
        }
    }

    /// Whether the day of its deletion has come.
    pub(super) fn is_gone(&self, now: Time) -> bool {
        self.deletion.is_some_and(|deletion| deletion.date <= now)
    }

    /// Lets everything happen to the key that was due by now; says whether anything did.
    pub(crate) fn settle(&mut self, now: Time) -> bool {
        let mut changed = false;
        for material in &mut self.materials {
            changed |= material.expire(now);
        }
        let before = self.materials.len();
        self.materials
            .retain(|material| material.is_tied() || material.secret.is_some());
        changed || self.materials.len() != before
    }

    /// The material that encrypts, signs, or authenticates now.
    pub(crate) fn current(&self) -> Option<&Material> {
        self.materials
            .iter()
            .find(|material| material.state == MaterialState::Current)
    }

    /// The bytes of the current material.
    pub(crate) fn current_secret(&self) -> Result<&Secret, ServiceError> {
        self.current()
            .and_then(|material| material.secret.as_ref())
            .ok_or_else(|| self.in_the_wrong_state())
    }

    pub(crate) fn material(&self, id: &[u8; 32]) -> Option<&Material> {
        self.materials.iter().find(|material| material.id == *id)
    }

    /// A multi-Region key waits for every material that is permanently its own: one gone stops the whole key.
    fn has_all_material(&self) -> bool {
        let mut tied = self
            .materials
            .iter()
            .filter(|material| material.is_tied())
            .peekable();
        tied.peek().is_some() && tied.all(|material| material.secret.is_some())
    }

    /// The earliest end of any imported material, and the model DescribeKey shows.
    pub(crate) fn expiry(&self) -> Option<Expiry> {
        self.materials
            .iter()
            .filter_map(|material| material.expiry)
            .min_by_key(|expiry| match expiry {
                Expiry::At(time) => time.millis(),
                Expiry::Never => i64::MAX,
            })
    }

    /// Refuses unless the key can be used in cryptography now.
    pub(crate) fn ensure_usable(&self) -> Result<(), ServiceError> {
        match self.state() {
            KeyState::Enabled => Ok(()),
            KeyState::Disabled => Err(self.disabled()),
            _ => Err(self.in_the_wrong_state()),
        }
    }

    /// Refuses when the key is waiting to be deleted.
    pub(crate) fn ensure_not_pending_deletion(&self) -> Result<(), ServiceError> {
        match self.state() {
            KeyState::PendingDeletion | KeyState::PendingReplicaDeletion => {
                Err(self.in_the_wrong_state())
            }
            _ => Ok(()),
        }
    }

    /// Refuses when the key's origin is another.
    pub(crate) fn ensure_origin(&self, origin: Origin) -> Result<(), ServiceError> {
        if self.origin == origin {
            return Ok(());
        }
        Err(ServiceError::unsupported(format!(
            "{} origin is {} which is not valid for this operation.",
            self.arn,
            self.origin.name()
        )))
    }

    /// Refuses an operation that is for keys of another usage.
    pub(crate) fn ensure_usage(
        &self,
        usage: KeyUsage,
        operation: &str,
    ) -> Result<(), ServiceError> {
        if self.usage == usage {
            return Ok(());
        }
        Err(ServiceError::invalid_key_usage(format!(
            "{} key usage is {} which is not valid for {operation}.",
            self.arn,
            self.usage.name()
        )))
    }

    /// The refusal of an algorithm that is not this key's.
    pub(crate) fn incompatible(&self, algorithm: &str) -> ServiceError {
        ServiceError::invalid_key_usage(format!(
            "Algorithm {algorithm} is incompatible with key spec {}.",
            self.spec.name()
        ))
    }

    pub(crate) fn disabled(&self) -> ServiceError {
        ServiceError::new("DisabledException", format!("{} is disabled.", self.arn))
    }

    /// The refusal that names the state the key is in.
    pub(crate) fn in_the_wrong_state(&self) -> ServiceError {
        let state = match self.state() {
            KeyState::Creating => "creating",
            KeyState::Enabled => "enabled",
            KeyState::Disabled => "disabled",
            KeyState::PendingDeletion => "pending deletion",
            KeyState::PendingImport => "pending import",
            KeyState::PendingReplicaDeletion => "pending replica deletion",
            KeyState::Unavailable => "unavailable",
            KeyState::Updating => "updating",
        };
        ServiceError::invalid_state(format!("{} is {state}.", self.arn))
    }
}

impl Material {
    /// Whether it belongs to the key for good: material that waits for its first rotation does not.
    pub(crate) fn is_tied(&self) -> bool {
        matches!(
            self.state,
            MaterialState::Current | MaterialState::NonCurrent
        )
    }
}
