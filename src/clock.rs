//! The only reading of the time.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use jiff::SignedDuration;
use jiff::civil::{DateTime, date};
use serde::{Deserialize, Serialize};

/// The instant 0, on the calendar of UTC.
const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// An instant: whole seconds since 1970-01-01T00:00:00Z, without leap seconds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

/// Why a text is no instant.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time")]
pub struct BadTimestamp;

impl Timestamp {
    /// The end of time for a certificate: 9999-12-31T23:59:59Z.
    /// [RFC 5280 section 4.1.2.5](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5)
    pub const NO_EXPIRY: Self = Self(253_402_300_799);

    /// The earliest instant that we write: 1950-01-01T00:00:00Z, the first of `UTCTime`.
    pub const EARLIEST: Self = Self(-631_152_000);

    /// From seconds since 1970; those outside 1950 to 9999 are drawn to the nearer end.
    pub fn from_unix(seconds: i64) -> Self {
        Self(seconds.clamp(Self::EARLIEST.0, Self::NO_EXPIRY.0))
    }

    /// Seconds since 1970.
    pub fn unix(self) -> i64 {
        self.0
    }

    /// This instant and `seconds` more (or fewer).
    #[must_use]
    pub fn plus(self, seconds: i64) -> Self {
        Self::from_unix(self.0.saturating_add(seconds))
    }

    /// This instant rounded to the nearest whole minute, as cfssl does before it adds a lifetime.
    #[must_use]
    pub fn rounded_to_minute(self) -> Self {
        Self::from_unix(self.0.saturating_add(30).div_euclid(60).saturating_mul(60))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with `Z`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By the calendar: `jiff::Timestamp` ends 26 hours before the year 9999 does, so that every
        // offset has room.
        match EPOCH.checked_add(SignedDuration::from_secs(self.0)) {
            Ok(time) => write!(f, "{time}Z"),
            Err(_) => write!(f, "{}s", self.0),
        }
    }
}

impl FromStr for Timestamp {
    type Err = BadTimestamp;

    /// Reads an RFC 3339 time with any offset; a fraction of a second is dropped.
    fn from_str(text: &str) -> Result<Self, BadTimestamp> {
        if let Ok(time) = text.parse::<jiff::Timestamp>() {
            return Ok(Self::from_unix(time.as_second()));
        }
        // The last 26 hours of the year 9999, as they are printed.
        let time = text.strip_suffix('Z').filter(|text| text.len() >= "9999-12-31T00:00:00".len());
        let time = time.and_then(|text| text.parse::<DateTime>().ok()).ok_or(BadTimestamp)?;
        Ok(Self::from_unix(time.duration_since(EPOCH).as_secs()))
    }
}

/// Tells the time: the system's, or one that a test sets.
#[derive(Debug, Clone, Default)]
pub struct Clock(Option<Arc<AtomicI64>>);

impl Clock {
    /// The system's clock.
    pub fn system() -> Self {
        Self(None)
    }

    /// A clock that stands still until it is set.
    pub fn fixed(at: Timestamp) -> Self {
        Self(Some(Arc::new(AtomicI64::new(at.0))))
    }

    /// Sets a fixed clock; the system's stays as it is.
    pub fn set(&self, at: Timestamp) {
        if let Some(cell) = &self.0 {
            cell.store(at.0, Ordering::SeqCst);
        }
    }

    /// The present instant.
    pub fn now(&self) -> Timestamp {
        match &self.0 {
            Some(cell) => Timestamp(cell.load(Ordering::SeqCst)),
            None => Timestamp::from_unix(system_seconds()),
        }
    }

    /// Milliseconds since 1970, to put things in order.
    pub fn millis(&self) -> u64 {
        match &self.0 {
            Some(cell) => u64::try_from(cell.load(Ordering::SeqCst)).unwrap_or(0) * 1000,
            None => system_millis(),
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the time")]
fn system_millis() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}

#[expect(clippy::disallowed_methods, reason = "the one place that reads the time")]
fn system_seconds() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .ok()
        .and_then(|since| i64::try_from(since.as_secs()).ok())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rounding_goes_to_the_nearest_minute() {
        assert_eq!(Timestamp::from_unix(29).rounded_to_minute().unix(), 0);
        assert_eq!(Timestamp::from_unix(30).rounded_to_minute().unix(), 60);
        assert_eq!(Timestamp::from_unix(89).rounded_to_minute().unix(), 60);
    }

    #[test]
    fn text_and_instant_agree() {
        let at: Timestamp = "2030-01-02T03:04:05.9+01:00".parse().unwrap();
        assert_eq!(at.to_string(), "2030-01-02T02:04:05Z");
        assert!("2030-01-02".parse::<Timestamp>().is_err());
        assert!("".parse::<Timestamp>().is_err());
        assert!("9999-12-31Z".parse::<Timestamp>().is_err());
    }

    #[test]
    fn the_end_of_time_prints_and_reads_back() {
        let seconds = Timestamp::NO_EXPIRY.unix() - 100_000..=Timestamp::NO_EXPIRY.unix();
        for seconds in seconds.step_by(999) {
            let at = Timestamp::from_unix(seconds);
            assert_eq!(at.to_string().parse(), Ok(at));
        }
        assert_eq!(Timestamp::NO_EXPIRY.to_string(), "9999-12-31T23:59:59Z");
        assert_eq!(Timestamp::EARLIEST.to_string(), "1950-01-01T00:00:00Z");
    }
}
