//! The chain: sources in the order of the AWS SDKs, until one has credentials.
use aws_config::ecs::EcsCredentialsProvider;
use aws_config::imds::{self, credentials::ImdsCredentialsProvider};
use aws_config::web_identity_token::WebIdentityTokenCredentialsProvider;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;
use std::time::Duration;

use super::{Found, Surroundings, environment, profile, reason};
use crate::log::{self, Level};

/// How long instance metadata may take to connect, and to answer. Off EC2 nobody answers, and that must be told soon.
const METADATA_TIMEOUT: Duration = Duration::from_secs(1);

/// The credentials of the first source that has any. A source that has nothing passes on to the next; one that has
/// something broken ends the search, for going on could end at another identity.
///
/// # Errors
/// What each source said, a line each, or what is broken.
pub(super) async fn first(surroundings: Surroundings) -> Result<Found, CredentialsError> {
    let mut tried = Vec::new();
    for source in [
        Source::Environment,
        Source::Files,
        Source::WebIdentity,
        Source::Container,
        Source::InstanceMetadata,
    ] {
        match source.ask(&surroundings).await {
            Ok(found) => return Ok(found),
            // After the last there is no other identity to end up with, so its failure is told with the rest.
            Err(error) if source == Source::InstanceMetadata || is_silence(&error) => {
                let why = format!("{}: {}", source.name(), reason(&error));
                log::write(Level::Info, || format!("credentials: {why}"));
                tried.push(why);
            }
            Err(error) => {
                return Err(CredentialsError::provider_error(format!(
                    "{}: {}",
                    source.name(),
                    reason(&error)
                )));
            }
        }
    }
    Err(CredentialsError::not_loaded(tried.join("\n")))
}

/// Whether a source merely has nothing.
fn is_silence(error: &CredentialsError) -> bool {
    matches!(error, CredentialsError::CredentialsNotLoaded(_))
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Source {
    Environment,
    Files,
    WebIdentity,
    Container,
    InstanceMetadata,
}

impl Source {
    fn name(self) -> &'static str {
        match self {
            Self::Environment => "environment variables",
            Self::Files => "shared config and credentials files",
            Self::WebIdentity => "web identity token",
            Self::Container => "container",
            Self::InstanceMetadata => "instance metadata",
        }
    }

    async fn ask(self, surroundings: &Surroundings) -> Result<Found, CredentialsError> {
        let credentials = match self {
            Self::Environment => environment::keys(&surroundings.env)?,
            Self::Files => return profile::selected(surroundings).await,
            Self::WebIdentity => {
                let config = surroundings.provider_config();
                let provider = WebIdentityTokenCredentialsProvider::builder()
                    .configure(&config)
                    .build();
                provider.provide_credentials().await?
            }
            Self::Container => container(surroundings).provide_credentials().await?,
            Self::InstanceMetadata => {
                refuse_if_disabled(surroundings)?;
                instance_metadata(surroundings)
                    .provide_credentials()
                    .await?
            }
        };
        Ok(Found {
            credentials,
            source: self.name().to_owned(),
            files: None,
        })
    }
}

/// The source `AWS_CONTAINER_CREDENTIALS_*` name.
pub(super) fn container(surroundings: &Surroundings) -> EcsCredentialsProvider {
    EcsCredentialsProvider::builder()
        .configure(&surroundings.provider_config())
        .build()
}

/// The EC2 instance's own role.
pub(super) fn instance_metadata(surroundings: &Surroundings) -> ImdsCredentialsProvider {
    let config = surroundings.provider_config();
    let client = imds::Client::builder()
        .configure(&config)
        .connect_timeout(METADATA_TIMEOUT)
        .read_timeout(METADATA_TIMEOUT)
        .max_attempts(1)
        .build();
    ImdsCredentialsProvider::builder()
        .configure(&config)
        .imds_client(client)
        .build()
}

/// The SDK knows "true" alone, other tools a "1" as well.
fn refuse_if_disabled(surroundings: &Surroundings) -> Result<(), CredentialsError> {
    const VARIABLE: &str = "AWS_EC2_METADATA_DISABLED";
    match surroundings.env.get(VARIABLE) {
        Ok(value) if value == "1" || value.eq_ignore_ascii_case("true") => Err(
            CredentialsError::not_loaded(format!("disabled by {VARIABLE}")),
        ),
        _ => Ok(()),
    }
}
