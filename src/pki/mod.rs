//! DER, CSR, certificate, CRL, chain, signature check, lints, drafts.
//!
//! Invariant: nothing here reads a clock, a file or a log, and nothing waits. What octets from
//! outside may cost is bounded before they are looked at.

mod algorithm;
mod key;
pub mod signature;

pub use algorithm::{KeyAlgorithm, SignatureAlgorithm};
pub use key::{KeyError, PublicKey};
pub use signature::SignatureError;
