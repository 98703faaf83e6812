//! Organizations, and policies as they are written.

use std::collections::BTreeMap;

use super::error::{ConfigtxError, Origin};
use super::fields::At;
use crate::wire::MspConfig;

/// Policies of a group by their names.
pub(in crate::channel) type PolicyTexts = BTreeMap<String, PolicyText>;

/// A policy as it is written.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::channel) struct PolicyText {
    pub(in crate::channel) kind: String,
    pub(in crate::channel) rule: String,
    pub(in crate::channel) origin: Origin,
}

/// An MSP, or the folder that has it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::channel) enum MspSource {
    /// The path of the folder.
    Folder(String),
    /// The MSP itself.
    Given(MspConfig),
}

/// An organization, as application, as orderer or in a consortium.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::channel) struct Organization {
    pub(in crate::channel) name: String,
    pub(in crate::channel) msp_id: String,
    pub(in crate::channel) msp: MspSource,
    pub(in crate::channel) msp_type: String,
    pub(in crate::channel) policies: PolicyTexts,
    /// Host and port.
    pub(in crate::channel) anchor_peers: Vec<(String, i32)>,
    pub(in crate::channel) orderer_endpoints: Vec<String>,
    pub(in crate::channel) is_foreign: bool,
    pub(in crate::channel) origin: Origin,
}

impl PolicyText {
    pub(super) fn read(at: &At<'_>) -> Result<Self, ConfigtxError> {
        let mut fields = at.fields()?;
        let (kind, rule) = (fields.read("Type", At::text)?, fields.read("Rule", At::text)?);
        let origin = fields.origin();
        fields.finish()?;
        Ok(Self { kind, rule, origin })
    }
}

impl Organization {
    pub(super) fn read(at: &At<'_>) -> Result<Self, ConfigtxError> {
        let mut fields = at.fields()?;
        let organization = Self {
            name: fields.read("Name", At::text)?,
            msp_id: fields.read("ID", At::text)?,
            msp: MspSource::Folder(fields.read("MSPDir", At::text)?),
            msp_type: fields.read("MSPType", At::text)?,
            policies: fields.named("Policies", PolicyText::read)?,
            anchor_peers: fields.each("AnchorPeers", anchor_peer)?,
            orderer_endpoints: fields.read("OrdererEndpoints", At::texts)?,
            is_foreign: fields.read("SkipAsForeign", At::truth)?,
            origin: fields.origin(),
        };
        // Once it chose who administers; policies say so now.
        fields.read("AdminPrincipal", At::text)?;
        fields.finish()?;
        Ok(organization)
    }
}

fn anchor_peer(at: &At<'_>) -> Result<(String, i32), ConfigtxError> {
    let mut fields = at.fields()?;
    let peer = (fields.read("Host", At::text)?, fields.read("Port", At::signed)?);
    fields.finish()?;
    Ok(peer)
}
