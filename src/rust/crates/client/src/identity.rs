//! Credentials: given, from a named profile, or from the first source of the chain that has any.
use std::fmt;
use std::time::{Duration, SystemTime};

use aws_config::ecs::EcsCredentialsProvider;
use aws_config::environment::EnvironmentVariableCredentialsProvider;
use aws_config::imds::{self, credentials::ImdsCredentialsProvider};
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::Credentials as AwsCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_credential_types::provider::{
    ProvideCredentials, Result as CredentialsResult, SharedCredentialsProvider, future,
};
use aws_runtime::env_config::file::EnvConfigFiles;
use aws_sdk_kms::config::{Region, SharedHttpClient};
use aws_types::os_shim_internal::{Env, Fs};

use crate::error::chain;
use crate::settings::{Credentials, Settings};

/// How long instance metadata may take to connect, and to answer. Off EC2 nobody answers, and that must be told soon.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);

/// The provider for these settings.
pub(crate) fn provider(
    settings: &Settings,
    region: Option<Region>,
    http_client: SharedHttpClient,
) -> SharedCredentialsProvider {
    let config = ProviderConfig::without_region()
        .with_region(region)
        .with_http_client(http_client);
    match &settings.credentials {
        Credentials::Static {
            access_key_id,
            secret_access_key,
            session_token,
            expiration,
        } => SharedCredentialsProvider::new(Given(AwsCredentials::new(
            access_key_id,
            secret_access_key.expose(),
            session_token
                .as_ref()
                .map(|token| token.expose().to_owned()),
            *expiration,
            "given",
        ))),
        Credentials::Profile(name) => SharedCredentialsProvider::new(Named {
            provider: profile(&config, Some(name)),
            name: name.clone(),
        }),
        Credentials::Chain | Credentials::Anonymous => SharedCredentialsProvider::new(Chain(vec![
            Link::new(
                "environment variables",
                EnvironmentVariableCredentialsProvider::new(),
            ),
            Link::new(
                "shared config and credentials files",
                profile(&config, None),
            ),
            Link::new(
                "web identity token",
                WebIdentityTokenCredentialsProvider::builder()
                    .configure(&config)
                    .build(),
            ),
            Link::new(
                "container",
                EcsCredentialsProvider::builder().configure(&config).build(),
            ),
            Link::new("instance metadata", instance_metadata(&config)),
        ])),
    }
}

/// Credentials the caller gave. Once expired they are refused, never replaced by another identity.
#[derive(Debug)]
struct Given(AwsCredentials);

impl ProvideCredentials for Given {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        let expired = self
            .0
            .expiry()
            .is_some_and(|expiry| expiry <= SystemTime::now());
        future::ProvideCredentials::ready(if expired {
            Err(CredentialsError::provider_error(
                "the credentials given to this client have expired; make a new client with fresh ones",
            ))
        } else {
            Ok(self.0.clone())
        })
    }
}

/// A profile the caller named. If it is not there, neither is the identity that was meant.
#[derive(Debug)]
struct Named {
    name: String,
    provider: ProfileFileCredentialsProvider,
}

impl ProvideCredentials for Named {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(async {
            let profiles = aws_config::profile::load(
                &Fs::real(),
                &Env::real(),
                &EnvConfigFiles::default(),
                None,
            )
            .await;
            let known = profiles.map_err(CredentialsError::invalid_configuration)?;
            if known.get_profile(&self.name).is_none() {
                return Err(CredentialsError::invalid_configuration(format!(
                    "there is no profile {:?} in the shared config and credentials files",
                    self.name
                )));
            }
            self.provider.provide_credentials().await.map_err(|error| {
                CredentialsError::provider_error(format!(
                    "profile {:?}: {}",
                    self.name,
                    reason(&error)
                ))
            })
        })
    }
}

/// Sources in order. One that has nothing passes on to the next; one that has something broken ends the search, for going
/// on could end at another identity.
struct Chain(Vec<Link>);

struct Link {
    name: &'static str,
    provider: SharedCredentialsProvider,
}

impl Link {
    fn new(name: &'static str, provider: impl ProvideCredentials + 'static) -> Self {
        Self {
            name,
            provider: SharedCredentialsProvider::new(provider),
        }
    }
}

impl fmt::Debug for Chain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.iter().map(|link| link.name))
            .finish()
    }
}

impl ProvideCredentials for Chain {
    fn provide_credentials<'a>(&'a self) -> future::ProvideCredentials<'a>
    where
        Self: 'a,
    {
        future::ProvideCredentials::new(self.first())
    }
}

impl Chain {
    async fn first(&self) -> CredentialsResult {
        let mut tried = Vec::new();
        for (index, link) in self.0.iter().enumerate() {
            let last = index + 1 == self.0.len();
            match link.provider.provide_credentials().await {
                Ok(credentials) => return Ok(credentials),
                // After the last there is no other identity to end up with, so its failure is told with the rest.
                Err(error)
                    if last || matches!(error, CredentialsError::CredentialsNotLoaded(_)) =>
                {
                    tried.push(format!("{}: {}", link.name, reason(&error)));
                }
                Err(error) => {
                    return Err(CredentialsError::provider_error(format!(
                        "{}: {}",
                        link.name,
                        reason(&error)
                    )));
                }
            }
        }
        Err(CredentialsError::not_loaded(tried.join("\n")))
    }
}

/// An error's causes without the SDK's general heading.
fn reason(error: &CredentialsError) -> String {
    std::error::Error::source(error).map_or_else(|| error.to_string(), chain)
}

fn profile(config: &ProviderConfig, name: Option<&str>) -> ProfileFileCredentialsProvider {
    let mut builder = ProfileFileCredentialsProvider::builder().configure(config);
    if let Some(name) = name {
        builder = builder.profile_name(name);
    }
    builder.build()
}

fn instance_metadata(config: &ProviderConfig) -> ImdsCredentialsProvider {
    let client = imds::Client::builder()
        .configure(config)
        .connect_timeout(METADATA_TIMEOUT)
        .read_timeout(METADATA_TIMEOUT)
        .max_attempts(1)
        .build();
    ImdsCredentialsProvider::builder()
        .configure(config)
        .imds_client(client)
        .build()
}
