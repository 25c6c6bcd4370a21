//! The one clock that signatures, tokens, expiry and time stamps are judged by.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01 UTC.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Time(i64);

/// A clock that follows the system's, or stands still, and can be moved forward. Clones share their time.
#[derive(Clone, Debug)]
pub struct Clock {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    /// `None` follows the system's clock.
    standing_at: Option<Time>,
    advanced_millis: AtomicI64,
}

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self::new(None)
    }

    /// A clock that only moves when it is advanced.
    pub fn standing_at(time: Time) -> Self {
        Self::new(Some(time))
    }

    fn new(standing_at: Option<Time>) -> Self {
        let advanced_millis = AtomicI64::new(0);
        Self {
            inner: Arc::new(Inner {
                standing_at,
                advanced_millis,
            }),
        }
    }

    /// The time now.
    pub fn now(&self) -> Time {
        self.unadvanced()
            .plus_millis(self.inner.advanced_millis.load(Ordering::SeqCst))
            .min(Time(END_OF_9999 as i64))
    }

    /// What the time would be, had the clock never been advanced: the time of everybody who was left behind.
    pub fn unadvanced(&self) -> Time {
        self.inner.standing_at.unwrap_or_else(Time::of_system)
    }

    /// Moves the clock forward, at most to the end of the year 9999; everything due in between is due from now on.
    pub fn advance(&self, by: Duration) {
        let by = i64::try_from(by.as_millis()).unwrap_or(i64::MAX);
        let further = |millis: i64| Some(millis.saturating_add(by));
        // The closure always has a new value, so this cannot fail.
        let _ =
            self.inner
                .advanced_millis
                .fetch_update(Ordering::SeqCst, Ordering::SeqCst, further);
    }
}

impl Default for Clock {
    fn default() -> Self {
        Self::system()
    }
}

impl Time {
    /// The moment this many milliseconds after 1970-01-01 UTC.
    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    /// The moment this many seconds after 1970-01-01 UTC, to the millisecond; `None` outside the years 1 to 9999.
    pub fn from_seconds(seconds: f64) -> Option<Self> {
        let millis = (seconds * 1000.0).round();
        (YEAR_ONE..=END_OF_9999)
            .contains(&millis)
            .then_some(Self(millis as i64))
    }

    fn of_system() -> Self {
        let since = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self(since.as_millis() as i64)
    }

    /// Seconds since 1970-01-01 UTC, as the JSON protocol writes time stamps.
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1000.0
    }

    /// Milliseconds since 1970-01-01 UTC.
    pub fn millis(self) -> i64 {
        self.0
    }

    pub(crate) fn plus_millis(self, millis: i64) -> Self {
        Self(self.0.saturating_add(millis))
    }

    pub(crate) fn plus_days(self, days: i64) -> Self {
        self.plus_millis(days.saturating_mul(MILLIS_PER_DAY))
    }

    /// `20150830T123600Z`: the form of `X-Amz-Date`.
    pub(crate) fn basic(self) -> String {
        let t = self.civil();
        format!(
            "{:04}{:02}{:02}T{:02}{:02}{:02}Z",
            t.year, t.month, t.day, t.hour, t.minute, t.second
        )
    }

    /// `2015-08-30T12:36:00Z`: the form of an audit record.
    pub(crate) fn extended(self) -> String {
        let t = self.civil();
        format!(
            "{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z",
            t.year, t.month, t.day, t.hour, t.minute, t.second
        )
    }

    /// `Sun, 30 Aug 2015 12:36:00 GMT`: the form of the `Date` header (RFC 9110, section 5.6.7).
    pub(crate) fn imf_fixdate(self) -> String {
        const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
        let t = self.civil();
        let weekday = DAYS[self.0.div_euclid(MILLIS_PER_DAY).rem_euclid(7) as usize];
        let month = MONTHS[t.month as usize - 1];
        format!(
            "{weekday}, {:02} {month} {:04} {:02}:{:02}:{:02} GMT",
            t.day, t.year, t.hour, t.minute, t.second
        )
    }

    /// `Aug 30, 2015 12:36:00 PM`: the form of times within an audit record.
    pub(crate) fn in_words(self) -> String {
        let t = self.civil();
        let half = if t.hour < 12 { "AM" } else { "PM" };
        let hour = if t.hour % 12 == 0 { 12 } else { t.hour % 12 };
        let month = MONTHS[t.month as usize - 1];
        format!(
            "{month} {}, {} {hour}:{:02}:{:02} {half}",
            t.day, t.year, t.minute, t.second
        )
    }

    /// Reads `20150830T123600Z`.
    pub(crate) fn parse_basic(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        if bytes.len() != 16 || bytes[8] != b'T' || bytes[15] != b'Z' {
            return None;
        }
        let number = |from: usize, to: usize| digits(bytes.get(from..to)?);
        Civil {
            year: number(0, 4)?,
            month: number(4, 6)?,
            day: number(6, 8)?,
            hour: number(9, 11)?,
            minute: number(11, 13)?,
            second: number(13, 15)?,
        }
        .time()
    }

    /// Reads `Sun, 30 Aug 2015 12:36:00 GMT`.
    pub(crate) fn parse_imf_fixdate(text: &str) -> Option<Self> {
        let fields: Vec<&str> = text.split([' ', ':']).collect();
        let [_, day, month, year, hour, minute, second, "GMT"] = fields[..] else {
            return None;
        };
        let month = MONTHS.iter().position(|name| *name == month)? as i64 + 1;
        Civil {
            year: digits(year.as_bytes())?,
            month,
            day: digits(day.as_bytes())?,
            hour: digits(hour.as_bytes())?,
            minute: digits(minute.as_bytes())?,
            second: digits(second.as_bytes())?,
        }
        .time()
    }

    fn civil(self) -> Civil {
        let days = self.0.div_euclid(MILLIS_PER_DAY);
        let seconds = self.0.rem_euclid(MILLIS_PER_DAY) / 1000;
        let (year, month, day) = civil_from_days(days);
        Civil {
            year,
            month,
            day,
            hour: seconds / 3600,
            minute: seconds / 60 % 60,
            second: seconds % 60,
        }
    }
}

