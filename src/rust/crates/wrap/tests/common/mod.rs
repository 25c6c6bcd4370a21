//! The `openssl` command as a judge that is not ours.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "shared by test programs of which each uses a part"
)]

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use kmsr_wrap::{KeyMaterial, KeySpec, WrappingAlgorithm, WrappingKeySpec};
use tempfile::TempDir;

/// Whether the openssl command is here. Where tests must not be skipped (the environment variable CI is set), its absence
/// is a failure.
pub fn has_openssl() -> bool {
    static FOUND: OnceLock<bool> = OnceLock::new();
    let found = *FOUND.get_or_init(|| {
        Command::new("openssl")
            .arg("version")
            .output()
            .is_ok_and(|output| output.status.success())
    });
    assert!(
        found || std::env::var_os("CI").is_none(),
        "the openssl command is missing, and CI is set"
    );
    if !found {
        eprintln!("skipped: the openssl command is missing");
    }
    found
}

/// Ends the calling test early where there is no openssl.
#[macro_export]
macro_rules! need_openssl {
    () => {
        if !$crate::common::has_openssl() {
            return;
        }
    };
}

/// What `openssl` prints, given `arguments` and `input`. Panics if it fails.
pub fn openssl(arguments: &str, input: &[u8]) -> Vec<u8> {
    match try_openssl(arguments, input) {
        Ok(output) => output,
        Err(message) => panic!("openssl {arguments}: {message}"),
    }
}

/// What `openssl` prints, or what it complains about.
pub fn try_openssl(arguments: &str, input: &[u8]) -> Result<Vec<u8>, String> {
    let mut child = Command::new("openssl")
        .args(arguments.split_whitespace())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || drop(stdin.write_all(&input)));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    match output.status.success() {
        true => Ok(output.stdout),
        false => Err(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// A folder for one test's files.
pub struct Scratch(TempDir);

impl Scratch {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// Writes a file and says where it is.
    pub fn file(&self, name: &str, content: &[u8]) -> PathBuf {
        let path = self.path(name);
        std::fs::write(&path, content).unwrap();
        path
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }
}

/// A wrapping key pair made by openssl: its private key as a PEM file, its public key in DER.
pub struct WrappingKey {
    pub spec: WrappingKeySpec,
    pub public_key: Vec<u8>,
    private_key: PathBuf,
    _scratch: Scratch,
}

impl WrappingKey {
    /// One of each spec, made once per test program.
    pub fn all() -> &'static [Self] {
        static KEYS: OnceLock<Vec<WrappingKey>> = OnceLock::new();
        KEYS.get_or_init(|| {
            WrappingKeySpec::ALL
                .into_iter()
                .map(Self::generate)
                .collect()
        })
    }

    pub fn of(spec: WrappingKeySpec) -> &'static Self {
        Self::all().iter().find(|key| key.spec == spec).unwrap()
    }

    fn generate(spec: WrappingKeySpec) -> Self {
        use WrappingKeySpec::{Rsa2048, Rsa3072, Rsa4096, Sm2};
        let pem = match spec {
            Rsa2048 => openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048", b""),
            Rsa3072 => openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072", b""),
            Rsa4096 => openssl("genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096", b""),
            Sm2 => openssl("genpkey -algorithm SM2", b""),
        };
        let scratch = Scratch::new();
        Self {
            spec,
            public_key: openssl("pkey -pubout -outform DER", &pem),
            private_key: scratch.file("private.pem", &pem),
            _scratch: scratch,
        }
    }

    /// Unwraps with openssl.
    pub fn unwrap(&self, algorithm: WrappingAlgorithm, wrapped: &[u8]) -> Vec<u8> {
        self.try_unwrap(algorithm, wrapped).unwrap()
    }

    pub fn try_unwrap(
        &self,
        algorithm: WrappingAlgorithm,
        wrapped: &[u8],
    ) -> Result<Vec<u8>, String> {
        use WrappingAlgorithm as A;
        const OAEP_SHA_1: &str =
            "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha1 -pkeyopt rsa_mgf1_md:sha1";
        const OAEP_SHA_256: &str = "-pkeyopt rsa_padding_mode:oaep -pkeyopt rsa_oaep_md:sha256 -pkeyopt rsa_mgf1_md:sha256";
        match algorithm {
            A::RsaesPkcs1V15 => self.decrypt("-pkeyopt rsa_padding_mode:pkcs1", wrapped),
            A::RsaesOaepSha1 => self.decrypt(OAEP_SHA_1, wrapped),
            A::RsaesOaepSha256 => self.decrypt(OAEP_SHA_256, wrapped),
            A::RsaAesKeyWrapSha1 | A::RsaAesKeyWrapSha256 => {
                let k = self.rsa_len();
                let options = match algorithm {
                    A::RsaAesKeyWrapSha1 => OAEP_SHA_1,
                    _ => OAEP_SHA_256,
                };
                let aes_key = self.decrypt(options, &wrapped[..k])?;
                assert_eq!(aes_key.len(), 32);
                // RFC 5649's initial value, as the openssl command wants it.
                let arguments = format!(
                    "enc -d -id-aes256-wrap-pad -iv A65959A6 -K {}",
                    hex(&aes_key)
                );
                try_openssl(&arguments, &wrapped[k..])
            }
            A::Sm2Pke => self.decrypt("", wrapped),
        }
    }

    fn decrypt(&self, options: &str, wrapped: &[u8]) -> Result<Vec<u8>, String> {
        let key = self.private_key.display();
        try_openssl(&format!("pkeyutl -decrypt -inkey {key} {options}"), wrapped)
    }

    fn rsa_len(&self) -> usize {
        use WrappingKeySpec as W;
        match self.spec {
            W::Rsa2048 => 256,
            W::Rsa3072 => 384,
            W::Rsa4096 => 512,
            W::Sm2 => unreachable!("not an RSA key"),
        }
    }
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The command that makes a private key of an asymmetric spec, PKCS#8 in PEM.
pub fn genpkey(spec: KeySpec) -> &'static str {
    use KeySpec as K;
    match spec {
        K::Rsa2048 => "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:2048",
        K::Rsa3072 => "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:3072",
        K::Rsa4096 => "genpkey -algorithm RSA -pkeyopt rsa_keygen_bits:4096",
        K::EccNistP256 => "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256",
        K::EccNistP384 => "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-384",
        K::EccNistP521 => "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-521",
        K::EccSecgP256k1 => "genpkey -algorithm EC -pkeyopt ec_paramgen_curve:secp256k1",
        K::EccNistEdwards25519 => "genpkey -algorithm ED25519",
        K::Sm2 => "genpkey -algorithm SM2",
        _ => unreachable!("{spec} is not asymmetric"),
    }
}

