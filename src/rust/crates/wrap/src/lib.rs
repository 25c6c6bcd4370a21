//! kmsr-wrap
