//! A client, and what all its calls share.
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_runtime::user_agent::{ApiMetadata, AwsUserAgent};
use aws_sdk_kms::config::endpoint::{DefaultResolver, Params, ResolveEndpoint as _};
use aws_sdk_kms::config::timeout::{TimeoutConfig, TimeoutConfigBuilder};
use aws_smithy_runtime_api::client::http::{HttpConnectorSettings, SharedHttpConnector};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::os_shim_internal::Env;
use aws_types::sdk_ua_metadata::FrameworkMetadata;
use http::Uri;
use kmsr_model::Operation;
use tokio::time::timeout;

use crate::arguments::Arguments;
use crate::call::Traffic;
use crate::error::{Error, Phase, chain};
use crate::identity::Identity;
use crate::log::{self, Level};
use crate::request::Template;
use crate::resolve::Resolved;
use crate::retry::Retries;
use crate::settings::Settings;
use crate::tale::Connections;
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
    shared: Arc<Shared>,
    retries: Arc<Retries>,
}

#[derive(Debug)]
struct Shared {
    identity: Option<Identity>,
    transport: Transport,
    connector: SharedHttpConnector,
    read_timeout: Duration,
    operation_timeout: Option<Duration>,
    resolved: Resolved,
    /// Where requests go, or why there is no such place.
    endpoint: Result<String, String>,
    /// Who sends a request, in AWS' form.
    user_agent: String,
    connections: Connections,
    skew: Skew,
}

/// By how many seconds the service's clock is ahead of this machine's, once it was found to matter.
#[derive(Debug, Default)]
pub(crate) struct Skew(AtomicI64);

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
        let timeouts = timeout_config(settings).build();
        let mut limits = HttpConnectorSettings::builder();
        limits.set_connect_timeout(timeouts.connect_timeout());
        limits.set_read_timeout(timeouts.read_timeout());
        let connector = transport.connector(&limits.build());
        let identity = Identity::new(settings, resolved, &transport, timeouts, &env);
        let endpoint = endpoint(resolved).await;
        if let Ok(url) = &endpoint {
            transport.check(url)?;
        }
        Ok(Self {
            shared: Arc::new(Shared {
                identity,
                transport,
                connector,
                read_timeout: settings.read_timeout.unwrap_or(READ_TIMEOUT),
                operation_timeout: settings.operation_timeout,
                resolved: resolved.clone(),
                // The path of every request is that of the endpoint, with a slash at its end.
                endpoint: endpoint.map(|url| format!("{}/", url.to_string().trim_end_matches('/'))),
                user_agent: user_agent(env),
                connections: Connections::default(),
                skew: Skew::default(),
            }),
            retries: Arc::new(Retries::new(resolved.max_retries, resolved.retry_mode)),
        })
    }

    /// The same client, on the same connections, that sends every call once: for callers with a pace or retries of their
    /// own.
    pub fn once(&self) -> Self {
        Self {
            shared: self.shared.clone(),
            retries: Arc::new(Retries::new(0, self.shared.resolved.retry_mode)),
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
        notice_closed_connections().await;
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
        let Some(limit) = self.shared.operation_timeout else {
            return self.call_for_long(operation, arguments, traffic).await;
        };
        timeout(limit, self.call_for_long(operation, arguments, traffic))
            .await
            .unwrap_or(Err(Error::Timeout {
                phase: Phase::Operation,
            }))
    }

    async fn call_for_long(
        &self,
        operation: &'static Operation,
        arguments: Arguments,
        traffic: &Rc<Traffic>,
    ) -> Result<Answer, Error> {
        self.region()?;
        let request = Template::new(operation, arguments, self.endpoint()?, self.user_agent())?;
        let (refused, generation) = match self.attempts(&request, traffic).await {
            Ok(answer) => return Ok(answer),
            Err(failed) => failed,
        };
        // Long after a client was made its credentials may have been replaced where they came from.
        let Some(identity) = self.identity() else {
            return Err(refused);
        };
        let doubts_identity = matches!(&refused, Error::Service { code, .. } if REFUSED_IDENTITY.contains(&code.as_str()));
        if !doubts_identity || !identity.renew(generation).await {
            return Err(refused);
        }
        log::write(Level::Warn, || {
            format!(
                "{}: {refused}; sent again with other credentials",
                operation.name
            )
        });
        let outcome = self.attempts(&request, traffic).await;
        outcome.map_err(|(error, _)| error)
    }

    /// The credentials to use now, secrets and all; `None` when requests are not signed.
    ///
    /// # Errors
    /// [`Error::Credentials`] when there are none.
    pub async fn credentials(&self) -> Result<Option<Credentials>, Error> {
        match self.identity() {
            None => Ok(None),
            Some(identity) => Ok(Some(identity.credentials().await?.0)),
        }
    }

    /// Who signs, if anybody does.
    pub(crate) fn identity(&self) -> Option<&Identity> {
        self.shared.identity.as_ref()
    }

    /// How connections are made.
    pub(crate) fn transport(&self) -> &Transport {
        &self.shared.transport
    }

    /// The connections to the service.
    pub(crate) fn connector(&self) -> &SharedHttpConnector {
        &self.shared.connector
    }

    /// Which connections were seen.
    pub(crate) fn connections(&self) -> &Connections {
        &self.shared.connections
    }

    /// What may be sent again.
    pub(crate) fn retries(&self) -> &Retries {
        &self.retries
    }

    /// How long an answer may take.
    pub(crate) fn read_timeout(&self) -> Duration {
        self.shared.read_timeout
    }

    /// How far the service's clock is from this machine's.
    pub(crate) fn skew(&self) -> &Skew {
        &self.shared.skew
    }

    /// Who sends a request, in AWS' form.
    pub(crate) fn user_agent(&self) -> &str {
        &self.shared.user_agent
    }

    /// What was looked up for the client.
    pub(crate) fn resolved(&self) -> &Resolved {
        &self.shared.resolved
    }

    /// The Region that requests are signed for.
    ///
    /// # Errors
    /// [`Error::MissingRegion`].
    pub(crate) fn region(&self) -> Result<&str, Error> {
        let region = self.resolved().region.as_ref();
        region
            .map(|region| region.value.as_str())
            .ok_or(Error::MissingRegion)
    }

    /// Where requests go, as a URL.
    ///
    /// # Errors
    /// [`Error::Request`] when there is no such place.
    pub(crate) fn endpoint(&self) -> Result<&str, Error> {
        let endpoint = self.shared.endpoint.as_deref();
        endpoint.map_err(|why| Error::Request {
            message: why.to_owned(),
        })
    }

    /// Where requests go: the custom endpoint, or the Region's own. `None` without a Region.
    pub fn endpoint_url(&self) -> Option<Uri> {
        self.endpoint().ok()?.parse().ok()
    }
}

