//! What was due by now happens when somebody looks: material expires, keys rotate, keys go.

use super::{Change, World};
use crate::clock::Time;
use crate::state::{Deletion, RotationType};

impl World {
    /// Brings all keys of a Region up to the moment.
    pub(crate) fn settle_region(&mut self, region: &str, now: Time) {
        let ids: Vec<String> = self.keys(region).map(|key| key.id.clone()).collect();
        for key_id in ids {
            self.settle_key(region, &key_id, now);
        }
    }

    /// Brings one key up to the moment, together with its multi-Region relatives; says whether it is still there.
    pub(super) fn settle_key(&mut self, region: &str, key_id: &str, now: Time) -> bool {
        let Some(key) = self.find_key(region, key_id) else {
            return false;
        };
        let mut regions = match key.multi_region {
            Some(_) => self.regions_of(key_id),
            None => vec![region.to_owned()],
        };
        // In the order they go in: the waiting period of a primary begins when the last of its replicas is gone.
        regions.sort_by_key(|region| {
            let key = self.key(region, key_id);
            (!key.is_replica(), key.deletion.and_then(Deletion::date))
        });
        for region in regions {
            self.settle_one(&region, key_id, now);
        }
        self.find_key(region, key_id).is_some()
    }

    fn settle_one(&mut self, region: &str, key_id: &str, now: Time) {
        let key = self.key(region, key_id);
        if key.is_gone(now) {
            return self.remove_key(region, key_id);
        }
        let expires = key.materials.iter().any(|material| material.is_due(now));
        if expires {
            self.key_mut(region, key_id).expire(now);
            self.align_pending(key_id);
        }
        while let Some(due) = self.key(region, key_id).rotation_due(now) {
            self.rotate(region, key_id, due, RotationType::Automatic);
            let rotation = &mut self.key_mut(region, key_id).rotation;
            rotation.next = Some(due.plus_days(rotation.period_in_days));
        }
    }

    /// Takes a key away with its aliases. The waiting period of a primary that waited for this replica begins.
    fn remove_key(&mut self, region: &str, key_id: &str) {
        let removed = self.region_mut(region).keys.remove(key_id);
        self.changes.insert(Change::Key {
            region: region.to_owned(),
            key_id: key_id.to_owned(),
        });
        let aliases: Vec<String> = self
            .aliases(region)
            .filter(|(_, alias)| alias.target == key_id)
            .map(|(name, _)| name.clone())
            .collect();
        for name in aliases {
            self.set_alias(region, &name, None);
        }

        let gone_at = removed
            .and_then(|key| key.deletion)
            .and_then(Deletion::date);
        if let ([primary], Some(gone_at)) = (self.regions_of(key_id).as_slice(), gone_at) {
            let primary = self.key_mut(&primary.clone(), key_id);
            if let Some(Deletion::AfterReplicas { window_in_days }) = primary.deletion {
                primary.deletion = Some(Deletion::At {
                    date: gone_at.plus_days(window_in_days),
                    window_in_days,
                });
            }
        }
    }
}
