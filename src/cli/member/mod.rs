//! The member's side: a client of a Fabric CA, real or ours.
//!
//! Invariant: what a server answered is checked before it is written, and nothing is written when
//! it refused.

mod address;
mod admission;
mod affiliations;
mod api;
mod attributes;
mod cainfo;
mod certificates;
mod changed;
mod changes;
mod channel_files;
mod channels;
mod client;
mod collections;
mod crl;
mod enroll;
mod expiry;
mod fetch;
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
mod msp_export;
mod msp_folder;
mod node_ous;
mod orderers;
mod present;
mod proposals;
mod reason;
mod reenroll;
mod register;
mod request;
mod revoke;
mod secret_source;
mod server;
mod sign;
mod submit;
mod token;
mod token_key;
mod verify;

pub(super) use address::UrlText;
pub use affiliations::Affiliations;
pub(super) use api::signed as signed_headers;
pub use cainfo::CaInfo;
pub use certificates::Certificates;
pub use channels::Channels;
pub(super) use client::{Client, Credential, TlsFiles};
pub use enroll::Enroll;
pub use expiry::Expiry;
pub use gencrl::GenCrl;
pub use identities::Identities;
pub(super) use key::{Curve, FileKey, MemberKey};
pub use msp_export::MspExport;
pub use reenroll::Reenroll;
pub use register::Register;
pub(super) use request::build as build_request;
pub use revoke::Revoke;
pub use sign::Sign;
pub(super) use token::authorization as token;
pub use verify::Verify;
