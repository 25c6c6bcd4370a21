//! Connections: proxies, certificate authorities, timeouts.
mod proxy;
mod trust;

use std::fmt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use aws_sdk_kms::config::{RuntimeComponents, SharedAsyncSleep, SharedHttpClient};
use aws_smithy_async::rt::sleep::TokioSleep;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext};
use aws_smithy_http_client::{Connector, ConnectorBuilder};
use aws_smithy_runtime_api::client::connector_metadata::ConnectorMetadata;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_types::os_shim_internal::Env;
use http::Uri;

use crate::error::{Error, chain};
use crate::settings::Settings;

pub(crate) use proxy::{Proxies, Proxy};
pub(crate) use trust::Trusted;

/// How this process connects to anything: the SDK's HTTP client for the service and for the sources of credentials.
///
/// What TLS needs is loaded when the first `https://` address is asked for. The authorities of a system take longer to
/// read than a call on this machine takes as a whole.
#[derive(Debug, Clone)]
pub(crate) struct Transport(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    env: Env,
    proxies: Proxies,
    trusted: OnceLock<Trusted>,
    close_connection: bool,
    /// One connector, with its pool, for each set of timeouts: the service's, and the sources' of credentials.
    connectors: Mutex<Vec<(HttpConnectorSettings, SharedHttpConnector)>>,
}

impl Transport {
    /// Connections as the settings and the environment have it. Nothing is read or sent.
    pub(crate) fn new(settings: &Settings, env: Env) -> Self {
        Self(Arc::new(Inner {
            proxies: Proxies::from_env(&env),
            env,
            trusted: OnceLock::new(),
            close_connection: settings.close_connection,
            connectors: Mutex::default(),
        }))
    }

    /// For the SDK's clients.
    pub(crate) fn client(&self) -> SharedHttpClient {
        SharedHttpClient::new(self.clone())
    }

    /// Makes sure that what a connection to this address needs is in order.
    ///
    /// # Errors
    /// [`Error::Request`] when the proxy or the authorities that the environment names are of no use.
    pub(crate) fn check(&self, destination: &Uri) -> Result<(), Error> {
        self.0.proxies.toward(destination)?;
        if destination.scheme_str() != Some("http") {
            self.trusted()?;
        }
        Ok(())
    }

    /// Which proxies are used.
    pub(crate) fn proxies(&self) -> &Proxies {
        &self.0.proxies
    }

    /// Which authorities are trusted.
    ///
    /// # Errors
    /// See [`Trusted::from_env`].
    pub(crate) fn trusted(&self) -> Result<&Trusted, Error> {
        if let Some(trusted) = self.0.trusted.get() {
            return Ok(trusted);
        }
        let trusted = Trusted::from_env(&self.0.env)?;
        Ok(self.0.trusted.get_or_init(|| trusted))
    }

    /// The connector for a set of timeouts.
    pub(crate) fn connector(&self, settings: &HttpConnectorSettings) -> SharedHttpConnector {
        let mut connectors = self
            .0
            .connectors
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let same = |known: &HttpConnectorSettings| {
            known.connect_timeout() == settings.connect_timeout()
                && known.read_timeout() == settings.read_timeout()
        };
        if let Some((_, connector)) = connectors.iter().find(|(known, _)| same(known)) {
            return connector.clone();
        }
        let connector = SharedHttpConnector::new(ByScheme {
            transport: self.clone(),
            settings: settings.clone(),
            plain: OnceLock::new(),
            tls: OnceLock::new(),
        });
        connectors.push((settings.clone(), connector.clone()));
        connector
    }
}

impl HttpClient for Transport {
    fn http_connector(
        &self,
        settings: &HttpConnectorSettings,
        _: &RuntimeComponents,
    ) -> SharedHttpConnector {
        self.connector(settings)
    }

    fn connector_metadata(&self) -> Option<ConnectorMetadata> {
        Some(ConnectorMetadata::new("hyper", Some("1.x".into())))
    }
}

/// Two connectors, made when they are first needed: without TLS and with it.
struct ByScheme {
    transport: Transport,
    settings: HttpConnectorSettings,
    plain: OnceLock<Connector>,
    tls: OnceLock<Connector>,
}

impl ByScheme {
    fn toward(&self, destination: &str) -> Result<&Connector, Error> {
        let destination: Uri = destination.parse().map_err(|_| Error::Request {
            message: format!("{destination:?} is not a URL"),
        })?;
        self.transport.check(&destination)?;
        let proxies = self.transport.proxies();
        if destination.scheme_str() == Some("http") {
            return Ok(self
                .plain
                .get_or_init(|| self.builder().proxy_config(proxies.for_http()).build_http()));
        }
        if let Some(connector) = self.tls.get() {
            return Ok(connector);
        }
        let context = TlsContext::builder()
            .with_trust_store(self.transport.trusted()?.to_store())
            .build()
            .map_err(|error| Error::Request {
                message: chain(&error),
            })?;
        Ok(self.tls.get_or_init(|| {
            self.builder()
                .proxy_config(proxies.for_https())
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .tls_context(context)
                .build()
        }))
    }

    fn builder(&self) -> ConnectorBuilder {
        let mut builder = Connector::builder()
            .connector_settings(self.settings.clone())
            .sleep_impl(SharedAsyncSleep::new(TokioSleep::new()));
        if self.transport.0.close_connection {
            builder = builder.pool_max_idle_per_host(0);
        }
        builder
    }
}

impl HttpConnector for ByScheme {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        match self.toward(request.uri()) {
            Ok(connector) => connector.call(request),
            Err(error) => HttpConnectorFuture::ready(Err(ConnectorError::user(error.into()))),
        }
    }
}

impl fmt::Debug for ByScheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByScheme")
            .field("settings", &self.settings)
            .finish_non_exhaustive()
    }
}
