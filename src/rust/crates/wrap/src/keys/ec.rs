//! Key pairs on the Weierstrass curves: SEC1 (RFC 5915), named curves only (RFC 5480).

use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, SliceReader, Tag, TagNumber};
use getrandom::SysRng;
use p256::elliptic_curve::array::typenum::Unsigned;
use p256::elliptic_curve::sec1::{FromSec1Point, ModulusSize, ToSec1Point};
use p256::elliptic_curve::{AffinePoint, CurveArithmetic, FieldBytesSize, Generate, SecretKey};
use sec1::EcPrivateKey;
use spki::AlgorithmIdentifierRef;
use zeroize::Zeroizing;

use super::{KeyPair, encode_secret, expect_spec, malformed, pkcs8, spki};
use crate::error::KeyMaterialError;
use crate::key_spec::KeySpec;
use crate::memory::SecretBytes;

/// id-ecPublicKey, RFC 5480 section 2.1.1.
pub(super) const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.2.1");

/// The object identifiers of the curves: RFC 5480 section 2.1.1.1, SEC 2 appendix A.2, GM/T 0006-2012.
const CURVES: [(KeySpec, ObjectIdentifier); 5] = [
    (
        KeySpec::EccNistP256,
        ObjectIdentifier::new_unwrap("1.2.840.10045.3.1.7"),
    ),
    (
        KeySpec::EccNistP384,
        ObjectIdentifier::new_unwrap("1.3.132.0.34"),
    ),
    (
        KeySpec::EccNistP521,
        ObjectIdentifier::new_unwrap("1.3.132.0.35"),
    ),
    (
        KeySpec::EccSecgP256k1,
        ObjectIdentifier::new_unwrap("1.3.132.0.10"),
    ),
    (
        KeySpec::Sm2,
        ObjectIdentifier::new_unwrap("1.2.156.10197.1.301"),
    ),
];

/// The curve named by the parameters of an AlgorithmIdentifier.
pub(super) fn named_curve(
    parameters: Option<AnyRef<'_>>,
) -> Result<ObjectIdentifier, KeyMaterialError> {
    let parameters = parameters.ok_or(KeyMaterialError::CurveNeeded)?;
    match parameters.header().tag() {
        Tag::Sequence => Err(KeyMaterialError::ExplicitCurve),
        _ => parameters
            .decode_as()
            .map_err(|error| malformed("elliptic curve", &error)),
    }
}

/// A new key pair.
pub(super) fn generate(spec: KeySpec) -> Result<KeyPair, KeyMaterialError> {
    let scalar = match spec {
        KeySpec::EccNistP256 => random_scalar::<p256::NistP256>()?,
        KeySpec::EccNistP384 => random_scalar::<p384::NistP384>()?,
        KeySpec::EccNistP521 => random_scalar::<p521::NistP521>()?,
        KeySpec::EccSecgP256k1 => random_scalar::<k256::Secp256k1>()?,
        KeySpec::Sm2 => random_scalar::<sm2::Sm2>()?,
        _ => return Err(KeyMaterialError::CurveNeeded),
    };
    let key = encode_secret(&EcPrivateKey {
        private_key: &scalar,
        parameters: None,
        public_key: None,
    })?;
    read(key.as_slice(), None, None, None, Some(spec))
}

/// Reads and checks an ECPrivateKey.
///
/// `curve` and `outer_public_key` are what the PKCS#8 around it says; `verbatim` is that PKCS#8 if it can be kept.
pub(super) fn read(
    der: &[u8],
    curve: Option<ObjectIdentifier>,
    outer_public_key: Option<&[u8]>,
    verbatim: Option<&[u8]>,
    expected: Option<KeySpec>,
) -> Result<KeyPair, KeyMaterialError> {
    if has_explicit_curve(der) {
        return Err(KeyMaterialError::ExplicitCurve);
    }
    let key = EcPrivateKey::from_der(der).map_err(|error| malformed("elliptic curve", &error))?;
    let inner_curve = key
        .parameters
        .and_then(|parameters| parameters.named_curve());
    let spec = match curve.or(inner_curve) {
        Some(oid) => spec_of(oid)?,
        // SEC1 leaves the curve to the context.
        None => expected
            .filter(|&spec| oid_of(spec).is_some())
            .ok_or(KeyMaterialError::CurveNeeded)?,
    };
    expect_spec(spec, expected)?;
    let inconsistent = |reason| KeyMaterialError::Inconsistent { spec, reason };
    if curve.is_some() && inner_curve.is_some() && curve != inner_curve {
        return Err(inconsistent("it names two different curves"));
    }
    let (scalar, points) = public_points(spec, key.private_key).ok_or(inconsistent(
        "its private number is not between 1 and the order of its curve",
    ))?;
    if [key.public_key, outer_public_key]
        .into_iter()
        .flatten()
        .any(|given| given != points.uncompressed && given != points.compressed)
    {
        return Err(inconsistent(
            "its public key does not belong to its private key",
        ));
    }
    let oid = oid_of(spec).ok_or(KeyMaterialError::CurveNeeded)?;
    let algorithm = AlgorithmIdentifierRef {
        oid: OID,
        parameters: Some(AnyRef::from(&oid)),
    };
    let as_is = key.private_key.len() == scalar.len()
        && key
            .public_key
            .is_none_or(|given| given == points.uncompressed);
    Ok(KeyPair {
        spec,
        pkcs8: match verbatim.filter(|_| as_is) {
            Some(bytes) => SecretBytes::copy_of(bytes),
            None => {
                let inner = encode_secret(&EcPrivateKey {
                    private_key: &scalar,
                    parameters: None,
                    public_key: Some(&points.uncompressed),
                })?;
                pkcs8(algorithm, inner.as_slice())?
            }
        },
        public_key: spki(algorithm, &points.uncompressed)?,
    })
}

