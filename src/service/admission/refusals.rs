//! How many refusals of strangers go into the audit trail: applying needs no account, and the trail is kept for ever.

use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;

/// Refusals that are written down in a window; the others are in the log alone.
const MOST: u32 = 200;
/// How long a window is, in seconds.
const WINDOW: i64 = 3_600;

/// Refusals of this process.
#[derive(Debug, Default)]
pub(in crate::service) struct Refusals {
    // Held for a count: when the window began, and how many were in it.
    window: Mutex<Option<(Timestamp, u32)>>,
}

impl Refusals {
    /// Counts one; whether it is to be written down.
    pub(super) fn count(&self, now: Timestamp) -> bool {
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let (began, count) = match *window {
            Some((began, count)) if now.unix() - began.unix() < WINDOW => (began, count),
            Some(_) | None => (now, 0),
        };
        *window = Some((began, count.saturating_add(1)));
        count < MOST
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_are_written_down_in_an_hour_and_no_more() {
        let refusals = Refusals::default();
        let at = Timestamp::from_unix(1_000);
        let written = (0..500).filter(|_| refusals.count(at)).count();
        assert_eq!(written, 200);
        assert!(!refusals.count(at.plus(3_599)));
        assert!(refusals.count(at.plus(3_600)));
    }
}
