//! The policy language: `AND('Org1MSP.peer', OR('Org2MSP.peer', 'Org3MSP.admin'))`.
//!
//! Invariant: what reading a text costs is bounded, and nothing that it says is done beside giving a
//! value.

mod current;
mod error;
mod gates;
mod legacy;
mod print;
mod read;
mod value;

pub use error::{Fault, LanguageError};
pub use print::print;
pub use read::{Written, read, read_legacy};
