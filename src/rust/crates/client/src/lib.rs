//! Calls to AWS Key Management Service, without R.
//!
//! A [`Client`] is made of [`Settings`]. [`Client::call`] takes an [`Operation`](kmsr_model::Operation) and its
//! [`Arguments`] and answers with the service's own JSON, or with an [`Error`] that says which of the many ways to fail
//! it was. Requests are built by the AWS SDK's own typed builders; [`mod@sdk`] ties each operation of the model to one.
#![forbid(unsafe_code)]

mod address;
mod arguments;
mod bulk;
mod call;
mod client;
mod error;
mod files;
mod identity;
pub mod log;
mod pace;
mod redact;
mod request;
mod resolve;
mod retry;
pub mod sdk;
mod settings;
pub mod sitrep;
mod tale;
mod transport;

pub use arguments::{Arguments, Value};
pub use bulk::{Bulk, Limits};
pub use client::{Answer, Client};
pub use error::{Error, Phase};
pub use resolve::{Resolved, Sourced, resolve};
pub use settings::{Credentials, RetryMode, Secret, Settings};
