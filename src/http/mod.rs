//! Our own HTTP surface: health, metrics, version and revocation lists.
//!
//! Invariant: nothing here writes, and nothing here needs a caller.

mod crl;
mod health;

pub use crl::crl_router;
pub use health::{Operations, operations_router};
