//! The Gregorian calendar between 1950 and 9999, as digits.

use crate::clock::Timestamp;

/// Reads `YYYYMMDDhhmmss`, or `YYMMDDhhmmss` of 1950 to 2049; `None` for what is no time of the
/// calendar, such as 30 February or 24:00.
pub(super) fn read(digits: &[u8]) -> Option<Timestamp> {
    let mut parts = digits.chunks(2).map(two_digits);
    let mut next = || parts.next().flatten();
    let first = next()?;
    let year = match digits.len() {
        14 => first * 100 + next()?,
        12 if first >= 50 => 1900 + first,
        12 => 2000 + first,
        _ => return None,
    };
    let (month, day) = (next()?, next()?);
    let (hour, minute, second) = (next()?, next()?, next()?);
    let in_calendar = (1..=12).contains(&month)
        && (1..=days_in(year, month)).contains(&day)
        && hour < 24
        && minute < 60
        && second < 60;
    let seconds = ((day_of(year, month, day) * 24 + hour) * 60 + minute) * 60 + second;
    let at = Timestamp::from_unix(seconds);
    (in_calendar && at.unix() == seconds).then_some(at)
}

/// Writes `YYYYMMDDhhmmss`.
pub(super) fn digits(at: Timestamp) -> [u8; 14] {
    let (day, second) = (at.unix().div_euclid(86_400), at.unix().rem_euclid(86_400));
    let (year, month, day) = date_of(day);
    // Each is 0 to 99, since a `Timestamp` lies within 1950 to 9999.
    let pair = |value: i64| {
        let value = u8::try_from(value).unwrap_or_default();
        [b'0' + value / 10, b'0' + value % 10]
    };
    let ([c0, c1], [y0, y1]) = (pair(year / 100), pair(year % 100));
    let ([m0, m1], [d0, d1]) = (pair(month), pair(day));
    let ([h0, h1], [n0, n1]) = (pair(second / 3600), pair(second / 60 % 60));
    let [s0, s1] = pair(second % 60);
    [c0, c1, y0, y1, m0, m1, d0, d1, h0, h1, n0, n1, s0, s1]
}

fn two_digits(pair: &[u8]) -> Option<i64> {
    match pair {
        [tens @ b'0'..=b'9', ones @ b'0'..=b'9'] => {
            Some(i64::from(tens - b'0') * 10 + i64::from(ones - b'0'))
        }
        _ => None,
    }
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// The number of a day; 0 is 1970-01-01.
// Years begin in March here, so that the leap day is the last; 719468 days lie between 0000-03-01
// and 1970-01-01, 146097 in 400 years, and (153 m + 2) / 5 before month m. After Howard Hinnant,
// "chrono-Compatible Low-Level Date Algorithms".
fn day_of(year: i64, month: i64, day: i64) -> i64 {
    let year = if month <= 2 { year - 1 } else { year };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let month = (month + 9) % 12;
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The year, month and day of a day's number.
fn date_of(day: i64) -> (i64, i64, i64) {
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = (era * 400 + year, if month < 10 { month + 3 } else { month - 9 });
    (if month <= 2 { year + 1 } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::DateTime;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_is_written_is_read(seconds in -631_152_000_i64..253_402_300_800) {
            let at = Timestamp::from_unix(seconds);
            let digits = digits(at);
            prop_assert_eq!(read(&digits), Some(at));
            let short = &digits[2..];
            let in_window = at < "2050-01-01T00:00:00Z".parse().unwrap();
            prop_assert_eq!(read(short) == Some(at), in_window);
        }

        #[test]
        fn the_calendar_is_that_of_another(
            year in 1970_u16..2100, month in 0_u8..20, day in 0_u8..40,
            hour in 0_u8..30, minute in 0_u8..70, second in 0_u8..70,
        ) {
            let text = format!("{year:04}{month:02}{day:02}{hour:02}{minute:02}{second:02}");
            let theirs = DateTime::new(year, month, day, hour, minute, second).ok();
            let theirs = theirs.map(|time| time.unix_duration().as_secs());
            let ours = read(text.as_bytes()).map(|at| at.unix().unsigned_abs());
            prop_assert_eq!(ours, theirs);
        }

        #[test]
        fn no_octets_make_the_reader_panic(octets: [u8; 14]) {
            let _ = (read(&octets), read(&octets[..12]), read(&octets[..3]));
        }
    }
}
