//! Many calls of one operation at once.
use std::collections::{BTreeSet, VecDeque};
use std::future::pending;
use std::mem;
use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use futures_util::StreamExt;
use futures_util::future::LocalBoxFuture;
use futures_util::stream::FuturesUnordered;
use kmsr_model::Operation;
use tokio::time::{Instant, sleep_until};

use crate::arguments::Arguments;
use crate::call::Traffic;
use crate::client::{Answer, Client};
use crate::error::Error;
use crate::log::{self, Level};
use crate::pace::Pace;

/// How many times a call that was throttled to the end of its retries is put back in the queue.
const ROUNDS: u32 = 3;

/// How many calls may be under way at once, and how many requests may be sent in a second.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Calls at once, at least 1.
    pub active: usize,
    /// Requests per second; no limit but the service's if there is none.
    pub rate: Option<f64>,
}

/// Calls of one operation, known by their index, that are made when [`Bulk::next`] is polled. Belongs to one runtime, as
/// its client does.
pub struct Bulk {
    client: Arc<Client>,
    operation: &'static Operation,
    limits: Limits,
    pace: Pace,
    traffic: Rc<Traffic>,
    /// How many requests were throttled so far.
    throttled: u32,
    fresh: Range<usize>,
    again: VecDeque<Turn>,
    stopped: bool,
    active: FuturesUnordered<LocalBoxFuture<'static, (Turn, Result<Answer, Error>)>>,
    under_way: BTreeSet<usize>,
}

/// A call whose turn comes.
#[derive(Debug, Clone, Copy)]
struct Turn {
    index: usize,
    /// How many times it came before.
    round: u32,
}

impl Bulk {
    /// As many calls as `count` says; none is made yet.
    pub fn new(
        client: Arc<Client>,
        operation: &'static Operation,
        count: usize,
        limits: Limits,
    ) -> Self {
        Self {
            client,
            operation,
            limits,
            pace: Pace::new(limits.rate),
            traffic: Rc::new(Traffic {
                adapts: true,
                ..Traffic::default()
            }),
            throttled: 0,
            fresh: 0..count,
            again: VecDeque::new(),
            stopped: false,
            active: FuturesUnordered::new(),
            under_way: BTreeSet::new(),
        }
    }

    /// Makes calls until one is finished and returns its index and outcome, in no particular order; `None` when all are.
    ///
    /// `arguments` is asked for a call's arguments when its turn comes, a second time if it has to be made anew. When it has
    /// none, the call is left out. Dropping the future loses nothing: calls under way go on when the next one is polled.
    pub async fn next(
        &mut self,
        mut arguments: impl FnMut(usize) -> Option<Arguments>,
    ) -> Option<(usize, Result<Answer, Error>)> {
        loop {
            let due = self.begin(&mut arguments);
            if self.active.is_empty() && due.is_none() {
                self.tell_of_throttling();
                return None;
            }
            let pause = async {
                match due {
                    Some(due) => sleep_until(due).await,
                    None => pending().await,
                }
            };
            tokio::select! {
                biased;
                Some((turn, outcome)) = self.active.next() => {
                    if let Some(finished) = self.finish(turn, outcome) {
                        return Some(finished);
                    }
                }
                () = pause => {}
            }
        }
    }

    /// Begins no more calls; those under way are finished.
    pub fn stop(&mut self) {
        self.stopped = true;
    }

    /// The calls that were begun and are not finished.
    pub fn under_way(&self) -> impl Iterator<Item = usize> {
        self.under_way.iter().copied()
    }

    /// Begins what may begin now. Says when the next call may, if that is a matter of time.
    fn begin(&mut self, arguments: &mut impl FnMut(usize) -> Option<Arguments>) -> Option<Instant> {
        let throttled = self.traffic.throttled.take();
        self.throttled += throttled;
        self.pace.sent(self.traffic.resent.take());
        self.pace.answered(0, throttled);
        while self.active.len() < self.limits.active && self.is_waiting() {
            let due = self.pace.due();
            if due > Instant::now() {
                return Some(due);
            }
            let fresh = || self.fresh.next().map(|index| Turn { index, round: 0 });
            let turn = self.again.pop_front().or_else(fresh)?;
            if let Some(arguments) = arguments(turn.index) {
                self.send(turn, arguments);
            }
        }
        None
    }

    /// One line for what would be one for each request.
    fn tell_of_throttling(&mut self) {
        let requests = mem::take(&mut self.throttled);
        if requests == 0 {
            return;
        }
        let name = self.operation.name;
        log::write(Level::Warn, || {
            format!("{name}: throttled {requests} times; calls were sent again, and more slowly")
        });
    }

    fn is_waiting(&self) -> bool {
        let left = !self.fresh.is_empty() || !self.again.is_empty();
        left && !self.stopped
    }

    fn send(&mut self, turn: Turn, arguments: Arguments) {
        let (client, operation) = (self.client.clone(), self.operation);
        let traffic = self.traffic.clone();
        self.pace.sent(1);
        self.under_way.insert(turn.index);
        self.active.push(Box::pin(async move {
            let outcome = client.call_counted(operation, arguments, &traffic).await;
            (turn, outcome)
        }));
    }

    fn finish(
        &mut self,
        turn: Turn,
        outcome: Result<Answer, Error>,
    ) -> Option<(usize, Result<Answer, Error>)> {
        self.under_way.remove(&turn.index);
        match &outcome {
            Ok(_) => self.pace.answered(1, 0),
            Err(error) if error.is_throttling() && turn.round < ROUNDS && !self.stopped => {
                self.again.push_back(Turn {
                    round: turn.round + 1,
                    ..turn
                });
                return None;
            }
            Err(_) => {}
        }
        Some((turn.index, outcome))
    }
}
