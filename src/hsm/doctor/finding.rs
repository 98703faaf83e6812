//! What a probe found, and on what evidence.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

/// One thing that is tried on a token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Probe {
    /// Load, find the token, log in once; what module, slot and token say of themselves.
    Token,
    /// Does a second session share the login of the first?
    SharedLogin,
    /// Does the login outlive the session that made it?
    LastingLogin,
    /// Does who is logged out see private keys?
    PublicSession,
    /// Is `CKF_OS_LOCKING_OK` accepted?
    Locking,
    /// Signatures by many threads at once, and by one session from one thread after another.
    Threads,
    /// How many sessions may be open.
    SessionLimit,
    /// Two processes at the same time, and a process started while the module is in use.
    Processes,
    /// Which attributes of the strict key template are refused, and which are read back.
    Template,
    /// What is proven about a key that was made in the token.
    Custody,
    /// `CKA_VALUE` of a sensitive key.
    ReadValue,
    /// `CKA_EXTRACTABLE` set to true afterwards.
    SetExtractable,
    /// `CKA_SENSITIVE` set to false afterwards.
    SetInsensitive,
    /// A copy that is extractable or not sensitive.
    CopyExtractable,
    /// A key that is not extractable, wrapped with a key of our own.
    WrapOut,
    /// A known key brought in with `C_CreateObject`: does it pass for one made inside?
    CreateKnown,
    /// A known key brought in with `C_UnwrapKey`: does it pass for one made inside?
    UnwrapKnown,
    /// Two keys with one `CKA_ID`.
    DuplicateId,
    /// What a remembered handle names after re-initialisation.
    HandleReuse,
    /// How many signatures have a high S.
    HighS,
    /// How `CKA_EC_POINT` is written.
    EcPoint,
    /// `CKM_SHA256_HMAC` with a secret made in the token.
    Hmac,
    /// A key pair, a signature, a verification.
    AlgorithmP256,
    /// A key pair, a signature, a verification.
    AlgorithmP384,
    /// A key pair, a signature, a verification.
    AlgorithmRsa3072,
    /// A key pair, a signature, a verification.
    AlgorithmEd25519,
    /// Signatures a second with 1, 2, 4 and 8 sessions.
    Speed,
    /// What happens when the connection to the token is lost.
    LostConnection,
    /// The token holds what it held before.
    LeftAsFound,
}

impl Probe {
    /// All, in the order in which they are tried.
    pub const ALL: [Self; 29] = [
        Self::Token,
        Self::SharedLogin,
        Self::LastingLogin,
        Self::PublicSession,
        Self::Locking,
        Self::Threads,
        Self::SessionLimit,
        Self::Processes,
        Self::Template,
        Self::Custody,
        Self::ReadValue,
        Self::SetExtractable,
        Self::SetInsensitive,
        Self::CopyExtractable,
        Self::WrapOut,
        Self::CreateKnown,
        Self::UnwrapKnown,
        Self::DuplicateId,
        Self::HandleReuse,
        Self::HighS,
        Self::EcPoint,
        Self::Hmac,
        Self::AlgorithmP256,
        Self::AlgorithmP384,
        Self::AlgorithmRsa3072,
        Self::AlgorithmEd25519,
        Self::Speed,
        Self::LostConnection,
        Self::LeftAsFound,
    ];

