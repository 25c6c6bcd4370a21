//! Failures on their way to R: a list of class `kmsr_failure` that `unwrap()` in R turns into a condition.
use extendr_api::prelude::*;
use kmsr_client::{Error, Phase};

use crate::convert::{BadArgument, for_r, json_to_r};
use crate::foreign::Stopped;

/// Why a function of the binding has no value.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A call failed.
    Call(Error),
    /// An argument is not what it must be.
    Argument(BadArgument),
    /// R ended the wait.
    Stopped(Stopped),
    /// The client behind the handle belongs to another process, or none: R makes it again and repeats the call.
    Stale,
    /// The client's literal keys did not come along when it was saved or sent to another process.
    SecretsLost,
    /// The key material behind an object is gone: it never travels.
    MaterialLost,
    /// Something else that a crate of the house refused.
    Refused {
        /// What R's class is made of: `kmsr_<kind>_error`.
        kind: &'static str,
        /// A short, stable word for the reason.
        reason: &'static str,
        /// What happened and what to do.
        message: String,
    },
}

/// Errors of the wrapping crate know their reason in a word, and say what to do.
macro_rules! refused {
    ($($error:ty => $kind:literal),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::Refused { kind: $kind, reason: error.kind(), message: error.to_string() }
            }
        })+
    };
}

refused! {
    kmsr_wrap::KeyMaterialError => "key_material",
    kmsr_wrap::WrapError => "wrap",
    kmsr_wrap::CombinationError => "wrap",
    kmsr_wrap::NameError => "argument",
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Call(error)
    }
}

impl From<BadArgument> for Failure {
    fn from(error: BadArgument) -> Self {
        Self::Argument(error)
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Self {
        Self::Stopped(stopped)
    }
}

/// The value, or the failure as an R object.
pub(crate) fn into_r<T: Into<Robj>>(result: Result<T, Failure>) -> Robj {
    match result {
        Ok(value) => value.into(),
        Err(failure) => failure.into_r(),
    }
}

impl Failure {
    /// The failure as an R object.
    pub(crate) fn into_r(self) -> Robj {
        match self {
            Self::Stopped(Stopped::Interrupt) => tagged("interrupted", "", vec![]),
            Self::Stopped(Stopped::Error(condition)) => {
                tagged("raised", "", vec![("condition", condition)])
            }
            Self::Stale => tagged("stale", "", vec![]),
            Self::MaterialLost => tagged("material_lost", "", vec![]),
            Self::Refused {
                kind,
                reason,
                message,
            } => tagged(
                "refused",
                &message,
                vec![("class", kind.into()), ("reason", reason.into())],
            ),
            Self::SecretsLost => tagged("secrets_lost", "", vec![]),
            Self::Argument(BadArgument {
                argument,
                given,
                wanted,
            }) => tagged(
                "argument",
                "",
                vec![
                    ("argument", argument.into()),
                    ("given", given.into()),
                    ("wanted", wanted.into()),
                ],
            ),
            Self::Call(error) => call_failure(error),
        }
    }
}

fn call_failure(error: Error) -> Robj {
    let text = error.to_string();
    match error {
        Error::Service {
            code,
            message,
            answer,
        } => {
            let body = serde_json::from_slice(&answer.body).unwrap_or(serde_json::Value::Null);
            tagged(
                "service",
                &message,
                vec![
                    ("code", for_r(&code).into_owned().into()),
                    ("status_code", i32::from(answer.status).into()),
                    ("request_id", answer.request_id.into_robj_or_null()),
                    ("error_response", json_to_r(&body)),
                ],
            )
        }
        Error::Unreadable { reason, answer } => tagged(
            "unreadable",
            &reason,
            vec![
                ("status_code", i32::from(answer.status).into()),
                ("request_id", answer.request_id.into_robj_or_null()),
                (
                    "body",
                    for_r(&String::from_utf8_lossy(&answer.body))
                        .into_owned()
                        .into(),
                ),
            ],
        ),
        Error::Timeout { phase } => {
            let phase = match phase {
                Phase::Connect => "connect",
                Phase::Read | Phase::Body => "read",
                Phase::Operation => "operation",
            };
            tagged("timeout", &text, vec![("phase", phase.into())])
        }
        Error::Transport { message } => tagged("transport", &message, vec![]),
        Error::Credentials { message } => tagged("credentials", &message, vec![]),
        Error::MissingRegion => tagged("missing_region", &text, vec![]),
        // Error is non-exhaustive: what a later version of the client adds arrives as a request that failed.
        Error::Request { .. } | _ => tagged("request", &text, vec![]),
    }
}

fn tagged(kind: &str, message: &str, fields: Vec<(&str, Robj)>) -> Robj {
    let mut pairs = vec![
        ("kind", Robj::from(kind)),
        ("message", for_r(message).into_owned().into()),
    ];
    pairs.extend(fields);
    let mut list = List::from_pairs(pairs).into_robj();
    // A class attribute on a fresh list is never refused.
    let _ = list.set_class(["kmsr_failure"]);
    list
}

/// `NULL` for nothing: extendr's own conversion would be `NA`.
trait OrNull {
    fn into_robj_or_null(self) -> Robj;
}

impl OrNull for Option<String> {
    fn into_robj_or_null(self) -> Robj {
        self.map_or_else(|| ().into(), Robj::from)
    }
}
