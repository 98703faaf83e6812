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
    let (negative, unsigned) = match text.as_bytes().first()? {
        b'-' => (true, text.get(1..)?),
        b'+' => (false, text.get(1..)?),
        _ => (false, text),
    };
    if unsigned == "0" {
        return Some(Duration::ZERO);
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
        sum = sum.checked_add(part)?;
        // Go counts in 63 bits.
        if sum > i64::MAX as u64 {
            return None;
        }
        rest = after;
    }
    (!negative || sum == 0).then(|| Duration::from_nanos(sum))
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
}
