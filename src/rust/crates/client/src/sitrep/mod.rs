//! Where a client stands: what it reaches, as whom, and how. The first thing to ask of who asks for help.
//!
//! Every part is told by itself: what cannot be reached fails alone, within the time given. No part holds a secret.
mod caller;
mod server;
mod tls;

use std::future::Future;
use std::time::{Duration, SystemTime};

use http::Uri;

use crate::client::Client;
use crate::error::{Error, Phase};
use crate::resolve::Sourced;

pub use caller::Caller;
pub use server::Server;
pub use tls::Tls;

/// Where a client stands.
#[derive(Debug)]
pub struct Sitrep {
    /// The URL requests are sent to; `None` without a Region.
    pub endpoint: Option<String>,
    /// The credentials in use; `None` when requests are not signed.
    pub credentials: Option<Result<Credentials, Error>>,
    /// Whose they are, as the Security Token Service says. `None` without credentials.
    pub caller: Option<Result<Caller, Error>>,
    /// What the endpoint's server says. `None` without an endpoint.
    pub server: Option<Result<Server, Error>>,
    /// How a connection to it is protected. `None` without an endpoint, or when it is not `https://`.
    pub tls: Option<Result<Tls, Error>>,
    /// The proxy on the way there, without user and password; `None` when there is none.
    pub proxy: Result<Option<String>, Error>,
    /// Where certificate authorities other than the system's own come from.
    pub authorities: Result<Vec<Sourced>, Error>,
}

/// Credentials without their secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    /// The access key id.
    pub access_key_id: String,
    /// Where they were found, in words.
    pub source: String,
    /// When they expire, if they do.
    pub expires: Option<SystemTime>,
}

/// What this crate was built with: names and versions, the compiler first.
pub fn built_with() -> Vec<(&'static str, &'static str)> {
    env!("KMSR_BUILT_WITH")
        .split(',')
        .filter_map(|built| built.split_once(' '))
        .collect()
}

impl Sitrep {
    /// Looks around. Takes at most twice the time given: credentials first, then everything else at once.
    pub async fn of(client: &Client, patience: Duration) -> Self {
        let endpoint = client.endpoint_url();
        let found = match client.identity() {
            Some(identity) => {
                let found = async {
                    identity
                        .current()
                        .await
                        .map_err(|error| Error::from_credentials(&error))
                };
                Some(within(patience, found).await)
            }
            None => None,
        };
        let transport = client.transport();
        let caller = async {
            match &found {
                Some(Ok(found)) => {
                    Some(within(patience, caller::ask(client, &found.credentials)).await)
                }
                _ => None,
            }
        };
        let server = async {
            match &endpoint {
                Some(url) => Some(within(patience, server::ask(transport, url)).await),
                None => None,
            }
        };
        let tls = async {
            match &endpoint {
                Some(url) if is_https(url) => {
                    Some(within(patience, tls::shake_hands(transport, url)).await)
                }
                _ => None,
            }
        };
        let (caller, server, tls) = futures_util::future::join3(caller, server, tls).await;
        Self {
            proxy: match &endpoint {
                Some(url) => transport
                    .proxies()
                    .toward(url)
                    .map(|proxy| proxy.map(ToString::to_string)),
                None => Ok(None),
            },
            authorities: authorities(client),
            endpoint: endpoint.map(|url| url.to_string()),
            credentials: found.map(|found| {
                found.map(|found| Credentials {
                    access_key_id: found.credentials.access_key_id().to_owned(),
                    expires: found.credentials.expiry(),
                    source: found.source,
                })
            }),
            caller,
            server,
            tls,
        }
    }
}

fn authorities(client: &Client) -> Result<Vec<Sourced>, Error> {
    let sources = &client.transport().trusted()?.sources;
    let told = sources.iter().map(|(variable, path)| Sourced {
        value: path.clone(),
        source: format!("environment variable {variable}"),
    });
    Ok(told.collect())
}

fn is_https(url: &Uri) -> bool {
    url.scheme_str() == Some("https")
}

async fn within<T>(
    patience: Duration,
    future: impl Future<Output = Result<T, Error>>,
) -> Result<T, Error> {
    tokio::time::timeout(patience, future)
        .await
        .unwrap_or(Err(Error::Timeout {
            phase: Phase::Operation,
        }))
}
