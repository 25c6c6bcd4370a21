//! A client, and the one way a call takes.
use std::rc::Rc;
use std::time::Duration;

use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_sdk_kms::config::{AppName, BehaviorVersion, Region};
use kmsr_model::Operation;

use crate::arguments::Arguments;
use crate::capture::{Capture, Traffic, capture};
use crate::error::{Error, is_throttling, service_code};
use crate::identity;
use crate::resolve::Resolved;
use crate::retry::NeverRetry;
use crate::sdk;
use crate::settings::{Credentials, RetryMode, Settings};
use crate::transport;

/// How long a connection may take unless told otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the beginning of an answer may take unless told otherwise.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// A configured client with its connection pool. Belongs to one process and one runtime.
#[derive(Debug)]
pub struct Client {
    kms: aws_sdk_kms::Client,
    has_region: bool,
}

/// An answer of the service as it came, after the body was read whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The service's id of the request.
    pub request_id: Option<String>,
    /// The error code in the header, as some proxies of the protocol send it.
    pub error_type: Option<String>,
    /// The server's clock, as the `Date` header gives it.
    pub date: Option<String>,
    /// The body.
    pub body: Vec<u8>,
}

impl Client {
    /// Makes a client from settings and what was looked up for them. Nothing is sent.
    pub async fn new(settings: &Settings, resolved: &Resolved) -> Result<Self, Error> {
        let http_client = transport::http_client(settings)?;
        let region = resolved
            .region
            .as_ref()
            .map(|region| Region::new(region.value.clone()));
        let mut config = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(region.clone())
            .http_client(http_client.clone())
            .retry_config(retry_config(resolved))
            .retry_classifier(NeverRetry)
            .interceptor(Capture)
            .timeout_config(timeout_config(settings))
            .use_fips(resolved.use_fips)
            .use_dual_stack(resolved.use_dual_stack);
        config.set_endpoint_url(
            resolved
                .endpoint
                .as_ref()
                .map(|endpoint| endpoint.value.clone()),
        );
        config.set_app_name(AppName::new(concat!("kmsr-", env!("CARGO_PKG_VERSION"))).ok());
        config = match &settings.credentials {
            Credentials::Anonymous => config.allow_no_auth(),
            _ => config.credentials_provider(identity::provider(settings, region, http_client)),
        };
        Ok(Self {
            kms: aws_sdk_kms::Client::from_conf(config.build()),
            has_region: resolved.region.is_some(),
        })
    }

    /// Sends one operation, retries included, and returns the answer that says it was done. Its body is as it came: whoever
    /// reads it and finds something else than the operation's output has [`Error::unreadable`] to say so.
    ///
    /// # Errors
    /// See [`Error`]. [`Error::Request`] means nothing was sent.
    pub async fn call(
        &self,
        operation: &'static Operation,
        arguments: Arguments,
    ) -> Result<Answer, Error> {
        self.call_counted(operation, arguments, Rc::default()).await
    }

    /// As [`Client::call`]; what happens to its requests is counted.
    pub(crate) async fn call_counted(
        &self,
        operation: &'static Operation,
        mut arguments: Arguments,
        traffic: Rc<Traffic>,
    ) -> Result<Answer, Error> {
        if !self.has_region {
            return Err(Error::MissingRegion);
        }
        let sdk = sdk::operation(operation.name).ok_or_else(|| Error::Request {
            message: format!("{} is not an operation of the AWS SDK", operation.name),
        })?;
        let beyond_sdk = arguments.take_newer_than_sdk(operation);
        let sent = (sdk.send)(&self.kms, &mut arguments).map_err(|sdk::Mismatch(member)| {
            Error::Request {
                message: format!("{member} does not have the type {} takes", operation.name),
            }
        })?;
        let (outcome, answer) = capture(sdk.configuration, beyond_sdk, traffic, sent).await;
        match (answer, outcome) {
            (Some(answer), _) if answer.is_success() => Ok(answer),
            (Some(answer), _) => Err(Error::from_answer(answer)),
            (None, Err(error)) => Err(Error::from_sdk(&error)),
            (None, Ok(())) => Err(Error::Transport {
                message: "the answer was lost".to_owned(),
            }),
        }
    }
}

impl Answer {
    fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
    }

    /// Whether it refuses a request for being one too many.
    pub(crate) fn is_throttling(&self) -> bool {
        !self.is_success()
            && service_code(self.error_type.as_deref(), &self.body)
                .is_some_and(|code| is_throttling(&code))
    }
}

fn retry_config(resolved: &Resolved) -> RetryConfig {
    let config = match resolved.retry_mode {
        RetryMode::Standard => RetryConfig::standard(),
        RetryMode::Adaptive => RetryConfig::adaptive(),
    };
    config.with_max_attempts(resolved.max_retries.saturating_add(1))
}

fn timeout_config(settings: &Settings) -> TimeoutConfig {
    let mut config = TimeoutConfig::builder()
        .connect_timeout(settings.connect_timeout.unwrap_or(CONNECT_TIMEOUT))
        .read_timeout(settings.read_timeout.unwrap_or(READ_TIMEOUT));
    config.set_operation_timeout(settings.operation_timeout);
    config.build()
}
