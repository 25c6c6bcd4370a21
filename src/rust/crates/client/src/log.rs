//! What happens during a call, for whoever asked to know.
//!
//! A [`Log`] is opened around a future; whatever runs inside, down to the SDK's credentials providers, writes to it without
//! being handed it. Without a log, or below its level, nothing is even put into words. What is written never holds a
//! secret: whoever writes sees to that, with `redact`.
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::SystemTime;

tokio::task_local! {
    static OPEN: Log;
}

/// How much a reader has to care. A log of one level holds the levels before it as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// Something failed.
    Error = 1,
    /// Something failed, but it goes on: a retry, older credentials.
    Warn,
    /// What was decided: which credentials, and why not others.
    Info,
    /// Each request and answer in a line.
    Debug,
    /// Headers and bodies, redacted.
    Trace,
}

/// One line of a log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// How much it matters.
    pub level: Level,
    /// When it happened.
    pub at: SystemTime,
    /// What happened, in one line.
    pub message: String,
}

/// A log being kept. Clones are the same log.
#[derive(Debug, Clone)]
pub struct Log(Arc<Kept>);

#[derive(Debug)]
struct Kept {
    level: Level,
    events: Mutex<Vec<Event>>,
}

impl Level {
    /// The level with this number, from 1 to 5; beyond that the last.
    pub fn from_number(number: u8) -> Option<Self> {
        match number {
            0 => None,
            1 => Some(Self::Error),
            2 => Some(Self::Warn),
            3 => Some(Self::Info),
            4 => Some(Self::Debug),
            _ => Some(Self::Trace),
        }
    }

    /// The name that begins a line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Error => "ERROR",
            Self::Warn => "WARN",
            Self::Info => "INFO",
            Self::Debug => "DEBUG",
            Self::Trace => "TRACE",
        }
    }
}

impl Log {
    /// An empty log of this level and what matters more.
    pub fn new(level: Level) -> Self {
        Self(Arc::new(Kept {
            level,
            events: Mutex::new(Vec::new()),
        }))
    }

    /// Runs a future whose doings are written here.
    pub async fn during<F: Future>(&self, future: F) -> F::Output {
        OPEN.scope(self.clone(), future).await
    }

    /// What was written since the last time. Holds what happened before a future was dropped, too.
    pub fn take(&self) -> Vec<Event> {
        std::mem::take(&mut *self.0.events.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Whether anybody wants to know of this level.
pub(crate) fn wants(level: Level) -> bool {
    OPEN.try_with(|log| level <= log.0.level).unwrap_or(false)
}

/// Writes a line if anybody wants to know.
pub(crate) fn write(level: Level, message: impl FnOnce() -> String) {
    // No log is open: nobody wants to know.
    let _ = OPEN.try_with(|log| {
        if level <= log.0.level {
            let event = Event {
                level,
                at: SystemTime::now(),
                message: message(),
            };
            log.0
                .events
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(event);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_log_holds_its_level_and_what_matters_more() {
        let log = Log::new(Level::Info);
        log.during(async {
            assert!(wants(Level::Warn) && !wants(Level::Debug));
            write(Level::Warn, || "careful".into());
            write(Level::Info, || "so it is".into());
            write(Level::Debug, || unreachable!("never put into words"));
        })
        .await;
        let events = log.take();
        let told: Vec<_> = events
            .iter()
            .map(|event| (event.level.name(), event.message.as_str()))
            .collect();
        assert_eq!(told, [("WARN", "careful"), ("INFO", "so it is")]);
        assert_eq!(log.take(), []);
    }

    #[test]
    fn without_a_log_nothing_is_put_into_words() {
        write(Level::Error, || unreachable!("nobody listens"));
        assert!(!wants(Level::Error));
    }

    #[test]
    fn numbers_are_levels() {
        assert_eq!(Level::from_number(0), None);
        assert_eq!(Level::from_number(2), Some(Level::Warn));
        assert_eq!(Level::from_number(9), Some(Level::Trace));
    }
}
