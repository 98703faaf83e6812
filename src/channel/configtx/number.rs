//! Numbers in texts, as Go's `strconv` reads them with the base 0, and sizes in octets.

/// Reads a number without a sign: `7050`, `0x1b8a`, `0b1`, `0o17`, `017`, `1_000`. Nothing when it is none, or needs
/// more than 64 bits.
pub(super) fn parse_unsigned(text: &str) -> Option<u64> {
    let lower = text.to_ascii_lowercase();
    let prefixes = [("0x", 16), ("0b", 2), ("0o", 8)];
    let prefixed = prefixes.iter().find_map(|(prefix, radix)| {
        lower.strip_prefix(prefix).map(|digits| (digits, *radix, true))
    });
    let (digits, radix, may_begin_with_line) = match prefixed {
        Some(found) => found,
        None if lower == "0" => return Some(0),
        None => match lower.strip_prefix('0') {
            Some(digits) => (digits, 8, true),
            None => (lower.as_str(), 10, false),
        },
    };
    // Underscores stand between digits, or after the prefix.
    let mut after_digit = may_begin_with_line;
    let mut plain = String::with_capacity(digits.len());
    for c in digits.chars() {
        match c {
            '_' if after_digit => after_digit = false,
            '_' | '+' | '-' => return None,
            digit => {
                after_digit = true;
                plain.push(digit);
            }
        }
    }
    if !after_digit {
        return None;
    }
    u64::from_str_radix(&plain, radix).ok()
}

/// As [`parse_unsigned`], with a sign before it.
pub(super) fn parse_signed(text: &str) -> Option<i128> {
    match text.strip_prefix('-') {
        Some(number) => parse_unsigned(number).map(|number| -i128::from(number)),
        None => parse_unsigned(text.strip_prefix('+').unwrap_or(text)).map(i128::from),
    }
}

/// Reads a size with its unit, as `99 MB`, `512k`: in powers of 1024, and the `b` may be missing. Nothing when it has no
/// such form.
pub(in crate::channel) fn parse_size(text: &str) -> Option<u64> {
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (number, unit) = text.split_at_checked(end)?;
    // The white space of Go's regular expressions.
    let unit = unit.trim_start_matches(['\t', '\n', '\x0c', '\r', ' ']).to_ascii_lowercase();
    let shift = match unit.strip_suffix('b').unwrap_or(&unit) {
        "k" => 10,
        "m" => 20,
        "g" => 30,
        _ => return None,
    };
    parse_unsigned(number)?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_read_as_go_reads_them() {
        for (text, expected) in [
            ("0", 0),
            ("7050", 7050),
            ("0x1B8a", 7050),
            ("0b11", 3),
            ("0o17", 15),
            ("017", 15),
            ("1_000", 1000),
            ("0x_1", 1),
            ("0_7", 7),
            ("18446744073709551615", u64::MAX),
        ] {
            assert_eq!(parse_unsigned(text), Some(expected), "{text}");
        }
        for text in [
            "",
            "-1",
            "+1",
            "1.5",
            "08",
            "0x",
            "_1",
            "1_",
            "1__0",
            "1 ",
            "0x+1",
            "a",
            "18446744073709551616",
        ] {
            assert_eq!(parse_unsigned(text), None, "{text}");
        }
        assert_eq!(parse_signed("-0x10"), Some(-16));
        assert_eq!(parse_signed("+10"), Some(10));
        assert_eq!(parse_signed("--1"), None);
    }

    #[test]
    fn sizes_have_a_unit() {
        for (text, expected) in [
            ("99 MB", 99 << 20),
            ("512KB", 512 << 10),
            ("1m", 1 << 20),
            ("2\tGb", 2 << 30),
            ("010k", 8 << 10),
        ] {
            assert_eq!(parse_size(text), Some(expected), "{text}");
        }
        for text in
            ["", "5", "5 XB", "MB", "5 B", "5 MBB", "1.5 MB", " 5 MB", "5 MB ", "08 MB", "-1k"]
        {
            assert_eq!(parse_size(text), None, "{text}");
        }
    }
}
