//! Our own HTTP surface: `/api/v2`, health, metrics, version and revocation lists.
//!
//! Start with `routes.rs`. Invariants: errors leave by `problem.rs` alone; what needs a caller takes
//! `caller::Called`, and cannot be reached without one.

mod applications;
mod caller;
mod changes;
mod channels;
mod collections;
mod crl;
mod endpoints;
mod expiry;
#[doc(hidden)]
pub mod fuzzing;
mod health;
mod msps;
mod octets;
mod openapi;
mod problem;
mod proposals;
mod pushes;
mod routes;
mod signature;
mod verify;

pub use caller::ClientCertificate;
pub use crl::crl_router;
pub use health::{Operations, operations_router};
pub use routes::api_router;
