//! Message authentication codes.

use serde_json::json;

use super::{Answer, Call, answer};
use crate::crypto::mac;
use crate::error::ServiceError;
use crate::request::encode_blob;
use crate::spec::{KeyUsage, MacAlgorithm};
use crate::state::Key;

pub(super) fn generate_mac(call: &mut Call<'_>) -> Answer {
    let message = call.parameters.required_blob("Message")?;
    let (algorithm, key) = algorithm_and_key(call)?;
    let code = mac::generate(algorithm, key.current_secret()?, &message);
    let key_id = key.id.clone();
    let members = answer([
        ("Mac", encode_blob(&code)),
        ("MacAlgorithm", json!(algorithm.name())),
        ("KeyId", json!(key.arn)),
    ]);
    call.end_of_dry_run()?;
    call.used(&key_id);
    Ok(members)
}

pub(super) fn verify_mac(call: &mut Call<'_>) -> Answer {
    let message = call.parameters.required_blob("Message")?;
    let code = call.parameters.required_blob("Mac")?;
    let (algorithm, key) = algorithm_and_key(call)?;
    let valid = mac::verify(algorithm, key.current_secret()?, &message, &code);
    let key_id = key.id.clone();
    let members = answer([
        ("KeyId", json!(key.arn)),
        ("MacValid", json!(true)),
        ("MacAlgorithm", json!(algorithm.name())),
    ]);
    if !valid {
        return Err(ServiceError::bare("KMSInvalidMacException"));
    }
    call.end_of_dry_run()?;
    call.used(&key_id);
    Ok(members)
}

fn algorithm_and_key<'a>(call: &'a mut Call<'_>) -> Result<(MacAlgorithm, &'a Key), ServiceError> {
    let algorithm = call.parameters.required_choice(
        "MacAlgorithm",
        MacAlgorithm::parse,
        MacAlgorithm::NAMES,
    )?;
    let key = call.usable_key(KeyUsage::GenerateVerifyMac)?;
    if key.spec.mac_algorithm() != Some(algorithm) {
        return Err(key.incompatible(algorithm.name()));
    }
    Ok((algorithm, key))
}
