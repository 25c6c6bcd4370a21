//! kmsr-client
