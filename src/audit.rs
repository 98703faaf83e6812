//! The audit line, and the proof that an intent to sign is on record.

use std::sync::Arc;

use serde::Serialize;

use crate::clock::Timestamp;
use crate::id::CaName;

/// One line of the audit trail: who did what to whom, and why. It rides in the same commit as the
/// change that it tells of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Entry {
    /// When it was decided.
    pub at: Timestamp,
    /// The CA that it is about.
    pub ca: CaName,
    /// Who asked: an enrollment ID, or `operator` for the one at the console.
    pub actor: String,
    /// The deed, e.g. `issue-certificate`.
    pub deed: &'static str,
    /// Whom or what it was done to: an enrollment ID, a serial number, a CRL number.
    pub subject: String,
    /// The reason that was given or found; may be empty.
    pub reason: String,
}

/// What a CA key is asked to sign, as the journal knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intent {
    /// SHA-256 of the key's SubjectPublicKeyInfo.
    pub key: [u8; 32],
    /// SHA-256 of the octets to be signed.
    pub digest: [u8; 32],
    /// The octets to be signed: a TBS certificate, TBS CRL or certification request info.
    pub to_be_signed: Arc<[u8]>,
}

/// The proof that an [`Intent`] is durable in the journal. The token's face signs nothing with a CA
/// key without one, and signs exactly what it holds (invariant I2).
#[derive(Debug)]
pub struct Recorded(Intent);

impl Recorded {
    /// Called by `store` alone, after the commit that holds the intent; `tests/house.rs` fails when
    /// any other room names this function.
    #[cfg(feature = "service")]
    pub(crate) fn after_commit(intent: Intent) -> Self {
        Self(intent)
    }

    /// For unit tests that need a proof and no journal.
    #[cfg(test)]
    pub(crate) fn for_test(intent: Intent) -> Self {
        Self(intent)
    }

    /// What was recorded.
    pub fn intent(&self) -> &Intent {
        &self.0
    }
}