impl fmt::Debug for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.extended())
    }
}

const MILLIS_PER_DAY: i64 = 86_400_000;
const YEAR_ONE: f64 = -62_135_596_800_000.0;
const END_OF_9999: f64 = 253_402_300_799_999.0;
const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

struct Civil {
    year: i64,
    month: i64,
    day: i64,
    hour: i64,
    minute: i64,
    second: i64,
}

impl Civil {
    fn time(&self) -> Option<Time> {
        let plausible = (1..=12).contains(&self.month)
            && (1..=31).contains(&self.day)
            && self.hour < 24
            && self.minute < 60
            && self.second <= 60;
        if !plausible {
            return None;
        }
        let days = days_from_civil(self.year, self.month, self.day);
        // A day the month does not have would come back as another date.
        if civil_from_days(days) != (self.year, self.month, self.day) {
            return None;
        }
        let seconds = days * 86_400 + self.hour * 3600 + self.minute * 60 + self.second;
        Some(Time(seconds * 1000))
    }
}

fn digits(bytes: &[u8]) -> Option<i64> {
    if bytes.is_empty() || bytes.len() > 4 || !bytes.iter().all(u8::is_ascii_digit) {
        return None;
    }
    Some(
        bytes
            .iter()
            .fold(0, |value, digit| value * 10 + i64::from(digit - b'0')),
    )
}

/// Days since 1970-01-01 of a date of the proleptic Gregorian calendar, counted in eras of 400 years that begin in March.
fn days_from_civil(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let year_of_era = year.rem_euclid(400);
    let day_of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    era * 146_097 + day_of_era - 719_468
}

/// The inverse of [`days_from_civil`]: year, month, day.
fn civil_from_days(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let day_of_era = days.rem_euclid(146_097);
    let year_of_era =
        (day_of_era - day_of_era / 1460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 {
        shifted_month + 3
    } else {
        shifted_month - 9
    };
    let year = era * 400 + year_of_era + i64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_and_reads_the_three_forms() {
        // The moment of the published Signature Version 4 examples.
        let time = Time::from_millis(1_440_938_160_000);
        assert_eq!(time.basic(), "20150830T123600Z");
        assert_eq!(time.extended(), "2015-08-30T12:36:00Z");
        assert_eq!(time.imf_fixdate(), "Sun, 30 Aug 2015 12:36:00 GMT");
        assert_eq!(time.in_words(), "Aug 30, 2015 12:36:00 PM");
        assert_eq!(Time::parse_basic("20150830T123600Z"), Some(time));
        assert_eq!(
            Time::parse_imf_fixdate("Sun, 30 Aug 2015 12:36:00 GMT"),
            Some(time)
        );
    }

    #[test]
    fn leap_days_and_the_ends_of_centuries() {
        for (text, seconds) in [
            ("20000229T000000Z", 951_782_400),
            ("21000301T000000Z", 4_107_542_400),
            ("19691231T235959Z", -1),
            ("20240229T120000Z", 1_709_208_000),
        ] {
            let time = Time::from_millis(seconds * 1000);
            assert_eq!(Time::parse_basic(text), Some(time));
            assert_eq!(time.basic(), text);
        }
    }

    #[test]
    fn refuses_what_is_no_date() {
        for text in [
            "20150229T000000Z",
            "20151301T000000Z",
            "20150830T250000Z",
            "2015-08-30T12:36Z",
            "20150830T123600",
            "2015083\u{661}T123600Z",
            "",
        ] {
            assert_eq!(Time::parse_basic(text), None, "{text}");
        }
    }

    #[test]
    fn however_far_it_is_advanced_it_never_goes_back() {
        let clock = Clock::standing_at(Time::from_millis(0));
        for _ in 0..8 {
            let before = clock.now();
            clock.advance(Duration::MAX);
            assert!(clock.now() >= before);
        }
        assert_eq!(clock.now().extended(), "9999-12-31T23:59:59Z");
    }

    #[test]
    fn advances_and_shares_its_time() {
        let clock = Clock::standing_at(Time::from_millis(0));
        let shared = clock.clone();
        clock.advance(Duration::from_secs(25 * 3600));
        assert_eq!(shared.now(), Time::from_millis(90_000_000));
        assert_eq!(shared.unadvanced(), Time::from_millis(0));
    }
}
