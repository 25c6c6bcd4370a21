//! The account: its Regions, the names of its keys, and the secrets of the emulator itself.

mod relatives;
mod settling;

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::hmac;

use super::{Alias, Key, LastUse, Material, MaterialState};
use crate::arn::{Home, KeyName};
use crate::clock::Time;
use crate::crypto::{Secret, aead, random};
use crate::error::ServiceError;

/// Everything the emulated account holds.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) account_id: String,
    regions: BTreeMap<String, Region>,
    /// Seals import tokens.
    pub(crate) token_key: Secret,
    /// Makes key material ids.
    pub(crate) material_id_key: Secret,
    changes: BTreeSet<Change>,
}

/// What one Region holds.
#[derive(Debug, Default)]
struct Region {
    /// By key id.
    keys: BTreeMap<String, Key>,
    /// By alias name.
    aliases: BTreeMap<String, Alias>,
}

/// What has been written since it was last asked: it may have come, changed, or gone.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Change {
    Key {
        region: String,
        key_id: String,
    },
    Alias {
        region: String,
        name: String,
    },
    /// A key's last use alone: worth keeping, not worth waiting for.
    Use {
        region: String,
        key_id: String,
    },
}

impl World {
    pub(crate) fn new(account_id: &str) -> Self {
        Self::with_secrets(
            account_id,
            Secret::new(random::<32>().to_vec()),
            Secret::new(random::<32>().to_vec()),
        )
    }

    pub(crate) fn with_secrets(
        account_id: &str,
        token_key: Secret,
        material_id_key: Secret,
    ) -> Self {
        Self {
            account_id: account_id.to_owned(),
            regions: BTreeMap::new(),
            token_key,
            material_id_key,
            changes: BTreeSet::new(),
        }
    }

    pub(crate) fn home<'a>(&'a self, region: &'a str) -> Home<'a> {
        Home {
            region,
            account_id: &self.account_id,
        }
    }

    /// A key that was resolved in this call.
    pub(crate) fn key(&self, region: &str, key_id: &str) -> &Key {
        self.find_key(region, key_id)
            .expect("a resolved key stays for the length of its call")
    }

    /// A key that was resolved in this call, to be changed.
    pub(crate) fn key_mut(&mut self, region: &str, key_id: &str) -> &mut Key {
        self.changes.insert(Change::Key {
            region: region.to_owned(),
            key_id: key_id.to_owned(),
        });
        self.regions
            .get_mut(region)
            .and_then(|region| region.keys.get_mut(key_id))
            .expect("a resolved key stays for the length of its call")
    }

    pub(crate) fn find_key(&self, region: &str, key_id: &str) -> Option<&Key> {
        self.regions.get(region)?.keys.get(key_id)
    }

    /// Adds a key, or puts one in the place of another.
    pub(crate) fn insert_key(&mut self, key: Key) {
        self.changes.insert(Change::Key {
            region: key.region.clone(),
            key_id: key.id.clone(),
        });
        self.region_mut(&key.region.clone())
            .keys
            .insert(key.id.clone(), key);
    }

    /// Remembers a use of a key that was resolved in this call.
    pub(crate) fn set_last_use(&mut self, region: &str, key_id: &str, last_use: LastUse) {
        let key = self.region_mut(region).keys.get_mut(key_id);
        if let Some(key) = key {
            key.last_use = Some(last_use);
            self.changes.insert(Change::Use {
                region: region.to_owned(),
                key_id: key_id.to_owned(),
            });
        }
    }

    /// All keys of a Region as they were left, by id.
    pub(crate) fn keys(&self, region: &str) -> impl Iterator<Item = &Key> {
        self.regions
            .get(region)
            .into_iter()
            .flat_map(|region| region.keys.values())
    }

    /// All aliases of a Region, by name.
    pub(crate) fn aliases(&self, region: &str) -> impl Iterator<Item = (&String, &Alias)> {
        self.regions
            .get(region)
            .into_iter()
            .flat_map(|region| &region.aliases)
    }

