//! Durations as Go writes them: `2s`, `1m30s`, `1.5h`.

use std::time::Duration;

/// Units and their nanoseconds.
const UNITS: [(&str, u64); 8] = [
    ("ns", 1),
    ("us", 1_000),
    ("µs", 1_000),
    ("μs", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
];

/// Reads a duration that is not negative; nothing when Go's `time.ParseDuration` would refuse the text or find
/// it negative. Parts of a nanosecond are cut off.
pub fn parse_duration(text: &str) -> Option<Duration> {
    u64::try_from(parse_nanoseconds(text)?).ok().map(Duration::from_nanos)
}

/// Reads a duration as Go does, in nanoseconds; it may be negative.
pub(super) fn parse_nanoseconds(text: &str) -> Option<i64> {
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    let sum = sum_of(unsigned)?;
    if negative { 0_i64.checked_sub_unsigned(sum) } else { i64::try_from(sum).ok() }
}

fn sum_of(unsigned: &str) -> Option<u64> {
    if unsigned == "0" {
        return Some(0);
    }
    let (mut rest, mut sum) = (unsigned, 0_u64);
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let (whole, after) = digits(rest);
        let (fraction, after) = match after.strip_prefix('.') {
            Some(after) => digits(after),
            None => ("", after),
        };
        if whole.is_empty() && fraction.is_empty() {
            return None;
        }
        let ends = after.find(|c: char| c == '.' || c.is_ascii_digit()).unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(ends)?;
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let whole: u64 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        let part = whole.checked_mul(*unit)?.checked_add(part_of(fraction, *unit))?;
        // Go counts in 63 bits and a sign.
        sum = sum.checked_add(part).filter(|sum| *sum <= 1 << 63)?;
        rest = after;
    }
    Some(sum)
}

/// Writes a duration in nanoseconds as Go does: `1m30s`, `1.5s`, `500ms`.
pub(super) fn print_nanoseconds(duration: i64) -> String {
    let sign = if duration < 0 { "-" } else { "" };
    let whole = duration.unsigned_abs();
    if whole >= SECOND {
        let seconds = decimal(whole % (60 * SECOND), SECOND);
        let (hours, minutes) = (whole / (3600 * SECOND), whole / (60 * SECOND) % 60);
        return match (hours, minutes) {
            (0, 0) => format!("{sign}{seconds}s"),
            (0, minutes) => format!("{sign}{minutes}m{seconds}s"),
            (hours, minutes) => format!("{sign}{hours}h{minutes}m{seconds}s"),
        };
    }
    match whole {
        0 => "0s".to_owned(),
        1..1_000 => format!("{sign}{whole}ns"),
        1_000..1_000_000 => format!("{sign}{}µs", decimal(whole, 1_000)),
        _ => format!("{sign}{}ms", decimal(whole, 1_000_000)),
    }
}

const SECOND: u64 = 1_000_000_000;

/// So many units, without zeros at the end.
fn decimal(count: u64, unit: u64) -> String {
    let (whole, part) = (count / unit, count % unit);
    if part == 0 {
        return whole.to_string();
    }
    let width = unit.ilog10() as usize;
    let part = format!("{part:0width$}");
    format!("{whole}.{}", part.trim_end_matches('0'))
}

fn digits(text: &str) -> (&str, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    text.split_at_checked(end).unwrap_or((text, ""))
}

/// So much of a unit, in floating point as in Go, which shows: a third of an hour is twenty minutes.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "as Go reckons; the outcome is less than a unit"
)]
fn part_of(fraction: &str, unit: u64) -> u64 {
    let (mut part, mut scale) = (0_u64, 1.0_f64);
    for digit in fraction.bytes() {
        // Digits beyond 63 bits are dropped, and so is everything after them.
        let more = part.checked_mul(10).and_then(|ten| ten.checked_add(u64::from(digit - b'0')));
        let Some(more) = more.filter(|more| *more <= 1 << 63) else { break };
        part = more;
        scale *= 10.0;
    }
    (part as f64 * (unit as f64 / scale)) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let nanos = |text: &str| parse_duration(text).map(|it| it.as_nanos());
        for (text, expected) in [
            ("0", 0),
            ("+0", 0),
            ("-0s", 0),
            ("2s", 2_000_000_000),
            ("1m30s", 90_000_000_000),
            ("1.5h", 5_400_000_000_000),
            (".5ms", 500_000),
            ("5.s", 5_000_000_000),
            ("3µs1us2μs", 6_000),
            ("1h1h", 7_200_000_000_000),
            ("0.3333333333333333333h", 1_200_000_000_000),
            ("9223372036854775807ns", 9_223_372_036_854_775_807),
        ] {
            assert_eq!(nanos(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "-",
            "+",
            ".s",
            "s",
            "2",
            "2 s",
            "2S",
            "1d",
            "-2s",
            "2s3",
            "1.2.3s",
            "--2s",
            "9223372036854775808ns",
            "18446744073709551616s",
            "10000000h",
        ] {
            assert_eq!(nanos(text), None, "{text}");
        }
    }

    #[test]
    fn a_duration_may_be_negative() {
        assert_eq!(parse_nanoseconds("-1.5s"), Some(-1_500_000_000));
        assert_eq!(parse_nanoseconds("-9223372036854775808ns"), Some(i64::MIN));
        assert_eq!(parse_nanoseconds("9223372036854775808ns"), None);
        assert_eq!(parse_nanoseconds("--1s"), None);
    }

    #[test]
    fn durations_are_written_as_go_writes_them() {
        for (duration, expected) in [
            (0, "0s"),
            (5, "5ns"),
            (1_500, "1.5µs"),
            (500_000_000, "500ms"),
            (1_500_000_000, "1.5s"),
            (90_000_000_000, "1m30s"),
            (3_600_000_000_000, "1h0m0s"),
            (-2_000_000_001, "-2.000000001s"),
            (i64::MAX, "2562047h47m16.854775807s"),
            (i64::MIN, "-2562047h47m16.854775808s"),
        ] {
            assert_eq!(print_nanoseconds(duration), expected);
            assert_eq!(parse_nanoseconds(expected), Some(duration), "{expected}");
        }
    }
}
