//! Credentials as they were last found, for as long as they hold.
use std::fmt;
use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_credential_types::provider::error::CredentialsError;
use aws_smithy_async::time::SharedTimeSource;
use futures_util::future::BoxFuture;
use tokio::sync::Mutex;

use crate::error::{chain, one_line};
use crate::files::Stamp;
use crate::log::{self, Level};

/// How long before they expire credentials are looked up again.
const WINDOW: Duration = Duration::from_secs(5 * 60);
/// How soon after a failure they are looked up once more while the old ones still hold.
const PAUSE: Duration = Duration::from_secs(30);

/// Credentials and where they were found.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The credentials.
    pub(crate) credentials: Credentials,
    /// Where they were found, in words.
    pub(crate) source: String,
    /// The files they were found in, when they were.
    pub(crate) files: Option<Stamp>,
}

/// A way to look credentials up, from the beginning, each time it is called.
pub(crate) type Lookup =
    Box<dyn Fn() -> BoxFuture<'static, Result<Found, CredentialsError>> + Send + Sync>;

/// Looks credentials up when they are first needed, and again before they expire, when the files they came from change,
/// and when the service no longer takes them.
pub(crate) struct Held {
    lookup: Lookup,
    clock: SharedTimeSource,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    found: Option<Found>,
    /// When to look again; `None` for never.
    again: Option<SystemTime>,
    /// How many times they were replaced.
    generation: u64,
}

impl Held {
    /// Nothing is looked up yet.
    pub(crate) fn new(lookup: Lookup, clock: SharedTimeSource) -> Self {
        Self {
            lookup,
            clock,
            state: Mutex::default(),
        }
    }

    /// The credentials to use now.
    ///
    /// # Errors
    /// What the lookup says when there are none that still hold.
    pub(crate) async fn current(&self) -> Result<Found, CredentialsError> {
        self.with_current(|found, _| found.clone()).await
    }

    /// The credentials to use now, and how many times they were replaced so far.
    ///
    /// # Errors
    /// As [`Held::current`].
    pub(crate) async fn credentials(&self) -> Result<(Credentials, u64), CredentialsError> {
        self.with_current(|found, generation| (found.credentials.clone(), generation))
            .await
    }

    async fn with_current<T>(
        &self,
        use_it: impl FnOnce(&Found, u64) -> T,
    ) -> Result<T, CredentialsError> {
        let mut state = self.state.lock().await;
        if let Some(found) = &state.found
            && state.again.is_none_or(|again| self.clock.now() < again)
            && found.files.as_ref().is_none_or(Stamp::is_current)
        {
            return Ok(use_it(found, state.generation));
        }
        match self.look().await {
            Ok(found) => {
                state.again = self.next_look(&found);
                state.generation += 1;
                let used = use_it(&found, state.generation);
                state.found = Some(found);
                Ok(used)
            }
            Err(error) => {
                let now = self.clock.now();
                // What a failed refresh must not do is take away credentials that still hold.
                let old = state
                    .found
                    .clone()
                    .filter(|old| old.credentials.expiry().is_none_or(|expiry| now < expiry));
                let Some(old) = old else {
                    return Err(error);
                };
                log::write(Level::Warn, || {
                    format!(
                        "credentials: those of before are kept for now: {}",
                        reason(&error)
                    )
                });
                state.again = Some(now + PAUSE);
                Ok(use_it(&old, state.generation))
            }
        }
    }

    /// Looks again after the service refused those of a generation. Whether there are others now.
    pub(crate) async fn renew(&self, refused: u64) -> bool {
        let mut state = self.state.lock().await;
        if state.generation != refused {
            return true;
        }
        let Ok(found) = self.look().await else {
            return false;
        };
        let others = state
            .found
            .as_ref()
            .is_none_or(|old| old.credentials != found.credentials);
        if others {
            state.again = self.next_look(&found);
            state.generation += 1;
            state.found = Some(found);
        }
        others
    }

    async fn look(&self) -> Result<Found, CredentialsError> {
        let found = (self.lookup)().await?;
        if found
            .credentials
            .expiry()
            .is_some_and(|expiry| expiry <= self.clock.now())
        {
            return Err(CredentialsError::provider_error(format!(
                "{}: the credentials there have expired; get fresh ones",
                found.source
            )));
        }
        log::write(Level::Info, || {
            format!(
                "credentials: found in {}: access key {}",
                found.source,
                found.credentials.access_key_id()
            )
        });
        Ok(found)
    }

    /// Those that live only a little longer than the window are not looked up at every call.
    fn next_look(&self, found: &Found) -> Option<SystemTime> {
        let expiry = found.credentials.expiry()?;
        let left = expiry.duration_since(self.clock.now()).unwrap_or_default();
        Some(expiry - WINDOW.min(left / 2))
    }
}

impl fmt::Debug for Held {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Held").finish_non_exhaustive()
    }
}

