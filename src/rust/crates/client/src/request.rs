//! An operation's request: written by the SDK, and signed anew for each attempt.
use std::time::SystemTime;

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{SignableBody, SignableRequest, SigningSettings, sign};
use aws_sigv4::sign::v4;
use aws_smithy_runtime_api::client::identity::Identity;
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::ser_de::{SerializeRequest, SharedRequestSerializer};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use http::HeaderValue;
use kmsr_model::Operation;

use crate::arguments::Arguments;
use crate::error::Error;
use crate::sdk;

/// The service's name in signatures.
const SERVICE: &str = "kms";

/// A request that can be sent any number of times.
#[derive(Debug)]
pub(crate) struct Template {
    operation: &'static Operation,
    request: HttpRequest,
}

impl Template {
    /// The request of an operation, to this address, from this sender.
    ///
    /// # Errors
    /// [`Error::Request`] when it cannot be made from these arguments.
    pub(crate) fn new(
        operation: &'static Operation,
        mut arguments: Arguments,
        endpoint: &str,
        user_agent: &str,
    ) -> Result<Self, Error> {
        let sdk = sdk::operation(operation.name).ok_or_else(|| Error::Request {
            message: format!("{} is not an operation of the AWS SDK", operation.name),
        })?;
        let beyond_sdk = arguments.take_newer_than_sdk(operation);
        let input =
            (sdk.input)(&mut arguments).map_err(|sdk::Mismatch(member)| Error::Request {
                message: format!("{member} does not have the type {} takes", operation.name),
            })?;
        let mut request = sdk
            .configuration
            .load::<SharedRequestSerializer>()
            .ok_or_else(|| unmade(operation, "the SDK has no serializer for it"))?
            .serialize_input(input, &mut ConfigBag::base())
            .map_err(|error| unmade(operation, error))?;
        if !beyond_sdk.is_empty() {
            add_members(&mut request, beyond_sdk).map_err(|error| unmade(operation, error))?;
        }
        request
            .set_uri(endpoint)
            .map_err(|error| unmade(operation, error))?;
        let headers = request.headers_mut();
        headers.insert("user-agent", user_agent.to_owned());
        headers.insert("amz-sdk-invocation-id", invocation_id());
        Ok(Self { operation, request })
    }

    /// The operation that is asked for.
    pub(crate) fn operation(&self) -> &'static Operation {
        self.operation
    }

    /// The request of an attempt, the first being 1, of so many. It has no signature yet.
    pub(crate) fn attempt(&self, number: u32, most: u32) -> HttpRequest {
        let mut request = self
            .request
            .try_clone()
            .expect("a body that is held in memory can be cloned");
        request
            .headers_mut()
            .insert("amz-sdk-request", format!("attempt={number}; max={most}"));
        request
    }
}

/// Members that the service knows and the SDK's types do not.
fn add_members(
    request: &mut HttpRequest,
    beyond_sdk: serde_json::Map<String, serde_json::Value>,
) -> Result<(), serde_json::Error> {
    let body = request.body().bytes().unwrap_or_default();
    let mut members: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body)?;
    members.extend(beyond_sdk);
    let body = serde_json::to_vec(&members)?;
    request
        .headers_mut()
        .insert("content-length", body.len().to_string());
    *request.body_mut() = SdkBody::from(body);
    Ok(())
}

/// Signs a request, as AWS' Signature Version 4 has it, for a Region and a time.
///
/// # Errors
/// [`Error::Request`] when something in it cannot be signed.
pub(crate) fn sign_for(
    request: &mut HttpRequest,
    credentials: Credentials,
    region: &str,
    time: SystemTime,
) -> Result<(), Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Request {
        message: format!("the request cannot be signed: {error}"),
    };
    let identity = Identity::from(credentials);
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(SERVICE)
        .time(time)
        .settings(SigningSettings::default())
        .build()
        .map_err(|error| failed(&error))?;
    let body = SignableBody::Bytes(request.body().bytes().unwrap_or_default());
    let signable = SignableRequest::new(
        request.method(),
        request.uri(),
        request.headers().iter(),
        body,
    )
    .map_err(|error| failed(&error))?;
    let (instructions, _) = sign(signable, &parameters.into())
        .map_err(|error| failed(&error))?
        .into_parts();
    let (headers, _) = instructions.into_parts();
    for header in headers {
        let mut value = HeaderValue::from_str(header.value()).map_err(|error| failed(&error))?;
        value.set_sensitive(header.sensitive());
        request.headers_mut().insert(header.name(), value);
    }
    Ok(())
}

/// A random UUID, by which AWS recognises the attempts of one call.
fn invocation_id() -> String {
    let random = fastrand::u128(..);
    let version_4 = (random & !(0xf << 76) & !(0b11 << 62)) | (0x4 << 76) | (0b10 << 62);
    let mut id = format!("{version_4:032x}");
    for at in [20, 16, 12, 8] {
        id.insert(at, '-');
    }
    id
}

fn unmade(operation: &Operation, why: impl std::fmt::Display) -> Error {
    Error::Request {
        message: format!("no request of {} can be made: {why}", operation.name),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn invocation_ids_are_random_uuids() {
        let (one, other) = (invocation_id(), invocation_id());
        assert_ne!(one, other);
        assert_eq!(one.len(), 36);
        assert_eq!(&one[14..15], "4");
        assert!("89ab".contains(&one[19..20]), "{one}");
    }
}
