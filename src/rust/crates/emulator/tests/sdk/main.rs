//! The emulator as its clients see it, driven by the AWS SDK. One program, for each would link the SDK anew.

mod behaviour;
mod common;
mod cryptography;
mod front;
mod import;
mod import_parameters;
mod management;
mod multi_region;
mod names;
mod policies;
mod rotation;
mod store;
