//! A strict AWS KMS on loopback: a test double and a sandbox, not an HSM.
//!
//! [`Emulator::start`] binds `127.0.0.1`, verifies every signature as AWS does (Signature Version 4), and answers the KMS
//! JSON protocol and STS `GetCallerIdentity` with real cryptography. What AWS refuses, it refuses, with the same code
//! and, where AWS' own words are known, the same words. Keys live per Region; the Region is the one a request was signed
//! for. Key material at rest, in memory or in the optional store, is test material and protected as such.
//!
//! # What it is
//!
//! All 56 operations of the API, for keys of both origins and every spec but SM2: encryption with context, data keys, MACs,
//! signatures, key agreement and encapsulation, imports with their tokens and expiry, rotation, multi-Region keys, aliases,
//! tags, grants, policies, deletion. Requests are checked against the API's own model and refused in AWS' form.
//!
//! # What it is not
//!
//! - It does not authorize: whoever signs with a known access key may do everything. Policies and grants are kept, checked for
//!   form, and listed.
//! - SM2, Nitro Enclaves (`Recipient`), and `MessageType` EXTERNAL_MU are refused by name. Custom key stores and the keys AWS
//!   manages itself do not exist in the account.
//! - What takes AWS a while (creating a replica, moving a primary, rotating) is done when it is answered.
//! - Ciphertexts and import tokens have a format of their own, and only the emulator that made them, or one that was given its
//!   store, can open them.
//!
//! # What tests can do with it
//!
//! [`Emulator::advance`] moves time, [`Emulator::fault`] and its relatives let things go wrong, [`Emulator::set_quotas`]
//! throttles as AWS does by default, [`Emulator::log`] tells what was called, and [`Config::store`] keeps the account in a
//! file.
//!
//! ```
//! use kmsr_emulator::{Config, Emulator};
//!
//! let emulator = Emulator::start(Config::default())?;
//! assert!(emulator.endpoint().starts_with("http://127.0.0.1:"));
//! emulator.stop();
//! # Ok::<(), std::io::Error>(())
//! ```

#![forbid(unsafe_code)]

mod arn;
mod clock;
mod config;
mod crypto;
mod dispatch;
mod emulator;
mod error;
mod faults;
mod log;
mod operations;
mod pool;
mod quota;
mod request;
mod server;
mod sigv4;
mod spec;
mod state;
mod store;
mod sts;
mod token;
mod validate;

pub use clock::{Clock, Time};
pub use config::{Config, Credentials};
pub use emulator::Emulator;
pub use faults::{Fault, FaultKind};
pub use log::{LogRecord, UserIdentity};
pub use pool::shut_down;
