//! The member's side: a client of a Fabric CA, real or ours.
//!
//! Invariant: what a server answered is checked before it is written, and nothing is written when
//! it refused.

mod address;
mod affiliations;
mod attributes;
mod cainfo;
mod certificates;
mod client;
mod crl;
mod enroll;
pub(super) mod files;
#[cfg(test)]
mod fixture;
mod gencrl;
mod hints;
mod identities;
mod instant;
mod issued;
mod key;
mod key_source;
mod list;
mod msp_folder;
mod node_ous;
mod present;
mod reason;
mod reenroll;
mod register;
mod request;
mod revoke;
mod secret_source;
mod server;
mod token;
mod token_key;

pub(super) use address::UrlText;
pub use affiliations::Affiliations;
pub use cainfo::CaInfo;
pub use certificates::Certificates;
pub(super) use client::{Client, Credential, TlsFiles};
pub use enroll::Enroll;
pub use gencrl::GenCrl;
pub use identities::Identities;
pub(super) use key::{Curve, FileKey, MemberKey};
pub use reenroll::Reenroll;
pub use register::Register;
pub(super) use request::build as build_request;
pub use revoke::Revoke;
pub(super) use token::authorization as token;