/// An error's causes in one line.
pub(super) fn reason(error: &CredentialsError) -> String {
    one_line(&chain(error))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

    use aws_smithy_async::time::TimeSource;

    use super::*;

    const MINUTE: u64 = 60;

    /// A source that counts its askers and may fail, and a clock that is set.
    #[derive(Debug, Default, Clone)]
    struct World {
        now: Arc<AtomicU64>,
        asked: Arc<AtomicU64>,
        broken: Arc<AtomicBool>,
    }

    impl World {
        fn pass(&self, seconds: u64) {
            self.now.fetch_add(seconds, Ordering::Relaxed);
        }

        fn asked(&self) -> u64 {
            self.asked.load(Ordering::Relaxed)
        }

        fn break_down(&self, broken: bool) {
            self.broken.store(broken, Ordering::Relaxed);
        }
    }

    impl TimeSource for World {
        fn now(&self) -> SystemTime {
            SystemTime::UNIX_EPOCH + Duration::from_secs(self.now.load(Ordering::Relaxed))
        }
    }

    /// Credentials that live for as many seconds, or for ever.
    fn held(life: Option<u64>) -> (Held, World) {
        let world = World::default();
        world.pass(1_000_000);
        let source = world.clone();
        let lookup: Lookup = Box::new(move || {
            let number = source.asked.fetch_add(1, Ordering::Relaxed) + 1;
            let expiry = life.map(|life| source.now() + Duration::from_secs(life));
            let broken = source.broken.load(Ordering::Relaxed);
            Box::pin(async move {
                if broken {
                    return Err(CredentialsError::provider_error("the source is away"));
                }
                Ok(Found {
                    credentials: Credentials::new(
                        format!("AKIA{number}"),
                        "secret",
                        None,
                        expiry,
                        "test",
                    ),
                    source: "a test".into(),
                    files: None,
                })
            })
        });
        (
            Held::new(lookup, SharedTimeSource::new(world.clone())),
            world,
        )
    }

    async fn key(held: &Held) -> String {
        held.current()
            .await
            .expect("credentials")
            .credentials
            .access_key_id()
            .to_owned()
    }

    #[tokio::test]
    async fn what_never_expires_is_looked_up_once() {
        let (held, world) = held(None);
        assert_eq!(key(&held).await, "AKIA1");
        world.pass(365 * 24 * 60 * MINUTE);
        assert_eq!(key(&held).await, "AKIA1");
    }

    #[tokio::test]
    async fn what_expires_is_looked_up_five_minutes_before() {
        let (held, world) = held(Some(60 * MINUTE));
        assert_eq!(key(&held).await, "AKIA1");
        world.pass(55 * MINUTE - 1);
        assert_eq!(key(&held).await, "AKIA1");
        world.pass(1);
        assert_eq!(key(&held).await, "AKIA2");
    }

    #[tokio::test]
    async fn short_lives_are_not_looked_up_at_every_call() {
        let (held, world) = held(Some(4 * MINUTE));
        assert_eq!(key(&held).await, "AKIA1");
        world.pass(2 * MINUTE - 1);
        assert_eq!(key(&held).await, "AKIA1");
        world.pass(1);
        assert_eq!(key(&held).await, "AKIA2");
    }

    #[tokio::test]
    async fn a_failed_refresh_keeps_what_still_holds_and_no_longer() {
        let (held, world) = held(Some(60 * MINUTE));
        assert_eq!(key(&held).await, "AKIA1");
        world.break_down(true);
        world.pass(56 * MINUTE);
        let log = log::Log::new(Level::Warn);
        assert_eq!(log.during(key(&held)).await, "AKIA1");
        assert!(log.take()[0].message.contains("the source is away"));
        // Not asked again at once, but soon.
        assert_eq!(key(&held).await, "AKIA1");
        assert_eq!(world.asked(), 2);
        world.pass(31);
        assert_eq!(key(&held).await, "AKIA1");
        assert_eq!(world.asked(), 3);
        world.pass(4 * MINUTE);
        held.current().await.expect_err("expired by now");
        world.break_down(false);
        assert_eq!(key(&held).await, "AKIA5");
    }

    #[tokio::test]
    async fn what_is_expired_when_found_is_refused() {
        let (held, _) = held(Some(0));
        let error = held.current().await.expect_err("expired");
        assert_eq!(
            reason(&error),
            "a test: the credentials there have expired; get fresh ones"
        );
    }

    #[tokio::test]
    async fn refused_credentials_are_replaced_once() {
        let (held, world) = held(None);
        assert_eq!(key(&held).await, "AKIA1");
        let (_, refused) = held.credentials().await.expect("found before");
        assert!(held.renew(refused).await);
        assert_eq!(key(&held).await, "AKIA2");
        // Another call that was refused with the same ones does not look again.
        assert!(held.renew(refused).await);
        assert_eq!(world.asked(), 2);
        world.break_down(true);
        assert!(!held.renew(refused + 1).await);
        assert_eq!(key(&held).await, "AKIA2");
    }
}
