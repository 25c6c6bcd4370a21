//! Signatures.

use serde_json::json;

use super::{Answer, Call, answer};
use crate::crypto::signing::{self, Message};
use crate::error::ServiceError;
use crate::request::encode_blob;
use crate::spec::{KeySpec, KeyUsage, SigningAlgorithm};

pub(super) fn sign(call: &mut Call<'_>) -> Answer {
    let message = call.parameters.required_blob("Message")?;
    let asked = Asked::read(call)?;
    let message = asked.message(&message)?;
    call.end_of_dry_run()?;
    let key = call.usable_key(KeyUsage::SignVerify)?;
    let signature = signing::sign(asked.spec, asked.algorithm, key.current_secret()?, message)
        .map_err(|_| ServiceError::internal())?;
    Ok(answer([
        ("KeyId", json!(key.arn)),
        ("Signature", encode_blob(&signature)),
        ("SigningAlgorithm", json!(asked.algorithm.name())),
    ]))
}

pub(super) fn verify(call: &mut Call<'_>) -> Answer {
    let message = call.parameters.required_blob("Message")?;
    let signature = call.parameters.required_blob("Signature")?;
    let asked = Asked::read(call)?;
    let message = asked.message(&message)?;
    call.end_of_dry_run()?;
    let key = call.usable_key(KeyUsage::SignVerify)?;
    let public_key = key
        .current()
        .and_then(|material| material.public_key.as_deref())
        .ok_or_else(ServiceError::internal)?;
    let valid = signing::verify(asked.spec, asked.algorithm, public_key, message, &signature)
        .map_err(|_| ServiceError::internal())?;
    if !valid {
        return Err(ServiceError::bare("KMSInvalidSignatureException"));
    }
    Ok(answer([
        ("KeyId", json!(key.arn)),
        ("SignatureValid", json!(true)),
        ("SigningAlgorithm", json!(asked.algorithm.name())),
    ]))
}

/// What Sign and Verify have in common.
struct Asked {
    spec: KeySpec,
    algorithm: SigningAlgorithm,
    is_digest: bool,
}

impl Asked {
    fn read(call: &mut Call<'_>) -> Result<Self, ServiceError> {
        let parameters = call.parameters;
        let algorithm = parameters.required_choice(
            "SigningAlgorithm",
            SigningAlgorithm::parse,
            SigningAlgorithm::NAMES,
        )?;
        let message_type = parameters.text("MessageType")?.unwrap_or("RAW");
        let key = call.usable_key(KeyUsage::SignVerify)?;
        if !key.spec.signing_algorithms().contains(&algorithm) {
            return Err(key.incompatible(algorithm.name()));
        }
        if algorithm == SigningAlgorithm::Ed25519PhSha512 {
            return Err(ServiceError::unsupported(
                "The signing algorithm ED25519_PH_SHA_512 is not emulated; ED25519_SHA_512 is.",
            ));
        }
        let is_digest = match message_type {
            "RAW" => false,
            "DIGEST" if signing::digest_length(algorithm).is_some() => true,
            "DIGEST" | "EXTERNAL_MU" => {
                return Err(ServiceError::validation(format!(
                    "MessageType {message_type} is not compatible with signing algorithm {}.",
                    algorithm.name()
                )));
            }
            other => {
                let names = ["RAW", "DIGEST", "EXTERNAL_MU"];
                return Err(crate::validate::not_in_enum("MessageType", other, &names));
            }
        };
        Ok(Self {
            spec: key.spec,
            algorithm,
            is_digest,
        })
    }

    fn message<'a>(&self, bytes: &'a [u8]) -> Result<Message<'a>, ServiceError> {
        if !self.is_digest {
            return Ok(Message::Raw(bytes));
        }
        if Some(bytes.len()) != signing::digest_length(self.algorithm) {
            return Err(ServiceError::validation(format!(
                "Digest is invalid length for algorithm {}.",
                self.algorithm.name()
            )));
        }
        Ok(Message::Digest(bytes))
    }
}
