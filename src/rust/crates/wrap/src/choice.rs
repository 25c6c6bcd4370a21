//! Which wrapping algorithm and wrapping key go with which material: AWS' table as code.
//!
//! Source: AWS KMS Developer Guide, "Select a wrapping algorithm" and "Select a wrapping public key spec".

use std::fmt;

use crate::algorithm::{WrappingAlgorithm, WrappingKeySpec};
use crate::key_spec::KeySpec;

/// Why AWS KMS would refuse a combination of material, algorithm and wrapping key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum CombinationError {
    /// The algorithm needs another kind of wrapping key: SM2PKE goes with SM2 keys, all others with RSA keys.
    AlgorithmAndKey {
        /// The algorithm.
        algorithm: WrappingAlgorithm,
        /// The wrapping key spec it does not work under.
        wrapping_key_spec: WrappingKeySpec,
    },
    /// RSAES_PKCS1_V1_5, which AWS KMS no longer accepts.
    Deprecated {
        /// The material's spec.
        spec: KeySpec,
        /// Whether the key is in a China Region.
        china: bool,
    },
    /// The spec exists in the China Regions only.
    ChinaOnlySpec {
        /// The material's spec.
        spec: KeySpec,
    },
    /// The 32 byte form of SYMMETRIC_DEFAULT was meant for a China Region, where it has 16 bytes.
    NotInChina {
        /// The material's spec.
        spec: KeySpec,
    },
    /// The algorithm is not offered in the China Regions (`china`), or nowhere else.
    Region {
        /// The material's spec.
        spec: KeySpec,
        /// The algorithm.
        algorithm: WrappingAlgorithm,
        /// Whether the key is in a China Region.
        china: bool,
    },
    /// AWS KMS does not accept this algorithm for this kind of material.
    AlgorithmAndMaterial {
        /// The material's spec.
        spec: KeySpec,
        /// The algorithm.
        algorithm: WrappingAlgorithm,
        /// Whether the key is in a China Region.
        china: bool,
    },
    /// ECC_NIST_P521 material is longer than what OAEP carries under RSA_2048.
    P521UnderRsa2048 {
        /// The algorithm.
        algorithm: WrappingAlgorithm,
        /// Whether the key is in a China Region.
        china: bool,
    },
    /// The material is longer than any combination for its spec carries.
    TooLong {
        /// The material's spec.
        spec: KeySpec,
        /// The material's length in bytes.
        len: usize,
    },
}

/// The best algorithm AWS KMS accepts for material of this spec and length in bytes, under the longest wrapping key,
/// outside or in the China Regions.
///
/// # Errors
/// A [`CombinationError`] if the spec does not exist there, or nothing carries that many bytes.
pub fn choose(
    spec: KeySpec,
    len: usize,
    china: bool,
) -> Result<(WrappingAlgorithm, WrappingKeySpec), CombinationError> {
    check_region(spec, china)?;
    for &algorithm in spec.wrapping_algorithms(china) {
        for key in WrappingKeySpec::ALL.into_iter().rev() {
            let carries = algorithm.max_len(key).is_none_or(|limit| len <= limit);
            if carries && check(spec, algorithm, key, china).is_ok() {
                return Ok((algorithm, key));
            }
        }
    }
    Err(CombinationError::TooLong { spec, len })
}

/// Whether AWS KMS accepts material of this spec by this algorithm under a wrapping key of this spec, outside or in the
/// China Regions.
///
/// # Errors
/// A [`CombinationError`] that says why not, and what to use instead.
pub fn check(
    spec: KeySpec,
    algorithm: WrappingAlgorithm,
    wrapping_key_spec: WrappingKeySpec,
    china: bool,
) -> Result<(), CombinationError> {
    check_region(spec, china)?;
    if algorithm == WrappingAlgorithm::RsaesPkcs1V15 {
        return Err(CombinationError::Deprecated { spec, china });
    }
    if !spec.wrapping_algorithms(china).contains(&algorithm) {
        let elsewhere = spec.wrapping_algorithms(!china);
        return Err(match elsewhere.contains(&algorithm) {
            true => CombinationError::Region {
                spec,
                algorithm,
                china,
            },
            false => CombinationError::AlgorithmAndMaterial {
                spec,
                algorithm,
                china,
            },
        });
    }
    if !algorithm.fits(wrapping_key_spec) {
        return Err(CombinationError::AlgorithmAndKey {
            algorithm,
            wrapping_key_spec,
        });
    }
    if spec == KeySpec::EccNistP521
        && algorithm.is_oaep()
        && wrapping_key_spec == WrappingKeySpec::Rsa2048
    {
        return Err(CombinationError::P521UnderRsa2048 { algorithm, china });
    }
    Ok(())
}

