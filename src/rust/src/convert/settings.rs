//! A client's settings from the flat list R has checked.
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use extendr_api::prelude::*;
use kmsr_client::{Credentials, RetryMode, Secret, Settings};

use crate::error::Failure;

/// The settings in a list whose absent members are `NULL`. R has checked names and types.
///
/// Literal keys arrive apart from it, see [`Secrets`]; an access key id without them is a failure.
pub(crate) fn settings(list: &List, secrets: &Robj) -> Result<Settings, Failure> {
    let entry = |name: &str| {
        list.iter()
            .find(|(key, _)| *key == name)
            .map(|(_, value)| value)
    };
    let text = |name| entry(name).and_then(|value| value.as_str().map(str::to_owned));
    let number = |name| entry(name).and_then(|value| value.as_real());
    let truth = |name| entry(name).and_then(|value| value.as_bool());
    let seconds = |name| number(name).and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());

    let credentials = if truth("anonymous") == Some(true) {
        Credentials::Anonymous
    } else if let Some(access_key_id) = text("access_key_id") {
        let secrets: &ExternalPtr<Secrets> =
            secrets.try_into().map_err(|_| Failure::SecretsLost)?;
        Credentials::Static {
            access_key_id,
            secret_access_key: secrets.secret_access_key.clone(),
            session_token: secrets.session_token.clone(),
            expiration: seconds("expiration").map(|since| SystemTime::UNIX_EPOCH + since),
        }
    } else {
        text("profile").map_or(Credentials::Chain, Credentials::Profile)
    };
    Ok(Settings {
        region: text("region"),
        endpoint: text("endpoint"),
        credentials,
        profile: text("profile"),
        max_retries: number("max_retries").map(|retries| retries as u32),
        retry_mode: text("retry_mode").map(|mode| match mode.as_str() {
            "adaptive" => RetryMode::Adaptive,
            _ => RetryMode::Standard,
        }),
        connect_timeout: seconds("connect_timeout"),
        read_timeout: seconds("timeout"),
        operation_timeout: seconds("operation_timeout"),
        use_fips: truth("use_fips"),
        use_dual_stack: truth("use_dual_stack"),
        close_connection: truth("close_connection") == Some(true),
    })
}

/// Literal keys, out of reach of `save()` and `print()`.
pub(crate) struct Secrets {
    secret_access_key: Arc<Secret>,
    session_token: Option<Arc<Secret>>,
}

impl Secrets {
    /// Takes the keys over; an empty token is none.
    pub(crate) fn new(secret_access_key: String, session_token: String) -> Self {
        let session_token = (!session_token.is_empty()).then(|| Secret::new(session_token).into());
        Self {
            secret_access_key: Secret::new(secret_access_key).into(),
            session_token,
        }
    }
}
