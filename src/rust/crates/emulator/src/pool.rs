//! RSA keys made ahead: making one takes up to seconds, an answer may not.
//!
//! One pool and one thread of its own serve every emulator of the process. The thread keeps a key of each size ready. The
//! first sign of imports (a key of EXTERNAL origin) makes it keep enough of the longest for a burst, and the first use of
//! any size enough of that. A process that was forked has a pool of its own.
//!
//! Imports by the hundred come faster than keys can be made. Then wrapping keys, and they alone, are given out again.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::crypto::{Failed, asymmetric::KeyPair};
use crate::spec::RsaSize;

/// How many keys of a size are kept ready before and after the first sign that they are wanted.
const AT_REST: usize = 1;
const FOR_A_BURST: usize = 10;
const SIZES: [RsaSize; 3] = [RsaSize::Bits2048, RsaSize::Bits3072, RsaSize::Bits4096];

/// The process's pool.
#[derive(Clone)]
pub(crate) struct Pool {
    shared: Arc<Shared>,
}

struct Shared {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    ready: [VecDeque<KeyPair>; 3],
    waiting: [VecDeque<oneshot::Sender<KeyPair>>; 3],
    /// The wrapping keys that were given out last.
    wrapping: [VecDeque<KeyPair>; 3],
    targets: [usize; 3],
    stopping: bool,
}

/// The pool, its thread, and the process they belong to.
struct Running {
    process: u32,
    pool: Pool,
    thread: JoinHandle<()>,
}

static RUNNING: Mutex<Option<Running>> = Mutex::new(None);

/// Ends the thread that makes keys ahead, and waits until it has ended: for up to the seconds a key in the making takes. To be
/// called before the library is unloaded; emulators still running make their keys when asked.
pub fn shut_down() {
    let running = lock(&RUNNING).take();
    let Some(running) = running else { return };
    if running.process != std::process::id() {
        // The thread is the parent's; there is nothing to wait for here.
        std::mem::forget(running);
        return;
    }
    lock(&running.pool.shared.state).stopping = true;
    running.pool.shared.changed.notify_all();
    // A panic in the thread has already been reported by it.
    let _ = running.thread.join();
}

impl Pool {
    /// The process's pool, started if need be.
    pub(crate) fn of_this_process() -> std::io::Result<Self> {
        let mut running = lock(&RUNNING);
        match running.as_ref() {
            Some(running) if running.process == std::process::id() => {
                return Ok(running.pool.clone());
            }
            // Forked: the parent's pool may have been locked at that moment, so it is left alone for good.
            Some(_) => std::mem::forget(running.take()),
            None => {}
        }
        let pool = Self {
            shared: Arc::new(Shared {
                state: Mutex::new(State {
                    targets: [AT_REST; 3],
                    ..State::default()
                }),
                changed: Condvar::new(),
            }),
        };
        let shared = Arc::clone(&pool.shared);
        let thread = thread::Builder::new()
            .name("kmsr-key-pairs".to_owned())
            .spawn(move || fill(&shared))?;
        *running = Some(Running {
            process: std::process::id(),
            pool: pool.clone(),
            thread,
        });
        Ok(pool)
    }

    /// Says that imports are near, so that a burst of them finds its keys ready.
    pub(crate) fn expect_a_burst(&self) {
        lock(&self.shared.state).targets[slot(RsaSize::Bits4096)] = FOR_A_BURST;
        self.shared.changed.notify_all();
    }

    /// A key that nobody else has; from the pool, or as soon as it is made.
    pub(crate) async fn take(&self, size: RsaSize) -> Result<KeyPair, Failed> {
        let receiver = {
            let mut state = lock(&self.shared.state);
            state.targets[slot(size)] = FOR_A_BURST;
            let taken = state.ready[slot(size)].pop_front();
            self.shared.changed.notify_all();
            if let Some(pair) = taken {
                return Ok(pair);
            }
            if state.stopping {
                None
            } else {
                let (sender, receiver) = oneshot::channel();
                state.waiting[slot(size)].push_back(sender);
                Some(receiver)
            }
        };
        let made = match receiver {
            Some(receiver) => receiver.await.ok(),
            None => None,
        };
        // Without its thread, the pool makes the key while the caller waits.
        made.map_or_else(|| KeyPair::generate_rsa(size), Ok)
    }

