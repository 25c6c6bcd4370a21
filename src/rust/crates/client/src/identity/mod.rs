//! Credentials: given, from a named profile, or from the first source of the chain that has any.
mod chain;
mod environment;
mod held;
mod profile;

use std::sync::Arc;
use std::time::SystemTime;

use aws_config::provider_config::ProviderConfig;
use aws_credential_types::Credentials as AwsCredentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_kms::config::Region;
use aws_sdk_kms::config::timeout::TimeoutConfig;
use aws_smithy_async::time::{SharedTimeSource, SystemTimeSource};
use aws_types::os_shim_internal::Env;

use crate::error::Error;
use crate::resolve::Resolved;
use crate::settings::{Credentials, Settings};
use crate::transport::Transport;

pub(crate) use held::Found;
use held::{Held, Lookup, reason};

/// A client's identity: what signs its requests. Clones share what was found.
#[derive(Debug, Clone)]
pub(crate) struct Identity(Arc<Held>);

/// What sources of credentials need to be asked.
#[derive(Debug, Clone)]
struct Surroundings {
    env: Env,
    region: Option<Region>,
    transport: Transport,
    timeouts: TimeoutConfig,
    use_fips: bool,
    use_dual_stack: bool,
}

impl Identity {
    /// The identity for these settings; `None` when requests are not signed. Nothing is looked up yet.
    pub(crate) fn new(
        settings: &Settings,
        resolved: &Resolved,
        transport: &Transport,
        timeouts: TimeoutConfig,
        env: &Env,
    ) -> Option<Self> {
        let surroundings = Surroundings {
            env: env.clone(),
            region: resolved
                .region
                .as_ref()
                .map(|region| Region::new(region.value.clone())),
            transport: transport.clone(),
            timeouts,
            use_fips: resolved.use_fips,
            use_dual_stack: resolved.use_dual_stack,
        };
        let lookup: Lookup = match &settings.credentials {
            Credentials::Anonymous => return None,
            Credentials::Static {
                access_key_id,
                secret_access_key,
                session_token,
                expiration,
            } => given(AwsCredentials::new(
                access_key_id,
                secret_access_key.expose(),
                session_token
                    .as_ref()
                    .map(|token| token.expose().to_owned()),
                *expiration,
                "given",
            )),
            Credentials::Profile(name) => {
                let name = name.clone();
                Box::new(move || Box::pin(profile::named(surroundings.clone(), name.clone())))
            }
            Credentials::Chain => Box::new(move || Box::pin(chain::first(surroundings.clone()))),
        };
        Some(Self(Arc::new(Held::new(
            lookup,
            SharedTimeSource::new(SystemTimeSource::new()),
        ))))
    }

    /// The credentials to use now, and where they were found.
    ///
    /// # Errors
    /// What was tried, and why each source has none.
    pub(crate) async fn current(&self) -> Result<Found, CredentialsError> {
        self.0.current().await
    }

    /// The credentials to use now, and their generation: a number that changes whenever they do.
    ///
    /// # Errors
    /// As [`Identity::current`], as a call's.
    pub(crate) async fn credentials(&self) -> Result<(AwsCredentials, u64), Error> {
        let outcome = self.0.credentials().await;
        outcome.map_err(|error| Error::from_credentials(&error))
    }

    /// Looks again after the service refused the credentials of a generation. Whether there are others now.
    pub(crate) async fn renew(&self, refused: u64) -> bool {
        self.0.renew(refused).await
    }
}

impl Surroundings {
    /// For the SDK's providers. Made anew for each lookup: it remembers the shared files once it has read them.
    fn provider_config(&self) -> ProviderConfig {
        ProviderConfig::without_region()
            .with_region(self.region.clone())
            .with_http_client(self.transport.client())
            .with_timeout_config(self.timeouts.clone())
            .with_use_fips(self.use_fips.then_some(true))
            .with_use_dual_stack(self.use_dual_stack.then_some(true))
    }
}

/// Credentials the caller gave. Once expired they are refused, never replaced by another identity.
fn given(credentials: AwsCredentials) -> Lookup {
    Box::new(move || {
        let expired = credentials
            .expiry()
            .is_some_and(|expiry| expiry <= SystemTime::now());
        let found = Found {
            credentials: credentials.clone(),
            source: "the keys given to the client".to_owned(),
            files: None,
        };
        Box::pin(async move {
            if expired {
                return Err(CredentialsError::provider_error(
                    "the credentials given to this client have expired; make a new client with fresh ones",
                ));
            }
            Ok(found)
        })
    })
}
