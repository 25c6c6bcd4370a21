//! A key, and what state it is in.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::grant::Grant;
use super::material::{Expiry, Material, MaterialState, RotationType};
use super::rotation::Rotation;
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
    pub(crate) region: String,
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
    pub(crate) rotation: Rotation,
    /// By grant id.
    pub(crate) grants: BTreeMap<String, Grant>,
    pub(crate) last_use: Option<LastUse>,
    /// Before this, other calls do not find it: AWS takes a moment to tell all its servers of a new key.
    pub(crate) visible_from: Option<Time>,
}

/// What is to become of a key.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) enum Deletion {
    At {
        date: Time,
        window_in_days: i64,
    },
    /// The waiting period of a multi-Region primary begins when its last replica is gone.
    AfterReplicas {
        window_in_days: i64,
    },
}

impl Deletion {
    pub(crate) fn window_in_days(self) -> i64 {
        match self {
            Self::At { window_in_days, .. } | Self::AfterReplicas { window_in_days } => {
                window_in_days
            }
        }
    }

    pub(crate) fn date(self) -> Option<Time> {
        match self {
            Self::At { date, .. } => Some(date),
            Self::AfterReplicas { .. } => None,
        }
    }
}

/// A multi-Region key's place among its relatives.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct MultiRegion {
    pub(crate) primary_region: String,
}

/// The last time a key was used in cryptography.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct LastUse {
    pub(crate) operation: String,
    pub(crate) time: Time,
    pub(crate) event_id: String,
    pub(crate) request_id: String,
}

impl Key {
    /// The key's state, once the account has brought it up to the moment.
    pub(crate) fn state(&self) -> KeyState {
        match self.deletion {
            Some(Deletion::At { .. }) => return KeyState::PendingDeletion,
            Some(Deletion::AfterReplicas { .. }) => return KeyState::PendingReplicaDeletion,
            None => {}
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
        self.deletion
            .and_then(Deletion::date)
            .is_some_and(|date| date <= now)
    }

    /// Lets imported material expire that is due by now.
    pub(super) fn expire(&mut self, now: Time) {
        for material in &mut self.materials {
            if material.is_due(now) {
                material.forget();
            }
        }
        self.drop_untied();
    }

    /// Material that was waiting for its rotation and is gone goes altogether; the rest stays known, for its bytes may come
    /// back. A replica keeps what its primary keeps.
    pub(crate) fn drop_untied(&mut self) {
        if !self.is_replica() {
            self.materials
                .retain(|material| material.is_tied() || material.secret.is_some());
        }
    }

    /// The automatic rotation that is due by now.
    pub(super) fn rotation_due(&self, now: Time) -> Option<Time> {
        self.rotation
            .next
            .filter(|next| *next <= now && self.state() == KeyState::Enabled && !self.is_replica())
    }

    /// Whether it is a multi-Region key that is not its set's primary.
    pub(crate) fn is_replica(&self) -> bool {
        self.multi_region
            .as_ref()
            .is_some_and(|multi_region| multi_region.primary_region != self.region)
    }

    /// The new material that waits for the next rotation on demand.
    pub(crate) fn pending(&self) -> Option<&Material> {
        self.materials.iter().find(|material| !material.is_tied())
    }

    /// Makes one of the key's materials the current one.
    pub(super) fn rotate_to(&mut self, id: [u8; 32], rotation: (Time, RotationType)) {
        // Both are among the last, and after many years there are thousands.
        let mut latest_first = self.materials.iter_mut().rev();
        if let Some(old) =
            latest_first.find(|old| old.id != id && old.state == MaterialState::Current)
        {
            old.state = MaterialState::NonCurrent;
        }
        let mut latest_first = self.materials.iter_mut().rev();
        if let Some(new) = latest_first.find(|new| new.id == id) {
            new.state = MaterialState::Current;
            new.rotation = Some(rotation);
        }
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

    /// The public half of the current material.
    pub(crate) fn current_public_key(&self) -> Result<&[u8], ServiceError> {
        self.current()
            .and_then(|material| material.public_key.as_deref())
            .ok_or_else(|| self.in_the_wrong_state())
    }

    pub(crate) fn material(&self, id: &[u8; 32]) -> Option<&Material> {
        self.materials.iter().find(|material| material.id == *id)
    }

    /// A symmetric key may have had several materials: one gone that is permanently its own stops the whole key.
    fn has_all_material(&self) -> bool {
        let mut tied = self
            .materials
            .iter()
            .filter(|material| material.is_tied())
            .peekable();
        tied.peek().is_some() && tied.all(|material| material.secret.is_some())
    }

    /// The earliest end of any imported material that is the key's for good, and the model DescribeKey shows.
    pub(crate) fn expiry(&self) -> Option<Expiry> {
        self.materials
            .iter()
            .filter(|material| material.is_tied())
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

    /// Refuses unless the key is there to be managed: waiting for material, it is not, nor on its way out.
    pub(crate) fn ensure_manageable(&self) -> Result<(), ServiceError> {
        match self.state() {
            KeyState::Enabled | KeyState::Disabled => Ok(()),
            _ => Err(self.in_the_wrong_state()),
        }
    }

    /// Refuses a replica what only its primary can do.
    pub(crate) fn ensure_not_replica(&self) -> Result<(), ServiceError> {
        if self.is_replica() {
            return Err(self.not_a_primary());
        }
        Ok(())
    }

    pub(crate) fn not_a_primary(&self) -> ServiceError {
        ServiceError::unsupported(format!("{} is not a multi-region primary key.", self.arn))
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
