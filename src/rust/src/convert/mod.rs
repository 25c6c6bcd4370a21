//! The only place where R values become Rust values and back.
mod from_r;
mod settings;
mod text;
mod to_r;

pub(crate) use from_r::{BadArgument, arguments};
pub(crate) use settings::{Secrets, settings};
pub(crate) use to_r::{answer, json_to_r};
