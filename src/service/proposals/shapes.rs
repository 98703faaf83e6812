//! What is asked for a proposal, and what is told of one.

use crate::channel::Edit;
use crate::store::{ProposalRow, ProposalSignature};
use crate::wire::Config;

/// What shall be changed.
#[derive(Debug, Clone)]
pub enum Wanted {
    /// These changes, one after another.
    Edits(Vec<Edit>),
    /// This configuration instead: a `common.Config`.
    Config(Config),
    /// What this `common.ConfigUpdate` asks for.
    Update(Vec<u8>),
}

/// An update to be proposed.
#[derive(Debug, Clone)]
pub struct Propose {
    /// The channel.
    pub channel: String,
    /// What people shall call it.
    pub title: String,
    /// What it changes.
    pub wanted: Wanted,
}

/// A proposal, and how it stands today.
#[derive(Debug, Clone)]
pub struct Proposal {
    /// As it was made.
    pub row: ProposalRow,
    /// What it changes, in words.
    pub changes: Vec<String>,
    /// What that means for who decides, in words.
    pub effects: Vec<String>,
    /// What whoever signs should know: policies that nobody could satisfy any more, elements that nobody could change.
    pub warnings: Vec<String>,
    /// The policies that its signatures must satisfy, and how they fare.
    pub demands: Vec<Demanded>,
    /// Its signatures, and why one does not count.
    pub signatures: Vec<(ProposalSignature, Signed)>,
    /// Why it cannot be applied any more as it is; it may be rebased.
    pub conflict: Option<String>,
    /// Whether its signatures are enough, and what it leads to is good.
    pub is_ready: bool,
}

/// A policy that signatures must satisfy.
#[derive(Debug, Clone)]
pub struct Demanded {
    /// Its path.
    pub policy: String,
    /// What it guards of what is changed.
    pub elements: Vec<String>,
    /// Whether it is satisfied.
    pub satisfied: bool,
    /// What is still needed, in words.
    pub needs: Option<String>,
    /// The smallest sets of signers, in words.
    pub sets: Vec<String>,
}

/// Who signed.
#[derive(Debug, Clone)]
pub struct Signed {
    /// The ID of the MSP, when the identity reads.
    pub msp_id: Option<String>,
    /// The hash of the certificate.
    pub certificate: Option<Vec<u8>>,
    /// Why the signature does not count today.
    pub refused: Option<String>,
}
