//! The handle: starts an emulator's thread and ends it.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use tokio::sync::oneshot;

use crate::clock::Time;
use crate::config::{Config, Credentials};
use crate::dispatch::Service;
use crate::faults::{Fault, Faults};
use crate::log::{Log, LogRecord};
use crate::pool::Pool;
use crate::quota::Quotas;
use crate::server;
use crate::state::World;
use crate::store::Store;

/// A running emulator. It stops when it is told to or dropped, from whatever thread.
///
/// In a process that was forked from the one that started it, the handle is a reminder only: nothing it does there reaches
/// the parent's emulator, which goes on running.
pub struct Emulator {
    process: u32,
    address: SocketAddr,
    region: String,
    service: Arc<Service>,
    running: Mutex<Option<Running>>,
}

struct Running {
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

impl Emulator {
    /// Starts an emulator: one thread that listens on 127.0.0.1.
    ///
    /// # Errors
    /// When the port is taken, the store cannot be used, or the system has no thread or socket left to give.
    pub fn start(config: Config) -> io::Result<Self> {
        let credentials = if config.credentials.is_empty() {
            vec![Credentials::generate("kmsr")]
        } else {
            config.credentials
        };
        let (store, world) = match &config.store {
            Some(path) => {
                let (store, world) = Store::open(path, &config.account_id)?;
                (Some(store), world)
            }
            None => (None, World::new(&config.account_id)),
        };
        let service = Arc::new(Service {
            clock: config.clock,
            account_id: config.account_id,
            credentials,
            pool: Pool::of_this_process()?,
            world: Mutex::new(world),
            store: Mutex::new(store),
            faults: Faults::default(),
            quotas: Quotas::default(),
            log: Log::new(config.log_capacity),
        });
        service.quotas.set(config.quotas);

        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, config.port))?;
        listener.set_nonblocking(true)?;
        let address = listener.local_addr()?;
        let (stop, stopped) = oneshot::channel();
        let (started, outcome) = mpsc::channel();
        let for_thread = Arc::clone(&service);
        let thread = thread::Builder::new()
            .name("kmsr-emulator".to_owned())
            .spawn(move || {
                // The runtime lives and dies in this thread: the caller's may have one of its own.
                let runtime = tokio::runtime::Builder::new_current_thread()
                    .enable_io()
                    .enable_time()
                    .build();
                match runtime {
                    Ok(runtime) => {
                        // The caller waits for this.
                        let _ = started.send(Ok(()));
                        runtime.block_on(server::serve(listener, for_thread, stopped));
                    }
                    Err(error) => {
                        let _ = started.send(Err(error));
                    }
                }
            })?;
        outcome.recv().map_err(io::Error::other)??;
        Ok(Self {
            process: std::process::id(),
            address,
            region: config.region,
            service,
            running: Mutex::new(Some(Running { stop, thread })),
        })
    }

    /// Where it listens: `http://127.0.0.1:<port>`.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The Region clients are meant to use when they have no reason to use another.
    pub fn region(&self) -> &str {
        &self.region
    }

    /// The first of the credentials that may sign.
    pub fn credentials(&self) -> &Credentials {
        &self.service.credentials[0]
    }

    /// Moves the clock forward: tokens and material expire, and what was due falls due. Clients whose own clocks stay behind may
    /// go on signing by them.
    pub fn advance(&self, by: Duration) {
        self.service.clock.advance(by);
    }

    /// The emulator's time.
    pub fn now(&self) -> Time {
        self.service.clock.now()
    }

    /// Makes something go wrong from now on.
    pub fn fault(&self, fault: Fault) {
        if self.is_ours() {
            self.service.faults.add(fault);
        }
    }

    /// Lets everything go right again: no faults, no skew, no delay of new keys.
    pub fn clear_faults(&self) {
        if self.is_ours() {
            self.service.faults.clear();
        }
    }

    /// Puts the emulator's idea of the time this many milliseconds ahead of its clock (or behind, if negative): it judges
    /// signatures by it and sends it in the `Date` header, as a server does whose clock, or whose client's clock, is wrong.
    pub fn set_clock_skew(&self, millis: i64) {
        self.service.faults.set_skew(millis);
    }

    /// Lets other calls find a new key only after a while, as happens at AWS.
    pub fn set_new_key_delay(&self, delay: Duration) {
        self.service.faults.set_new_key_delay(delay);
    }

    /// Applies AWS' default request quotas, sped up by a factor, or none.
    pub fn set_quotas(&self, speed: Option<f64>) {
        if self.is_ours() {
            self.service.quotas.set(speed);
        }
    }

    /// What was called, oldest first; calls whose signature was refused are not among it. Empty in a forked process.
    pub fn log(&self) -> Vec<LogRecord> {
        if self.is_ours() {
            self.service.log.records()
        } else {
            Vec::new()
        }
    }

    /// Forgets what was called.
    pub fn clear_log(&self) {
        if self.is_ours() {
            self.service.log.clear();
        }
    }

    /// Whether it can be reached: started in this process and not stopped.
    pub fn is_running(&self) -> bool {
        self.is_ours() && self.lock_running().is_some()
    }

    /// Stops listening, drops all connections, waits for the thread to end, and closes the store. Does nothing the second time.
    pub fn stop(&self) {
        if !self.is_ours() {
            return;
        }
        let Some(running) = self.lock_running().take() else {
            return;
        };
        // The thread has ended by itself if nobody listens: then there is nobody to tell.
        let _ = running.stop.send(());
        // A panic in the thread has already been reported by it.
        let _ = running.thread.join();
        let mut store = self
            .service
            .store
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(store) = store.take() {
            store.close();
        }
    }

    fn is_ours(&self) -> bool {
        self.process == std::process::id()
    }

    fn lock_running(&self) -> std::sync::MutexGuard<'_, Option<Running>> {
        self.running.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        if self.is_ours() {
            self.stop();
        } else {
            // Dropping the parent's thread handle or the shared half of its channel would touch what the child has not got.
            std::mem::forget(self.lock_running().take());
            std::mem::forget(Arc::clone(&self.service));
        }
    }
}

impl fmt::Debug for Emulator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Emulator")
            .field("endpoint", &self.endpoint())
            .field("region", &self.region)
            .field("is_running", &self.is_running())
            .finish_non_exhaustive()
    }
}
