//! The doctor: tries what a token allows, before a CA's keys are trusted to it.
//!
//! Invariants: everything that is made carries a random label and `CKA_ID` of this examination, is
//! destroyed at its end, also after a crash, and nothing else is ever destroyed or changed; the PIN
//! is first shown by one process alone, and when it is refused no other process is started (I9); a
//! module is loaded in processes that do one probe each and have a deadline, never in the doctor's
//! own; no conclusion is without the calls that it is drawn from.

mod algorithms;
mod attend;
mod child;
mod concurrency;
mod connection;
mod exam;
mod examine;
mod extraction;
mod facts;
mod finding;
mod import;
mod login;
mod names;
mod report;
mod settings;
mod signatures;
mod template;
mod verdict;
mod wire;

pub use attend::attend;
pub use child::ProbeCommand;
pub use examine::{DoctorError, DoctorOptions, Progress, examine};
pub use facts::TokenFacts;
pub use finding::{Evidence, Finding, Probe, Rating};
pub use report::Report;
pub use settings::{Setting, Settings};
pub use verdict::{Claim, Level, Verdict};
