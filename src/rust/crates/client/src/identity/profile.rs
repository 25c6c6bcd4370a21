//! Credentials from a profile of the shared files.
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_credential_types::provider::ProvideCredentials;
use aws_credential_types::provider::error::CredentialsError;

use super::chain::{container, instance_metadata};
use super::{Found, Surroundings};
use crate::error::{chain, one_line};
use crate::files::{self, Files, Survey, survey};

/// The credentials of a profile the caller named. If it is not there, neither is the identity that was meant.
pub(super) async fn named(
    surroundings: Surroundings,
    name: String,
) -> Result<Found, CredentialsError> {
    from_profile(&surroundings, &name).await.map_err(|failure| match failure {
        Failure::Missing(files) => {
            CredentialsError::invalid_configuration(format!("there is no profile {name:?} in {files}"))
        }
        Failure::Silent => CredentialsError::invalid_configuration(format!(
            "profile {name:?} names no credentials: no keys, role, sso_session or credential_process"
        )),
        Failure::Broken(error) => error,
    })
}

/// The credentials of the profile in use, `AWS_PROFILE` or `default`. Only a profile that was asked for has to be there.
pub(super) async fn selected(surroundings: &Surroundings) -> Result<Found, CredentialsError> {
    let name = files::profile_name(&surroundings.env, None);
    let asked_for = surroundings
        .env
        .get("AWS_PROFILE")
        .is_ok_and(|name| !name.is_empty());
    from_profile(surroundings, &name)
        .await
        .map_err(|failure| match failure {
            Failure::Missing(files) if asked_for => CredentialsError::invalid_configuration(
                format!("AWS_PROFILE names profile {name:?}, which is not in {files}"),
            ),
            Failure::Missing(files) => {
                CredentialsError::not_loaded(format!("there is no profile {name:?} in {files}"))
            }
            Failure::Silent => {
                CredentialsError::not_loaded(format!("profile {name:?} names no credentials"))
            }
            Failure::Broken(error) => error,
        })
}

enum Failure {
    /// There is no such profile in these files.
    Missing(String),
    /// It names no credentials.
    Silent,
    /// It names some that cannot be had.
    Broken(CredentialsError),
}

async fn from_profile(surroundings: &Surroundings, name: &str) -> Result<Found, Failure> {
    let files = Files::new(&surroundings.env);
    // Before reading: a change while reading must not go unnoticed.
    let stamp = files.stamp();
    let broken =
        |error: crate::Error| Failure::Broken(CredentialsError::invalid_configuration(error));
    let profiles = files.load(name).await.map_err(broken)?;
    let (kind, sso) = match survey(&profiles, name) {
        Survey::Missing => return Err(Failure::Missing(files.describe())),
        Survey::Silent => return Err(Failure::Silent),
        Survey::Unsupported(reason) => {
            return Err(Failure::Broken(CredentialsError::invalid_configuration(
                reason,
            )));
        }
        Survey::Speaks { kind, sso } => (kind, sso),
    };
    let provider = ProfileFileCredentialsProvider::builder()
        .configure(&surroundings.provider_config())
        .profile_files(files.present().map_err(broken)?)
        .profile_name(name)
        .with_custom_provider("Ec2InstanceMetadata", instance_metadata(surroundings))
        .with_custom_provider("EcsContainer", container(surroundings))
        .build();
    match provider.provide_credentials().await {
        Ok(credentials) => Ok(Found {
            credentials,
            source: format!("profile {name:?} ({kind})"),
            files: Some(stamp),
        }),
        Err(error) => Err(Failure::Broken(CredentialsError::provider_error(explain(
            name, sso, &error,
        )))),
    }
}

fn explain(name: &str, sso: Option<String>, error: &CredentialsError) -> String {
    let told = chain(error);
    match sso {
        // A session that has ended, was never begun, or was taken away.
        Some(sso) if told.contains("SSO token") || told.contains("Unauthorized") => format!(
            "profile {name:?}: there is no IAM Identity Center (SSO) session, or it has ended: run `aws sso login \
             --profile {sso}`"
        ),
        // What a program writes after its first line may be anything.
        _ if told.contains("external process") => {
            format!(
                "profile {name:?}: {}",
                told.lines().next().unwrap_or_default()
            )
        }
        _ => format!("profile {name:?}: {}", one_line(&told)),
    }
}
