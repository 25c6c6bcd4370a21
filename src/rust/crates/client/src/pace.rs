//! How fast calls may begin: as told, and slower where the service says it is too fast.
//!
//! The service's quotas are requests per second, so what adapts is a rate. When requests are throttled, what got through in
//! the last second is the quota itself; a little less is aimed for. After that the aim rises again, ever faster.
use std::collections::VecDeque;
use std::time::Duration;

use tokio::time::Instant;

/// What quotas count in, and so how long it takes to see what an aim does.
const SECOND: Duration = Duration::from_secs(1);
/// The aim, as a part of what got through while others were throttled.
const BELOW: f64 = 0.9;
/// By what part the aim rises after the first second without throttling, twice that after the next, and so on.
const RISE: f64 = 0.05;
/// But never by more than this.
const MOST_RISE: f64 = 0.5;
/// No aim is lower.
const LEAST: f64 = 4.0;
/// How much of the time that was not used may be made up for. More than the timer's grain.
const SLACK: Duration = Duration::from_millis(20);

/// Says when the next call may begin.
#[derive(Debug)]
pub(crate) struct Pace {
    /// Requests per second never to be exceeded.
    most: Option<f64>,
    /// Requests per second aimed for, since the service throttled.
    aim: Option<f64>,
    /// When the next request is due.
    due: Instant,
    /// Requests that succeeded in the last second, and when.
    recent: VecDeque<(Instant, u32)>,
    /// Requests that were throttled while that was watched for.
    throttled: u32,
    /// Since when that is watched for.
    watching: Instant,
    /// When the aim may change next.
    decision: Instant,
    rise: f64,
}

impl Pace {
    /// At most so many requests per second, if told.
    pub(crate) fn new(most: Option<f64>) -> Self {
        let now = Instant::now();
        Self {
            most,
            aim: None,
            due: now,
            recent: VecDeque::new(),
            throttled: 0,
            watching: now,
            decision: now,
            rise: RISE,
        }
    }

    /// When the next call may begin.
    pub(crate) fn due(&self) -> Instant {
        self.due
    }

    /// Requests were sent, whether for new calls or for old ones again.
    pub(crate) fn sent(&mut self, requests: u32) {
        let rate = match (self.most, self.aim) {
            (Some(most), Some(aim)) => most.min(aim),
            (Some(rate), None) | (None, Some(rate)) => rate,
            (None, None) => return,
        };
        let earliest = Instant::now().checked_sub(SLACK).unwrap_or(self.due);
        self.due = self.due.max(earliest) + Duration::from_secs_f64(f64::from(requests) / rate);
    }

    /// So many requests succeeded, and so many were throttled, since this was last told.
    pub(crate) fn answered(&mut self, succeeded: u32, throttled: u32) {
        let now = Instant::now();
        self.remember(now, succeeded);
        if now >= self.watching {
            self.throttled += throttled;
        }
        if now < self.decision {
            return;
        }
        if self.throttled > 0 {
            let through: u32 = self.recent.iter().map(|(_, count)| count).sum();
            self.aim = Some((BELOW * f64::from(through)).max(LEAST));
            self.rise = RISE;
            // What was sent too much takes a second to be forgotten.
            self.watching = now + SECOND;
        } else if let Some(aim) = &mut self.aim {
            *aim *= 1.0 + self.rise;
            self.rise = (2.0 * self.rise).min(MOST_RISE);
            self.watching = now;
        } else {
            return;
        }
        self.throttled = 0;
        self.decision = self.watching + SECOND;
    }

    fn remember(&mut self, now: Instant, succeeded: u32) {
        while self
            .recent
            .front()
            .is_some_and(|(then, _)| now - *then > SECOND)
        {
            self.recent.pop_front();
        }
        match self.recent.back_mut() {
            // By the hundredth of a second, so that there are never many.
            Some((then, count)) if now - *then < SECOND / 100 => *count += succeeded,
            _ => self.recent.push_back((now, succeeded)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sends as fast as the pace allows to a service with a quota, for so many seconds; returns what got through in each.
    async fn run(pace: &mut Pace, quota: u32, seconds: u64) -> Vec<(u32, u32)> {
        let mut through = Vec::new();
        for _ in 0..seconds {
            let end = Instant::now() + Duration::from_secs(1);
            let (mut succeeded, mut throttled) = (0, 0);
            while Instant::now() < end {
                tokio::time::sleep_until(pace.due()).await;
                // What a client does at full speed.
                tokio::time::sleep(Duration::from_millis(1)).await;
                pace.sent(1);
                if succeeded < quota {
                    succeeded += 1;
                    pace.answered(1, 0);
                } else {
                    throttled += 1;
                    pace.answered(0, 1);
                }
            }
            through.push((succeeded, throttled));
        }
        through
    }

    #[tokio::test(start_paused = true)]
    async fn without_limits_nothing_waits() {
        let mut pace = Pace::new(None);
        let start = Instant::now();
        for _ in 0..1000 {
            assert!(pace.due() <= start);
            pace.sent(1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_rate_is_kept() {
        let mut pace = Pace::new(Some(100.0));
        let start = Instant::now();
        for _ in 0..500 {
            tokio::time::sleep_until(pace.due()).await;
            pace.sent(1);
        }
        let took = (Instant::now() - start).as_secs_f64();
        assert!((4.9..5.1).contains(&took), "{took}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_throttled_pace_settles_below_the_quota_and_tries_again() {
        let mut pace = Pace::new(None);
        run(&mut pace, 100, 5).await;
        let settled = run(&mut pace, 100, 10).await;
        for (succeeded, throttled) in &settled {
            assert!((75..=100).contains(succeeded), "{settled:?}");
            assert!(*throttled <= 15, "{settled:?}");
        }
        // The quota is raised: the pace finds out.
        let raised = run(&mut pace, 200, 20).await;
        assert!(
            raised.last().is_some_and(|(succeeded, _)| *succeeded > 150),
            "{raised:?}"
        );
    }
}
