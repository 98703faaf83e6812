//! Instants on the command line.

use crate::api::GoTime;
use crate::clock::{BadTimestamp, Timestamp};

/// Reads an RFC 3339 time, or a date for its midnight in UTC.
///
/// # Errors
/// When it is neither.
pub(super) fn parse(text: &str) -> Result<GoTime, BadTimestamp> {
    let at = text.parse::<Timestamp>().or_else(|bad| match text.len() {
        10 => format!("{text}T00:00:00Z").parse(),
        _ => Err(bad),
    })?;
    Ok(GoTime(Some(at)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_date_is_its_midnight() {
        assert_eq!(parse("2026-01-01").unwrap(), parse("2026-01-01T00:00:00Z").unwrap());
        assert!(parse("2026-01-01T00:00:00+02:00").is_ok());
        for bad in ["", "yesterday", "2026-13-01", "2026-01-0x"] {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }
}
