//! Times of certificates, as Go reads them: with seconds or (short years only) without, in UTC or with
//! an offset that is not zero.

/// A `UTCTime`. Years up to 49 are of this century, others of the last.
pub(in crate::msp) fn utc(text: &[u8]) -> Option<i64> {
    let short = |text| {
        let (year, rest) = two(text)?;
        Some((if year < 50 { 2000 + year } else { 1900 + year }, rest))
    };
    with_seconds(short(text)?).or_else(|| without_seconds(short(text)?))
}

/// A `GeneralizedTime` of whole seconds.
pub(in crate::msp) fn generalized(text: &[u8]) -> Option<i64> {
    with_seconds(long_year(text)?)
}

/// A `GeneralizedTime` that may tell fractions, which are dropped: Go's `encoding/asn1` reads these.
pub(in crate::msp) fn fractional(text: &[u8]) -> Option<i64> {
    let Some(dot) = text.iter().position(|octet| *octet == b'.') else { return generalized(text) };
    let (before, after) = text.split_at_checked(dot)?;
    let digits = after.get(1..)?.iter().take_while(|octet| octet.is_ascii_digit()).count();
    let (fraction, zone) = after.get(1..)?.split_at_checked(digits)?;
    if !(1..=9).contains(&digits) || fraction.last() == Some(&b'0') || before.len() != 14 {
        return None;
    }
    generalized(&[before, zone].concat())
}

fn long_year(text: &[u8]) -> Option<(i64, &[u8])> {
    let (century, rest) = two(text)?;
    let (year, rest) = two(rest)?;
    Some((century * 100 + year, rest))
}

fn with_seconds((year, rest): (i64, &[u8])) -> Option<i64> {
    let (day, rest) = day_and_minute(year, rest)?;
    let (second, rest) = two(rest)?;
    (second < 60).then_some(day + second - zone(rest)?)
}

fn without_seconds((year, rest): (i64, &[u8])) -> Option<i64> {
    let (day, rest) = day_and_minute(year, rest)?;
    Some(day - zone(rest)?)
}

fn day_and_minute(year: i64, rest: &[u8]) -> Option<(i64, &[u8])> {
    let (month, rest) = two(rest)?;
    let (day, rest) = two(rest)?;
    let (hour, rest) = two(rest)?;
    let (minute, rest) = two(rest)?;
    if !(1..=12).contains(&month) || hour > 23 || minute > 59 {
        return None;
    }
    if !(1..=days_in(year, month)).contains(&day) {
        return None;
    }
    Some((((days_before(year, month) + day - 1) * 24 + hour) * 60 * 60 + minute * 60, rest))
}

/// Seconds east of UTC. What Go would not write back the same is refused: `+0000` is `Z`.
fn zone(text: &[u8]) -> Option<i64> {
    let (sign, rest) = match text.split_first()? {
        (b'Z', []) => return Some(0),
        (b'+', rest) => (1, rest),
        (b'-', rest) => (-1, rest),
        _ => return None,
    };
    let (hours, rest) = two(rest)?;
    let (minutes, rest) = two(rest)?;
    let written_so = hours <= 24 && minutes < 60 && (hours, minutes) != (0, 0);
    (written_so && rest.is_empty()).then_some(sign * (hours * 60 + minutes) * 60)
}

fn two(text: &[u8]) -> Option<(i64, &[u8])> {
    match text {
        [a @ b'0'..=b'9', b @ b'0'..=b'9', rest @ ..] => {
            Some((i64::from(a - b'0') * 10 + i64::from(b - b'0'), rest))
        }
        _ => None,
    }
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 31,
    }
}

/// Days from 1970 to the first of this month.
fn days_before(year: i64, month: i64) -> i64 {
    // Years are counted from March, so that a leap day is the last of its year.
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let days = of_era * 365 + of_era / 4 - of_era / 100 + (153 * month + 2) / 5;
    // 146,097 days are 400 years; 719,468 lie between March of the year 0 and 1970.
    era * 146_097 + days - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::DateTime;
    use proptest::prelude::*;

    #[test]
    fn what_go_takes_is_taken() {
        assert_eq!(utc(b"700101000000Z"), Some(0));
        assert_eq!(utc(b"7001010000Z"), Some(0));
        assert_eq!(utc(b"700101010000+0100"), Some(0));
        assert_eq!(utc(b"691231230000-0100"), Some(0));
        assert_eq!(utc(b"500101000000Z"), Some(-631_152_000));
        assert_eq!(utc(b"491231235959Z"), Some(2_524_607_999));
        assert_eq!(generalized(b"19700101000000Z"), Some(0));
        assert_eq!(generalized(b"00000101000000Z"), Some(-62_167_219_200));
        assert_eq!(fractional(b"19700101000001.5Z"), Some(1));
    }

    #[test]
    fn what_go_refuses_is_refused() {
        for text in [
            "700101000000",
            "700101000000+0000",
            "700101000000-0060",
            "700101000000+2500",
            "700101000060Z",
            "700101240000Z",
            "701301000000Z",
            "700100000000Z",
            "700230000000Z",
            "990229000000Z",
            "700101000000.5Z",
            "19700101000000Z",
            "7001010000000Z",
            " 70101000000Z",
            "",
        ] {
            assert_eq!(utc(text.as_bytes()), None, "{text}");
        }
        for text in ["197001010000Z", "700101000000Z", "19700101000000.5Z", "19700101000000"] {
            assert_eq!(generalized(text.as_bytes()), None, "{text}");
        }
        for text in ["19700101000000.50Z", "19700101000000.Z", "197001010000.5Z"] {
            assert_eq!(fractional(text.as_bytes()), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn the_calendar_is_that_of_another(seconds in -62_167_219_200_i64..253_402_300_800) {
            let epoch: DateTime = "1970-01-01T00:00:00".parse().unwrap();
            let at = epoch.checked_add(jiff::SignedDuration::from_secs(seconds)).unwrap();
            let text = at.strftime("%Y%m%d%H%M%SZ").to_string();
            prop_assert_eq!(generalized(text.as_bytes()), Some(seconds));
        }
    }
}
