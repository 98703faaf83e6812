//! Private data collections.

use prost::{Message, Oneof};

use super::decode::{Field, Shaped};
use super::policy::{ApplicationPolicy, SignaturePolicyEnvelope};

/// The collections of a chaincode.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CollectionConfigPackage {
    /// They.
    #[prost(message, repeated, tag = "1")]
    pub config: Vec<CollectionConfig>,
}

impl Shaped for CollectionConfigPackage {
    const NAME: &'static str = "protos.CollectionConfigPackage";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Message(CollectionConfig::shape))]
    }
}

/// A collection.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CollectionConfig {
    /// What kind of collection it is.
    #[prost(oneof = "CollectionPayload", tags = "1")]
    pub payload: Option<CollectionPayload>,
}

impl Shaped for CollectionConfig {
    const NAME: &'static str = "protos.CollectionConfig";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Message(StaticCollectionConfig::shape))]
    }
}

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

impl Shaped for StaticCollectionConfig {
    const NAME: &'static str = "protos.StaticCollectionConfig";

    fn shape() -> &'static [(u32, Field)] {
        &[
            (1, Field::Octets),
            (2, Field::Message(CollectionPolicyConfig::shape)),
            (3, Field::Number),
            (4, Field::Number),
            (5, Field::Number),
            (6, Field::Number),
            (7, Field::Number),
            (8, Field::Message(ApplicationPolicy::shape)),
        ]
    }
}

/// Whose data it is.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CollectionPolicyConfig {
    /// How members are named.
    #[prost(oneof = "CollectionPolicyPayload", tags = "1")]
    pub payload: Option<CollectionPolicyPayload>,
}

impl Shaped for CollectionPolicyConfig {
    const NAME: &'static str = "protos.CollectionPolicyConfig";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Message(SignaturePolicyEnvelope::shape))]
    }
}

/// How members are named.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum CollectionPolicyPayload {
    /// By a signature policy.
    #[prost(message, tag = "1")]
    SignaturePolicy(SignaturePolicyEnvelope),
}
