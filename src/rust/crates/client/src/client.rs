//! A client, and the one way a call takes.
use std::rc::Rc;
use std::time::Duration;

use aws_config::identity::IdentityCache;
use aws_credential_types::Credentials;
use aws_sdk_kms::config::retry::RetryConfig;
use aws_sdk_kms::config::timeout::{TimeoutConfig, TimeoutConfigBuilder};
use aws_sdk_kms::config::{BehaviorVersion, Region};
use aws_smithy_runtime_api::client::result::SdkError;
use aws_types::os_shim_internal::Env;
use aws_types::sdk_ua_metadata::FrameworkMetadata;
use http::Uri;
use kmsr_model::Operation;

use crate::arguments::Arguments;
use crate::capture::{Call, Capture, Traffic};
use crate::error::{Error, is_throttling, service_code};
use crate::identity::Identity;
use crate::log::{self, Level};
use crate::resolve::Resolved;
use crate::retry::NeverRetry;
use crate::sdk;
use crate::settings::{RetryMode, Settings};
use crate::tale::{Connections, Tale};
use crate::transport::Transport;

/// How long a connection may take unless told otherwise.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// How long the beginning of an answer may take unless told otherwise.
const READ_TIMEOUT: Duration = Duration::from_secs(60);

/// What the service says when it no longer, or not yet, takes the credentials of a request.
const REFUSED_IDENTITY: [&str; 4] = [
    "ExpiredTokenException",
    "ExpiredToken",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
];

/// A configured client with its connection pool. Belongs to one process and one runtime.
#[derive(Debug, Clone)]
pub struct Client {
    kms: aws_sdk_kms::Client,
    /// The same without retries, on the same connections.
    kms_once: aws_sdk_kms::Client,
    identity: Option<Identity>,
    transport: Transport,
    resolved: Resolved,
    connections: Connections,
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
    ///
    /// # Errors
    /// [`Error::Request`] when what the environment says about proxies or certificate authorities is of no use.
    pub async fn new(settings: &Settings, resolved: &Resolved) -> Result<Self, Error> {
        let env = Env::real();
        let transport = Transport::new(settings, env.clone());
        let mut timeouts = timeout_config(settings);
        let identity = Identity::new(
            settings,
            resolved,
            &transport,
            timeouts.clone().build(),
            &env,
        );
        timeouts.set_operation_timeout(settings.operation_timeout);
        let mut config = aws_sdk_kms::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .region(
                resolved
                    .region
                    .as_ref()
                    .map(|region| Region::new(region.value.clone())),
            )
            .http_client(transport.client())
            .retry_config(retry_config(resolved))
            .retry_classifier(NeverRetry)
            .interceptor(Capture)
            .timeout_config(timeouts.build())
            .use_fips(resolved.use_fips)
            .use_dual_stack(resolved.use_dual_stack);
        config.set_endpoint_url(
            resolved
                .endpoint
                .as_ref()
                .map(|endpoint| endpoint.value.clone()),
        );
        if let Ok(kmsr) = FrameworkMetadata::new("kmsr", Some(env!("CARGO_PKG_VERSION"))) {
            config = config.framework_metadata(kmsr);
        }
        // Identity holds credentials itself, and lets go of them for more reasons than the SDK's cache would.
        config = match &identity {
            None => config.allow_no_auth(),
            Some(identity) => config
                .credentials_provider(identity.clone())
                .identity_cache(IdentityCache::no_cache()),
        };
        let config = config.build();
        let once = config
            .to_builder()
            .retry_config(RetryConfig::disabled())
            .build();
        let client = Self {
            kms: aws_sdk_kms::Client::from_conf(config),
            kms_once: aws_sdk_kms::Client::from_conf(once),
            identity,
            transport,
            resolved: resolved.clone(),
            connections: Connections::default(),
        };
        if let Some(url) = client.endpoint_url().await {
            client.transport.check(&url)?;
        }
        Ok(client)
    }

    /// The same client, on the same connections, that sends every call once: for callers with a pace or retries of their
    /// own.
    pub fn once(&self) -> Self {
        Self {
            kms: self.kms_once.clone(),
            ..self.clone()
        }
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
        self.call_counted(operation, arguments, &Rc::default())
            .await
    }

