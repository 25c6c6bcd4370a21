//! What was called, by whom, with what: in the shape of CloudTrail's records, without secrets.

mod redact;

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

use serde_json::{Map, Value, json};

use crate::clock::Time;
use crate::error::ServiceError;

pub(crate) use self::redact::redact;

/// One call, as CloudTrail records it.
#[derive(Debug, Clone, PartialEq)]
pub struct LogRecord {
    /// When it came.
    pub event_time: Time,
    /// `kms.amazonaws.com` or `sts.amazonaws.com`.
    pub event_source: &'static str,
    /// The operation.
    pub event_name: String,
    /// The Region it was signed for.
    pub aws_region: String,
    /// Who called.
    pub user_identity: UserIdentity,
    /// The client's name for itself.
    pub user_agent: String,
    /// `None` when the call was answered.
    pub error_code: Option<String>,
    /// What the refusal said.
    pub error_message: Option<String>,
    /// The request's members, as CloudTrail names them; blobs, secrets and tokens are left out.
    pub request_parameters: Value,
    /// The answer's members, for operations that change something; blobs, secrets and tokens are left out.
    pub response_elements: Value,
    /// The id the answer carried.
    pub request_id: String,
    /// The record's own id.
    pub event_id: String,
    /// Whether the operation changes nothing.
    pub read_only: bool,
    /// The ARNs of the keys it concerned.
    pub resources: Vec<String>,
}

/// Who made a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserIdentity {
    /// IAM's unique id of the user.
    pub principal_id: String,
    /// The user's ARN.
    pub arn: String,
    /// The account's twelve digits.
    pub account_id: String,
    /// What the request was signed with.
    pub access_key_id: String,
    /// The user's name.
    pub user_name: String,
}

impl LogRecord {
    /// The record as CloudTrail writes it.
    pub fn to_json(&self) -> Value {
        let identity = &self.user_identity;
        let resources: Vec<Value> = self
            .resources
            .iter()
            .map(|arn| json!({"accountId": identity.account_id, "type": "AWS::KMS::Key", "ARN": arn}))
            .collect();
        let mut record = json!({
            "eventVersion": "1.11",
            "userIdentity": {
                "type": "IAMUser",
                "principalId": identity.principal_id,
                "arn": identity.arn,
                "accountId": identity.account_id,
                "accessKeyId": identity.access_key_id,
                "userName": identity.user_name,
            },
            "eventTime": self.event_time.extended(),
            "eventSource": self.event_source,
            "eventName": self.event_name,
            "awsRegion": self.aws_region,
            "sourceIPAddress": "127.0.0.1",
            "userAgent": self.user_agent,
            "requestParameters": self.request_parameters,
            "responseElements": self.response_elements,
            "requestID": self.request_id,
            "eventID": self.event_id,
            "readOnly": self.read_only,
            "resources": resources,
            "eventType": "AwsApiCall",
            "managementEvent": true,
            "recipientAccountId": identity.account_id,
            "eventCategory": "Management",
        });
        if let (Some(code), Some(members)) = (&self.error_code, record.as_object_mut()) {
            members.insert("errorCode".to_owned(), json!(code));
            members.insert("errorMessage".to_owned(), json!(self.error_message));
        }
        record
    }

    /// Adds what came of the call.
    pub(crate) fn conclude(&mut self, outcome: &Result<Map<String, Value>, ServiceError>) {
        match outcome {
            Ok(members) => {
                if let (false, Some(operation)) =
                    (self.read_only, kmsr_model::operation(&self.event_name))
                {
                    self.response_elements = redact(operation.output, members);
                }
            }
            Err(error) => {
                self.error_code = Some(error.code.to_string());
                self.error_message.clone_from(&error.message);
            }
        }
    }
}

impl LogRecord {
    /// Keeps to the sizes CloudTrail keeps to: long texts are cut off, long members left out.
    fn shorten(&mut self) {
        let texts = [
            Some(&mut self.event_name),
            Some(&mut self.user_agent),
            self.error_message.as_mut(),
        ];
        for text in texts.into_iter().flatten() {
            text.truncate(text.floor_char_boundary(MOST_TEXT));
        }
        for members in [&mut self.request_parameters, &mut self.response_elements] {
            if members.to_string().len() > MOST_MEMBERS {
                *members = Value::Null;
            }
        }
    }
}

/// The most bytes of a text that a client chooses or is told, and of a request's or an answer's members
/// ("CloudTrail record contents" in CloudTrail's user guide).
const MOST_TEXT: usize = 1024;
const MOST_MEMBERS: usize = 100 * 1024;

/// Whether an operation changes nothing. CloudTrail counts the use of a key among these.
pub(crate) fn is_read_only(operation: &str) -> bool {
    const CHANGING: [&str; 15] = [
        "Cancel",
        "Connect",
        "Create",
        "Delete",
        "Disable",
        "Disconnect",
        "Enable",
        "Import",
        "Put",
        "Replicate",
        "Retire",
        "Revoke",
        "Rotate",
        "Schedule",
        "Tag",
    ];
    !CHANGING.iter().any(|verb| operation.starts_with(verb))
        && !operation.starts_with("Untag")
        && !operation.starts_with("Update")
}

/// The newest records.
#[derive(Debug)]
pub(crate) struct Log {
    records: Mutex<VecDeque<LogRecord>>,
    capacity: usize,
}

impl Log {
    pub(crate) fn new(capacity: usize) -> Self {
        Self {
            records: Mutex::default(),
            capacity,
        }
    }

    pub(crate) fn add(&self, mut record: LogRecord) {
        record.shorten();
        let mut records = self.lock();
        records.push_back(record);
        while records.len() > self.capacity {
            records.pop_front();
        }
    }

    pub(crate) fn records(&self) -> Vec<LogRecord> {
        self.lock().iter().cloned().collect()
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, VecDeque<LogRecord>> {
        self.records.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
