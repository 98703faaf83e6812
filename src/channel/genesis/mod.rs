//! The first block of a channel, from a profile.
//!
//! Invariant: pure. Files are reached through [`Folder`](crate::msp::Folder), the time and the nonce come as arguments.

mod block;
mod consensus;
mod elements;
mod error;
mod group;
mod join;
mod organization;
#[cfg(test)]
mod tests;

pub use block::genesis_block;
pub(super) use consensus::usual_bft;
pub use error::GenesisError;
pub use group::{Generated, generate};
pub use join::{JoinError, check_join};
