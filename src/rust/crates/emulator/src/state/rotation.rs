//! When a key gets new material.

use serde::{Deserialize, Serialize};

use crate::clock::Time;

/// A key's rotation as its owner set it, and what came of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Rotation {
    /// The next automatic rotation; `None` while automatic rotation is off.
    pub(crate) next: Option<Time>,
    pub(crate) period_in_days: i64,
    pub(crate) on_demand_count: u32,
}

/// AWS' default, in days.
pub(crate) const DEFAULT_PERIOD: i64 = 365;

impl Default for Rotation {
    fn default() -> Self {
        Self {
            next: None,
            period_in_days: DEFAULT_PERIOD,
            on_demand_count: 0,
        }
    }
}
