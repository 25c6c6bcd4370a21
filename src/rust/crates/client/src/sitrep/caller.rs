//! Whose credentials are in use: GetCallerIdentity, which every identity may call.
use std::error::Error as StdError;

use aws_credential_types::Credentials;
use aws_sdk_kms::config::BehaviorVersion;
use aws_sdk_sts::config::retry::RetryConfig;
use aws_sdk_sts::config::{IdentityCache, Region, SharedCredentialsProvider};
use aws_sdk_sts::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_types::os_shim_internal::Env;
use http::Uri;

use crate::client::{Answer, Client};
use crate::error::{Error, chain};
use crate::resolve::endpoint_of;

/// Whom credentials belong to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The account's twelve digits.
    pub account: String,
    /// The user's or the assumed role's ARN.
    pub arn: String,
}

/// Asks the Security Token Service; where the KMS endpoint is on this machine, what listens there.
pub(super) async fn ask(client: &Client, credentials: &Credentials) -> Result<Caller, Error> {
    let resolved = client.resolved();
    let Some(region) = &resolved.region else {
        return Err(Error::MissingRegion);
    };
    let endpoint = match endpoint_of(&Env::real(), &resolved.profile, "STS").await? {
        Some(endpoint) => Some(endpoint.value),
        None => client
            .endpoint_url()
            .filter(is_this_machine)
            .map(|url| url.to_string()),
    };
    let mut config = aws_sdk_sts::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(region.value.clone()))
        .http_client(client.transport().client())
        .credentials_provider(SharedCredentialsProvider::new(credentials.clone()))
        .identity_cache(IdentityCache::no_cache())
        .retry_config(RetryConfig::disabled())
        .use_fips(resolved.use_fips)
        .use_dual_stack(resolved.use_dual_stack);
    config.set_endpoint_url(endpoint);
    let sts = aws_sdk_sts::Client::from_conf(config.build());
    let answer = sts
        .get_caller_identity()
        .send()
        .await
        .map_err(|error| refusal(&error))?;
    Ok(Caller {
        account: answer.account().unwrap_or_default().to_owned(),
        arn: answer.arn().unwrap_or_default().to_owned(),
    })
}

fn refusal<E>(error: &SdkError<E, HttpResponse>) -> Error
where
    E: ProvideErrorMetadata + StdError + 'static,
{
    match (error.code(), error.raw_response()) {
        (Some(code), Some(answer)) => Error::Service {
            code: code.to_owned(),
            message: error.message().unwrap_or_default().to_owned(),
            answer: Box::new(Answer {
                status: answer.status().as_u16(),
                request_id: answer.headers().get("x-amzn-requestid").map(str::to_owned),
                error_type: None,
                date: None,
                body: Vec::new(),
            }),
        },
        _ => Error::Transport {
            message: error.source().map_or_else(|| error.to_string(), chain),
        },
    }
}

fn is_this_machine(url: &Uri) -> bool {
    let host = url.host().unwrap_or_default();
    let address = host
        .trim_start_matches('[')
        .trim_end_matches(']')
        .parse::<std::net::IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}
