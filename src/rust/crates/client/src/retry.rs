//! Which failures are sent again. The AWS SDK's standard classifiers decide, but for the kinds they get wrong.
use std::error::Error as StdError;

use aws_sdk_kms::config::retry::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::result::ConnectorError;

use crate::error::{causes, service_code};

/// Forbids retrying what cannot succeed: resource quotas, and hosts and proxies that refuse to talk.
#[derive(Debug)]
pub(crate) struct NeverRetry;

impl ClassifyRetry for NeverRetry {
    fn name(&self) -> &'static str {
        "kmsr::NeverRetry"
    }

    fn classify_retry(&self, context: &InterceptorContext) -> RetryAction {
        let hard_quota = context.response().is_some_and(|response| {
            if response.status().is_success() {
                return false;
            }
            let header = response.headers().get("x-amzn-errortype");
            let body = response.body().bytes().unwrap_or_default();
            // The SDK counts this code as throttling; in KMS it is a quota that waiting does not lift.
            service_code(header, body).as_deref() == Some("LimitExceededException")
        });
        let refused = context
            .output_or_error()
            .and_then(|outcome| outcome.err()?.as_connector_error())
            .is_some_and(is_refusal);
        if hard_quota || refused {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }
}

/// Whether the other side would refuse again: TLS because of the certificate, its name, the versions or the ciphers
/// offered; a proxy because it wants another user and password.
fn is_refusal(error: &ConnectorError) -> bool {
    error.source().is_some_and(|cause| {
        causes(cause).any(|cause| {
            cause.is::<rustls::Error>()
                || cause.to_string() == "tunnel error: proxy authorization required"
        })
    })
}
