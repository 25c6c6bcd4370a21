//! Message authentication codes.

use serde_json::json;

use super::{Answer, Call, answer};
use crate::crypto::{Secret, mac};
use crate::error::ServiceError;
use crate::request::encode_blob;
use crate::spec::{KeyUsage, MacAlgorithm};

pub(super) fn generate_mac(call: &mut Call<'_>) -> Answer {
    let message = call.parameters.required_blob("Message")?;
    let (algorithm, arn) = algorithm_and_key(call)?;
    call.end_of_dry_run()?;
    let code = with_secret(call, |secret| mac::generate(algorithm, secret, &message))?;
    Ok(answer([
        ("Mac", encode_blob(&code)),
        ("MacAlgorithm", json!(algorithm.name())),
        ("KeyId", json!(arn)),
    ]))
}

pub(super) fn verify_mac(call: &mut Call<'_>) -> Answer {
    let message = call.parameters.required_blob("Message")?;
    let code = call.parameters.required_blob("Mac")?;
    let (algorithm, arn) = algorithm_and_key(call)?;
    call.end_of_dry_run()?;
    if !with_secret(call, |secret| {
        mac::verify(algorithm, secret, &message, &code)
    })? {
        return Err(ServiceError::bare("KMSInvalidMacException"));
    }
    Ok(answer([
        ("KeyId", json!(arn)),
        ("MacValid", json!(true)),
        ("MacAlgorithm", json!(algorithm.name())),
    ]))
}

fn algorithm_and_key(call: &mut Call<'_>) -> Result<(MacAlgorithm, String), ServiceError> {
    let algorithm = call.parameters.required_choice(
        "MacAlgorithm",
        MacAlgorithm::parse,
        MacAlgorithm::NAMES,
    )?;
    let key = call.usable_key(KeyUsage::GenerateVerifyMac)?;
    if key.spec.mac_algorithm() != Some(algorithm) {
        return Err(key.incompatible(algorithm.name()));
    }
    Ok((algorithm, key.arn.clone()))
}

fn with_secret<T>(
    call: &mut Call<'_>,
    use_it: impl FnOnce(&Secret) -> T,
) -> Result<T, ServiceError> {
    let key = call.usable_key(KeyUsage::GenerateVerifyMac)?;
    Ok(use_it(key.current_secret()?))
}
