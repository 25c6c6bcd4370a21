//! The account in a file, so that it outlives its process.
//!
//! The store is redb: one file, every write a transaction that is wholly there or not at all after a crash, no C code. What a
//! call changes is written, and the disk told to keep it, before the call is answered; a key's last use alone is written
//! without waiting for the disk. Key material lies in the file as it is, readable by its owner alone: this is a test double's
//! material, and there is no hardware to seal it.

use std::collections::BTreeSet;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use redb::{Database, Durability, ReadableDatabase, ReadableTable, TableDefinition};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::crypto::Secret;
use crate::state::{Alias, Change, Key, World};

/// An open store.
#[derive(Debug)]
pub(crate) struct Store {
    database: Database,
}

/// Everything is JSON under a name: `account`, `key/<region>/<key id>`, `alias/<region>/<alias name>`.
const TABLE: TableDefinition<'_, &str, &[u8]> = TableDefinition::new("kmsr-emulator");
const ACCOUNT: &str = "account";
/// Grows when what is stored changes its form.
const VERSION: u32 = 1;

/// What belongs to the account as a whole.
#[derive(Serialize, Deserialize)]
struct Account {
    version: u32,
    account_id: String,
    token_key: Secret,
    material_id_key: Secret,
}

impl Store {
    /// Opens or makes the store, and reads the account it holds; a new one holds a new account.
    ///
    /// # Errors
    /// When the file cannot be read or written, is open elsewhere, is damaged, is no store of this version, or holds another
    /// account.
    pub(crate) fn open(path: &Path, account_id: &str) -> io::Result<(Self, World)> {
        unless_damaged(|| Self::open_whole(path, account_id))
    }

    /// Writes what has changed.
    pub(crate) fn save(&self, world: &World, changes: &BTreeSet<Change>) -> io::Result<()> {
        if changes.is_empty() {
            return Ok(());
        }
        unless_damaged(|| self.save_some(world, changes))
    }

    /// Lets go of the file: whoever comes next may open it.
    pub(crate) fn close(self) {
        // Damage that shows only now has harmed nothing that was answered.
        let _ = unless_damaged(|| {
            drop(self);
            Ok(())
        });
    }

    fn open_whole(path: &Path, account_id: &str) -> io::Result<(Self, World)> {
        create_private(path)?;
        let store = Self {
            database: Database::create(path).map_err(io::Error::other)?,
        };
        let world = match store.read()? {
            Some(world) => world,
            None => {
                let world = World::new(account_id);
                store.write_account(&world)?;
                world
            }
        };
        if world.account_id != account_id {
            let message = format!(
                "{} holds account {}, not {account_id}",
                path.display(),
                world.account_id
            );
            return Err(io::Error::new(io::ErrorKind::InvalidInput, message));
        }
        Ok((store, world))
    }

    fn save_some(&self, world: &World, changes: &BTreeSet<Change>) -> io::Result<()> {
        let must_last = changes
            .iter()
            .any(|change| !matches!(change, Change::Use { .. }));
        let mut transaction = self.database.begin_write().map_err(io::Error::other)?;
        let durability = if must_last {
            Durability::Immediate
        } else {
            Durability::None
        };
        transaction
            .set_durability(durability)
            .map_err(io::Error::other)?;
        {
            let mut table = transaction.open_table(TABLE).map_err(io::Error::other)?;
            for change in changes {
                let (name, value) = match change {
                    Change::Key { region, key_id } | Change::Use { region, key_id } => (
                        format!("key/{region}/{key_id}"),
                        world.find_key(region, key_id).map(json).transpose()?,
                    ),
                    Change::Alias { region, name } => (
                        format!("alias/{region}/{name}"),
                        world.alias(region, name).map(json).transpose()?,
                    ),
                };
                match value {
                    Some(value) => table.insert(name.as_str(), value.as_slice()),
                    None => table.remove(name.as_str()),
                }
                .map_err(io::Error::other)?;
            }
        }
        transaction.commit().map_err(io::Error::other)
    }

    fn write_account(&self, world: &World) -> io::Result<()> {
        let account = json(&Account {
            version: VERSION,
            account_id: world.account_id.clone(),
            token_key: world.token_key.duplicate(),
            material_id_key: world.material_id_key.duplicate(),
        })?;
        let transaction = self.database.begin_write().map_err(io::Error::other)?;
        {
            let mut table = transaction.open_table(TABLE).map_err(io::Error::other)?;
            table
                .insert(ACCOUNT, account.as_slice())
                .map_err(io::Error::other)?;
        }
        transaction.commit().map_err(io::Error::other)
    }

    /// The account in the store; `None` when it is new.
    fn read(&self) -> io::Result<Option<World>> {
        let transaction = self.database.begin_read().map_err(io::Error::other)?;
        let table = match transaction.open_table(TABLE) {
            Ok(table) => table,
            Err(redb::TableError::TableDoesNotExist(_)) => return Ok(None),
            Err(error) => return Err(io::Error::other(error)),
        };
        let Some(account) = table.get(ACCOUNT).map_err(io::Error::other)? else {
            return Ok(None);
        };
        let account: Account = parse(account.value())?;
        if account.version != VERSION {
            let message = format!(
                "the store has version {}, this emulator reads version {VERSION}",
                account.version
            );
            return Err(io::Error::new(io::ErrorKind::InvalidData, message));
        }
        let mut world = World::with_secrets(
            &account.account_id,
            account.token_key,
            account.material_id_key,
        );
        for entry in table.iter().map_err(io::Error::other)? {
            let (name, value) = entry.map_err(io::Error::other)?;
            let fields: Vec<&str> = name.value().splitn(3, '/').collect();
            match fields[..] {
                ["key", _, _] => world.insert_key(parse::<Key>(value.value())?),
                ["alias", region, alias] => {
                    world.set_alias(region, alias, Some(parse::<Alias>(value.value())?));
                }
                _ => {}
            }
        }
        // Reading is not a change.
        world.take_changes();
        Ok(Some(world))
    }
}

/// redb panics over some of the damage a file can have: the file is of no use then, and the emulator says so.
fn unless_damaged<T>(work: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    catch_unwind(AssertUnwindSafe(work))
        .unwrap_or_else(|_| Err(io::Error::new(io::ErrorKind::InvalidData, "it is damaged")))
}

fn json(value: &impl Serialize) -> io::Result<zeroize::Zeroizing<Vec<u8>>> {
    serde_json::to_vec(value)
        .map(zeroize::Zeroizing::new)
        .map_err(io::Error::other)
}

fn parse<T: DeserializeOwned>(bytes: &[u8]) -> io::Result<T> {
    serde_json::from_slice(bytes).map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}

/// Makes the file, if it is not there, readable by its owner alone.
fn create_private(path: &Path) -> io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    match options.open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error),
    }
}
