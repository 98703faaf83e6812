//! The times of a certificate query: an instant, a date, or a span from now.

use crate::api::rfc3339;
use crate::clock::Timestamp;

/// Nanoseconds of a day.
const DAY: i128 = 86_400 * 1_000_000_000;

/// A text is none of the three.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct NoTime;

/// Reads `2030-01-02T03:04:05Z`, `2030-01-02`, `+30d` or `-1h30m`. Nothing when the text is empty.
pub(super) fn parse(text: &str, now: Timestamp) -> Result<Option<Timestamp>, NoTime> {
    if text.is_empty() {
        return Ok(None);
    }
    if text.starts_with(['+', '-']) {
        // Seconds are all that we keep; a part of one is left out towards the past.
        let seconds = span(&text.to_lowercase())?.div_euclid(1_000_000_000);
        return Ok(Some(now.plus(seconds)));
    }
    let whole = if text.contains('T') { text.to_owned() } else { format!("{text}T00:00:00Z") };
    rfc3339(&whole).map(|seconds| Some(Timestamp::from_unix(seconds))).map_err(|_| NoTime)
}

/// Reads a signed span in nanoseconds, within Go's bounds (some 292 years).
fn span(text: &str) -> Result<i64, NoTime> {
    let (sign, rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').ok_or(NoTime)?),
    };
    let magnitude = match rest.strip_suffix('d') {
        Some(days) => whole(days)?.checked_mul(DAY).ok_or(NoTime)?,
        None => duration(rest)?,
    };
    i64::try_from(sign * magnitude).map_err(|_| NoTime)
}

/// Go's `time.ParseDuration` behind its sign: numbers with units, e.g. `1h30m` or `1.5h`.
fn duration(text: &str) -> Result<i128, NoTime> {
    match text {
        "" => return Err(NoTime),
        "0" => return Ok(0),
        _ => {}
    }
    let mut sum: i128 = 0;
    let mut rest = text;
    while !rest.is_empty() {
        let number = rest.find(|letter: char| !letter.is_ascii_digit() && letter != '.');
        let (number, behind) = rest.split_at_checked(number.ok_or(NoTime)?).ok_or(NoTime)?;
        let unit = behind.find(|letter: char| letter.is_ascii_digit() || letter == '.');
        let (unit, behind) = behind.split_at_checked(unit.unwrap_or(behind.len())).ok_or(NoTime)?;
        sum = sum.checked_add(amount(number, nanoseconds(unit)?)?).ok_or(NoTime)?;
        rest = behind;
    }
    Ok(sum)
}

fn amount(number: &str, unit: i128) -> Result<i128, NoTime> {
    let (before, after) = number.split_once('.').unwrap_or((number, ""));
    if before.is_empty() && after.is_empty() || after.contains('.') {
        return Err(NoTime);
    }
    let mut sum = if before.is_empty() { 0 } else { whole(before)? };
    sum = sum.checked_mul(unit).ok_or(NoTime)?;
    let mut place = unit;
    for digit in after.bytes() {
        place /= 10;
        sum += i128::from(digit - b'0') * place;
    }
    Ok(sum)
}

fn nanoseconds(unit: &str) -> Result<i128, NoTime> {
    Ok(match unit {
        "ns" => 1,
        // The micro sign and the Greek letter.
        "us" | "\u{b5}s" | "\u{3bc}s" => 1_000,
        "ms" => 1_000_000,
        "s" => 1_000_000_000,
        "m" => 60_000_000_000,
        "h" => 3_600_000_000_000,
        _ => return Err(NoTime),
    })
}

/// Digits only, at most 18 of them.
fn whole(digits: &str) -> Result<i128, NoTime> {
    if digits.len() > 18 || !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return Err(NoTime);
    }
    digits.parse().map_err(|_| NoTime)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Result<Option<i64>, NoTime> {
        parse(text, Timestamp::from_unix(1_000_000_000)).map(|time| time.map(Timestamp::unix))
    }

    #[test]
    fn spans_count_from_now() {
        let now = 1_000_000_000;
        for (text, seconds) in [
            ("+30d", 30 * 86_400),
            ("-15d", -15 * 86_400),
            ("+1D", 86_400),
            ("-1h30m", -5400),
            ("+90s", 90),
            ("-0s", 0),
            ("+0", 0),
            ("+1.5h", 5400),
            ("+.5m", 30),
            ("+1.m", 60),
            ("+2000ms", 2),
            ("+1000000us1000000µs", 2),
            ("-1ns", -1),
        ] {
            assert_eq!(at(text), Ok(Some(now + seconds)), "{text}");
        }
    }

    #[test]
    fn instants_and_dates_are_read() {
        assert_eq!(at("1970-01-02"), Ok(Some(86_400)));
        assert_eq!(at("1970-01-01T01:00:00.5+01:00"), Ok(Some(0)));
        assert_eq!(at("2030-01-01T00:00:00.000+0000"), Ok(Some(1_893_456_000)));
        assert_eq!(at(""), Ok(None));
    }

    #[test]
    fn everything_else_is_refused() {
        for bad in [
            "soon",
            "+1y",
            "-xd",
            "+d",
            "+",
            "-",
            "+1",
            "+1h1d",
            "+1d1h",
            "+1.5d",
            " 30d",
            "30d",
            "1h",
            "+-1h",
            "+1hh",
            "+h",
            "+1.2.3h",
            "+.h",
            "2020-1-1",
            "+9999999999999999999d",
            "+2562048h",
            "+106752d",
            "+1w",
        ] {
            assert_eq!(at(bad), Err(NoTime), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic(text in any::<String>(), near in "[+-][0-9.dhmsunµ]{0,40}") {
            let _ = at(&text);
            let _ = at(&near);
        }
    }
}
