//! Connections: TLS with the system's and one's own certificate authorities, and proxies.
use std::{env, fs};

use aws_sdk_kms::config::SharedHttpClient;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_http_client::{Builder, Connector};

use crate::error::{Error, chain};
use crate::settings::Settings;

/// Variables that name a PEM file of certificate authorities to trust besides the system's. `SSL_CERT_FILE` and
/// `SSL_CERT_DIR` are read by the native store itself.
const CA_BUNDLES: [&str; 2] = ["AWS_CA_BUNDLE", "CURL_CA_BUNDLE"];

/// The HTTP client for these settings.
///
/// # Errors
/// [`Error::Request`] when a certificate bundle named in the environment cannot be read.
pub(crate) fn http_client(settings: &Settings) -> Result<SharedHttpClient, Error> {
    let context = TlsContext::builder()
        .with_trust_store(trust_store()?)
        .build()
        .map_err(|error| Error::Request {
            message: chain(&error),
        })?;
    let mut builder = Builder::new();
    if settings.close_connection {
        builder = builder.pool_max_idle_per_host(0);
    }
    Ok(
        builder.build_with_connector_fn(move |settings, components| {
            let mut connector = Connector::builder();
            connector.set_enable_tcp_nodelay(true);
            connector.set_connector_settings(settings.cloned());
            connector.set_sleep_impl(components.and_then(|components| components.sleep_impl()));
            connector
                .proxy_config(ProxyConfig::from_env())
                .tls_provider(Provider::Rustls(CryptoMode::AwsLc))
                .tls_context(context.clone())
                .build()
        }),
    )
}

fn trust_store() -> Result<TrustStore, Error> {
    let mut store = TrustStore::default();
    for variable in CA_BUNDLES {
        let Some(path) = env::var_os(variable).filter(|path| !path.is_empty()) else {
            continue;
        };
        let pem = fs::read(&path).map_err(|error| Error::Request {
            message: format!(
                "{variable} names {}, which cannot be read: {error}",
                path.display()
            ),
        })?;
        store.add_pem_certificate(pem);
    }
    Ok(store)
}
