//! What went over the wire in a call, seen from inside the SDK.
//!
//! Answers are decoded from the service's own JSON rather than from the SDK's typed outputs: those cannot tell an absent
//! boolean from a false one, and lose a part of a timestamp's fraction. So the SDK is spared making them.
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;

use aws_sdk_kms::config::interceptors::{
    BeforeSerializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
    BeforeTransmitInterceptorContextRef, FinalizerInterceptorContextRef,
};
use aws_sdk_kms::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_kms::error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::{Error, Output};
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, OrchestratorError};
use aws_smithy_runtime_api::client::ser_de::{DeserializeResponse, SharedResponseDeserializer};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::FrozenLayer;

use crate::client::Answer;
use crate::tale::Tale;

tokio::task_local! {
    // One interceptor serves all calls of a client; each call finds its own state here.
    static CALL: RefCell<Call>;
}

/// What is known of a call under way.
#[derive(Debug)]
pub(crate) struct Call {
    /// The operation's own configuration in the SDK, which holds its deserializer.
    pub(crate) sdk: &'static FrozenLayer,
    /// Request members that the SDK's types lack.
    pub(crate) beyond_sdk: serde_json::Map<String, serde_json::Value>,
    /// What there is to log.
    pub(crate) tale: Tale,
    /// Where what happens is counted.
    pub(crate) traffic: Rc<Traffic>,
    /// How many times the request was sent.
    pub(crate) attempts: u32,
    /// The answer to the last attempt, once it was read whole.
    pub(crate) answer: Option<Answer>,
}

/// What happened to the requests of some calls since it was last taken notice of.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// How many requests were sent a second time or more often.
    pub(crate) resent: Cell<u32>,
    /// How many requests were refused for being too many.
    pub(crate) throttled: Cell<u32>,
}

impl Call {
    /// Waits for a request of a client with the [`Capture`] interceptor. Returns its outcome and the answer to its last
    /// attempt, if that was read whole.
    pub(crate) async fn of<F: Future>(self, request: F) -> (F::Output, Option<Answer>) {
        CALL.scope(RefCell::new(self), async {
            let outcome = request.await;
            (outcome, with_call(|call| call.answer.take()))
        })
        .await
    }
}

fn with_call<T>(look: impl FnOnce(&mut Call) -> T) -> T {
    CALL.with(|call| look(&mut call.borrow_mut()))
}

/// Adds request members that the SDK's types lack, tells the log, and has answers recorded.
#[derive(Debug)]
pub(crate) struct Capture;

#[dyn_dispatch_hint]
impl Intercept for Capture {
    fn name(&self) -> &'static str {
        "kmsr::Capture"
    }

    fn modify_before_serialization(
        &self,
        _: &mut BeforeSerializationInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        config
            .interceptor_state()
            .store_put(SharedResponseDeserializer::new(Recorder));
        Ok(())
    }

    fn modify_before_retry_loop(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        with_call(|call| {
            if call.beyond_sdk.is_empty() {
                return Ok(());
            }
            let request = context.request_mut();
            let body = request
                .body()
                .bytes()
                .ok_or("the request's body is a stream")?;
            let mut members: serde_json::Map<String, serde_json::Value> =
                serde_json::from_slice(body)?;
            members.extend(call.beyond_sdk.clone());
            let body = serde_json::to_vec(&members)?;
            request
                .headers_mut()
                .insert("content-length", body.len().to_string());
            *request.body_mut() = SdkBody::from(body);
            Ok(())
        })
    }

    fn read_before_transmit(
        &self,
        context: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        with_call(|call| {
            call.answer = None;
            call.attempts += 1;
            if call.attempts > 1 {
                call.traffic.resent.update(|resent| resent + 1);
            }
            call.tale.sends(context.request());
        });
        Ok(())
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        with_call(|call| {
            if call.answer.is_none()
                && let Some(Err(error)) = context.output_or_error()
            {
                call.tale.fails(error);
            }
        });
        Ok(())
    }
}

/// Records an answer. The SDK gets to read the failures, which it may have to send again.
#[derive(Debug)]
struct Recorder;

impl DeserializeResponse for Recorder {
    fn deserialize_nonstreaming_with_config(
        &self,
        response: &HttpResponse,
        config: &ConfigBag,
    ) -> Result<Output, OrchestratorError<Error>> {
        if let Some(body) = response.body().bytes() {
            let header = |name| response.headers().get(name).map(str::to_owned);
            let answer = Answer {
                status: response.status().as_u16(),
                request_id: header("x-amzn-requestid"),
                error_type: header("x-amzn-errortype"),
                date: header("date"),
                body: body.to_vec(),
            };
            with_call(|call| {
                if answer.is_throttling() {
                    call.traffic.throttled.update(|throttled| throttled + 1);
                }
                call.tale.receives(response, &answer, config);
                call.answer = Some(answer);
            });
        }
        let sdk = with_call(|call| call.sdk)
            .load::<SharedResponseDeserializer>()
            .ok_or_else(|| OrchestratorError::other("the operation has no deserializer"))?;
        if response.status().is_success() {
            // An output of the operation's type, empty: nobody looks at it.
            let empty = HttpResponse::new(response.status(), SdkBody::from("{}"));
            sdk.deserialize_nonstreaming_with_config(&empty, config)
        } else {
            sdk.deserialize_nonstreaming_with_config(response, config)
        }
    }
}
