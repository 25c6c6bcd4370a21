//! Which failures are sent again. The AWS SDK's standard classifiers decide, but for two kinds they get wrong.
use std::error::Error as _;

use aws_sdk_kms::config::retry::{ClassifyRetry, RetryAction};
use aws_smithy_runtime_api::client::interceptors::context::InterceptorContext;
use aws_smithy_runtime_api::client::orchestrator::OrchestratorError;

use crate::error::service_code;

/// Forbids retrying what cannot succeed: resource quotas, and certificates nobody trusts.
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
        let untrusted = matches!(
            context.output_or_error(),
            Some(Err(error)) if is_certificate_error(error)
        );
        if hard_quota || untrusted {
            RetryAction::RetryForbidden
        } else {
            RetryAction::NoActionIndicated
        }
    }
}

fn is_certificate_error<E: std::fmt::Debug>(error: &OrchestratorError<E>) -> bool {
    let Some(connector) = error.as_connector_error() else {
        return false;
    };
    let mut cause = connector.source();
    while let Some(error) = cause {
        if error.to_string().starts_with("invalid peer certificate") {
            return true;
        }
        cause = error.source();
    }
    false
}
