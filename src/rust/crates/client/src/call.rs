//! The way a call takes: attempts, and the pauses between them.
use std::cell::Cell;
use std::rc::Rc;
use std::time::{Duration, SystemTime};

use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_runtime_api::client::http::HttpConnector;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use http_body_util::BodyExt;
use tokio::time::{sleep, timeout};

use crate::client::{Answer, Client};
use crate::error::{Error, Phase, service_code};
use crate::log::Level;
use crate::request::{Template, sign_for};
use crate::retry::{self, Permit, Reason};
use crate::tale::Tale;

/// What the service says of a signature that does not hold, which may be a matter of the clock.
const DOUBTED_SIGNATURE: [&str; 4] = [
    "InvalidSignatureException",
    "SignatureDoesNotMatch",
    "RequestTimeTooSkewed",
    "AccessDeniedException",
];
/// Clocks that are closer together than this are not the reason: AWS allows five minutes.
const NOTABLE_SKEW: i64 = 4 * 60;

/// What happened to the requests of some calls since it was last taken notice of.
#[derive(Debug, Default)]
pub(crate) struct Traffic {
    /// How many requests were sent a second time or more often.
    pub(crate) resent: Cell<u32>,
    /// How many requests were refused for being too many.
    pub(crate) throttled: Cell<u32>,
    /// Whether the calls become slower when that happens, so that it is no news.
    pub(crate) adapts: bool,
}

/// An attempt that came to nothing.
struct Failed {
    error: Error,
    /// Why another one may do better.
    again: Option<Reason>,
    /// How long the service asks to wait until then.
    asked_for: Option<Duration>,
    /// The credentials it was signed with, by their generation.
    generation: u64,
}

impl Client {
    /// Sends a request, retries included. Returns the answer that says it was done, or the failure and the generation of the
    /// credentials that it came with.
    pub(crate) async fn attempts(
        &self,
        template: &Template,
        traffic: &Rc<Traffic>,
    ) -> Result<Answer, (Error, u64)> {
        let retries = self.retries();
        let mut tale = Tale::new(template.operation(), self.connections().clone());
        let mut held: Option<Permit> = None;
        let mut number = 1;
        loop {
            retries.ready().await;
            if number > 1 {
                traffic.resent.update(|resent| resent + 1);
            }
            let outcome = self.attempt(template, number, &mut tale).await;
            let failed = match outcome {
                Ok(answer) => {
                    retries.ended(None);
                    retries.succeeded(held);
                    return Ok(answer);
                }
                Err(failed) => failed,
            };
            retries.ended(failed.again);
            if failed.again == Some(Reason::Throttled) {
                traffic.throttled.update(|throttled| throttled + 1);
            }
            let again = failed
                .again
                .and_then(|reason| retries.again(number, reason, failed.asked_for));
            let Some((pause, permit)) = again else {
                return Err((failed.error, failed.generation));
            };
            held = Some(permit);
            sleep(pause).await;
            number += 1;
            tale.tries_again(match failed.again {
                Some(Reason::Throttled) if traffic.adapts => Level::Info,
                _ => Level::Warn,
            });
        }
    }

    async fn attempt(
        &self,
        template: &Template,
        number: u32,
        tale: &mut Tale,
    ) -> Result<Answer, Failed> {
        let mut generation = 0;
        let mut request = template.attempt(number, self.retries().attempts());
        let signed_at = SystemTime::now();
        if let Some(identity) = self.identity() {
            let signed = async {
                let (credentials, of) = identity.credentials().await?;
                generation = of;
                let time = self.skew().applied_to(signed_at);
                sign_for(&mut request, credentials, self.region()?, time)
            };
            signed.await.map_err(Failed::for_good)?;
        }
        let connection = CaptureSmithyConnection::new();
        request.add_extension(connection.clone());

        tale.sends(&request);
        let mut response = match self.connector().call(request).await {
            Ok(response) => response,
            Err(error) => {
                let again = retry::after_silence(&error);
                let error = Error::from_connector(&error);
                tale.fails(&error);
                return Err(Failed {
                    error,
                    again,
                    asked_for: None,
                    generation,
                });
            }
        };
        let broken = |error: Error, tale: &mut Tale| {
            tale.fails(&error);
            Failed {
                error,
                again: Some(Reason::Transient),
                asked_for: None,
                generation,
            }
        };
        let body = match timeout(self.read_timeout(), response.take_body().collect()).await {
            Ok(Ok(body)) => body.to_bytes(),
            Ok(Err(error)) => return Err(broken(Error::from_body(error.as_ref()), tale)),
            Err(_) => return Err(broken(Error::Timeout { phase: Phase::Body }, tale)),
        };
        let answer = Answer::new(&response, body.to_vec());
        tale.receives(&response, &answer, &connection);
        if answer.is_success() {
            return Ok(answer);
        }
        let mut again = retry::after_answer(&answer);
        if again == Some(Reason::Transient)
            && let Some(connection) = connection.get()
        {
            // Whoever is in trouble gets another chance to be someone else behind the same name.
            connection.poison();
        }
        if again.is_none() && number == 1 && self.learn_skew(&answer, signed_at) {
            again = Some(Reason::Transient);
        }
        Err(Failed {
            again,
            asked_for: retry_after(&response),
            error: Error::from_answer(answer),
            generation,
        })
    }

    /// Whether a signature was refused because this machine's clock is wrong, by how much being known now.
    fn learn_skew(&self, answer: &Answer, sent_at: SystemTime) -> bool {
        let code = service_code(answer.error_type.as_deref(), &answer.body);
        if !code.is_some_and(|code| DOUBTED_SIGNATURE.contains(&code.as_str())) {
            return false;
        }
        let there = answer
            .date
            .as_deref()
            .and_then(|date| DateTime::from_str(date, Format::HttpDate).ok());
        let here = i64::try_from(
            sent_at
                .duration_since(SystemTime::UNIX_EPOCH)
                .map_or(0, |since| since.as_secs()),
        );
        let (Some(there), Ok(here)) = (there, here) else {
            return false;
        };
        let skew = there.secs() - here;
        let before = self.skew().replace(skew);
        (skew - before).abs() > NOTABLE_SKEW
    }
}

impl Failed {
    fn for_good(error: Error) -> Self {
        Self {
            error,
            again: None,
            asked_for: None,
            generation: 0,
        }
    }
}

/// How long the service asks to wait.
fn retry_after(response: &HttpResponse) -> Option<Duration> {
    let milliseconds = response.headers().get("x-amz-retry-after")?.parse().ok()?;
    Some(Duration::from_millis(milliseconds))
}
