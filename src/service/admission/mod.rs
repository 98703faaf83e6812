//! Admission: organizations ask to join a channel, its members' administrators approve, and what they sign is the very
//! update that admits.
//!
//! Invariants: an application and its proposal are one commit, and are closed in one; an approval is a signature of the
//! proposal whose nonce begins with the application's digest; what is refused keeps nothing but its line in the audit trail.

mod apply;
mod close;
mod custody;
mod gate;
mod look;
pub(super) mod refusals;
mod rules;
mod shapes;

pub(super) use gate::Gate;
pub use shapes::{ApplicationView, Apply, Withdrawal};
