//! Channels and collections as YAML documents for people, and back.
//!
//! Invariant: pure, and nothing is lost. Folders and files that a document names are reached through
//! [`Folder`](crate::msp::Folder). A configuration that nodes load can be written, and what is written compiles to the same
//! octets: what the words of a document cannot say stands in it as it is, in `raw`, `versions` and `mod_policies`.

mod at;
mod build;
mod build_orderer;
mod collections;
mod compile;
mod concern;
mod error;
mod exact;
mod kind;
mod members;
mod msp;
mod msp_out;
mod options;
mod orderer;
mod places;
mod shape;
#[cfg(test)]
mod tests;
mod usual;
mod write;
mod write_orderer;

pub use at::At;
pub use collections::{Collections, CollectionsDocument, compile_collections};
pub use compile::{Compiled, compile};
pub use error::{Concern, DocumentError};
pub use kind::{DocumentKind, kind_of};
pub use shape::ChannelDocument;
pub use write::{WriteError, write};
