//! What is sent again, how often and when: the AWS SDKs' standard mode, but for the failures it gets wrong in KMS.
use std::error::Error as StdError;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use aws_runtime::retries::classifiers::TRANSIENT_ERRORS;
use aws_smithy_runtime_api::client::result::ConnectorError;
use tokio::time::{Instant, sleep_until};

use crate::client::Answer;
use crate::error::{causes, is_throttling, service_code};
use crate::pace::Pace;
use crate::settings::RetryMode;

/// What a client may spend on retries before its calls have to succeed again.
const QUOTA: u32 = 500;
/// What sending again costs after throttling, and after anything else.
const COST_OF_THROTTLING: u32 = 5;
const COST: u32 = 14;
/// What the first pause is drawn from; the next from twice as much, and so on.
const PAUSE_AFTER_THROTTLING: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(50);
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// By how much a pause that the service asks for may be longer than the one drawn.
const PATIENCE: Duration = Duration::from_secs(5);
/// Answers with these statuses may be others a moment later, whatever is in them.
const TRANSIENT_STATUSES: [u16; 4] = [500, 502, 503, 504];

/// Why an attempt may be repeated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Reason {
    /// The service says that there are too many requests.
    Throttled,
    /// Something that may pass: a lost connection, a timeout, a server in trouble.
    Transient,
}

/// A client's retries: all its calls draw on one quota.
#[derive(Debug)]
pub(crate) struct Retries {
    most: u32,
    quota: Mutex<u32>,
    /// In adaptive mode, how fast requests may be sent.
    pace: Option<Mutex<Pace>>,
}

impl Retries {
    /// At most so many retries for each call.
    pub(crate) fn new(most: u32, mode: RetryMode) -> Self {
        Self {
            most,
            quota: Mutex::new(QUOTA),
            pace: (mode == RetryMode::Adaptive).then(|| Mutex::new(Pace::new(None))),
        }
    }

    /// How many times a call is sent at most.
    pub(crate) fn attempts(&self) -> u32 {
        self.most.saturating_add(1)
    }

    /// Waits until a request may be sent.
    pub(crate) async fn ready(&self) {
        let Some(pace) = &self.pace else {
            return;
        };
        loop {
            let due = {
                let mut pace = pace.lock().unwrap_or_else(PoisonError::into_inner);
                if pace.due() <= Instant::now() {
                    pace.sent(1);
                    return;
                }
                pace.due()
            };
            sleep_until(due).await;
        }
    }

    /// An attempt ended, which says something of how fast requests may be sent.
    pub(crate) fn ended(&self, failure: Option<Reason>) {
        if let Some(pace) = &self.pace {
            let throttled = u32::from(failure == Some(Reason::Throttled));
            pace.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .answered(1 - throttled, throttled);
        }
    }

    /// A call succeeded: what its last retry took goes back to the quota; where there was none, one unit does.
    pub(crate) fn succeeded(&self, held: Option<Permit>) {
        let amount = held.map_or(1, |permit| permit.0);
        let mut quota = self.quota.lock().unwrap_or_else(PoisonError::into_inner);
        *quota = (*quota + amount).min(QUOTA);
    }

    /// How long to wait before the next attempt, and what it costs; `None` when there must not be one.
    pub(crate) fn again(
        &self,
        attempt: u32,
        reason: Reason,
        asked_for: Option<Duration>,
    ) -> Option<(Duration, Permit)> {
        if attempt >= self.attempts() {
            return None;
        }
        let (cost, first) = match reason {
            Reason::Throttled => (COST_OF_THROTTLING, PAUSE_AFTER_THROTTLING),
            Reason::Transient => (COST, PAUSE),
        };
        let mut quota = self.quota.lock().unwrap_or_else(PoisonError::into_inner);
        *quota = quota.checked_sub(cost)?;
        drop(quota);
        let longest = first
            .saturating_mul(2_u32.saturating_pow(attempt - 1))
            .min(LONGEST_PAUSE);
        let pause = longest.mul_f64(fastrand::f64());
        let pause = asked_for.map_or(pause, |asked| asked.clamp(pause, pause + PATIENCE));
        Some((pause, Permit(cost)))
    }
}

