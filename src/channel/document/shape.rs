//! A channel's document as it is written.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::at::At;
use super::msp::Msp;
use super::options::is_zero;
use super::orderer::Orderer;

/// Policies by name. Each is a text: an implicit rule (`MAJORITY Admins`) or one of signatures (`OR('Org1MSP.admin')`).
pub(super) type Policies = BTreeMap<String, At<String>>;

/// A channel: its organizations, its policies, its orderers.
///
/// Elements of the configuration tree are named by their kind and their path, e.g. `value /Channel/Orderer/BatchSize`,
/// `policy /Channel/Application/Endorsement`, `group /Channel/Application/Org1`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct ChannelDocument {
    pub(super) kind: ChannelKind,
    /// The channel's ID: a lower-case letter, then `[a-z0-9.-]`.
    pub(super) id: At<String>,
    /// How often the configuration was updated; 0 for a new channel. A proposal does not look at it.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) sequence: u64,
    /// What the nodes must be able to do.
    #[serde(default, skip_serializing_if = "Capabilities::is_none")]
    pub(super) capabilities: Capabilities,
    /// The policies of the groups; where nothing is said of one that every such group has, it is as usual.
    #[serde(default, skip_serializing_if = "GroupPolicies::is_none")]
    pub(super) policies: GroupPolicies,
    /// What resources of peers ask for, e.g. `peer/Propose: Writers`; a name is one of the group Application.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) acls: BTreeMap<String, At<String>>,
    /// The organizations.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) organizations: Vec<At<Organization>>,
    /// How blocks are made, and by whom.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) orderer: Option<At<Orderer>>,
    /// The consortium that the channel was made for, once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) consortium: Option<String>,
    /// Who may change an element where it is not `Admins`, by element.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) mod_policies: BTreeMap<String, At<String>>,
    /// Elements that would be there and are not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) without: Vec<At<String>>,
    /// Elements that have no words, in base64: a value's octets, a `common.Policy`, a `common.ConfigGroup`. They
    /// win over what the rest of the document says.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) raw: BTreeMap<String, At<String>>,
    /// How often elements were changed, where it is not 0. A proposal does not look at it.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) versions: BTreeMap<String, At<u64>>,
}

/// `channel`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum ChannelKind {
    /// It is about a channel.
    Channel,
}

/// What the nodes must be able to do.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Capabilities {
    /// All nodes, e.g. `[V2_0]`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) channel: Vec<At<String>>,
    /// Orderers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) orderer: Vec<At<String>>,
    /// Peers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) application: Vec<At<String>>,
}

impl Capabilities {
    fn is_none(&self) -> bool {
        self.channel.is_empty() && self.orderer.is_empty() && self.application.is_empty()
    }
}

/// The policies of the groups.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct GroupPolicies {
    /// Of the channel; as usual `ANY Readers`, `ANY Writers`, `MAJORITY Admins`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) channel: Policies,
    /// Of the orderers; as usual the same, and `BlockValidation: ANY Writers` (with BFT, that of the consenters).
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) orderer: Policies,
    /// Of the application; as usual the same, and `Endorsement` and `LifecycleEndorsement: MAJORITY Endorsement`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) application: Policies,
}

impl GroupPolicies {
    fn is_none(&self) -> bool {
        self.channel.is_empty() && self.orderer.is_empty() && self.application.is_empty()
    }
}

/// An organization.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Organization {
    /// The name of its group, without underscore.
    pub(super) name: At<String>,
    /// The ID of its MSP.
    pub(super) msp_id: At<String>,
    /// What it is in the channel; `[application]` unless it is said.
    #[serde(default = "application", skip_serializing_if = "is_application")]
    pub(super) sections: Vec<Section>,
    /// Its policies; what is not said is as usual: administrators administer, peers endorse.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) policies: Policies,
    /// The peers that others find it by, as `host:port`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) anchor_peers: Vec<At<String>>,
    /// Where its orderers are, as `host:port`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) endpoints: Vec<At<String>>,
    /// Its MSP: the path of a folder, or `{file: PATH}` with an `MSPConfig`, or its parts.
    pub(super) msp: At<Msp>,
}

/// What an organization is in a channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum Section {
    /// It has peers.
    Application,
    /// It has orderers.
    Orderer,
}

fn application() -> Vec<Section> {
    vec![Section::Application]
}

fn is_application(sections: &Vec<Section>) -> bool {
    *sections == application()
}
