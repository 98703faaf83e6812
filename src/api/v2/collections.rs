//! Private data: whose it is, and what somebody may do with it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::verify::IdentityText;

/// A collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Collection")]
pub struct CollectionBody {
    /// The chaincode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chaincode: Option<String>,
    /// Its name.
    pub name: String,
    /// Its members, in Fabric's language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub members: Option<String>,
    /// The MSP IDs whose peers keep the data.
    pub stored_by: Vec<String>,
    /// Peers of other members that must have the data before an endorsement is given.
    pub required_peer_count: i32,
    /// Peers of other members that are tried.
    pub max_peer_count: i32,
    /// Blocks after which the data is purged; 0 for never.
    pub block_to_live: u64,
    /// Whether only members read.
    pub member_only_read: bool,
    /// Whether only members write.
    pub member_only_write: bool,
    /// Who endorses writes: a policy, or the path of one of the channel; absent where that of the chaincode counts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub endorsement: Option<String>,
}

/// The collections of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CollectionList {
    /// The sequence of the channel's configuration.
    pub sequence: u64,
    /// By chaincode, in the order of the document.
    pub collections: Vec<CollectionBody>,
}

/// What may somebody do?
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "CollectionAccessRequest")]
pub struct CollectionAccessRequest<'a> {
    /// Who.
    #[serde(borrow)]
    pub identity: IdentityText<'a>,
    /// Which collections, at most 1,000: `CHAINCODE/NAME`, `NAME`, or `_implicit_org_MSPID`; all without it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub collections: Vec<String>,
}

/// What somebody may do with a collection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CollectionAccess")]
#[expect(clippy::struct_excessive_bools, reason = "each is told by itself")]
pub struct CollectionAccessBody {
    /// The chaincode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub chaincode: Option<String>,
    /// Its name.
    pub name: String,
    /// Whether they are a member of it.
    pub member: bool,
    /// Whether they may read it, when they may propose.
    pub read: bool,
    /// Whether they may write it, when they may propose.
    pub write: bool,
    /// Whether peers of their MSP keep it.
    pub stored: bool,
}

/// What somebody may do with collections, today.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "CollectionAccessList")]
pub struct CollectionAccessList {
    /// The sequence of the channel's configuration.
    pub sequence: u64,
    /// The ID of their MSP, when the channel knows them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msp_id: Option<String>,
    /// Whether they are a valid member of the channel; who is none may nothing.
    pub valid: bool,
    /// Why not, in a stable word, e.g. `revoked`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub why: Option<String>,
    /// Why not, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Each collection, in the order of the names or of the document.
    pub collections: Vec<CollectionAccessBody>,
}
