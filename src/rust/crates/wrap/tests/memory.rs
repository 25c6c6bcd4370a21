//! After key material is dropped, its bytes are nowhere in the process: another process looks.
//!
//! Each test starts this very program again, as a child that works with a key, says what it did, and waits. The parent
//! reads the whole of the child's memory through /proc: while the key lives it must be found (or the search is no good),
//! after it was dropped no eight bytes of it may be left, in any order a processor may hold them in.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "tests")]

mod common;

use std::collections::HashSet;
use std::fs::File;
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use common::{Scratch, WrappingKey, asymmetric, openssl, private_key};
use der::Decode;
use kmsr_wrap::{KeyMaterial, KeySpec, MacAlgorithm, WrappingAlgorithm, WrappingKeySpec};
use pkcs8::PrivateKeyInfoRef;
use sha2::{Digest, Sha512};

const PASSPHRASE: &str = "a passphrase for the copy";

#[test]
fn private_keys_in_pem_leave_nothing() {
    need_openssl!();
    for spec in asymmetric() {
        let pem = private_key(spec);
        let scratch = Scratch::new();
        let path = scratch.file("pem", pem);
        let mut secrets = Secrets::of_private_key(&pkcs8(spec));
        secrets.add_base64_of(pem);
        Subject::start(&scratch, spec, Some(&path)).must_forget(&secrets, spec.as_str());
    }
}

#[test]
fn private_keys_in_der_and_encrypted_ones_leave_nothing() {
    need_openssl!();
    for spec in [
        KeySpec::Rsa2048,
        KeySpec::EccNistP521,
        KeySpec::EccNistEdwards25519,
    ] {
        let der = pkcs8(spec);
        let encrypted = openssl("pkcs8 -topk8 -iter 1 -passout pass:open", private_key(spec));
        let secrets = Secrets::of_private_key(&der);
        let scratch = Scratch::new();
        for (name, content) in [("der", der), ("encrypted", encrypted)] {
            let path = scratch.file(name, &content);
            Subject::start(&scratch, spec, Some(&path)).must_forget(&secrets, spec.as_str());
        }
    }
}

fn pkcs8(spec: KeySpec) -> Vec<u8> {
    openssl("pkcs8 -topk8 -nocrypt -outform DER", private_key(spec))
}

#[test]
fn raw_keys_from_files_leave_nothing() {
    need_openssl!();
    for spec in KeySpec::ALL
        .into_iter()
        .filter(|spec| !spec.is_asymmetric())
    {
        let len = *spec.raw_lengths().unwrap().end();
        let key = openssl(&format!("rand {len}"), b"");
        let scratch = Scratch::new();
        let path = scratch.file("raw", &key);
        let secrets = Secrets::of_raw_key(&key);
        Subject::start(&scratch, spec, Some(&path)).must_forget(&secrets, spec.as_str());
    }
}

#[test]
fn generated_keys_leave_nothing() {
    need_openssl!();
    for spec in KeySpec::ALL {
        let scratch = Scratch::new();
        let subject = Subject::start(&scratch, spec, None);
        // What the child made up: it wrote a wrapped copy, and openssl unwraps it.
        let wrapped = std::fs::read(scratch.path("wrapped")).unwrap();
        let key = WrappingKey::of(WrappingKeySpec::Rsa2048);
        let revealed = key.unwrap(WrappingAlgorithm::RsaAesKeyWrapSha256, &wrapped);
        let secrets = match spec.is_asymmetric() {
            true => Secrets::of_private_key(&revealed),
            false => Secrets::of_raw_key(&revealed),
        };
        subject.must_forget(&secrets, &format!("{spec}, generated"));
    }
}

/// The child: not a test of its own.
#[test]
#[ignore = "run by the other tests as a process of its own"]
fn child() {
    let spec = KeySpec::ALL[variable("KMSR_TEST_SPEC").parse::<usize>().unwrap()];
    let folder = PathBuf::from(variable("KMSR_TEST_FOLDER"));
    let file = std::env::var_os("KMSR_TEST_FILE").map(PathBuf::from);
    let material = work(spec, &folder, file.as_deref());
    pause("alive");
    drop(material);
    pause("dropped");
}

