//! What the doctor hands over.

use std::path::Path;

use serde::Serialize;

use super::facts::TokenFacts;
use super::finding::Finding;
use super::settings::Settings;
use super::verdict::Verdict;
use crate::clock::Timestamp;

/// What the doctor hands over. The names of its fields are stable; `docs/tokens.md` has them.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Report {
    /// 1. Another number means that names have changed.
    pub format: u32,
    /// When it was made.
    pub at: Timestamp,
    /// The version of Chancery.
    pub chancery: &'static str,
    /// What module, slot and token say of themselves.
    pub token: TokenFacts,
    /// What it is good for.
    pub verdict: Verdict,
    /// What Chancery does with it.
    pub settings: Settings,
    /// What was tried, in order.
    pub probes: Vec<Finding>,
}

impl Report {
    pub(super) fn new(
        at: Timestamp,
        module: &Path,
        token: TokenFacts,
        probes: Vec<Finding>,
    ) -> Self {
        Self {
            format: 1,
            at,
            chancery: env!("CARGO_PKG_VERSION"),
            verdict: Verdict::of(&token, &probes),
            settings: Settings::of(module, &token, &probes),
            token,
            probes,
        }
    }
}