/// A public key in both of SEC1's usual encodings.
struct Points {
    uncompressed: Vec<u8>,
    compressed: Vec<u8>,
}

/// The private number at its full length, and its public key. `None` if it is no private key of the curve.
fn public_points(spec: KeySpec, private_key: &[u8]) -> Option<(Zeroizing<Vec<u8>>, Points)> {
    match spec {
        KeySpec::EccNistP256 => points_on::<p256::NistP256>(private_key),
        KeySpec::EccNistP384 => points_on::<p384::NistP384>(private_key),
        KeySpec::EccNistP521 => points_on::<p521::NistP521>(private_key),
        KeySpec::EccSecgP256k1 => points_on::<k256::Secp256k1>(private_key),
        KeySpec::Sm2 => points_on::<sm2::Sm2>(private_key),
        _ => None,
    }
}

fn points_on<C>(private_key: &[u8]) -> Option<(Zeroizing<Vec<u8>>, Points)>
where
    C: CurveArithmetic,
    AffinePoint<C>: FromSec1Point<C> + ToSec1Point<C>,
    FieldBytesSize<C>: ModulusSize,
{
    // Some writers drop leading zeros, others add one; RFC 5915 section 3 wants the full length and no more.
    let significant = private_key
        .iter()
        .position(|&byte| byte != 0)
        .map_or(&[][..], |first| &private_key[first..]);
    let mut scalar = Zeroizing::new(vec![0; C::FieldBytesSize::USIZE]);
    let start = scalar.len().checked_sub(significant.len())?;
    scalar[start..].copy_from_slice(significant);
    let public_key = SecretKey::<C>::from_slice(&scalar).ok()?.public_key();
    let points = Points {
        uncompressed: public_key.to_sec1_point(false).as_bytes().to_vec(),
        compressed: public_key.to_sec1_point(true).as_bytes().to_vec(),
    };
    Some((scalar, points))
}

fn random_scalar<C: CurveArithmetic>() -> Result<Zeroizing<Vec<u8>>, getrandom::Error> {
    let key = SecretKey::<C>::try_generate_from_rng(&mut SysRng)?;
    Ok(Zeroizing::new(Zeroizing::new(key.to_bytes()).to_vec()))
}

fn spec_of(oid: ObjectIdentifier) -> Result<KeySpec, KeyMaterialError> {
    CURVES
        .iter()
        .find(|(_, candidate)| *candidate == oid)
        .map(|&(spec, _)| spec)
        .ok_or_else(|| KeyMaterialError::Curve {
            curve: curve_name(oid),
        })
}

fn oid_of(spec: KeySpec) -> Option<ObjectIdentifier> {
    CURVES
        .iter()
        .find(|(candidate, _)| *candidate == spec)
        .map(|&(_, oid)| oid)
}

/// The name of a curve whose keys cannot be imported, else its object identifier.
fn curve_name(oid: ObjectIdentifier) -> String {
    let text = oid.to_string();
    match text.as_str() {
        "1.2.840.10045.3.1.1" => "P-192 (prime192v1)",
        "1.3.132.0.33" => "P-224 (secp224r1)",
        "1.3.36.3.3.2.8.1.1.7" => "brainpoolP256r1",
        "1.3.36.3.3.2.8.1.1.11" => "brainpoolP384r1",
        "1.3.36.3.3.2.8.1.1.13" => "brainpoolP512r1",
        _ => return text,
    }
    .to_owned()
}

const PARAMETERS: Tag = Tag::ContextSpecific {
    constructed: true,
    number: TagNumber(0),
};

/// Whether an ECPrivateKey's parameters, `[0]`, are a SEQUENCE and not a name.
fn has_explicit_curve(der: &[u8]) -> bool {
    let Ok(outer) = AnyRef::from_der(der) else {
        return false;
    };
    let Ok(mut reader) = SliceReader::new(outer.value()) else {
        return false;
    };
    while let Ok(element) = AnyRef::decode(&mut reader) {
        if element.header().tag() == PARAMETERS {
            return AnyRef::from_der(element.value())
                .is_ok_and(|parameters| parameters.header().tag() == Tag::Sequence);
        }
    }
    false
}