    /// Its title, for people.
    pub fn title(self) -> &'static str {
        match self {
            Self::Token => "login",
            Self::SharedLogin => "login shared by sessions",
            Self::LastingLogin => "login outlives its session",
            Self::PublicSession => "private keys without login",
            Self::Locking => "locking by the system",
            Self::Threads => "threads",
            Self::SessionLimit => "session limit",
            Self::Processes => "processes and fork",
            Self::Template => "strict key template",
            Self::Custody => "custody proven",
            Self::ReadValue => "read the value",
            Self::SetExtractable => "set extractable",
            Self::SetInsensitive => "set not sensitive",
            Self::CopyExtractable => "copy as extractable",
            Self::WrapOut => "wrap out",
            Self::CreateKnown => "create a known key",
            Self::UnwrapKnown => "unwrap a known key",
            Self::DuplicateId => "duplicate CKA_ID",
            Self::HandleReuse => "handles after re-initialisation",
            Self::HighS => "high S",
            Self::EcPoint => "EC_POINT",
            Self::Hmac => "HMAC-SHA256",
            Self::AlgorithmP256 => "P-256",
            Self::AlgorithmP384 => "P-384",
            Self::AlgorithmRsa3072 => "RSA-3072",
            Self::AlgorithmEd25519 => "Ed25519",
            Self::Speed => "signatures a second",
            Self::LostConnection => "lost connection",
            Self::LeftAsFound => "left as found",
        }
    }
}

impl fmt::Display for Probe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// What an outcome means for who would keep a CA's keys in this token.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rating {
    /// As it should be.
    Good,
    /// A peculiarity that Chancery copes with.
    Fair,
    /// It counts against the token.
    Bad,
    /// Not tried, or without an answer.
    Unknown,
}

/// One call and what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Evidence {
    /// What was called, e.g. `C_CopyObject with CKA_EXTRACTABLE true`.
    pub call: String,
    /// What was returned or seen, e.g. `CKR_ACTION_PROHIBITED`.
    pub returned: String,
}

/// What a probe found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    /// Which probe.
    pub probe: Probe,
    /// One stable word, e.g. `refused`; `docs/tokens.md` has them all.
    pub outcome: String,
    /// What it means.
    pub rating: Rating,
    /// The same in words.
    pub summary: String,
    /// Measures, by name.
    pub figures: BTreeMap<String, f64>,
    /// Names that belong to the outcome, e.g. the attributes that were refused.
    pub items: Vec<String>,
    /// What was called and what was returned, in order.
    pub evidence: Vec<Evidence>,
}

impl Finding {
    /// A finding without an answer.
    pub(super) fn unanswered(probe: Probe, outcome: &str, rating: Rating, summary: String) -> Self {
        Self {
            probe,
            outcome: outcome.to_owned(),
            rating,
            summary,
            figures: BTreeMap::new(),
            items: Vec::new(),
            evidence: Vec::new(),
        }
    }
}

/// How a probe ends: the outcome, what it means, and the words for it.
#[derive(Debug)]
pub(super) struct Conclusion {
    pub(super) outcome: &'static str,
    pub(super) rating: Rating,
    pub(super) summary: String,
}

/// As it should be.
pub(super) fn good(outcome: &'static str, summary: impl Into<String>) -> Conclusion {
    Conclusion { outcome, rating: Rating::Good, summary: summary.into() }
}

/// A peculiarity.
pub(super) fn fair(outcome: &'static str, summary: impl Into<String>) -> Conclusion {
    Conclusion { outcome, rating: Rating::Fair, summary: summary.into() }
}

/// It counts against the token.
pub(super) fn bad(outcome: &'static str, summary: impl Into<String>) -> Conclusion {
    Conclusion { outcome, rating: Rating::Bad, summary: summary.into() }
}

/// Nothing can be said.
pub(super) fn unknown(outcome: &'static str, summary: impl Into<String>) -> Conclusion {
    Conclusion { outcome, rating: Rating::Unknown, summary: summary.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_probe_has_a_name_of_its_own() {
        let names: std::collections::BTreeSet<_> =
            Probe::ALL.iter().map(|probe| serde_json::to_string(probe).unwrap()).collect();
        let titles: std::collections::BTreeSet<_> = Probe::ALL.iter().map(|p| p.title()).collect();
        assert_eq!((names.len(), titles.len()), (Probe::ALL.len(), Probe::ALL.len()));
        assert_eq!(serde_json::to_string(&Probe::AlgorithmP256).unwrap(), "\"algorithm-p256\"");
    }
}