/// Everything one can do with a key, well and badly.
fn work(spec: KeySpec, folder: &Path, file: Option<&Path>) -> KeyMaterial {
    let material = match file {
        None => KeyMaterial::random(spec).unwrap(),
        Some(file) if file.ends_with("encrypted") => {
            assert!(KeyMaterial::from_file_with_passphrase(file, b"wrong", Some(spec)).is_err());
            KeyMaterial::from_file_with_passphrase(file, b"open", Some(spec)).unwrap()
        }
        Some(file) => {
            assert!(KeyMaterial::from_file(file, Some(other_than(spec))).is_err());
            KeyMaterial::from_file(file, Some(spec)).unwrap()
        }
    };
    let public_key = std::fs::read(folder.join("public")).unwrap();
    for algorithm in [
        WrappingAlgorithm::RsaesPkcs1V15,
        WrappingAlgorithm::RsaesOaepSha256,
        WrappingAlgorithm::RsaAesKeyWrapSha256,
    ] {
        if let Ok(wrapped) = material.export_wrapped(&public_key, algorithm) {
            std::fs::write(folder.join("wrapped"), wrapped).unwrap();
        }
    }
    let sm2 = std::fs::read(folder.join("sm2")).unwrap();
    material
        .export_wrapped(&sm2, WrappingAlgorithm::Sm2Pke)
        .unwrap();
    if let Some(algorithm) = MacAlgorithm::of(spec) {
        material.hmac(b"a message", algorithm).unwrap();
    }
    let copy = material.export_encrypted(PASSPHRASE.as_bytes()).unwrap();
    let again =
        KeyMaterial::from_bytes_with_passphrase(copy.as_bytes(), PASSPHRASE.as_bytes(), Some(spec));
    assert_eq!(again.unwrap().public_key_der(), material.public_key_der());
    assert!(format!("{material:?}").contains("REDACTED"));
    material
}

/// A spec whose reading gets as far as possible and then fails.
fn other_than(spec: KeySpec) -> KeySpec {
    match spec {
        KeySpec::Rsa2048 => KeySpec::Rsa4096,
        _ => KeySpec::Rsa2048,
    }
}

fn variable(name: &str) -> String {
    std::env::var(name).unwrap()
}

fn pause(word: &str) {
    println!("{word}");
    std::io::stdout().flush().unwrap();
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
}

/// A running child.
struct Subject {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Subject {
    /// Starts a child and waits until its key lives.
    fn start(scratch: &Scratch, spec: KeySpec, file: Option<&Path>) -> Self {
        scratch.file(
            "public",
            &WrappingKey::of(WrappingKeySpec::Rsa2048).public_key,
        );
        scratch.file("sm2", &WrappingKey::of(WrappingKeySpec::Sm2).public_key);
        let index = KeySpec::ALL
            .iter()
            .position(|&other| other == spec)
            .unwrap();
        let mut command = Command::new(std::env::current_exe().unwrap());
        command
            .args(["--exact", "child", "--ignored", "--nocapture"])
            .env("KMSR_TEST_SPEC", index.to_string())
            .env("KMSR_TEST_FOLDER", scratch.path(""))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped());
        if let Some(file) = file {
            command.env("KMSR_TEST_FILE", file);
        }
        let mut process = command.spawn().unwrap();
        let input = process.stdin.take().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut subject = Self {
            process,
            input,
            output,
        };
        subject.wait_for("alive");
        subject
    }

    fn must_forget(mut self, secrets: &Secrets, what: &str) {
        let alive = secrets.search(self.process.id());
        assert!(
            alive.len() >= secrets.must_live,
            "{what}: not found while it lives"
        );
        self.go_on();
        self.wait_for("dropped");
        let left = secrets.search(self.process.id());
        assert!(left.is_empty(), "{what}: left behind in {left:#?}");
        self.go_on();
        assert!(self.process.wait().unwrap().success());
    }

    fn go_on(&mut self) {
        self.input.write_all(b"\n").unwrap();
    }

    fn wait_for(&mut self, word: &str) {
        let mut line = String::new();
        while line.trim_end() != word {
            line.clear();
            assert!(
                self.output.read_line(&mut line).unwrap() > 0,
                "the child ended early"
            );
        }
    }
}

/// All runs of eight bytes of all secret numbers of a key.
struct Secrets {
    windows: HashSet<[u8; WINDOW]>,
    /// How many finds there must be while the key lives: nearly every window of the key as it is kept.
    must_live: usize,
}

/// Eight random bytes are found by chance once in 2^64 places.
const WINDOW: usize = 8;

