//! The policy language: `AND('Org1MSP.peer', OR('Org2MSP.peer', 'Org3MSP.admin'))`.
//!
//! Invariant: what reading a text costs is bounded, and nothing that it says is done beside giving a
//! value.

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "an operation names the kinds of values that it takes; all others are refused"
)]
mod current;
mod error;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "an operation names the kinds of values that it takes; all others are refused"
)]
mod gates;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "an operation names the kinds of values that it takes; all others are refused"
)]
mod legacy;
mod print;
mod read;
#[cfg(test)]
mod tests;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "an operation names the kinds of values that it takes; all others are refused"
)]
mod value;

pub use error::{Fault, LanguageError};
pub use print::print;
pub use read::{Written, read, read_legacy};