    pub(crate) fn alias(&self, region: &str, name: &str) -> Option<&Alias> {
        self.regions.get(region)?.aliases.get(name)
    }

    /// Sets an alias, or takes it away.
    pub(crate) fn set_alias(&mut self, region: &str, name: &str, alias: Option<Alias>) {
        let aliases = &mut self.region_mut(region).aliases;
        match alias {
            Some(alias) => aliases.insert(name.to_owned(), alias),
            None => aliases.remove(name),
        };
        self.changes.insert(Change::Alias {
            region: region.to_owned(),
            name: name.to_owned(),
        });
    }

    /// What was written since the last call of this.
    pub(crate) fn take_changes(&mut self) -> BTreeSet<Change> {
        std::mem::take(&mut self.changes)
    }

    /// The id of the key a request names, brought up to the moment. An alias is taken where `aliases` says so.
    pub(crate) fn resolve(
        &mut self,
        region: &str,
        name: &str,
        aliases: bool,
        now: Time,
    ) -> Result<String, ServiceError> {
        let key_id = self.named(region, name, aliases)?;
        let there = self.settle_key(region, &key_id, now)
            && self
                .key(region, &key_id)
                .visible_from
                .is_none_or(|from| from <= now);
        if there {
            return Ok(key_id);
        }
        Err(ServiceError::not_found(format!(
            "Key '{}' does not exist",
            self.home(region).key_arn(&key_id)
        )))
    }

    /// The key id a name stands for, whether there is such a key or not.
    fn named(&self, region: &str, name: &str, aliases: bool) -> Result<String, ServiceError> {
        let home = self.home(region);
        match KeyName::parse(name) {
            KeyName::Id(id) => Ok(id.to_owned()),
            KeyName::KeyArn(arn, id) => {
                home.ensure_own(&arn, name)?;
                Ok(id.to_owned())
            }
            KeyName::Alias(alias) if aliases => self.target(region, alias),
            KeyName::AliasArn(arn, alias) if aliases => {
                home.ensure_own(&arn, name)?;
                self.target(region, alias)
            }
            KeyName::MalformedArn | KeyName::AliasArn(..) => Err(ServiceError::new(
                "InvalidArnException",
                format!("Invalid arn {name}"),
            )),
            KeyName::Alias(_) | KeyName::Unknown => {
                Err(ServiceError::not_found(format!("Invalid keyId '{name}'")))
            }
        }
    }

    fn target(&self, region: &str, alias: &str) -> Result<String, ServiceError> {
        self.alias(region, alias)
            .map(|alias| alias.target.clone())
            .ok_or_else(|| self.no_such_alias(region, alias))
    }

    pub(crate) fn no_such_alias(&self, region: &str, alias: &str) -> ServiceError {
        ServiceError::not_found(format!(
            "Alias {} is not found.",
            self.home(region).alias_arn(alias)
        ))
    }

    /// The id of a material: the same for the same bytes in the same key, and no help in guessing them.
    pub(crate) fn material_id(&self, key_id: &str, material: &Secret) -> [u8; 32] {
        let key = hmac::Key::new(hmac::HMAC_SHA256, self.material_id_key.expose());
        let mut context = hmac::Context::with_key(&key);
        context.update(key_id.as_bytes());
        context.update(&[0]);
        context.update(material.expose());
        let mut id = [0; 32];
        id.copy_from_slice(context.sign().as_ref());
        id
    }

    /// Fresh material for a symmetric key, made by KMS itself.
    fn fresh_symmetric(&self, key_id: &str) -> Material {
        let secret = Secret::new(random::<{ aead::KEY_LENGTH }>().to_vec());
        Material {
            id: self.material_id(key_id, &secret),
            secret: Some(secret),
            public_key: None,
            state: MaterialState::Current,
            expiry: None,
            description: None,
            rotation: None,
        }
    }

    fn region_mut(&mut self, name: &str) -> &mut Region {
        if !self.regions.contains_key(name) {
            self.regions.insert(name.to_owned(), Region::default());
        }
        self.regions
            .get_mut(name)
            .expect("the Region was just made sure of")
    }
}