/// What a retry has taken from the quota, unless [`Retries::succeeded`] is told of it.
#[must_use]
pub(crate) struct Permit(u32);

/// Why an answer that is no success may be another one next time, if it may.
pub(crate) fn after_answer(answer: &Answer) -> Option<Reason> {
    let code = service_code(answer.error_type.as_deref(), &answer.body);
    let code = code.as_deref().unwrap_or_default();
    if code == "LimitExceededException" {
        // The SDKs count this code as throttling; in KMS it is a quota that waiting does not lift.
        None
    } else if is_throttling(code) {
        Some(Reason::Throttled)
    } else if TRANSIENT_ERRORS.contains(&code) || TRANSIENT_STATUSES.contains(&answer.status) {
        Some(Reason::Transient)
    } else {
        None
    }
}

/// Why a request that was not answered may be answered next time, if it may.
pub(crate) fn after_silence(error: &ConnectorError) -> Option<Reason> {
    let may_pass = error.is_timeout() || error.is_io() || error.as_other().is_some();
    (may_pass && !is_refusal(error)).then_some(Reason::Transient)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_and_have_an_end() {
        let retries = Retries::new(40, RetryMode::Standard);
        let longest = |attempt, reason| {
            let pause = || {
                let (pause, permit) = retries.again(attempt, reason, None)?;
                retries.succeeded(Some(permit));
                Some(pause)
            };
            (0..200).filter_map(|_| pause()).max().unwrap_or_default()
        };
        assert!(longest(1, Reason::Transient) <= PAUSE);
        assert!(longest(4, Reason::Transient) > PAUSE);
        assert!(longest(4, Reason::Transient) <= PAUSE * 8);
        assert!(longest(1, Reason::Throttled) <= PAUSE_AFTER_THROTTLING);
        assert!(longest(30, Reason::Throttled) <= LONGEST_PAUSE);
    }

    #[test]
    fn a_pause_the_service_asks_for_is_kept_within_bounds() {
        let retries = Retries::new(1, RetryMode::Standard);
        let asked = |seconds| {
            let again = retries.again(1, Reason::Transient, Some(Duration::from_secs(seconds)));
            let (pause, permit) = again.expect("a retry is left");
            retries.succeeded(Some(permit));
            pause
        };
        assert_eq!(asked(2), Duration::from_secs(2));
        assert!(asked(600) <= PAUSE + PATIENCE);
    }

    #[test]
    fn the_last_attempt_is_the_last() {
        let retries = Retries::new(1, RetryMode::Standard);
        assert!(retries.again(1, Reason::Transient, None).is_some());
        assert!(retries.again(2, Reason::Transient, None).is_none());
    }

    #[test]
    fn a_service_that_keeps_failing_is_left_in_peace() {
        let retries = Retries::new(1000, RetryMode::Standard);
        let retry = || retries.again(1, Reason::Transient, None).is_some();
        let granted = (0..1000).take_while(|_| retry()).count();
        assert_eq!(granted, (QUOTA / COST) as usize);
        assert!(!retry());
        for _ in 0..COST {
            retries.succeeded(None);
        }
        assert!(retry());
    }

    #[test]
    fn answers_are_told_apart() {
        let after = |status, body: &str| {
            after_answer(&Answer {
                status,
                request_id: None,
                error_type: None,
                date: None,
                body: body.as_bytes().to_vec(),
            })
        };
        let code = |code| format!(r#"{{"__type":"com.amazonaws.kms#{code}"}}"#);
        assert_eq!(
            after(400, &code("ThrottlingException")),
            Some(Reason::Throttled)
        );
        assert_eq!(after(400, &code("LimitExceededException")), None);
        assert_eq!(after(400, &code("NotFoundException")), None);
        assert_eq!(
            after(500, &code("KMSInternalException")),
            Some(Reason::Transient)
        );
        assert_eq!(
            after(400, &code("RequestTimeoutException")),
            Some(Reason::Transient)
        );
        assert_eq!(after(503, "<html>"), Some(Reason::Transient));
        assert_eq!(after(403, "<html>"), None);
    }
}
