//! The only place where R values become Rust values and back.
mod from_r;
mod refusal;
mod scalar;
mod settings;
mod text;
mod to_json;
mod to_r;

pub(crate) use from_r::{arguments, arguments_by};
pub(crate) use refusal::{BadArgument, describe};
pub(crate) use settings::{Secrets, settings};
pub(crate) use text::for_r;
pub(crate) use to_json::r_to_json;
pub(crate) use to_r::{answer, json_to_r};
