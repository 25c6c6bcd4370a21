//! The log of one call: what was sent, what came back, and why it was sent again.
use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use aws_smithy_runtime_api::client::connection::CaptureSmithyConnection;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use kmsr_model::Operation;

use crate::client::Answer;
use crate::error::{Error, service_code};
use crate::log::{self, Level};
use crate::redact;

/// The near ends of the connections a client was seen to use: one of a kind for each connection.
pub(crate) type Connections = Arc<Mutex<HashSet<SocketAddr>>>;

/// What there is to tell of a call so far.
#[derive(Debug)]
pub(crate) struct Tale {
    operation: &'static Operation,
    connections: Connections,
    attempt: u32,
    sent: Option<Instant>,
    /// Why the last attempt failed, and when.
    failed: Option<(String, Instant)>,
}

impl Tale {
    /// Nothing was sent yet.
    pub(crate) fn new(operation: &'static Operation, connections: Connections) -> Self {
        Self {
            operation,
            connections,
            attempt: 0,
            sent: None,
            failed: None,
        }
    }

    /// The pause after a failure is over; `level` is how much that matters.
    pub(crate) fn tries_again(&mut self, level: Level) {
        let Some((why, when)) = self.failed.take() else {
            return;
        };
        log::write(level, || {
            format!(
                "{}: {why}; sent again after {:.3} s, attempt {}",
                self.operation.name,
                when.elapsed().as_secs_f64(),
                self.attempt + 1
            )
        });
    }

    /// An attempt begins.
    pub(crate) fn sends(&mut self, request: &HttpRequest) {
        self.attempt += 1;
        let (name, attempt) = (self.operation.name, self.attempt);
        self.sent = Some(Instant::now());
        log::write(Level::Debug, || {
            format!(
                "-> {} {} {name}, attempt {attempt}",
                request.method(),
                request.uri()
            )
        });
        if log::wants(Level::Trace) {
            for (header, value) in request.headers() {
                log::write(Level::Trace, || {
                    format!("-> {}", redact::header(header, value))
                });
            }
            let body = request.body().bytes().unwrap_or_default();
            log::write(Level::Trace, || {
                format!("-> {}", redact::body(self.operation.input, body))
            });
        }
    }

    /// An answer was read whole.
    pub(crate) fn receives(
        &mut self,
        response: &HttpResponse,
        answer: &Answer,
        connection: &CaptureSmithyConnection,
    ) {
        let success = response.status().is_success();
        if !success {
            self.failed = Some((refusal(answer), Instant::now()));
        }
        log::write(Level::Debug, || {
            let seconds = self.sent.map_or(0.0, |sent| sent.elapsed().as_secs_f64());
            let request = answer.request_id.as_deref().unwrap_or("without an id");
            let connection = self.connection(connection);
            format!(
                "<- {} {} in {seconds:.3} s, request {request}{connection}",
                answer.status, self.operation.name
            )
        });
        if log::wants(Level::Trace) {
            for (header, value) in response.headers() {
                log::write(Level::Trace, || {
                    format!("<- {}", redact::header(header, value))
                });
            }
            log::write(Level::Trace, || {
                let body = &answer.body;
                let shown = if success {
                    redact::body(self.operation.output, body)
                } else {
                    redact::refusal(body)
                };
                format!("<- {shown}")
            });
        }
    }

    /// An attempt ended without an answer.
    pub(crate) fn fails(&mut self, error: &Error) {
        let why = error.to_string();
        log::write(Level::Debug, || {
            format!("<- {}: no answer: {why}", self.operation.name)
        });
        self.failed = Some((why, Instant::now()));
    }

    fn connection(&self, connection: &CaptureSmithyConnection) -> String {
        let Some(connection) = connection.get() else {
            return String::new();
        };
        let (Some(near), Some(far)) = (connection.local_addr(), connection.remote_addr()) else {
            return String::new();
        };
        let known = !self
            .connections
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(near);
        format!(
            ", {} {far}",
            if known {
                "connection reused to"
            } else {
                "connected to"
            }
        )
    }
}

fn refusal(answer: &Answer) -> String {
    match service_code(answer.error_type.as_deref(), &answer.body) {
        Some(code) => format!("{code} (HTTP {})", answer.status),
        None => format!("HTTP {}", answer.status),
    }
}
