//! What went over the wire in a call, seen from inside the SDK.
//!
//! Answers are decoded from the service's own JSON rather than from the SDK's typed outputs: those cannot tell an absent
//! boolean from a false one, and lose a part of a timestamp's fraction. So the SDK is spared making them.
use std::cell::{Cell, RefCell};
use std::future::Future;
use std::rc::Rc;

use aws_sdk_kms::config::interceptors::{
    BeforeSerializationInterceptorContextMut, BeforeTransmitInterceptorContextMut,
    BeforeTransmitInterceptorContextRef,
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

tokio::task_local! {
    // One interceptor serves all calls of a client; each call finds its own state here.
    static CALL: RefCell<Call>;
}

/// What is known of a call under way.
#[derive(Debug)]
struct Call {
    /// The operation's own configuration in the SDK, which holds its deserializer.
    sdk: &'static FrozenLayer,
    /// Request members that the SDK's types lack.
    beyond_sdk: serde_json::Map<String, serde_json::Value>,
    /// How many times the request was sent.
    attempts: u32,
    /// The answer to the last attempt, once it was read whole.
    answer: Option<Answer>,
    /// Where what happens is counted.
    traffic: Rc<Traffic>,
}

/// What happened to the requests of some calls since it was last taken notice of.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// How many requests were sent a second time or more often.
    pub(crate) resent: Cell<u32>,
    /// How many requests were refused for being too many.
    pub(crate) throttled: Cell<u32>,
}

/// Waits for a call of a client with the [`Capture`] interceptor. Returns its outcome and the answer to its last attempt, if
/// that was read whole.
pub(crate) async fn capture<F: Future>(
    sdk: &'static FrozenLayer,
    beyond_sdk: serde_json::Map<String, serde_json::Value>,
    traffic: Rc<Traffic>,
    call: F,
) -> (F::Output, Option<Answer>) {
    let seen = RefCell::new(Call {
        sdk,
        beyond_sdk,
        attempts: 0,
        answer: None,
        traffic,
    });
    CALL.scope(seen, async {
        let outcome = call.await;
        (outcome, CALL.with(|call| call.borrow_mut().answer.take()))
    })
    .await
}

/// Adds request members that the SDK's types lack, and has answers recorded.
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
        CALL.with(|call| {
            let call = call.borrow();
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
        _: &BeforeTransmitInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        CALL.with(|call| {
            let mut call = call.borrow_mut();
            call.answer = None;
            call.attempts += 1;
            if call.attempts > 1 {
                call.traffic.resent.update(|resent| resent + 1);
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
            CALL.with(|call| {
                let mut call = call.borrow_mut();
                if answer.is_throttling() {
                    call.traffic.throttled.update(|throttled| throttled + 1);
                }
                call.answer = Some(answer);
            });
        }
        let sdk = CALL
            .with(|call| call.borrow().sdk)
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