    /// As [`Client::call`]; what happens to its requests is counted.
    pub(crate) async fn call_counted(
        &self,
        operation: &'static Operation,
        arguments: Arguments,
        traffic: &Rc<Traffic>,
    ) -> Result<Answer, Error> {
        if self.resolved.region.is_none() {
            return Err(Error::MissingRegion);
        }
        let Some(identity) = &self.identity else {
            return self.send(operation, arguments, traffic).await;
        };
        let again = arguments.clone();
        // Nothing was looked up before the first call; what that finds is the first generation.
        let generation = identity.generation().await.max(1);
        let outcome = self.send(operation, arguments, traffic).await;
        let Err(refused @ Error::Service { code, .. }) = &outcome else {
            return outcome;
        };
        // Long after a client was made its credentials may have been replaced where they came from.
        if !REFUSED_IDENTITY.contains(&code.as_str()) || !identity.renew(generation).await {
            return outcome;
        }
        log::write(Level::Warn, || {
            format!(
                "{}: {refused}; sent again with other credentials",
                operation.name
            )
        });
        self.send(operation, again, traffic).await
    }

    async fn send(
        &self,
        operation: &'static Operation,
        mut arguments: Arguments,
        traffic: &Rc<Traffic>,
    ) -> Result<Answer, Error> {
        notice_closed_connections().await;
        let sdk = sdk::operation(operation.name).ok_or_else(|| Error::Request {
            message: format!("{} is not an operation of the AWS SDK", operation.name),
        })?;
        let call = Call {
            sdk: sdk.configuration,
            beyond_sdk: arguments.take_newer_than_sdk(operation),
            tale: Tale::new(operation, self.connections.clone()),
            traffic: traffic.clone(),
            attempts: 0,
            answer: None,
        };
        let request = (sdk.send)(&self.kms, &mut arguments).map_err(|sdk::Mismatch(member)| {
            Error::Request {
                message: format!("{member} does not have the type {} takes", operation.name),
            }
        })?;
        match call.of(request).await {
            // Time ran out between two attempts: the answer to the first is not the call's.
            (Err(error @ SdkError::TimeoutError(_)), _) => Err(Error::from_sdk(&error)),
            (_, Some(answer)) if answer.is_success() => Ok(answer),
            (_, Some(answer)) => Err(Error::from_answer(answer)),
            (Err(error), None) => Err(Error::from_sdk(&error)),
            (Ok(()), None) => Err(Error::Transport {
                message: "the answer was lost".to_owned(),
            }),
        }
    }

    /// The credentials to use now, secrets and all; `None` when requests are not signed.
    ///
    /// # Errors
    /// [`Error::Credentials`] when there are none.
    pub async fn credentials(&self) -> Result<Option<Credentials>, Error> {
        let Some(identity) = &self.identity else {
            return Ok(None);
        };
        match identity.current().await {
            Ok(found) => Ok(Some(found.credentials)),
            Err(error) => Err(Error::from_credentials(&error)),
        }
    }

    /// Who signs, if anybody does.
    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.identity.as_ref()
    }

    /// How connections are made.
    pub(crate) fn transport(&self) -> &Transport {
        &self.transport
    }

    /// What was looked up for the client.
    pub(crate) fn resolved(&self) -> &Resolved {
        &self.resolved
    }

    /// Where requests go: the custom endpoint, or the Region's own. `None` without a Region.
    pub async fn endpoint_url(&self) -> Option<Uri> {
        use aws_sdk_kms::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
        if let Some(endpoint) = &self.resolved.endpoint {
            return endpoint.value.parse().ok();
        }
        let params = Params::builder()
            .region(self.resolved.region.as_ref()?.value.clone())
            .use_fips(self.resolved.use_fips)
            .use_dual_stack(self.resolved.use_dual_stack)
            .build()
            .ok()?;
        let endpoint = DefaultResolver::new()
            .resolve_endpoint(&params)
            .await
            .ok()?;
        endpoint.url().parse().ok()
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

/// Lets the runtime, which sleeps between calls, notice which connections were closed meanwhile. A request sent into one of
/// those would fail.
async fn notice_closed_connections() {
    // The first turn polls the sockets, the second runs the tasks that keep the connections.
    for _ in 0..2 {
        tokio::task::yield_now().await;
    }
}

fn retry_config(resolved: &Resolved) -> RetryConfig {
    let config = match resolved.retry_mode {
        RetryMode::Standard => RetryConfig::standard(),
        RetryMode::Adaptive => RetryConfig::adaptive(),
    };
    config.with_max_attempts(resolved.max_retries.saturating_add(1))
}

fn timeout_config(settings: &Settings) -> TimeoutConfigBuilder {
    TimeoutConfig::builder()
        .connect_timeout(settings.connect_timeout.unwrap_or(CONNECT_TIMEOUT))
        .read_timeout(settings.read_timeout.unwrap_or(READ_TIMEOUT))
}
