//! Times as Go writes them: RFC 3339, with the year 1 for "none".

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use crate::clock::Timestamp;

/// Go's zero time, as its JSON encoder writes it.
const ZERO: &str = "0001-01-01T00:00:00Z";

/// The instant of [`ZERO`], in seconds since 1970.
const ZERO_SECONDS: i64 = -62_135_596_800;

/// Why a text is no time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not an RFC 3339 time")]
pub struct BadTime;

/// An instant of a JSON body, or none: absent, null and Go's zero time mean the same.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct GoTime(pub Option<Timestamp>);

impl GoTime {
    /// Whether it says nothing.
    pub fn is_none(&self) -> bool {
        self.0.is_none()
    }
}

impl Serialize for GoTime {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Some(at) => serializer.collect_str(&at),
            None => serializer.serialize_str(ZERO),
        }
    }
}

impl<'de> Deserialize<'de> for GoTime {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_option(Text)
    }
}

struct Text;

impl<'de> de::Visitor<'de> for Text {
    type Value = GoTime;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an RFC 3339 time")
    }

    fn visit_none<E: de::Error>(self) -> Result<GoTime, E> {
        Ok(GoTime(None))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<GoTime, D::Error> {
        deserializer.deserialize_str(self)
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<GoTime, E> {
        let seconds = rfc3339(text).map_err(E::custom)?;
        Ok(GoTime((seconds != ZERO_SECONDS).then(|| Timestamp::from_unix(seconds))))
    }
}

/// Reads an RFC 3339 time to whole seconds since 1970; a fraction of a second is dropped.
/// The years 0 to 9999 are read, so Go's zero time is.
///
/// The colon of an offset may be missing: the Java client writes `+0000`.
///
/// # Errors
/// When it is no such time: a date alone, a letter in lower case, a day that does not exist.
pub fn rfc3339(text: &str) -> Result<i64, BadTime> {
    let mut rest = Scanner(text.as_bytes());
    let (year, month, day) =
        (rest.digits(4)?, rest.after(b'-')?.digits(2)?, rest.after(b'-')?.digits(2)?);
    let (hour, minute, second) =
        (rest.after(b'T')?.digits(2)?, rest.after(b':')?.digits(2)?, rest.after(b':')?.digits(2)?);
    rest.skip_fraction()?;
    let offset = rest.offset()?;
    if hour > 23 || minute > 59 || second > 59 {
        return Err(BadTime);
    }
    let days = days_since_1970(year, month, day)?;
    Ok(days * 86_400 + hour * 3600 + minute * 60 + second - offset)
}

/// Days of the proleptic Gregorian calendar since 1970-01-01.
// Howard Hinnant, "chrono-Compatible Low-Level Date Algorithms", days_from_civil: the year is
// counted from March, so that a leap day is its last.
fn days_since_1970(year: i64, month: i64, day: i64) -> Result<i64, BadTime> {
    let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
    let length = match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 => 28 + i64::from(leap),
        _ => return Err(BadTime),
    };
    if !(1..=length).contains(&day) {
        return Err(BadTime);
    }
    let from_march = (month + 9) % 12;
    let year = if month <= 2 { year - 1 } else { year };
    let (era, year_of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let day_of_year = (153 * from_march + 2) / 5 + day - 1;
    let day_of_era = year_of_era * 365 + year_of_era / 4 - year_of_era / 100 + day_of_year;
    Ok(era * 146_097 + day_of_era - 719_468)
}

struct Scanner<'a>(&'a [u8]);

impl Scanner<'_> {
    fn digits(&mut self, count: usize) -> Result<i64, BadTime> {
        let (number, rest) = self.0.split_at_checked(count).ok_or(BadTime)?;
        self.0 = rest;
        number.iter().try_fold(0, |sum, digit| {
            digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')).ok_or(BadTime)
        })
    }

    fn after(&mut self, octet: u8) -> Result<&mut Self, BadTime> {
        self.0 = self.0.strip_prefix(&[octet]).ok_or(BadTime)?;
        Ok(self)
    }

    fn skip_fraction(&mut self) -> Result<(), BadTime> {
        if let Some(rest) = self.0.strip_prefix(b".").or(self.0.strip_prefix(b",")) {
            let digits = rest.iter().take_while(|octet| octet.is_ascii_digit()).count();
            self.0 = rest.get(digits..).filter(|_| digits > 0).ok_or(BadTime)?;
        }
        Ok(())
    }

    /// Reads the offset to the end of the text, in seconds.
    fn offset(&mut self) -> Result<i64, BadTime> {
        let sign = match self.0 {
            b"Z" => return Ok(0),
            [b'+', ..] => 1,
            [b'-', ..] => -1,
            _ => return Err(BadTime),
        };
        self.0 = self.0.get(1..).unwrap_or_default();
        let hours = self.digits(2)?;
        self.0 = self.0.strip_prefix(b":").unwrap_or(self.0);
        let minutes = self.digits(2)?;
        if !self.0.is_empty() || hours > 24 || minutes > 59 {
            return Err(BadTime);
        }
        Ok(sign * (hours * 3600 + minutes * 60))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn times_with_fraction_and_offset_are_read() {
        assert_eq!(rfc3339("1970-01-01T00:00:00Z"), Ok(0));
        assert_eq!(rfc3339("2030-01-01T02:00:00.123+02:00"), Ok(1_893_456_000));
        assert_eq!(rfc3339("2030-01-01T00:00:00.000+0000"), Ok(1_893_456_000));
        assert_eq!(rfc3339("2024-02-29T00:00:00Z"), Ok(1_709_164_800));
        assert_eq!(rfc3339(ZERO), Ok(ZERO_SECONDS));
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [
            "",
            "2026-01-01",
            "2026-01-01t00:00:00Z",
            "2026-01-01 00:00:00Z",
            "2026-01-01T00:00:00",
            "2026-01-01T00:00:00z",
            "2026-01-01T00:00:00.Z",
            "2026-01-01T24:00:00Z",
            "2026-01-01T00:00:60Z",
            "2026-13-01T00:00:00Z",
            "2025-02-29T00:00:00Z",
            "2026-01-01T00:00:00Z ",
            "2026-01-01T00:00:00+1:00",
            "2026-01-01T00:00:00+01:00[Europe/Berlin]",
            "yesterday",
        ] {
            assert_eq!(rfc3339(bad), Err(BadTime), "{bad}");
        }
    }

    #[test]
    fn null_and_the_zero_time_are_none() {
        let read = |text: &str| serde_json::from_str::<GoTime>(text).map(|time| time.0);
        assert_eq!(read("null").unwrap(), None);
        assert_eq!(read(r#""0001-01-01T00:00:00Z""#).unwrap(), None);
        assert_eq!(read(r#""1970-01-01T00:00:01Z""#).unwrap(), Some(Timestamp::from_unix(1)));
        assert!(read(r#""""#).is_err());
        assert!(read("1").is_err());
        assert_eq!(serde_json::to_string(&GoTime(None)).unwrap(), format!("\"{ZERO}\""));
    }

    proptest! {
        #[test]
        fn reading_agrees_with_jiff(seconds in -60_000_000_000_i64..253_000_000_000) {
            let text = jiff::Timestamp::from_second(seconds).unwrap().to_string();
            prop_assert_eq!(rfc3339(&text), Ok(seconds));
        }

        #[test]
        fn no_text_makes_it_panic(text in "[-0-9TZ:+., é]{0,40}") {
            let _ = rfc3339(&text);
        }
    }
}
