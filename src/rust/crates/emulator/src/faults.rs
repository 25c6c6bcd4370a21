//! Things that go wrong on purpose, so that a client's handling of them can be tested.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use crate::clock::Time;
use crate::error::ServiceError;

/// Something that is to go wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// The operation it befalls, by its name on the wire, such as `Encrypt`; `None` for every one.
    pub operation: Option<String>,
    /// What happens.
    pub kind: FaultKind,
    /// How many calls are let through first.
    pub after: u32,
    /// How many calls it befalls then; `None` for all until [`crate::Emulator::clear_faults`].
    pub times: Option<u32>,
}

/// What can go wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FaultKind {
    /// ThrottlingException, as when a rate quota is exceeded. The operation does not happen.
    Throttle,
    /// A refusal with this code, message and HTTP status. The operation does not happen.
    Refuse {
        /// For example `KMSInternalException`.
        code: String,
        /// What the refusal says.
        message: String,
        /// From 400 to 599.
        status: u16,
    },
    /// The answer comes this much later. The operation happens.
    Delay(Duration),
    /// The connection ends without an answer. The operation happens: the client cannot know.
    CutBeforeAnswer,
    /// The connection ends in the middle of the answer. The operation happens.
    CutAnswer,
}

/// Where an answer is cut off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cut {
    Before,
    Within,
}

/// What befalls one call.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Misfortune {
    pub(crate) delay: Duration,
    pub(crate) refusal: Option<ServiceError>,
    pub(crate) cut: Option<Cut>,
}

/// The faults of an emulator.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    active: Mutex<Vec<Fault>>,
    skew_millis: AtomicI64,
    new_key_delay_millis: AtomicI64,
}

impl Faults {
    pub(crate) fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
        self.set_skew(0);
        self.set_new_key_delay(Duration::ZERO);
    }

    /// How far the emulator's own idea of the time lies ahead of its clock.
    pub(crate) fn set_skew(&self, millis: i64) {
        self.skew_millis.store(millis, Ordering::SeqCst);
    }

    pub(crate) fn skewed(&self, now: Time) -> Time {
        now.plus_millis(self.skew_millis.load(Ordering::SeqCst))
    }

    /// How long other calls do not find a key that was just created.
    pub(crate) fn set_new_key_delay(&self, delay: Duration) {
        let millis = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        self.new_key_delay_millis.store(millis, Ordering::SeqCst);
    }

    pub(crate) fn new_keys_visible_from(&self, now: Time) -> Option<Time> {
        let delay = self.new_key_delay_millis.load(Ordering::SeqCst);
        (delay > 0).then(|| now.plus_millis(delay))
    }

    /// What befalls the next call of an operation. Every fault that is meant for it counts it.
    pub(crate) fn strike(&self, operation: &str) -> Misfortune {
        let mut misfortune = Misfortune::default();
        let mut active = self.lock();
        for fault in active.iter_mut() {
            let meant = fault
                .operation
                .as_deref()
                .is_none_or(|name| name == operation);
            if !meant {
                continue;
            }
            if fault.after > 0 {
                fault.after -= 1;
                continue;
            }
            if let Some(times) = &mut fault.times {
                if *times == 0 {
                    continue;
                }
                *times -= 1;
            }
            misfortune.add(&fault.kind);
        }
        active.retain(|fault| fault.times != Some(0));
        misfortune
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<Fault>> {
        self.active.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Misfortune {
    fn add(&mut self, kind: &FaultKind) {
        match kind {
            FaultKind::Throttle => {
                self.refusal.get_or_insert_with(throttled);
            }
            FaultKind::Refuse {
                code,
                message,
                status,
            } => {
                self.refusal.get_or_insert_with(|| ServiceError {
                    code: code.clone().into(),
                    message: Some(message.clone()),
                    // What is no refusal would break the connection, or pass for a success.
                    status: (*status).clamp(400, 599),
                });
            }
            FaultKind::Delay(delay) => self.delay = self.delay.saturating_add(*delay),
            FaultKind::CutBeforeAnswer => self.cut = Some(Cut::Before),
            FaultKind::CutAnswer => self.cut = Some(Cut::Within),
        }
    }
}

/// What AWS answers when it is asked too often.
pub(crate) fn throttled() -> ServiceError {
    ServiceError::new(
        "ThrottlingException",
        "You have exceeded the rate at which you may call KMS. Reduce the frequency of your calls.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_befalls_the_calls_it_is_meant_for() {
        let faults = Faults::default();
        faults.add(Fault {
            operation: Some("Encrypt".to_owned()),
            kind: FaultKind::Throttle,
            after: 1,
            times: Some(2),
        });
        let is_refused = |operation| faults.strike(operation).refusal.is_some();
        assert!(!is_refused("Decrypt"));
        let outcomes: Vec<bool> = (0..5).map(|_| is_refused("Encrypt")).collect();
        assert_eq!(outcomes, [false, true, true, false, false]);
    }

    #[test]
    fn a_refusal_has_the_status_of_one() {
        for (asked, given) in [(0, 400), (101, 400), (204, 400), (503, 503), (999, 599)] {
            let mut misfortune = Misfortune::default();
            misfortune.add(&FaultKind::Refuse {
                code: "X".to_owned(),
                message: String::new(),
                status: asked,
            });
            let refusal = misfortune.refusal.expect("a refusal");
            assert_eq!(refusal.status, given, "{asked}");
        }
    }

    #[test]
    fn the_longest_delays_add_up_to_the_longest() {
        let faults = Faults::default();
        for _ in 0..2 {
            faults.add(Fault {
                operation: None,
                kind: FaultKind::Delay(Duration::MAX),
                after: 0,
                times: None,
            });
        }
        assert_eq!(faults.strike("Sign").delay, Duration::MAX);
    }

    #[test]
    fn faults_add_up_until_they_are_cleared() {
        let faults = Faults::default();
        for kind in [
            FaultKind::Delay(Duration::from_millis(2)),
            FaultKind::Delay(Duration::from_millis(3)),
            FaultKind::CutAnswer,
        ] {
            faults.add(Fault {
                operation: None,
                kind,
                after: 0,
                times: None,
            });
        }
        let misfortune = faults.strike("Sign");
        assert_eq!(misfortune.delay, Duration::from_millis(5));
        assert_eq!(misfortune.cut, Some(Cut::Within));
        faults.clear();
        assert_eq!(faults.strike("Sign"), Misfortune::default());
    }
}
