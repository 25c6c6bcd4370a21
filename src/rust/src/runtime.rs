//! The one asynchronous runtime of a process, and waiting on it while R stays interruptible.
use std::cell::RefCell;
use std::future::Future;
use std::mem::ManuallyDrop;
use std::pin::pin;
use std::process;
use std::time::Duration;

use tokio::runtime::{Builder, Runtime};
use tokio::time::{Instant, MissedTickBehavior, interval_at};

use crate::foreign::{self, Stopped};

/// How often a waiting call looks for an interrupt. Short enough to feel immediate.
const TICK: Duration = Duration::from_millis(50);

thread_local! {
    // R has one thread. A forked child inherits the parent's value, whose reactor and sockets belong to the parent:
    // it is neither used nor dropped there, only replaced.
    static RUNTIME: RefCell<Option<(u32, ManuallyDrop<Runtime>)>> = const { RefCell::new(None) };
}

/// Waits for a future on this process' runtime. When R wants to stop, the future is dropped, and with it the request.
pub(crate) fn wait<F: Future>(future: F) -> Result<F::Output, Stopped> {
    with_runtime(|runtime| {
        runtime.block_on(async {
            let mut future = pin!(future);
            let mut tick = interval_at(Instant::now() + TICK, TICK);
            tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
            loop {
                tokio::select! {
                    biased;
                    output = &mut future => return Ok(output),
                    _ = tick.tick() => {
                        if let Some(stopped) = foreign::stopped() {
                            return Err(stopped);
                        }
                    }
                }
            }
        })
    })
}

fn with_runtime<T>(use_it: impl FnOnce(&Runtime) -> T) -> T {
    RUNTIME.with_borrow_mut(|slot| {
        let pid = process::id();
        if slot.as_ref().is_none_or(|(owner, _)| *owner != pid) {
            let runtime = Builder::new_current_thread()
                .enable_all()
                .build()
                .expect("the operating system refuses the file descriptors an event loop needs");
            *slot = Some((pid, ManuallyDrop::new(runtime)));
        }
        let (_, runtime) = slot.as_ref().expect("filled above");
        use_it(runtime)
    })
}
