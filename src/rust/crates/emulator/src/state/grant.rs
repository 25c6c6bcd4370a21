//! A permission given to somebody else; kept and listed, not enforced: every caller of the emulator may do everything.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::clock::Time;

/// A grant; its id is where it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Grant {
    pub(crate) name: String,
    pub(crate) created: Time,
    pub(crate) grantee: Principal,
    pub(crate) retiring: Option<Principal>,
    pub(crate) operations: Vec<String>,
    pub(crate) constraints: Constraints,
}

/// Who a grant speaks of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum Principal {
    /// The ARN of a user, a role, or an account.
    Aws(String),
    /// The name of an AWS service.
    Service(String),
}

/// What the requests a grant covers must have in them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Constraints {
    pub(crate) context_subset: Option<BTreeMap<String, String>>,
    pub(crate) context_equals: Option<BTreeMap<String, String>>,
    pub(crate) source_arn: Option<String>,
}
