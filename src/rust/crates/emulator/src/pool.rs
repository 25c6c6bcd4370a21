//! RSA keys made ahead: making one takes up to seconds, an answer may not.
//!
//! One pool and one thread of its own serve every emulator of the process. The thread keeps a key of each size ready. The
//! first sign of imports (a key of EXTERNAL origin) makes it keep enough of the longest for a burst, and the first use of
//! any size enough of that. A process that was forked has a pool of its own.
//!
//! Imports by the hundred come faster than keys can be made. Then wrapping keys, and they alone, are given out again: nobody
//! waits for more than the first few.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use tokio::sync::oneshot;

use crate::crypto::{Failed, asymmetric::KeyPair};
use crate::spec::RsaSize;

/// How many keys of a size are kept ready before and after the first sign that they are wanted.
const AT_REST: usize = 1;
const FOR_A_BURST: usize = 10;
/// How many different wrapping keys there have to be before one is given out again.
const DIFFERENT: usize = 4;
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

struct State {
    shelves: [Shelf; 3],
    stopping: bool,
}

/// The keys of one size.
struct Shelf {
    ready: VecDeque<KeyPair>,
    target: usize,
    /// Those who wait for a key of their own.
    waiting: VecDeque<oneshot::Sender<KeyPair>>,
    /// Those who wait for a wrapping key.
    waiting_to_wrap: VecDeque<oneshot::Sender<KeyPair>>,
    /// The wrapping keys that were given out last, the last one last.
    wrapping: VecDeque<KeyPair>,
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
                    shelves: [(); 3].map(|()| Shelf::new()),
                    stopping: false,
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
        lock(&self.shared.state).shelf(RsaSize::Bits4096).target = FOR_A_BURST;
        self.shared.changed.notify_all();
    }

    /// A key that nobody else has; from the pool, or as soon as it is made.
    pub(crate) async fn take(&self, size: RsaSize) -> Result<KeyPair, Failed> {
        self.take_or_wait(size, Shelf::take, |shelf| &mut shelf.waiting)
            .await
    }

    /// A key for a set of import parameters: one that nobody else has, unless some were given out and the next would have to
    /// be waited for. Then it is the one given out longest ago.
    pub(crate) async fn take_wrapping(&self, size: RsaSize) -> Result<KeyPair, Failed> {
        self.take_or_wait(size, Shelf::take_wrapping, |shelf| {
            &mut shelf.waiting_to_wrap
        })
        .await
    }

    async fn take_or_wait(
        &self,
        size: RsaSize,
        take: impl FnOnce(&mut Shelf) -> Option<KeyPair>,
        queue: impl FnOnce(&mut Shelf) -> &mut VecDeque<oneshot::Sender<KeyPair>>,
    ) -> Result<KeyPair, Failed> {
        let receiver = {
            let mut state = lock(&self.shared.state);
            let stopping = state.stopping;
            let shelf = state.shelf(size);
            shelf.target = FOR_A_BURST;
            self.shared.changed.notify_all();
            if let Some(pair) = take(shelf) {
                return Ok(pair);
            }
            let (sender, receiver) = oneshot::channel();
            if !stopping {
                queue(shelf).push_back(sender);
            }
            receiver
        };
        // Without its thread, the pool makes the key while the caller waits.
        receiver
            .await
            .map_or_else(|_| KeyPair::generate_rsa(size), Ok)
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
            state.shelf(size).put(pair);
        }
    }
    // Those who still wait make their own.
    for shelf in &mut state.shelves {
        shelf.waiting.clear();
        shelf.waiting_to_wrap.clear();
    }
}

impl State {
    fn shelf(&mut self, size: RsaSize) -> &mut Shelf {
        &mut self.shelves[slot(size)]
    }

    fn most_wanted(&mut self) -> Option<RsaSize> {
        for shelf in &mut self.shelves {
            shelf.waiting.retain(|sender| !sender.is_closed());
            shelf.waiting_to_wrap.retain(|sender| !sender.is_closed());
        }
        let shelf = |size: &RsaSize| &self.shelves[slot(*size)];
        let awaited = SIZES.into_iter().find(|size| {
            !shelf(size).waiting.is_empty() || !shelf(size).waiting_to_wrap.is_empty()
        });
        awaited.or_else(|| {
            SIZES
                .into_iter()
                .filter(|size| shelf(size).ready.len() < shelf(size).target)
                .min_by_key(|size| shelf(size).ready.len())
        })
    }
}

impl Shelf {
    fn new() -> Self {
        Self {
            ready: VecDeque::new(),
            target: AT_REST,
            waiting: VecDeque::new(),
            waiting_to_wrap: VecDeque::new(),
            wrapping: VecDeque::new(),
        }
    }

    fn take(&mut self) -> Option<KeyPair> {
        self.ready.pop_front()
    }

    fn take_wrapping(&mut self) -> Option<KeyPair> {
        let fresh = self.ready.pop_front();
        let again = || {
            let enough = self.wrapping.len() >= DIFFERENT;
            enough.then(|| self.wrapping.pop_front()).flatten()
        };
        let pair = fresh.or_else(again)?;
        self.wrapping.push_back(pair.duplicate());
        if self.wrapping.len() > FOR_A_BURST {
            self.wrapping.pop_front();
        }
        Some(pair)
    }

    /// Takes in a key that was made, and serves those who waited for one.
    fn put(&mut self, mut pair: KeyPair) {
        while let Some(sender) = self.waiting.pop_front() {
            match sender.send(pair) {
                Ok(()) => return,
                // That one has gone; the next may still be there.
                Err(returned) => pair = returned,
            }
        }
        self.ready.push_back(pair);
        while !self.waiting_to_wrap.is_empty()
            && let Some(pair) = self.take_wrapping()
            && let Some(sender) = self.waiting_to_wrap.pop_front()
        {
            // Whoever has gone needs none.
            let _ = sender.send(pair);
        }
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

    use tokio::task::JoinSet;

    use super::*;

    /// The public keys of so many takers, all of whom ask before a key is made.
    async fn public_keys<T>(takers: usize, take: fn(Pool) -> T) -> Vec<Vec<u8>>
    where
        T: Future<Output = Result<KeyPair, Failed>> + Send + 'static,
    {
        let pool = Pool::of_this_process().expect("a thread");
        let mut tasks: JoinSet<_> = (0..takers).map(|_| take(pool.clone())).collect();
        let mut keys = Vec::new();
        while let Some(taken) = tasks.join_next().await {
            keys.push(taken.expect("no panic").expect("a key").public_key);
        }
        keys
    }

    #[tokio::test]
    async fn wrapping_keys_and_they_alone_are_given_out_again() {
        let wrapping = public_keys(100, |pool| async move {
            pool.take_wrapping(RsaSize::Bits2048).await
        })
        .await;
        let wrapping: HashSet<_> = wrapping.into_iter().collect();
        assert!(
            (DIFFERENT..100).contains(&wrapping.len()),
            "{}",
            wrapping.len()
        );
        let own = public_keys(DIFFERENT, |pool| async move {
            pool.take(RsaSize::Bits2048).await
        })
        .await;
        let own: HashSet<_> = own.into_iter().collect();
        assert_eq!(own.len(), DIFFERENT);
        assert!(wrapping.is_disjoint(&own));
    }
}
