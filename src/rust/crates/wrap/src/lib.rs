//! Key material for AWS Key Management Service, and its wrapping for the way there.
//!
//! This crate makes, reads and checks the keys people bring to AWS KMS, and wraps them under the public key that
//! GetParametersForImport hands out. It knows no network and no AWS account: what it needs to know of AWS KMS is which
//! keys can be imported, in which form, and by which algorithms.
//!
//! ```
//! use kmsr_wrap::{KeyMaterial, KeySpec, choose, wrap};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let spec = KeySpec::parse("SYMMETRIC_DEFAULT")?;
//! let material = KeyMaterial::random(spec)?;
//! assert_eq!(format!("{material:?}"), "KeyMaterial(SYMMETRIC_DEFAULT, 32 bytes, <REDACTED>)");
//!
//! // What to ask GetParametersForImport for.
//! let (algorithm, wrapping_key_spec) = choose(spec, material.len(), false)?;
//! assert_eq!(algorithm.as_str(), "RSAES_OAEP_SHA_256");
//! assert_eq!(wrapping_key_spec.as_str(), "RSA_4096");
//!
//! # let wrapping_key = KeyMaterial::random(KeySpec::Rsa2048)?;
//! # let public_key = wrapping_key.public_key_der().unwrap_or_default();
//! // `public_key` is what it answered. The result goes into ImportKeyMaterial.
//! let wrapped = wrap(&material, public_key, algorithm)?;
//! # assert_eq!(wrapped.len(), 256);
//! # Ok(())
//! # }
//! ```
//!
//! # Standards
//!
//! - Wrapping: RSAES-OAEP and RSAES-PKCS1-v1_5 (RFC 8017), AES key wrap with padding (RFC 5649), their combination as in
//!   PKCS#11's CKM_RSA_AES_KEY_WRAP, SM2 public key encryption (GM/T 0003.4-2012, encoded by GM/T 0009-2012).
//! - Private keys: PKCS#8 (RFC 5958), PKCS#1 (RFC 8017), SEC1 (RFC 5915), Ed25519 (RFC 8410), encrypted by PBES2
//!   (RFC 8018), as DER or PEM (RFC 7468).
//! - Copies to keep: encrypted PKCS#8 for key pairs; for raw keys CMS (RFC 5083, RFC 5084) for a password recipient
//!   (RFC 3211). Passphrases are stretched by PBKDF2 with HMAC-SHA-256, 600,000 times.
//! - Public keys: SubjectPublicKeyInfo (RFC 5280, RFC 3279, RFC 5480, RFC 8410).
//! - MACs: HMAC (RFC 2104).
//!
//! # Memory
//!
//! Key material has pages of its own, locked where the system allows it and wiped before they are freed. What parsing and
//! arithmetic leave behind on the stack is wiped at the end of every operation; on the heap it is wiped when it is freed,
//! because this crate sets the program's global allocator to one that does so. A program that links this crate cannot
//! set another.

#![forbid(unsafe_code)]

mod algorithm;
mod choice;
mod error;
mod escrow;
mod form;
mod key_spec;
mod keys;
mod mac;
mod material;
mod memory;
mod names;
mod pem;
mod public_key;
mod reading;
mod wrap;
mod wrap_error;

pub use algorithm::{WrappingAlgorithm, WrappingKeySpec};
pub use choice::{CombinationError, check, choose};
pub use error::{Found, KeyMaterialError, TextEncoding};
pub use key_spec::KeySpec;
pub use mac::MacAlgorithm;
pub use material::KeyMaterial;
pub use names::NameError;
pub use public_key::WrappingPublicKey;
pub use wrap::{wrap, wrap_slice};
pub use wrap_error::{NotAPublicKey, WrapError};
