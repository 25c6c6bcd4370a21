//! What the tests of this folder share: servers that say what they are told to, and clients in processes of their own.
#![allow(dead_code, reason = "each test file uses a part")]
#![allow(unused_imports, reason = "each test file uses a part")]
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "in a test a panic is the message, and a child talks to its parent"
)]

pub mod child;
pub mod double;
pub mod tls;

pub use child::{Child, Outcome};
pub use double::{Double, Reply, Request};
