//! Admission: what a channel asks of an organization that wants to join, what such an organization says, and whether
//! that is enough.
//!
//! Invariant: pure. Everything that is amiss is told at once, and nothing is taken on trust: documents are named by
//! their hashes, certificates are read out of the MSP that is submitted.

mod application;
mod approval;
mod asked;
mod certificates;
mod document;
mod judge;
mod proof;
mod shortcoming;
#[cfg(test)]
mod tests;

pub use application::{
    AdmissionApplication, ApplicationError, Attached, CustodyStatement, MAX_APPLICATION,
};
pub use approval::{Approval, is_approval};
pub use document::{
    AdmissionError, AdmissionRules, CertificateRules, CustodyDemand, KeyKind, MAX_ADMISSION,
    RequiredDocument,
};
pub use judge::Circumstances;
pub use proof::{applicant, withdrawal_of};
pub use shortcoming::Shortcoming;
