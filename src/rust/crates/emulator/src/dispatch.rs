//! From a request to an answer: who asks, what for, and is it allowed to be asked.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use serde_json::{Map, Value};

use crate::clock::{Clock, Time};
use crate::config::Credentials;
use crate::crypto::asymmetric::KeyPair;
use crate::error::ServiceError;
use crate::faults::{Cut, Faults, Misfortune, throttled};
use crate::log::{self, Log, LogRecord, UserIdentity};
use crate::operations::{self, Answer, Call, Operation};
use crate::pool::Pool;
use crate::quota::Quotas;
use crate::request::Parameters;
use crate::sigv4::{self, Incoming, Now, Refusal, Signer};
use crate::spec::RsaSize;
use crate::state::World;
use crate::store::Store;
use crate::{crypto, sts, validate};

/// What the server needs to answer any request.
pub(crate) struct Service {
    pub(crate) clock: Clock,
    pub(crate) account_id: String,
    pub(crate) credentials: Vec<Credentials>,
    pub(crate) pool: Pool,
    pub(crate) world: Mutex<World>,
    /// Gone once the emulator has stopped: whoever comes next may open the file.
    pub(crate) store: Mutex<Option<Store>>,
    pub(crate) faults: Faults,
    pub(crate) quotas: Quotas,
    pub(crate) log: Log,
}

/// An answer, ready to be written.
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) request_id: String,
    pub(crate) body: Vec<u8>,
    /// Where it is to be cut off on purpose.
    pub(crate) cut: Option<Cut>,
}

const JSON: &str = "application/x-amz-json-1.1";
pub(crate) const XML: &str = "text/xml";
const TARGET_PREFIX: &str = "TrentService.";

