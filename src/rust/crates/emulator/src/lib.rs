//! A strict AWS KMS on loopback: a test double and a sandbox, not an HSM.
//!
//! [`Emulator::start`] binds `127.0.0.1`, verifies every signature as AWS does (Signature Version 4), and answers the KMS
//! JSON protocol and STS `GetCallerIdentity` with real cryptography. What AWS refuses, it refuses, with the same code
//! and, where AWS' own words are known, the same words. Keys live per Region; the Region is the one a request was signed
//! for. Key material at rest, in memory or in the optional store, is test material and protected as such.
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
