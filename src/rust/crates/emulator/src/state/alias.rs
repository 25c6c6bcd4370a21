//! Another name for a key.

use serde::{Deserialize, Serialize};

use crate::clock::Time;

/// What an alias stands for; its name is where it is kept.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Alias {
    pub(crate) target: String,
    pub(crate) created: Time,
    pub(crate) updated: Time,
}
