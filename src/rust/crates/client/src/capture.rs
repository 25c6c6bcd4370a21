//! What went over the wire in the last attempt of a call, seen by an interceptor.
//!
//! Answers are decoded from the service's own JSON rather than from the SDK's typed outputs: those cannot tell an absent
//! boolean from a false one, and lose a part of a timestamp's fraction.
use std::sync::{Arc, Mutex, PoisonError};

use aws_sdk_kms::config::interceptors::{
    AfterDeserializationInterceptorContextRef, BeforeTransmitInterceptorContextMut,
    BeforeTransmitInterceptorContextRef,
};
use aws_sdk_kms::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_kms::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_types::body::SdkBody;

use crate::client::Answer;

/// The state shared between a call and its interceptor.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// The last answer that was read whole.
    pub(crate) answer: Option<Answer>,
    /// How many times the request was sent.
    pub(crate) attempts: u32,
}

/// Records the answer, and adds request members that the SDK's types lack.
#[derive(Debug)]
pub(crate) struct Capture {
    seen: Arc<Mutex<Seen>>,
    beyond_sdk: serde_json::Map<String, serde_json::Value>,
}

impl Capture {
    pub(crate) fn new(
        beyond_sdk: serde_json::Map<String, serde_json::Value>,
    ) -> (Self, Arc<Mutex<Seen>>) {
        let seen = Arc::new(Mutex::new(Seen::default()));
        let capture = Self {
            seen: seen.clone(),
            beyond_sdk,
        };
        (capture, seen)
    }
}

#[dyn_dispatch_hint]
impl Intercept for Capture {
    fn name(&self) -> &'static str {
        "kmsr::Capture"
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if self.beyond_sdk.is_empty() {
            return Ok(());
        }
        let request = context.request_mut();
        let body = request
            .body()
            .bytes()
            .ok_or("the request's body is a stream")?;
        let mut members: serde_json::Map<String, serde_json::Value> = serde_json::from_slice(body)?;
        members.extend(self.beyond_sdk.clone());
        let body = serde_json::to_vec(&members)?;
        request
            .headers_mut()
            .insert("content-length", body.len().to_string());
        *request.body_mut() = SdkBody::from(body);
        Ok(())
    }

    fn read_before_transmit(
        &self,
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.attempts += 1;
        seen.answer = None;
        Ok(())
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let response = context.response();
        if let Some(body) = response.body().bytes() {
            let header = |name| response.headers().get(name).map(str::to_owned);
            let answer = Answer {
                status: response.status().as_u16(),
                request_id: header("x-amzn-requestid"),
                error_type: header("x-amzn-errortype"),
                date: header("date"),
                body: body.to_vec(),
            };
            self.seen
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .answer = Some(answer);
        }
        Ok(())
    }
}
