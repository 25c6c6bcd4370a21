//! Signatures.

use serde_json::json;

use super::{Answer, Call, answer};
use crate::crypto::signing::{self, Message};
use crate::error::ServiceError;
use crate::request::encode_blob;
use crate::spec::{KeyUsage, SigningAlgorithm};
use crate::state::Key;

pub(super) fn sign(call: &mut Call<'_>) -> Answer {
    let message = call.parameters.required_blob("Message")?;
    let (asked, key) = Asked::read(call)?;
    let message = asked.message(&message)?;
    let signature = signing::sign(key.spec, asked.algorithm, key.current_secret()?, message)
        .map_err(|_| ServiceError::internal())?;
    let key_id = key.id.clone();
    let members = answer([
        ("KeyId", json!(key.arn)),
        ("Signature", encode_blob(&signature)),
        ("SigningAlgorithm", json!(asked.algorithm.name())),
    ]);
    call.end_of_dry_run()?;
    call.used(&key_id);
    Ok(members)
}

pub(super) fn verify(call: &mut Call<'_>) -> Answer {
    let message = call.parameters.required_blob("Message")?;
    let signature = call.parameters.required_blob("Signature")?;
    let (asked, key) = Asked::read(call)?;
    let message = asked.message(&message)?;
    let public_key = key.current_public_key()?;
    let valid = signing::verify(key.spec, asked.algorithm, public_key, message, &signature)
        .map_err(|_| ServiceError::internal())?;
    let key_id = key.id.clone();
    let members = answer([
        ("KeyId", json!(key.arn)),
        ("SignatureValid", json!(true)),
        ("SigningAlgorithm", json!(asked.algorithm.name())),
    ]);
    if !valid {
        return Err(ServiceError::bare("KMSInvalidSignatureException"));
    }
    call.end_of_dry_run()?;
    call.used(&key_id);
    Ok(members)
}

/// How a request wants its message signed.
struct Asked {
    algorithm: SigningAlgorithm,
    is_digest: bool,
}

impl Asked {
    fn read<'a>(call: &'a mut Call<'_>) -> Result<(Self, &'a Key), ServiceError> {
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
        let takes_digest = signing::digest_length(algorithm).is_some();
        let is_digest = match message_type {
            // Ed25519ph alone takes nothing but a digest.
            "RAW" if algorithm != SigningAlgorithm::Ed25519PhSha512 => false,
            "DIGEST" if takes_digest => true,
            "EXTERNAL_MU" if algorithm == SigningAlgorithm::MlDsaShake256 => {
                return Err(ServiceError::unsupported(
                    "MessageType EXTERNAL_MU is not emulated; RAW is.",
                ));
            }
            _ => {
                return Err(ServiceError::validation(format!(
                    "MessageType {message_type} is not compatible with signing algorithm {}.",
                    algorithm.name()
                )));
            }
        };
        let asked = Self {
            algorithm,
            is_digest,
        };
        Ok((asked, key))
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
