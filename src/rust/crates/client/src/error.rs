//! The ways a call fails.
use std::error::Error as StdError;
use std::{fmt, io};

use aws_credential_types::provider::error::CredentialsError;
use aws_runtime::retries::classifiers::THROTTLING_ERRORS;
use aws_smithy_runtime_api::client::result::ConnectorError;

use crate::client::Answer;

type Members = serde_json::Map<String, serde_json::Value>;

/// Why a call has no result.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// The service refused the request and said why.
    Service {
        /// The bare error code, for example `NotFoundException`.
        code: String,
        /// The service's message; may be empty.
        message: String,
        /// The answer, whose body is the service's JSON.
        answer: Box<Answer>,
    },
    /// Something answered, but not with what the service would say: a proxy's HTML page, an empty or cut body.
    Unreadable {
        /// What is wrong with it.
        reason: String,
        /// The answer as it came.
        answer: Box<Answer>,
    },
    /// Time ran out.
    Timeout {
        /// What was being waited for.
        phase: Phase,
    },
    /// No answer came: the host was not found, refused, dropped the connection, or is not trusted.
    Transport {
        /// The causes, outermost first.
        message: String,
    },
    /// There are no usable credentials.
    Credentials {
        /// What was tried and what each attempt said.
        message: String,
    },
    /// No Region is configured, so there is no endpoint and no signature.
    MissingRegion,
    /// The request could not be made from these arguments.
    Request {
        /// The cause.
        message: String,
    },
}

/// What a call was waiting for when its time ran out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// A connection.
    Connect,
    /// The beginning of an answer.
    Read,
    /// The end of an answer that had begun.
    Body,
    /// The call as a whole.
    Operation,
}

impl Error {
    /// The failure of an answer whose body is not what its status promised.
    pub fn unreadable(answer: Answer) -> Self {
        let reason = match serde_json::from_slice::<Members>(&answer.body) {
            Ok(_) if (200..300).contains(&answer.status) => "its members are not what the API says",
            Ok(_) => "it is JSON without an error code",
            Err(_) => what_it_looks_like(&answer.body),
        };
        Self::Unreadable {
            reason: reason.to_owned(),
            answer: answer.into(),
        }
    }

    /// The failure that an answer of another status than success tells of.
    pub(crate) fn from_answer(answer: Answer) -> Self {
        let code = service_code(answer.error_type.as_deref(), &answer.body);
        let body: Option<Members> = serde_json::from_slice(&answer.body).ok();
        let (Some(code), Some(body)) = (code, body) else {
            return Self::unreadable(answer);
        };
        let text = |name| body.get(name)?.as_str().map(str::to_owned);
        Self::Service {
            message: text("message")
                .or_else(|| text("Message"))
                .unwrap_or_default(),
            code,
            answer: answer.into(),
        }
    }

    /// Whether the service refused a request for being one too many.
    pub fn is_throttling(&self) -> bool {
        matches!(self, Self::Service { code, .. } if is_throttling(code))
    }

    /// The failure to find credentials.
    pub(crate) fn from_credentials(error: &CredentialsError) -> Self {
        Self::Credentials {
            message: chain(error),
        }
    }

    /// The failure of a request that was not answered.
    pub(crate) fn from_connector(error: &ConnectorError) -> Self {
        // One of our own, from within a connection.
        if let Some(Self::Request { message }) = find::<Self>(error) {
            return Self::Request {
                message: message.clone(),
            };
        }
        let text = chain(error);
        if error.is_timeout() {
            let phase = if text.contains("connect timeout") {
                Phase::Connect
            } else {
                Phase::Read
            };
            return Self::Timeout { phase };
        }
        Self::Transport {
            // The connector's own text is a heading for kinds of failures.
            message: error.source().map_or(text, chain),
        }
    }