    /// A key for a set of import parameters: one that nobody else has, unless so many were given out that the next would
    /// have to be waited for. Then it is the one given out longest ago.
    pub(crate) async fn take_wrapping(&self, size: RsaSize) -> Result<KeyPair, Failed> {
        let again = {
            let mut state = lock(&self.shared.state);
            // Those that others wait for count as given out.
            let many = state.wrapping[slot(size)].len() + state.waiting[slot(size)].len();
            if state.ready[slot(size)].is_empty() && many >= FOR_A_BURST {
                state.wrapping[slot(size)].pop_front()
            } else {
                None
            }
        };
        let pair = match again {
            Some(pair) => pair,
            None => self.take(size).await?,
        };
        let mut state = lock(&self.shared.state);
        let given = &mut state.wrapping[slot(size)];
        given.push_back(pair.duplicate());
        if given.len() > FOR_A_BURST {
            given.pop_front();
        }
        Ok(pair)
    }
}

/// Makes keys for those who wait, then for later, then sleeps; until it is told to stop.
fn fill(shared: &Shared) {
    let mut state = lock(&shared.state);
    while !state.stopping {
        let Some(size) = state.most_wanted() else {
            state = shared
                .changed
                .wait(state)
                .unwrap_or_else(PoisonError::into_inner);
            continue;
        };
        drop(state);
        let made = KeyPair::generate_rsa(size);
        state = lock(&shared.state);
        if let Ok(pair) = made {
            state.hand_over(size, pair);
        }
    }
    // Those who still wait make their own.
    for waiting in &mut state.waiting {
        waiting.clear();
    }
}

impl State {
    fn most_wanted(&mut self) -> Option<RsaSize> {
        for waiting in &mut self.waiting {
            waiting.retain(|sender| !sender.is_closed());
        }
        let awaited = SIZES
            .into_iter()
            .find(|size| !self.waiting[slot(*size)].is_empty());
        awaited.or_else(|| {
            SIZES
                .into_iter()
                .filter(|size| self.ready[slot(*size)].len() < self.targets[slot(*size)])
                .min_by_key(|size| self.ready[slot(*size)].len())
        })
    }

    fn hand_over(&mut self, size: RsaSize, mut pair: KeyPair) {
        while let Some(sender) = self.waiting[slot(size)].pop_front() {
            match sender.send(pair) {
                Ok(()) => return,
                // That one has gone; the next may still be there.
                Err(returned) => pair = returned,
            }
        }
        self.ready[slot(size)].push_back(pair);
    }
}

fn slot(size: RsaSize) -> usize {
    match size {
        RsaSize::Bits2048 => 0,
        RsaSize::Bits3072 => 1,
        RsaSize::Bits4096 => 2,
    }
}

/// The lock's value, also after a panic elsewhere: every change under these locks is whole at once.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[tokio::test]
    async fn wrapping_keys_and_they_alone_are_given_out_again() {
        let pool = Pool::of_this_process().expect("a thread");
        let size = RsaSize::Bits2048;
        let mut wrapping = HashSet::new();
        for _ in 0..FOR_A_BURST {
            let pair = pool.take_wrapping(size).await.expect("a key");
            assert!(wrapping.insert(pair.public_key), "the first are all new");
        }
        // Faster than keys can be made.
        let mut again = 0;
        for _ in 0..100 {
            let pair = pool.take_wrapping(size).await.expect("a key");
            again += usize::from(!wrapping.insert(pair.public_key));
        }
        assert!(again > 0);
        let other = pool.take(size).await.expect("a key");
        assert!(!wrapping.contains(&other.public_key));
    }
}
