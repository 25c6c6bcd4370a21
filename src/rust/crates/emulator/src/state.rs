//! What the account holds: Regions with their keys, and what each key is at a moment.

mod key;
mod material;
mod world;

pub(crate) use key::{Deletion, Key, KeyState, MultiRegion};
pub(crate) use material::{Expiry, Material, MaterialState, parse_id};
pub(crate) use world::World;
