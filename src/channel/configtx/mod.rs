//! `configtx.yaml`: profiles of channels as Fabric's tools read them, its spellings and its oddities.
//!
//! Invariant: pure. The environment comes as an argument, and no file is opened: paths stay texts.

mod error;
mod fields;
mod node;
mod number;
mod orderer;
mod organization;
mod profile;
mod read;
#[cfg(test)]
mod tests;

pub use error::{ConfigtxError, Origin};
pub(super) use number::parse_size;
pub(super) use orderer::{
    BftConsenter, BftSection, Material, Orderer, RaftConsenterFiles, RaftSection,
};
pub(super) use organization::{MspSource, Organization, PolicyText, PolicyTexts};
pub(super) use profile::Application;
pub use profile::Profile;
pub use read::read_profile;
