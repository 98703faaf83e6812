//! Fabric's messages: what stands in which field, and reading them as Fabric reads them.
//!
//! Invariant: everything from outside comes through [`decode`], which bounds how deep it nests and
//! drops what Fabric drops. Maps are sorted, and [`canonical`] writes the one form that Fabric's
//! tools write. Nothing here knows what a message means.

mod block;
mod canonical;
mod collection;
mod config;
mod consensus;
mod decode;
mod fields;
mod membership;
mod orderer;
mod policy;
mod settings;
mod values;

pub use block::{
    Block, BlockData, BlockHeader, BlockMetadata, ChannelHeader, Envelope, Header, HeaderType,
    IdentifierHeader, LastConfig, Metadata, MetadataSignature, MetadataSlot, OrdererBlockMetadata,
    Payload, SignatureHeader, Timestamp,
};
pub use canonical::canonical;
pub use collection::{
    CollectionConfig, CollectionConfigPackage, CollectionPayload, CollectionPolicyConfig,
    CollectionPolicyPayload, StaticCollectionConfig,
};
pub use config::{
    Config, ConfigEnvelope, ConfigGroup, ConfigPolicy, ConfigSignature, ConfigUpdate,
    ConfigUpdateEnvelope, ConfigValue,
};
pub use consensus::{
    BftOptions, ConsensusState, ConsensusType, LeaderRotation, RaftConsenter, RaftMetadata,
    RaftOptions,
};
pub use decode::{BadMessage, Fault, Field, MAX_DEPTH, Shaped, Value, decode};
pub use membership::{
    FabricCryptoConfig, FabricMspConfig, FabricNodeOus, FabricOuIdentifier, KeyInfo, MspConfig,
    SerializedIdentity, SigningIdentityInfo,
};
pub use orderer::{
    BroadcastResponse, DeliverResponse, DeliverType, SeekBehavior, SeekEnd, SeekInfo, SeekPosition,
    SeekSpecified, SeekType, Status,
};
pub use policy::{
    ApplicationPolicy, ApplicationPolicyType, CombinedPrincipal, ImplicitMetaPolicy, ImplicitRule,
    MspIdentityAnonymity, MspPrincipal, MspRole, NOutOf, OrganizationUnit, Policy, PolicyType,
    PrincipalClassification, RoleType, SignaturePolicy, SignaturePolicyEnvelope,
    SignaturePolicyType,
};
pub use prost::Message;
pub use settings::{
    AnchorPeer, AnchorPeers, BatchSize, BatchTimeout, BlockDataHashingStructure,
    ChannelRestrictions, Consortium, HashingAlgorithm, KafkaBrokers, OrdererAddresses,
};
pub use values::{AclResource, Acls, Capabilities, Capability, Consenter, Orderers};