/// A private key of an asymmetric spec by openssl, PKCS#8 in PEM, made once per test program.
pub fn private_key(spec: KeySpec) -> &'static [u8] {
    static KEYS: PerSpec<Vec<u8>> = PerSpec::new();
    KEYS.of(spec, || openssl(genpkey(spec), b""))
}

/// Random key material of a spec, made once per test program: RSA keys take a while.
pub fn material(spec: KeySpec) -> &'static KeyMaterial {
    static MATERIALS: PerSpec<KeyMaterial> = PerSpec::new();
    MATERIALS.of(spec, || KeyMaterial::random(spec).unwrap())
}

/// A value for each spec, made when it is first asked for.
struct PerSpec<T>([OnceLock<T>; KeySpec::ALL.len()]);

impl<T> PerSpec<T> {
    const fn new() -> Self {
        Self([const { OnceLock::new() }; KeySpec::ALL.len()])
    }

    fn of(&self, spec: KeySpec, make: impl FnOnce() -> T) -> &T {
        let index = KeySpec::ALL.iter().position(|&candidate| candidate == spec);
        self.0[index.unwrap()].get_or_init(make)
    }
}

/// Every asymmetric spec.
pub fn asymmetric() -> impl Iterator<Item = KeySpec> {
    KeySpec::ALL.into_iter().filter(|spec| spec.is_asymmetric())
}

/// The PKCS#8 inside key material, by wrapping it and unwrapping it with openssl: there is no other way out.
pub fn reveal(material: &KeyMaterial) -> Vec<u8> {
    let (algorithm, key) = if material.spec().is_china_only() {
        (WrappingAlgorithm::RsaesOaepSha256, WrappingKeySpec::Rsa4096)
    } else {
        kmsr_wrap::choose(material.spec(), material.len(), false).unwrap()
    };
    let key = WrappingKey::of(key);
    let wrapped = kmsr_wrap::wrap(material, &key.public_key, algorithm).unwrap();
    key.unwrap(algorithm, &wrapped)
}

/// The text of an error, however it is typed.
pub fn message<T, E: std::fmt::Display>(result: Result<T, E>) -> String {
    match result {
        Ok(_) => panic!("no error"),
        Err(error) => error.to_string(),
    }
}
