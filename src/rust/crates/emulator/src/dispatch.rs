//! From a request to an answer: who asks, what for, and is it allowed to be asked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};

use serde_json::Value;

use crate::clock::Clock;
use crate::config::Credentials;
use crate::error::ServiceError;
use crate::operations::{self, Call, uuid};
use crate::pool::Pool;
use crate::request::Parameters;
use crate::sigv4::{self, Incoming, Refusal, Signer};
use crate::state::World;
use crate::{sts, validate};

/// What the server needs to answer any request.
pub(crate) struct Service {
    pub(crate) clock: Clock,
    pub(crate) credentials: Vec<Credentials>,
    pub(crate) pool: Pool,
    pub(crate) world: Mutex<World>,
}

/// An answer, ready to be written.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) request_id: String,
    pub(crate) body: Vec<u8>,
}

const JSON: &str = "application/x-amz-json-1.1";
const XML: &str = "text/xml";
const TARGET_PREFIX: &str = "TrentService.";

impl Service {
    /// Answers one request, whatever is in it.
    pub(crate) async fn answer(&self, request: &Incoming<'_>) -> Reply {
        let request_id = uuid();
        if let Some(target) = request.headers.text("x-amz-target") {
            return match self.kms(request, target).await {
                Ok(members) => json_reply(200, request_id, &members),
                Err(error) => json_reply(error.status, request_id, &error.body()),
            };
        }
        let is_form = request
            .headers
            .text("content-type")
            .is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
        match sts::action(request.body) {
            Some(action) if is_form && request.method == "POST" => {
                self.sts(request, &action, request_id)
            }
            _ => Reply {
                status: 404,
                content_type: XML,
                request_id,
                body: b"<UnknownOperationException/>\n".to_vec(),
            },
        }
    }

    async fn kms(&self, request: &Incoming<'_>, target: &str) -> Result<Value, ServiceError> {
        let operation = target
            .strip_prefix(TARGET_PREFIX)
            .and_then(operations::operation)
            .filter(|_| request.method == "POST")
            .ok_or_else(|| ServiceError::bare("UnknownOperationException"))?;
        let signer = self.believe(request, "kms").map_err(refusal_in_json)?;
        let parameters = Parameters::parse(request.body)?;
        if let Some(model) = kmsr_model::operation(operation.name) {
            validate::request(model, parameters.members())?;
        }
        self.run(operation, &parameters, &signer).await
    }

    async fn run(
        &self,
        operation: &operations::Operation,
        parameters: &Parameters,
        signer: &Signer<'_>,
    ) -> Result<Value, ServiceError> {
        let size = operations::rsa_key_needed(operation.name, parameters);
        let key_pair = match size {
            Some(size) => Some(
                self.pool
                    .take(size)
                    .await
                    .map_err(|_| ServiceError::internal())?,
            ),
            None => None,
        };
        // A panic below is caught before it can reach the lock, so what the lock holds is always whole.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let mut call = Call {
            operation: operation.name,
            parameters,
            region: &signer.region,
            now: self.clock.now(),
            world: &mut world,
            pool: &self.pool,
            key_pair,
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| (operation.run)(&mut call)))
            .unwrap_or_else(|_| Err(ServiceError::internal()));
        if let (Some(size), Some(pair)) = (size, call.key_pair) {
            self.pool.give_back(size, pair);
        }
        outcome.map(Value::Object)
    }

    fn sts(&self, request: &Incoming<'_>, action: &str, request_id: String) -> Reply {
        let document = match self.believe(request, "sts") {
            Err(refusal) => sts::refuse(&refusal, &request_id),
            Ok(signer) => {
                let world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
                let user_name = &signer.credentials.user_name;
                let arn = sts::user_arn(&signer.region, &world.account_id, user_name);
                let user_id = signer.credentials.user_id();
                sts::answer(action, &arn, &world.account_id, &user_id, &request_id)
            }
        };
        Reply {
            status: document.status,
            content_type: XML,
            request_id,
            body: document.xml.into_bytes(),
        }
    }

    fn believe(&self, request: &Incoming<'_>, service: &str) -> Result<Signer<'_>, Refusal> {
        sigv4::verify(request, service, &self.credentials, self.clock.now())
    }
}

fn refusal_in_json(refusal: Refusal) -> ServiceError {
    match refusal {
        Refusal::MissingToken => ServiceError::new(
            "MissingAuthenticationTokenException",
            "Missing Authentication Token",
        ),
        Refusal::Incomplete(message) => ServiceError::new("IncompleteSignatureException", message),
        Refusal::InvalidSignature(message) => {
            ServiceError::new("InvalidSignatureException", message)
        }
        Refusal::UnknownToken => ServiceError::new(
            "UnrecognizedClientException",
            "The security token included in the request is invalid.",
        ),
        Refusal::ExpiredToken => ServiceError::new(
            "ExpiredTokenException",
            "The security token included in the request is expired",
        ),
    }
}

fn json_reply(status: u16, request_id: String, body: &Value) -> Reply {
    Reply {
        status,
        content_type: JSON,
        request_id,
        body: body.to_string().into_bytes(),
    }
}
