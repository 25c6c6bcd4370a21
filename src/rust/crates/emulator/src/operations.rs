//! The operations, a room per subject, and the table that finds them by name.

mod agreement;
mod aliases;
mod cryptography;
mod custom_key_stores;
mod data_keys;
mod deletion;
mod encapsulation;
mod grants;
mod import;
mod keys;
mod mac;
mod metadata;
mod multi_region;
mod page;
mod policies;
mod random;
mod rotation;
mod signing;
mod switching;
mod tags;
mod usage;

use serde_json::{Map, Value};

use crate::clock::Time;
use crate::crypto::asymmetric::KeyPair;
use crate::error::ServiceError;
use crate::pool::Pool;
use crate::request::Parameters;
use crate::spec::{KeyUsage, RsaSize};
use crate::state::{Key, LastUse, World};

/// What an operation answers.
pub(crate) type Answer = Result<Map<String, Value>, ServiceError>;

/// One call as its operation sees it.
pub(crate) struct Call<'a> {
    pub(crate) operation: &'static str,
    pub(crate) parameters: &'a Parameters,
    pub(crate) region: &'a str,
    pub(crate) now: Time,
    /// Who calls, as an ARN.
    pub(crate) caller: &'a str,
    pub(crate) request_id: &'a str,
    pub(crate) event_id: &'a str,
    pub(crate) world: &'a mut World,
    pub(crate) pool: &'a Pool,
    /// An RSA key for this call, once it has been asked for.
    pub(crate) key_pair: Option<KeyPair>,
    /// What [`Call::rsa_key_pair`] asked for.
    pub(crate) key_pair_wanted: Option<RsaSize>,
    /// From when on a key that is made now can be found.
    pub(crate) new_keys_visible_from: Option<Time>,
    /// The ARNs of the keys the call has come across.
    pub(crate) touched: Vec<String>,
}

/// An operation: its name on the wire and what does it.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    run: fn(&mut Call<'_>) -> Answer,
}

impl Operation {
    /// Does what a call asks, or refuses it.
    pub(crate) fn run(&self, call: &mut Call<'_>) -> Answer {
        grants::check_tokens(call)?;
        (self.run)(call)
    }
}

/// The operation with this name.
pub(crate) fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS
        .binary_search_by(|operation| operation.name.cmp(name))
        .ok()
        .map(|index| &OPERATIONS[index])
}

macro_rules! operations {
    ($($name:literal => $run:path,)+) => {
        /// By name, in ASCII order.
        static OPERATIONS: &[Operation] = &[$(Operation { name: $name, run: $run },)+];
    };
}

operations! {
    "CancelKeyDeletion" => deletion::cancel_key_deletion,
    "ConnectCustomKeyStore" => custom_key_stores::no_such_store,
    "CreateAlias" => aliases::create_alias,
    "CreateCustomKeyStore" => custom_key_stores::create_custom_key_store,
    "CreateGrant" => grants::create_grant,
    "CreateKey" => keys::create_key,
    "Decapsulate" => encapsulation::decapsulate,
    "Decrypt" => cryptography::decrypt,
    "DeleteAlias" => aliases::delete_alias,
    "DeleteCustomKeyStore" => custom_key_stores::no_such_store,
    "DeleteImportedKeyMaterial" => import::delete_imported_key_material,
    "DeriveSharedSecret" => agreement::derive_shared_secret,
    "DescribeCustomKeyStores" => custom_key_stores::describe_custom_key_stores,
    "DescribeKey" => keys::describe_key,
    "DisableKey" => switching::disable_key,
    "DisableKeyRotation" => rotation::disable_key_rotation,
    "DisconnectCustomKeyStore" => custom_key_stores::no_such_store,
    "EnableKey" => switching::enable_key,
    "EnableKeyRotation" => rotation::enable_key_rotation,
    "Encapsulate" => encapsulation::encapsulate,
    "Encrypt" => cryptography::encrypt,
    "GenerateDataKey" => data_keys::generate_data_key,
    "GenerateDataKeyPair" => data_keys::generate_data_key_pair,
    "GenerateDataKeyPairWithoutPlaintext" => data_keys::generate_data_key_pair_without_plaintext,
    "GenerateDataKeyWithoutPlaintext" => data_keys::generate_data_key_without_plaintext,
    "GenerateMac" => mac::generate_mac,
    "GenerateRandom" => random::generate_random,
    "GetKeyLastUsage" => usage::get_key_last_usage,
    "GetKeyPolicy" => policies::get_key_policy,
    "GetKeyRotationStatus" => rotation::get_key_rotation_status,
    "GetParametersForImport" => import::get_parameters_for_import,
    "GetPublicKey" => keys::get_public_key,
    "ImportKeyMaterial" => import::import_key_material,
    "ListAliases" => aliases::list_aliases,
    "ListGrants" => grants::list_grants,
    "ListKeyPolicies" => policies::list_key_policies,
    "ListKeyRotations" => rotation::list_key_rotations,
    "ListKeys" => keys::list_keys,
    "ListResourceTags" => tags::list_resource_tags,
    "ListRetirableGrants" => grants::list_retirable_grants,
    "PutKeyPolicy" => policies::put_key_policy,
    "ReEncrypt" => cryptography::re_encrypt,
    "ReplicateKey" => multi_region::replicate_key,
    "RetireGrant" => grants::retire_grant,
    "RevokeGrant" => grants::revoke_grant,
    "RotateKeyOnDemand" => rotation::rotate_key_on_demand,
    "ScheduleKeyDeletion" => deletion::schedule_key_deletion,
    "Sign" => signing::sign,
    "TagResource" => tags::tag_resource,
    "UntagResource" => tags::untag_resource,
    "UpdateAlias" => aliases::update_alias,
    "UpdateCustomKeyStore" => custom_key_stores::no_such_store,
    "UpdateKeyDescription" => switching::update_key_description,
    "UpdatePrimaryRegion" => multi_region::update_primary_region,
    "Verify" => signing::verify,
    "VerifyMac" => mac::verify_mac,
}