impl Service {
    /// Answers one request, whatever is in it.
    pub(crate) async fn answer(&self, request: &Incoming<'_>) -> Reply {
        let request_id = crypto::uuid();
        if let Some(target) = request.headers.text("x-amz-target") {
            return self.kms(request, target, request_id).await;
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
                cut: None,
            },
        }
    }

    /// The time, as the emulator believes it: off by whatever skew was asked for.
    pub(crate) fn believed_time(&self) -> Time {
        self.faults.skewed(self.clock.now())
    }

    async fn kms(&self, request: &Incoming<'_>, target: &str, request_id: String) -> Reply {
        let operation = target
            .strip_prefix(TARGET_PREFIX)
            .and_then(operations::operation)
            .filter(|_| request.method == "POST");
        let Some(operation) = operation else {
            let error = ServiceError::bare("UnknownOperationException");
            return json_reply(request_id, Err(error), None);
        };
        let signer = match self.believe(request, "kms") {
            Ok(signer) => signer,
            Err(refusal) => return json_reply(request_id, Err(refusal_in_json(refusal)), None),
        };
        let misfortune = self.faults.strike(operation.name);
        let mut record = self.record("kms.amazonaws.com", operation.name, request, &signer);
        record.request_id.clone_from(&request_id);
        let (delay, cut) = (misfortune.delay, misfortune.cut);
        let outcome = self
            .perform(operation, request.body, misfortune, &mut record)
            .await;
        record.conclude(&outcome);
        self.log.add(record);
        // Only now: whoever gives up waiting ends this call here, and what was asked has happened.
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        json_reply(request_id, outcome, cut)
    }

    /// Does what is asked, unless something stands against it.
    async fn perform(
        &self,
        operation: &Operation,
        body: &[u8],
        misfortune: Misfortune,
        record: &mut LogRecord,
    ) -> Answer {
        let parameters = Parameters::parse(body)?;
        let model = kmsr_model::operation(operation.name).ok_or_else(ServiceError::internal)?;
        record.request_parameters = log::redact(model.input, parameters.members());
        if let Some(refusal) = misfortune.refusal {
            return Err(refusal);
        }
        let region = &record.aws_region;
        if !self
            .quotas
            .admit(region, operation.name, &parameters, Instant::now())
        {
            return Err(throttled());
        }
        validate::request(model, parameters.members())?;
        self.run(operation, &parameters, record).await
    }

    /// Runs an operation, a second time if it needs a key that has to be made first.
    async fn run(
        &self,
        operation: &Operation,
        parameters: &Parameters,
        record: &mut LogRecord,
    ) -> Answer {
        let (outcome, wanted) = self.attempt(operation, parameters, record, None);
        let Some(size) = wanted else {
            return outcome;
        };
        let key_pair = if operation.name == "GetParametersForImport" {
            self.pool.take_wrapping(size).await
        } else {
            self.pool.take(size).await
        };
        let key_pair = key_pair.map_err(|_| ServiceError::internal())?;
        self.attempt(operation, parameters, record, Some(key_pair))
            .0
    }

    /// One run of an operation: its outcome, or the size of the key it cannot do without.
    fn attempt(
        &self,
        operation: &Operation,
        parameters: &Parameters,
        record: &mut LogRecord,
        key_pair: Option<KeyPair>,
    ) -> (Answer, Option<RsaSize>) {
        // A panic below is caught before it can reach the lock, so the lock is never poisoned.
        let mut world = self.world.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.now();
        let mut call = Call {
            operation: operation.name,
            parameters,
            region: &record.aws_region,
            now,
            caller: &record.user_identity.arn,
            request_id: &record.request_id,
            event_id: &record.event_id,
            world: &mut world,
            pool: &self.pool,
            key_pair,
            key_pair_wanted: None,
            new_keys_visible_from: self.faults.new_keys_visible_from(now),
            touched: Vec::new(),
        };
        let outcome = catch_unwind(AssertUnwindSafe(|| operation.run(&mut call)))
            .unwrap_or_else(|_| Err(ServiceError::internal()));
        let wanted = call.key_pair_wanted;
        let touched = std::mem::take(&mut call.touched);
        record.resources = touched;
        let kept = self.keep_changes(&mut world);
        (kept.and(outcome), wanted)
    }

    /// Writes what has changed to the store, if there is one.
    fn keep_changes(&self, world: &mut World) -> Result<(), ServiceError> {
        let changes = world.take_changes();
        let store = self.store.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(store) = store.as_ref() else {
            return Ok(());
        };
        store.save(world, &changes).map_err(|error| ServiceError {
            message: Some(format!("The emulator's store cannot be written: {error}")),
            ..ServiceError::internal()
        })
    }

    fn sts(&self, request: &Incoming<'_>, action: &str, request_id: String) -> Reply {
        let document = match self.believe(request, "sts") {
            Err(refusal) => sts::refuse(&refusal, &request_id),
            Ok(signer) => {
                let mut record = self.record("sts.amazonaws.com", action, request, &signer);
                record.request_id.clone_from(&request_id);
                let identity = &record.user_identity;
                let document = sts::answer(
                    action,
                    &identity.arn,
                    &self.account_id,
                    &identity.principal_id,
                    &request_id,
                );
                self.log.add(record);
                document
            }
        };
        Reply {
            status: document.status,
            content_type: XML,
            request_id,
            body: document.xml.into_bytes(),
            cut: None,
        }
    }

    fn believe(&self, request: &Incoming<'_>, service: &str) -> Result<Signer<'_>, Refusal> {
        let now = Now {
            here: self.believed_time(),
            left_behind: self.faults.skewed(self.clock.unadvanced()),
        };
        sigv4::verify(request, service, &self.credentials, now)
    }

    /// The record of a call, as far as it is known before the call is run.
    fn record(
        &self,
        event_source: &'static str,
        event_name: &str,
        request: &Incoming<'_>,
        signer: &Signer<'_>,
    ) -> LogRecord {
        let credentials = signer.credentials;
        LogRecord {
            event_time: self.clock.now(),
            event_source,
            event_name: event_name.to_owned(),
            aws_region: signer.region.clone(),
            user_identity: UserIdentity {
                principal_id: credentials.user_id(),
                arn: sts::user_arn(&signer.region, &self.account_id, &credentials.user_name),
                account_id: self.account_id.clone(),
                access_key_id: credentials.access_key_id.clone(),
                user_name: credentials.user_name.clone(),
            },
            user_agent: request
                .headers
                .text("user-agent")
                .unwrap_or_default()
                .to_owned(),
            error_code: None,
            error_message: None,
            request_parameters: Value::Null,
            response_elements: Value::Null,
            request_id: String::new(),
            event_id: crypto::uuid(),
            read_only: log::is_read_only(event_name),
            resources: Vec::new(),
        }
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

/// Operations without output have an empty body, as they have at AWS.
fn json_reply(
    request_id: String,
    outcome: Result<Map<String, Value>, ServiceError>,
    cut: Option<Cut>,
) -> Reply {
    let (status, body) = match outcome {
        Ok(members) if members.is_empty() => (200, Vec::new()),
        Ok(members) => (200, Value::Object(members).to_string().into_bytes()),
        Err(error) => (error.status, error.body().to_string().into_bytes()),
    };
    Reply {
        status,
        content_type: JSON,
        request_id,
        body,
        cut,
    }
}
