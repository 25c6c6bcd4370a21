//! Writes down what the crate is built with, for those who ask for help: see `sitrep`.
use std::process::Command;
use std::{env, fs};

/// The crates that decide how a call goes.
const CRATES: [&str; 6] = [
    "aws-sdk-kms",
    "aws-config",
    "rustls",
    "aws-lc-rs",
    "hyper",
    "tokio",
];

fn main() {
    let lock = "../../Cargo.lock";
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={lock}");
    let mut versions = vec![format!("rustc {}", rustc().unwrap_or_default())];
    let lock = fs::read_to_string(lock).unwrap_or_default();
    versions.extend(
        CRATES
            .iter()
            .filter_map(|name| Some(format!("{name} {}", locked(&lock, name)?))),
    );
    println!("cargo::rustc-env=KMSR_BUILT_WITH={}", versions.join(","));
}

/// The compiler's version, without commit and date.
fn rustc() -> Option<String> {
    let told = Command::new(env::var_os("RUSTC")?)
        .arg("--version")
        .output()
        .ok()?;
    let told = String::from_utf8(told.stdout).ok()?;
    told.split_whitespace().nth(1).map(str::to_owned)
}

/// A crate's version in the lock file, where the line after the name holds it.
fn locked<'a>(lock: &'a str, name: &str) -> Option<&'a str> {
    let mut lines = lock.lines();
    lines.find(|line| *line == format!("name = {name:?}"))?;
    lines
        .next()?
        .strip_prefix("version = \"")?
        .strip_suffix('"')
}