impl Call<'_> {
    /// The id of the key that `KeyId` names, by id, ARN, alias, or alias ARN.
    fn key_or_alias(&mut self) -> Result<String, ServiceError> {
        self.resolve("KeyId", true)
    }

    /// The id of the key that `KeyId` names, by id or ARN: what AWS takes where a key is managed rather than used.
    fn key_only(&mut self) -> Result<String, ServiceError> {
        self.resolve("KeyId", false)
    }

    fn resolve(&mut self, member: &str, aliases: bool) -> Result<String, ServiceError> {
        let name = self.parameters.required_text(member)?;
        self.resolve_name(name, aliases)
    }

    fn resolve_name(&mut self, name: &str, aliases: bool) -> Result<String, ServiceError> {
        let key_id = self.world.resolve(self.region, name, aliases, self.now)?;
        let arn = self.key(&key_id).arn.clone();
        if !self.touched.contains(&arn) {
            self.touched.push(arn);
        }
        Ok(key_id)
    }

    /// The key with an id that was resolved in this call.
    fn key(&self, key_id: &str) -> &Key {
        self.world.key(self.region, key_id)
    }

    /// The same, to be changed.
    fn key_mut(&mut self, key_id: &str) -> &mut Key {
        self.world.key_mut(self.region, key_id)
    }

    /// The key `KeyId` names, ready to be used in cryptography of a kind.
    fn usable_key(&mut self, usage: KeyUsage) -> Result<&Key, ServiceError> {
        let key_id = self.key_or_alias()?;
        let key = self.key(&key_id);
        key.ensure_usable()?;
        key.ensure_usage(usage, self.operation)?;
        Ok(key)
    }

    /// Ends a dry run that has come this far: everything that can be refused has been checked, nothing was done.
    fn end_of_dry_run(&self) -> Result<(), ServiceError> {
        if self.parameters.is_set("DryRun")? {
            return Err(ServiceError::new(
                "DryRunOperationException",
                "The request would have succeeded, but the DryRun option is set.",
            ));
        }
        Ok(())
    }

    /// Remembers that a key was used in cryptography, just now and with success.
    fn used(&mut self, key_id: &str) {
        let last_use = LastUse {
            operation: self.operation.to_owned(),
            time: self.now,
            event_id: self.event_id.to_owned(),
            request_id: self.request_id.to_owned(),
        };
        self.world.set_last_use(self.region, key_id, last_use);
    }

    /// An RSA key of this call's own. Making one may take seconds, in which everybody would wait: so the first time, this only
    /// asks for it, and the call is run again when it is there. Nothing may have been changed before.
    fn rsa_key_pair(&mut self, size: RsaSize) -> Result<KeyPair, ServiceError> {
        self.key_pair.take().ok_or_else(|| {
            self.key_pair_wanted = Some(size);
            ServiceError::internal()
        })
    }

    /// Answers for an enclave would have to be encrypted to its attested key, and there is no enclave to attest one.
    fn refuse_recipient(&self) -> Result<(), ServiceError> {
        if self.parameters.has("Recipient") {
            return Err(ServiceError::unsupported(
                "Recipient is for AWS Nitro Enclaves, which are not emulated.",
            ));
        }
        Ok(())
    }
}

/// The members of an answer.
fn answer<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// The answer of operations that answer nothing.
fn nothing() -> Answer {
    Ok(Map::new())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_every_operation_of_the_api_and_no_other() {
        let here: Vec<&str> = OPERATIONS.iter().map(|operation| operation.name).collect();
        let all: Vec<&str> = kmsr_model::OPERATIONS
            .iter()
            .map(|operation| operation.name)
            .collect();
        assert_eq!(here, all);
    }
}
