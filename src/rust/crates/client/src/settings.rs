//! What a client is made of.
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use zeroize::Zeroizing;

/// Everything that distinguishes one client from another. Empty members are looked up where the AWS SDKs look.
#[derive(Debug, Default)]
pub struct Settings {
    /// The AWS Region, for example `eu-central-1`.
    pub region: Option<String>,
    /// The service's URL, in place of the one that follows from the Region.
    pub endpoint: Option<String>,
    /// Where credentials come from.
    pub credentials: Credentials,
    /// The shared config profile for Region, endpoint and retries; also for credentials with [`Credentials::Profile`].
    pub profile: Option<String>,
    /// How many times a failed call is sent again.
    pub max_retries: Option<u32>,
    /// How retries are spaced.
    pub retry_mode: Option<RetryMode>,
    /// How long a connection may take to be made.
    pub connect_timeout: Option<Duration>,
    /// How long the service may take to begin its answer, for each attempt.
    pub read_timeout: Option<Duration>,
    /// How long a call may take as a whole, retries included.
    pub operation_timeout: Option<Duration>,
    /// Whether to use a FIPS 140 endpoint.
    pub use_fips: Option<bool>,
    /// Whether to use an endpoint with IPv6 as well.
    pub use_dual_stack: Option<bool>,
    /// Whether to close the connection after each call.
    pub close_connection: bool,
}

/// Where a client's credentials come from.
#[derive(Debug, Default)]
pub enum Credentials {
    /// Environment, shared files, web identity, container, instance metadata: the AWS SDKs' chain.
    #[default]
    Chain,
    /// The named profile of the shared files, whatever the environment says.
    Profile(String),
    /// Requests are not signed.
    Anonymous,
    /// Keys given by the caller.
    Static {
        /// The access key id.
        access_key_id: String,
        /// The secret access key.
        secret_access_key: Arc<Secret>,
        /// The token of temporary credentials.
        session_token: Option<Arc<Secret>>,
        /// When temporary credentials expire.
        expiration: Option<SystemTime>,
    },
}

/// How retries are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RetryMode {
    /// Exponential backoff with jitter and a retry quota.
    Standard,
    /// As [`RetryMode::Standard`], with a client-side rate limit that follows throttling.
    Adaptive,
}

/// Text that is wiped when dropped and never printed.
pub struct Secret(Zeroizing<String>);

impl Secret {
    /// Takes the text over.
    pub fn new(text: String) -> Self {
        Self(Zeroizing::new(text))
    }

    /// The text itself, for the one place that needs it.
    pub(crate) fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("<REDACTED>")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_never_print_a_secret() {
        let settings = Settings {
            credentials: Credentials::Static {
                access_key_id: "AKIAEXAMPLE".into(),
                secret_access_key: Secret::new("wJalrXUtnFEMI".into()).into(),
                session_token: Some(Secret::new("FwoGZXIvYXdzE".into()).into()),
                expiration: None,
            },
            ..Settings::default()
        };
        let printed = format!("{settings:?}");
        assert!(printed.contains("AKIAEXAMPLE") && printed.contains("<REDACTED>"));
        assert!(!printed.contains("wJalr") && !printed.contains("FwoG"));
    }
}
