//! Fabric CA's API: its paths, its envelope, its codes, its quirks.
//!
//! What clients rely on is copied, what is a weakness is mended; `docs/fabric-ca-compatibility.md` names each.
//! Invariants: no deed is told that it is this face which asks; nothing of a request's body is
//! written to the log or told back, as it may hold a secret; and no octets from outside make
//! anything here panic.

mod affiliations;
mod certificates;
mod cors;
mod crl;
mod enroll;
mod envelope;
mod exchange;
mod fault;
#[doc(hidden)]
pub mod fuzzing;
mod idemix;
mod identities;
mod info;
mod json;
mod kept_list;
mod options;
mod query;
mod revoke;
mod routes;
mod token;
mod when;

pub use options::{Cors, Options};
pub use routes::{Served, router};
