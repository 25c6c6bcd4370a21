//! What concerns a key and its multi-Region relatives alike. A single-Region key is a set of one.

use super::World;
use crate::clock::Time;
use crate::spec::Origin;
use crate::state::{Key, Material, MaterialState, RotationType};

impl World {
    /// The Regions that hold a key with this id.
    pub(crate) fn regions_of(&self, key_id: &str) -> Vec<String> {
        self.regions
            .iter()
            .filter(|(_, region)| region.keys.contains_key(key_id))
            .map(|(name, _)| name.clone())
            .collect()
    }

    /// Gives a key and its relatives new current material: fresh for material of KMS' own, the one that waits for imported
    /// material.
    pub(crate) fn rotate(&mut self, region: &str, key_id: &str, at: Time, kind: RotationType) {
        let key = self.key(region, key_id);
        let fresh = (key.origin == Origin::AwsKms).then(|| self.fresh_symmetric(key_id));
        let next = match &fresh {
            Some(fresh) => Some(fresh),
            None => key.pending(),
        };
        // Or there is nothing to rotate to.
        let Some(id) = next.map(|material| material.id) else {
            return;
        };
        for region in self.regions_of(key_id) {
            let key = self.key_mut(&region, key_id);
            if let Some(fresh) = &fresh {
                key.materials.push(fresh.for_relative(true));
            }
            key.rotate_to(id, (at, kind));
        }
    }

    /// A key's materials as a new replica of it begins with them. Material of KMS' own comes along; imported material comes
    /// by name, for its bytes must be imported there as well.
    pub(crate) fn materials_for_replica(key: &Key) -> Vec<Material> {
        let with_bytes = key.origin == Origin::AwsKms;
        key.materials
            .iter()
            .map(|material| material.for_relative(with_bytes))
            .collect()
    }

    /// Tells a primary's replicas of the imported material it has come to know.
    pub(crate) fn announce_material(&mut self, region: &str, key_id: &str) {
        for replica in self.regions_of(key_id) {
            if replica == region {
                continue;
            }
            let missing: Vec<Material> = self
                .key(region, key_id)
                .materials
                .iter()
                .filter(|material| self.key(&replica, key_id).material(&material.id).is_none())
                .map(|material| material.for_relative(false))
                .collect();
            self.key_mut(&replica, key_id).materials.extend(missing);
        }
    }

    /// Brings the material that waits for its rotation to the same state throughout a set: it waits for the replicas that do
    /// not have it yet, and goes everywhere when the primary has lost it.
    pub(crate) fn align_pending(&mut self, key_id: &str) {
        let regions = self.regions_of(key_id);
        let Some(primary) = regions
            .iter()
            .map(|region| self.key(region, key_id))
            .find(|key| !key.is_replica() && key.origin == Origin::External)
        else {
            return;
        };
        let pending = primary.pending().map(|material| material.id);
        let everywhere = pending.is_some_and(|id| {
            regions.iter().all(|region| {
                self.key(region, key_id)
                    .material(&id)
                    .is_some_and(|material| material.secret.is_some())
            })
        });
        let state = if everywhere {
            MaterialState::PendingRotation
        } else {
            MaterialState::PendingMultiRegion
        };
        for region in regions {
            let key = self.key_mut(&region, key_id);
            key.materials
                .retain(|material| material.is_tied() || Some(material.id) == pending);
            for material in &mut key.materials {
                if !material.is_tied() {
                    material.state = state;
                }
            }
        }
    }
}
