//! How often each key was used.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use serde::Serialize;

use super::purpose::Purpose;

/// Signatures and codes by key and purpose. The lock is held to add one to a count.
#[derive(Debug, Default)]
pub(super) struct Counts(Mutex<BTreeMap<([u8; 32], Purpose), Tally>>);

#[derive(Debug, Default)]
struct Tally {
    made: u64,
    failed: u64,
}

/// How many signatures or codes were made with a key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Count {
    /// The key's reference.
    #[serde(with = "super::hex_text")]
    pub key: [u8; 32],
    /// What for.
    pub purpose: Purpose,
    /// How many were made.
    pub made: u64,
    /// How many were not: refused, failed or late.
    pub failed: u64,
}

impl Counts {
    /// Adds one.
    pub(super) fn add(&self, key: [u8; 32], purpose: Purpose, made: bool) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let tally = counts.entry((key, purpose)).or_default();
        if made { tally.made += 1 } else { tally.failed += 1 }
    }

    /// Every count, by key and purpose.
    pub(super) fn all(&self) -> Vec<Count> {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        counts
            .iter()
            .map(|((key, purpose), tally)| Count {
                key: *key,
                purpose: *purpose,
                made: tally.made,
                failed: tally.failed,
            })
            .collect()
    }
}
