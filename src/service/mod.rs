//! The deeds: one verb, one file. Each knows the order of its steps and who may do it.

mod affiliations;
mod authority;
mod caller;
mod certificates;
mod error;
mod identities;
mod page;
mod refusal;
mod register;
mod revoke;
pub mod rules;
mod secrets;
#[cfg(test)]
mod testing;
mod throttle;

pub use authority::Authority;
pub use caller::Caller;
pub use certificates::CertificateQuery;
pub use error::{Error, Kind};
pub use identities::ModifyIdentity;
pub use page::Page;
pub use register::{AffiliationChoice, Register, Registered};
pub use revoke::{Revoke, RevokedCertificate, Target};
pub use rules::AffiliationTree;