    /// The failure of an answer that broke off.
    pub(crate) fn from_body(error: &(dyn StdError + 'static)) -> Self {
        Self::Transport {
            message: chain(error),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Service {
                code,
                message,
                answer,
            } => write!(f, "{code} (HTTP {}). {message}", answer.status),
            Self::Unreadable { reason, answer } => {
                write!(
                    f,
                    "the answer (HTTP {}) cannot be read: {reason}",
                    answer.status
                )
            }
            Self::Timeout {
                phase: Phase::Connect,
            } => f.write_str("no connection was made in time"),
            Self::Timeout { phase: Phase::Read } => f.write_str("no answer came in time"),
            Self::Timeout { phase: Phase::Body } => {
                f.write_str("the answer began but did not go on in time")
            }
            Self::Timeout {
                phase: Phase::Operation,
            } => f.write_str("the call was not finished in time"),
            Self::Transport { message }
            | Self::Credentials { message }
            | Self::Request { message } => f.write_str(message),
            Self::MissingRegion => f.write_str("no AWS Region is configured"),
        }
    }
}

impl StdError for Error {}

/// Whether the error code says that there are too many requests, rather than too many of something else.
pub(crate) fn is_throttling(code: &str) -> bool {
    code != "LimitExceededException" && THROTTLING_ERRORS.contains(&code)
}

/// The bare error code of a failed answer: without the namespace before `#` and the address after `:`.
pub(crate) fn service_code(header: Option<&str>, body: &[u8]) -> Option<String> {
    let body: Option<serde_json::Value> = serde_json::from_slice(body).ok();
    let member = |name| body.as_ref()?.get(name)?.as_str();
    let raw = header
        .or_else(|| member("__type"))
        .or_else(|| member("code"))?;
    let bare = raw.split(':').next()?.rsplit('#').next()?.trim();
    (!bare.is_empty()).then(|| bare.to_owned())
}

fn what_it_looks_like(body: &[u8]) -> &'static str {
    let start = body.trim_ascii_start();
    if start.is_empty() {
        "it is empty"
    } else if start.starts_with(b"<") {
        "it is HTML or XML, as a proxy or a wrong endpoint would send"
    } else if start.starts_with(b"{") {
        "its JSON is cut off or malformed"
    } else {
        "it is not JSON"
    }
}

/// The first error of a type among an error and its causes.
fn find<'a, T: StdError + 'static>(error: &'a (dyn StdError + 'static)) -> Option<&'a T> {
    causes(error).find_map(|cause| cause.downcast_ref())
}

/// An error and its causes, outermost first, without repetitions.
pub(crate) fn chain(error: &(dyn StdError + 'static)) -> String {
    let mut text = String::new();
    // Credentials errors are headings for kinds of failures; what happened is below.
    for cause in causes(error).filter(|cause| !cause.is::<CredentialsError>()) {
        let next = cause.to_string();
        if text.is_empty() {
            text = next;
        } else if !text.contains(&next) {
            text = format!("{text}: {next}");
        }
    }
    text
}

/// A text of several lines in one.
pub(crate) fn one_line(text: &str) -> String {
    text.lines().map(str::trim).collect::<Vec<_>>().join(" ")
}

/// An error and its causes, outermost first. What an I/O error wraps is a cause as well, though it hides it.
pub(crate) fn causes<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a (dyn StdError + 'static)> {
    std::iter::successors(Some(error), |&error| {
        match error.downcast_ref::<io::Error>() {
            Some(wrapping) => wrapping
                .get_ref()
                .map(|inner| inner as &(dyn StdError + 'static)),
            None => error.source(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &str) -> Answer {
        Answer {
            status,
            request_id: None,
            error_type: None,
            date: None,
            body: body.as_bytes().to_vec(),
        }
    }

    #[test]
    fn a_code_is_bare() {
        for (raw, bare) in [
            (r#"{"__type":"NotFoundException"}"#, "NotFoundException"),
            (
                r#"{"__type":"com.amazonaws.kms#NotFoundException"}"#,
                "NotFoundException",
            ),
            (
                r#"{"__type":"NotFoundException:http://internal.amazon.com/x"}"#,
                "NotFoundException",
            ),
            (r#"{"code":"Throttling"}"#, "Throttling"),
        ] {
            assert_eq!(service_code(None, raw.as_bytes()).as_deref(), Some(bare));
        }
        assert_eq!(
            service_code(Some("AccessDeniedException"), b"").as_deref(),
            Some("AccessDeniedException")
        );
        assert_eq!(service_code(None, b"<html>"), None);
    }

    #[test]
    fn failed_answers_are_told_apart() {
        let service = Error::from_answer(answer(
            400,
            r#"{"__type":"a#NotFoundException","Message":"gone"}"#,
        ));
        assert!(
            matches!(service, Error::Service { code, message, .. } if code == "NotFoundException" && message == "gone")
        );
        for body in ["", "<html></html>", "{\"a\":", "oops", "[1]", "{}"] {
            assert!(
                matches!(
                    Error::from_answer(answer(503, body)),
                    Error::Unreadable { .. }
                ),
                "{body}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_described() {
        let reason = |status, body| match Error::unreadable(answer(status, body)) {
            Error::Unreadable { reason, .. } => reason,
            other => other.to_string(),
        };
        assert_eq!(reason(200, "{}"), "its members are not what the API says");
        assert_eq!(reason(503, "{}"), "it is JSON without an error code");
        assert_eq!(reason(200, "[1]"), "it is not JSON");
        assert_eq!(reason(200, ""), "it is empty");
        assert_eq!(reason(200, "{\"a\":"), "its JSON is cut off or malformed");
        assert_eq!(
            reason(200, " <html>"),
            "it is HTML or XML, as a proxy or a wrong endpoint would send"
        );
    }
}
