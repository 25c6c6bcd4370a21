//! The account: its Regions, and the secrets of the emulator itself.

use std::collections::BTreeMap;

use aws_lc_rs::hmac;

use super::Key;
use crate::arn::{Home, KeyName};
use crate::clock::Time;
use crate::crypto::{Secret, random};
use crate::error::ServiceError;

/// Everything the emulated account holds.
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) account_id: String,
    regions: BTreeMap<String, Region>,
    /// Seals import tokens.
    pub(crate) token_key: Secret,
    /// Makes key material ids.
    material_id_key: Secret,
}

/// What one Region holds.
#[derive(Debug, Default)]
pub(crate) struct Region {
    /// By key id.
    pub(crate) keys: BTreeMap<String, Key>,
}

impl World {
    pub(crate) fn new(account_id: &str) -> Self {
        Self {
            account_id: account_id.to_owned(),
            regions: BTreeMap::new(),
            token_key: Secret::new(random::<32>().to_vec()),
            material_id_key: Secret::new(random::<32>().to_vec()),
        }
    }

    pub(crate) fn home<'a>(&'a self, region: &'a str) -> Home<'a> {
        Home {
            region,
            account_id: &self.account_id,
        }
    }

    /// The Region with all its keys brought up to the moment.
    pub(crate) fn settled_region(&mut self, name: &str, now: Time) -> &mut Region {
        let region = self.region(name);
        region.settle(now);
        region
    }

    /// The Region as it was left; [`World::resolve`] brings up to the moment what it names.
    pub(crate) fn region(&mut self, name: &str) -> &mut Region {
        if !self.regions.contains_key(name) {
            self.regions.insert(name.to_owned(), Region::default());
        }
        self.regions
            .get_mut(name)
            .expect("the Region was just made sure of")
    }

    /// A key that was resolved in this call, to be looked at beside the rest of the account.
    pub(crate) fn key(&self, region: &str, key_id: &str) -> &Key {
        self.regions
            .get(region)
            .and_then(|region| region.keys.get(key_id))
            .expect("a resolved key stays for the length of its call")
    }

    /// The id of the key a request names, brought up to the moment. An alias is taken where `aliases` says so.
    pub(crate) fn resolve(
        &mut self,
        region: &str,
        name: &str,
        aliases: bool,
        now: Time,
    ) -> Result<String, ServiceError> {
        let home = self.home(region);
        let key_id = match KeyName::parse(name) {
            KeyName::Id(id) => id.to_owned(),
            KeyName::KeyArn(arn, id) => {
                if arn.partition != home.partition() || arn.region != region {
                    return Err(ServiceError::not_found(format!(
                        "Invalid arn {}",
                        arn.region
                    )));
                }
                if arn.account_id != self.account_id {
                    return Err(of_another_account(name));
                }
                id.to_owned()
            }
            KeyName::Alias(alias) if aliases => {
                return Err(ServiceError::not_found(format!(
                    "Alias {} is not found.",
                    home.alias_arn(alias)
                )));
            }
            KeyName::AliasArn(_, _) if aliases => {
                return Err(ServiceError::not_found(format!(
                    "Alias {name} is not found."
                )));
            }
            KeyName::MalformedArn | KeyName::AliasArn(..) => {
                return Err(ServiceError::new(
                    "InvalidArnException",
                    format!("Invalid arn {name}"),
                ));
            }
            KeyName::Alias(_) | KeyName::Unknown => {
                return Err(ServiceError::not_found(format!("Invalid keyId '{name}'")));
            }
        };
        let key_arn = home.key_arn(&key_id);
        if self.region(region).settle_key(&key_id, now) {
            return Ok(key_id);
        }
        Err(ServiceError::not_found(format!(
            "Key '{key_arn}' does not exist"
        )))
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
}

impl Region {
    fn settle(&mut self, now: Time) {
        self.keys.retain(|_, key| !key.is_gone(now));
        for key in self.keys.values_mut() {
            key.settle(now);
        }
    }

    /// Brings one key up to the moment; says whether it is still there.
    fn settle_key(&mut self, key_id: &str, now: Time) -> bool {
        let Some(key) = self.keys.get_mut(key_id) else {
            return false;
        };
        if key.is_gone(now) {
            self.keys.remove(key_id);
            return false;
        }
        key.settle(now);
        true
    }
}

/// What AWS says of a key that belongs to somebody else.
fn of_another_account(name: &str) -> ServiceError {
    ServiceError::new(
        "AccessDeniedException",
        format!(
            "The caller is not authorized to use {name} because the resource does not exist in this Region, no resource-based policies allow access, or a resource-based policy explicitly denies access"
        ),
    )
}
