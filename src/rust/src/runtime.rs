//! The one asynchronous runtime of a process, and waiting on it while R stays interruptible.
use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::mem::ManuallyDrop;
use std::pin::pin;
use std::process;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::error::Failure;
use crate::foreign;

/// How often a waiting call looks for an interrupt. Short enough to feel immediate.
const TICK: Duration = Duration::from_millis(50);

thread_local! {
    // R has one thread. A forked child inherits the parent's value, whose reactor and sockets belong to the parent:
    // it is neither used nor dropped there, only replaced.
    static RUNTIME: RefCell<Option<(u32, ManuallyDrop<Runtime>)>> = const { RefCell::new(None) };
}

/// Waits for a future on this process' runtime. When R wants to stop, the future is dropped, and with it the request.
pub(crate) fn wait<F: Future>(future: F) -> Result<F::Output, Failure> {
    with_runtime(|runtime| runtime.block_on(until_stopped(future)))
}

/// Waits for a future that polls others, which outlive the wait.
///
/// The runtime wakes those who yield at the end of its turn, and forgets them when the wait ends before: a call that just
/// yielded would never be woken again. So the wait ends with a turn.
pub(crate) fn wait_for_now<F: Future>(future: F) -> Result<F::Output, Failure> {
    with_runtime(|runtime| {
        runtime.block_on(async {
            let output = until_stopped(future).await;
            tokio::task::yield_now().await;
            output
        })
    })
}

async fn until_stopped<F: Future>(future: F) -> Result<F::Output, Failure> {
    let mut future = pin!(future);
    let mut tick = interval_at(Instant::now() + TICK, TICK);
    tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        tokio::select! {
            biased;
            output = &mut future => return Ok(output),
            _ = tick.tick() => {
                if let Some(stopped) = foreign::stopped() {
                    return Err(Failure::Stopped(stopped));
                }
            }
        }
    }
}

fn with_runtime<T>(use_it: impl FnOnce(&Runtime) -> Result<T, Failure>) -> Result<T, Failure> {
    RUNTIME.with(|slot| {
        let mut slot = slot.try_borrow_mut().map_err(|_| nested())?;
        let pid = process::id();
        let runtime = match slot.take_if(|(owner, _)| *owner == pid) {
            Some((_, runtime)) => runtime,
            None => ManuallyDrop::new(
                Builder::new_current_thread()
                    .enable_all()
                    .build()
                    .map_err(no_runtime)?,
            ),
        };
        let (_, runtime) = slot.insert((pid, runtime));
        use_it(runtime)
    })
}

/// While a call waits, R may run finalizers and event handlers, which could make another.
fn nested() -> Failure {
    Failure::Refused {
        kind: "nested_call",
        reason: "nested",
        message: "A call cannot be made while another one waits for its answer, as from a finalizer or an event \
                  handler that R runs meanwhile."
            .to_owned(),
    }
}

fn no_runtime(error: io::Error) -> Failure {
    Failure::Refused {
        kind: "transport",
        reason: "runtime",
        message: format!(
            "The system does not give what waiting for an answer takes: {error}. Are too many files open?"
        ),
    }
}
