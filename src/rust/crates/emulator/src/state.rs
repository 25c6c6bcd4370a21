//! What the account holds: Regions with their keys, and what each key is at a moment.

mod alias;
mod grant;
mod key;
mod material;
mod rotation;
mod world;

pub(crate) use alias::Alias;
pub(crate) use grant::{Constraints, Grant, Principal};
pub(crate) use key::{Deletion, Key, KeyState, LastUse, MultiRegion};
pub(crate) use material::{Expiry, Material, MaterialState, RotationType, parse_id};
pub(crate) use rotation::{DEFAULT_PERIOD, Rotation};
pub(crate) use world::{Change, World};
