//! Updates of channels on their way: proposed, signed where the keys are, applied when the signatures are
//! enough.
//!
//! Invariant: what a signature is worth is decided each time anew, by the exact rules and the members of that moment;
//! and always on the cores, for a channel may be large.

mod look;
mod propose;
mod rebase;
mod settle;
pub(in crate::service) mod shapes;
mod sign;
mod simulate;
mod stored;
mod withdraw;

pub(in crate::service) use propose::superseded;
pub use shapes::{Demanded, Proposal, Propose, Signed, Wanted};
pub(in crate::service) use stored::{check_length, read_update};