fn check_region(spec: KeySpec, china: bool) -> Result<(), CombinationError> {
    if spec.is_china_only() && !china {
        return Err(CombinationError::ChinaOnlySpec { spec });
    }
    if spec == KeySpec::SymmetricDefault && china {
        return Err(CombinationError::NotInChina { spec });
    }
    Ok(())
}

impl CombinationError {
    /// A short, stable word for the kind of error, fit to be a part of a class name.
    pub fn kind(&self) -> &'static str {
        match self {
            Self::AlgorithmAndKey { .. } => "algorithm_and_key",
            Self::Deprecated { .. } => "deprecated_algorithm",
            Self::ChinaOnlySpec { .. } => "china_only",
            Self::NotInChina { .. } => "not_in_china",
            Self::Region { .. } => "algorithm_and_region",
            Self::AlgorithmAndMaterial { .. } => "algorithm_and_material",
            Self::P521UnderRsa2048 { .. } => "p521_under_rsa_2048",
            Self::TooLong { .. } => "too_long",
        }
    }
}

impl fmt::Display for CombinationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::AlgorithmAndKey {
                algorithm: WrappingAlgorithm::Sm2Pke,
                wrapping_key_spec,
            } => write!(
                f,
                "SM2PKE works under an SM2 wrapping key, not under {wrapping_key_spec}. Use the wrapping key spec SM2, or \
                 an RSAES_OAEP algorithm if the material allows it."
            ),
            Self::AlgorithmAndKey { algorithm, .. } => write!(
                f,
                "{algorithm} works under an RSA wrapping key, not under an SM2 one. Use the wrapping key spec RSA_4096, or \
                 the algorithm SM2PKE."
            ),
            Self::Deprecated { spec, china } => write!(
                f,
                "AWS KMS has refused RSAES_PKCS1_V1_5 since 2023-10-10. Use {}.",
                alternatives(spec, china)
            ),
            Self::ChinaOnlySpec { spec } => {
                write!(f, "{spec} keys exist in the China Regions only. ")?;
                if spec == KeySpec::SymmetricDefaultChina {
                    f.write_str("Elsewhere SYMMETRIC_DEFAULT material has 32 bytes.")
                } else {
                    f.write_str("Elsewhere use ECC_NIST_P256, or a client of a China Region.")
                }
            }
            Self::NotInChina { .. } => f.write_str(
                "In the China Regions SYMMETRIC_DEFAULT material is a 128-bit SM4 key of 16 bytes, not a 256-bit AES key.",
            ),
            Self::Region {
                spec,
                algorithm,
                china: true,
            } => write!(
                f,
                "The China Regions do not offer {algorithm}. For {spec} material use {} there.",
                alternatives(spec, true)
            ),
            Self::Region {
                spec, algorithm, ..
            } => write!(
                f,
                "Only the China Regions offer {algorithm}. For {spec} material use {} elsewhere.",
                alternatives(spec, false)
            ),
            Self::AlgorithmAndMaterial {
                spec,
                algorithm,
                china,
            } => {
                write!(f, "AWS KMS does not accept {spec} material by {algorithm}")?;
                if spec.is_rsa() {
                    f.write_str(": an RSA private key is longer than what RSA carries directly")?;
                }
                write!(f, ". Use {}.", alternatives(spec, china))
            }
            Self::P521UnderRsa2048 {
                algorithm,
                china: false,
            } => write!(
                f,
                "ECC_NIST_P521 material does not fit {algorithm} under RSA_2048. Use the wrapping key spec RSA_4096 or \
                 RSA_3072, or the algorithm RSA_AES_KEY_WRAP_SHA_256."
            ),
            Self::P521UnderRsa2048 { algorithm, .. } => write!(
                f,
                "ECC_NIST_P521 material does not fit {algorithm} under RSA_2048. Use the wrapping key spec RSA_4096 or \
                 RSA_3072."
            ),
            Self::TooLong { spec, len } => write!(
                f,
                "{len} bytes are more than any wrapping algorithm for {spec} carries. Check that this is \
                 {spec} material."
            ),
        }
    }
}

impl std::error::Error for CombinationError {}

/// The algorithms for a spec as a phrase: `RSAES_OAEP_SHA_256 or RSAES_OAEP_SHA_1`.
fn alternatives(spec: KeySpec, china: bool) -> String {
    spec.wrapping_algorithms(china)
        .iter()
        .map(|algorithm| match algorithm {
            WrappingAlgorithm::Sm2Pke => "SM2PKE under an SM2 wrapping key",
            other => other.as_str(),
        })
        .collect::<Vec<_>>()
        .join(" or ")
}
