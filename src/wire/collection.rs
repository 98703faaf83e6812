//! Private data collections.

use prost::{Message, Oneof};

use super::fields::{one_of, shaped};
use super::policy::{ApplicationPolicy, SignaturePolicyEnvelope};

/// The collections of a chaincode.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CollectionConfigPackage {
    /// They.
    #[prost(message, repeated, tag = "1")]
    pub config: Vec<CollectionConfig>,
}

shaped!(CollectionConfigPackage, "protos.CollectionConfigPackage", { 1 => config });

/// A collection.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CollectionConfig {
    /// What kind of collection it is.
    #[prost(oneof = "CollectionPayload", tags = "1")]
    pub payload: Option<CollectionPayload>,
}

one_of!(CollectionConfig, "protos.CollectionConfig", payload: CollectionPayload {
    1 => StaticCollectionConfig,
});

/// What kind of collection it is.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum CollectionPayload {
    /// One whose members a policy names.
    #[prost(message, tag = "1")]
    StaticCollectionConfig(StaticCollectionConfig),
}

/// A collection whose members a policy names.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct StaticCollectionConfig {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Whose data it is.
    #[prost(message, optional, tag = "2")]
    pub member_orgs_policy: Option<CollectionPolicyConfig>,
    /// Peers that must have the data before an endorsement.
    #[prost(int32, tag = "3")]
    pub required_peer_count: i32,
    /// Peers that are tried.
    #[prost(int32, tag = "4")]
    pub maximum_peer_count: i32,
    /// Blocks after which data is purged; 0 is never.
    #[prost(uint64, tag = "5")]
    pub block_to_live: u64,
    /// Whether only members read.
    #[prost(bool, tag = "6")]
    pub member_only_read: bool,
    /// Whether only members write.
    #[prost(bool, tag = "7")]
    pub member_only_write: bool,
    /// Who endorses, if not as for the chaincode.
    #[prost(message, optional, tag = "8")]
    pub endorsement_policy: Option<ApplicationPolicy>,
}

shaped!(StaticCollectionConfig, "protos.StaticCollectionConfig", {
    1 => name,
    2 => member_orgs_policy,
    3 => required_peer_count,
    4 => maximum_peer_count,
    5 => block_to_live,
    6 => member_only_read,
    7 => member_only_write,
    8 => endorsement_policy,
});

/// Whose data it is.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CollectionPolicyConfig {
    /// How members are named.
    #[prost(oneof = "CollectionPolicyPayload", tags = "1")]
    pub payload: Option<CollectionPolicyPayload>,
}

one_of!(CollectionPolicyConfig, "protos.CollectionPolicyConfig", payload: CollectionPolicyPayload {
    1 => SignaturePolicy,
});

/// How members are named.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum CollectionPolicyPayload {
    /// By a signature policy.
    #[prost(message, tag = "1")]
    SignaturePolicy(SignaturePolicyEnvelope),
}
