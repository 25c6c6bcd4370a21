//! The operations, a room per subject, and the table that finds them by name.

mod cryptography;
mod deletion;
mod import;
mod keys;
mod mac;
mod metadata;
mod page;
mod signing;

use serde_json::{Map, Value};

pub(crate) use self::keys::uuid;
use crate::clock::Time;
use crate::crypto::asymmetric::KeyPair;
use crate::error::ServiceError;
use crate::pool::Pool;
use crate::request::Parameters;
use crate::spec::{KeyUsage, RsaSize};
use crate::state::{Key, World};

/// What an operation answers.
pub(crate) type Answer = Result<Map<String, Value>, ServiceError>;

/// One call as its operation sees it.
pub(crate) struct Call<'a> {
    pub(crate) operation: &'static str,
    pub(crate) parameters: &'a Parameters,
    pub(crate) region: &'a str,
    pub(crate) now: Time,
    pub(crate) world: &'a mut World,
    pub(crate) pool: &'a Pool,
    /// Made ahead when [`rsa_key_needed`] asked for it.
    pub(crate) key_pair: Option<KeyPair>,
}

/// An operation: its name on the wire and what does it.
pub(crate) struct Operation {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&mut Call<'_>) -> Answer,
}

/// The operation with this name.
pub(crate) fn operation(name: &str) -> Option<&'static Operation> {
    OPERATIONS.iter().find(|operation| operation.name == name)
}

/// The size of the RSA key this call is going to need, so that it can be had before the call is run.
pub(crate) fn rsa_key_needed(operation: &str, parameters: &Parameters) -> Option<RsaSize> {
    let named = |member| {
        parameters
            .text(member)
            .ok()
            .flatten()
            .and_then(RsaSize::parse)
    };
    match operation {
        "GetParametersForImport" => named("WrappingKeySpec"),
        "GenerateDataKeyPair" | "GenerateDataKeyPairWithoutPlaintext" => named("KeyPairSpec"),
        "CreateKey" if matches!(parameters.text("Origin"), Ok(None | Some("AWS_KMS"))) => {
            named("KeySpec").or_else(|| named("CustomerMasterKeySpec"))
        }
        _ => None,
    }
}

static OPERATIONS: &[Operation] = &[
    Operation {
        name: "CreateKey",
        run: keys::create_key,
    },
    Operation {
        name: "Decrypt",
        run: cryptography::decrypt,
    },
    Operation {
        name: "DeleteImportedKeyMaterial",
        run: import::delete_imported_key_material,
    },
    Operation {
        name: "DescribeKey",
        run: keys::describe_key,
    },
    Operation {
        name: "Encrypt",
        run: cryptography::encrypt,
    },
    Operation {
        name: "GenerateMac",
        run: mac::generate_mac,
    },
    Operation {
        name: "GetParametersForImport",
        run: import::get_parameters_for_import,
    },
    Operation {
        name: "GetPublicKey",
        run: keys::get_public_key,
    },
    Operation {
        name: "ImportKeyMaterial",
        run: import::import_key_material,
    },
    Operation {
        name: "ListKeys",
        run: keys::list_keys,
    },
    Operation {
        name: "ScheduleKeyDeletion",
        run: deletion::schedule_key_deletion,
    },
    Operation {
        name: "CancelKeyDeletion",
        run: deletion::cancel_key_deletion,
    },
    Operation {
        name: "Sign",
        run: signing::sign,
    },
    Operation {
        name: "Verify",
        run: signing::verify,
    },
    Operation {
        name: "VerifyMac",
        run: mac::verify_mac,
    },
];

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
        self.world.resolve(self.region, name, aliases, self.now)
    }

    /// The key with an id that was resolved in this call.
    fn key(&mut self, key_id: &str) -> &mut Key {
        self.world
            .region(self.region)
            .keys
            .get_mut(key_id)
            .expect("a resolved key stays for the length of its call")
    }

    /// The key `KeyId` names, ready to be used in cryptography of a kind.
    fn usable_key(&mut self, usage: KeyUsage) -> Result<&mut Key, ServiceError> {
        let key_id = self.key_or_alias()?;
        let operation = self.operation;
        let key = self.key(&key_id);
        key.ensure_usable()?;
        key.ensure_usage(usage, operation)?;
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
}

/// The members of an answer.
fn answer<const N: usize>(members: [(&str, Value); N]) -> Map<String, Value> {
    members
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}
