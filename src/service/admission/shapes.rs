//! What is asked for an application, and what is told of one.

use crate::channel::AdmissionApplication;
use crate::service::proposals::shapes::Proposal;
use crate::store::ApplicationRow;

/// An application as it is sent.
#[derive(Debug, Clone)]
pub struct Apply {
    /// The channel.
    pub channel: String,
    /// The octets of an [`AdmissionApplication`].
    pub content: Vec<u8>,
    /// The applicant's `common.SignatureHeader`.
    pub header: Vec<u8>,
    /// The signature over the header and the content.
    pub signature: Vec<u8>,
}

/// What takes an application back.
#[derive(Debug, Clone)]
pub struct Withdrawal {
    /// The `common.SignatureHeader` of an administrator of the applicant.
    pub header: Vec<u8>,
    /// The signature over the header and [`withdrawal_of`](crate::channel::withdrawal_of) the application.
    pub signature: Vec<u8>,
}

/// An application as it stands today.
#[derive(Debug, Clone)]
pub struct ApplicationView {
    /// As it was made.
    pub row: ApplicationRow,
    /// What it says.
    pub content: AdmissionApplication,
    /// The proposal that admits it: what it changes, who has approved, what is missing.
    pub proposal: Proposal,
    /// The IDs of the MSPs of those who approved the proposal whose place this one has taken, and have not approved this one.
    pub asked_anew: Vec<String>,
}