impl Skew {
    /// This machine's time as the service would tell it.
    pub(crate) fn applied_to(&self, time: SystemTime) -> SystemTime {
        let skew = self.0.load(Ordering::Relaxed);
        let by = Duration::from_secs(skew.unsigned_abs());
        if skew < 0 {
            time.checked_sub(by)
        } else {
            time.checked_add(by)
        }
        .unwrap_or(time)
    }

    /// Sets the skew and returns what it was.
    pub(crate) fn replace(&self, seconds: i64) -> i64 {
        self.0.swap(seconds, Ordering::Relaxed)
    }
}

impl Answer {
    /// What a response says, with its body.
    pub(crate) fn new(response: &HttpResponse, body: Vec<u8>) -> Self {
        let header = |name| response.headers().get(name).map(str::to_owned);
        Self {
            status: response.status().as_u16(),
            request_id: header("x-amzn-requestid"),
            error_type: header("x-amzn-errortype"),
            date: header("date"),
            body,
        }
    }

    /// Whether it says that the operation was done.
    pub(crate) fn is_success(&self) -> bool {
        (200..300).contains(&self.status)
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

/// The Region's own endpoint, or the custom one; or why there is none.
async fn endpoint(resolved: &Resolved) -> Result<Uri, String> {
    if let Some(endpoint) = &resolved.endpoint {
        return endpoint
            .value
            .parse()
            .map_err(|_| format!("{:?} is not a URL", endpoint.value));
    }
    let region = resolved.region.as_ref();
    let parameters = Params::builder()
        .set_region(region.map(|region| region.value.clone()))
        .use_fips(resolved.use_fips)
        .use_dual_stack(resolved.use_dual_stack)
        .build()
        .map_err(|error| chain(&error))?;
    let endpoint = DefaultResolver::new()
        .resolve_endpoint(&parameters)
        .await
        .map_err(|error| chain(error.as_ref()))?;
    endpoint
        .url()
        .parse()
        .map_err(|_| format!("{:?} is not a URL", endpoint.url()))
}

fn user_agent(env: Env) -> String {
    let kms = ApiMetadata::new("kms", aws_sdk_kms::meta::PKG_VERSION);
    let mut agent = AwsUserAgent::new_from_environment(env, kms);
    if let Ok(kmsr) = FrameworkMetadata::new("kmsr", Some(env!("CARGO_PKG_VERSION"))) {
        agent.add_framework_metadata(kmsr);
    }
    agent.aws_ua_header()
}

fn timeout_config(settings: &Settings) -> TimeoutConfigBuilder {
    TimeoutConfig::builder()
        .connect_timeout(settings.connect_timeout.unwrap_or(CONNECT_TIMEOUT))
        .read_timeout(settings.read_timeout.unwrap_or(READ_TIMEOUT))
}