impl Secrets {
    fn of_raw_key(key: &[u8]) -> Self {
        let leading_zeros = key.iter().take_while(|&&byte| byte == 0).count();
        let mut secrets = Self {
            windows: HashSet::new(),
            must_live: key.len() - leading_zeros - WINDOW + 1,
        };
        secrets.add(key);
        // RFC 2104 section 2: who has one of these has the key.
        for pad in [0x36, 0x5c] {
            let padded: Vec<u8> = key.iter().map(|byte| byte ^ pad).collect();
            secrets.add(&padded);
        }
        secrets
    }

    fn of_private_key(pkcs8: &[u8]) -> Self {
        let mut secrets = Self {
            windows: HashSet::new(),
            must_live: 0,
        };
        let inner = PrivateKeyInfoRef::from_der(pkcs8)
            .unwrap()
            .private_key
            .as_bytes();
        if let Ok(key) = pkcs1::RsaPrivateKeyRef::from_der(inner) {
            for number in [
                key.private_exponent,
                key.prime1,
                key.prime2,
                key.exponent1,
                key.exponent2,
                key.coefficient,
            ] {
                secrets.must_live += number.as_bytes().len() - WINDOW;
                secrets.add(number.as_bytes());
            }
        } else if let Ok(key) = sec1::EcPrivateKey::from_der(inner) {
            secrets.must_live = key.private_key.len() - WINDOW;
            secrets.add(key.private_key);
        } else {
            let seed = &inner[2..];
            assert_eq!(seed.len(), 32);
            secrets.must_live = seed.len() - WINDOW;
            secrets.add(seed);
            // RFC 8032 section 5.1.5: who has this can sign.
            secrets.add(&Sha512::digest(seed));
        }
        secrets
    }

    /// The text of a PEM file, without what all keys of its kind begin with.
    fn add_base64_of(&mut self, pem: &[u8]) {
        let text = String::from_utf8_lossy(pem);
        for line in text
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .skip(1)
        {
            self.windows.extend(
                line.as_bytes()
                    .windows(WINDOW)
                    .map(|w| <[u8; WINDOW]>::try_from(w).unwrap()),
            );
        }
    }

    /// The bytes in their own order and in that of little-endian numbers. Leading zeros are no secret.
    fn add(&mut self, bytes: &[u8]) {
        let start = bytes.iter().position(|&byte| byte != 0).unwrap();
        let mut bytes = bytes[start..].to_vec();
        for _ in 0..2 {
            let windows = bytes.windows(WINDOW);
            self.windows
                .extend(windows.map(|window| <[u8; WINDOW]>::try_from(window).unwrap()));
            bytes.reverse();
        }
    }

    /// Where in a process' memory any of them is: a description for each place.
    fn search(&self, process: u32) -> Vec<String> {
        let mut hints = [false; 1 << 16];
        for window in &self.windows {
            hints[usize::from(u16::from_ne_bytes([window[0], window[1]]))] = true;
        }
        let maps = std::fs::read_to_string(format!("/proc/{process}/maps")).unwrap();
        let mut memory = File::open(format!("/proc/{process}/mem")).unwrap();
        let mut found = Vec::new();
        for map in maps.lines().filter(|map| is_searched(map)) {
            let (start, end) = map.split_once(' ').unwrap().0.split_once('-').unwrap();
            let [start, end] = [start, end].map(|hex| u64::from_str_radix(hex, 16).unwrap());
            let mut content = vec![0; usize::try_from(end - start).unwrap()];
            memory.seek(SeekFrom::Start(start)).unwrap();
            memory
                .read_exact(&mut content)
                .unwrap_or_else(|error| panic!("{map}: {error}"));
            for (offset, window) in content.windows(WINDOW).enumerate() {
                if hints[usize::from(u16::from_ne_bytes([window[0], window[1]]))]
                    && self.windows.contains(window)
                {
                    found.push(format!("{map} at +{offset:#x}"));
                }
            }
        }
        found
    }
}

/// Every mapping that can be read. The kernel's own pages cannot.
fn is_searched(map: &str) -> bool {
    let readable = map
        .split(' ')
        .nth(1)
        .is_some_and(|mode| mode.starts_with('r'));
    readable
        && !map.ends_with("[vvar]")
        && !map.ends_with("[vsyscall]")
        && !map.ends_with("[vvar_vclock]")
}
