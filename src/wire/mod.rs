//! Fabric's messages: what stands in which field, and reading them as Fabric reads them.
//!
//! Invariant: everything from outside comes through [`decode`], which bounds how deep it nests and
//! drops what Fabric drops. Maps are sorted, so what is written has one form. Nothing here knows
//! what a message means.

mod block;
mod collection;
mod config;
mod decode;
mod membership;
mod policy;
mod values;

pub use block::{
    Block, BlockData, BlockHeader, BlockMetadata, ChannelHeader, Envelope, Header, HeaderType,
    IdentifierHeader, LastConfig, Metadata, MetadataSignature, MetadataSlot, OrdererBlockMetadata,
    Payload, SignatureHeader, Timestamp,
};
pub use collection::{
    CollectionConfig, CollectionConfigPackage, CollectionPayload, CollectionPolicyConfig,
    CollectionPolicyPayload, StaticCollectionConfig,
};
pub use config::{
    Config, ConfigEnvelope, ConfigGroup, ConfigPolicy, ConfigSignature, ConfigUpdate,
    ConfigUpdateEnvelope, ConfigValue,
};
pub use decode::{BadMessage, Field, MAX_DEPTH, Shaped, decode};
pub use membership::{
    FabricCryptoConfig, FabricMspConfig, FabricNodeOus, FabricOuIdentifier, KeyInfo, MspConfig,
    SerializedIdentity, SigningIdentityInfo,
};
pub use policy::{
    ApplicationPolicy, ApplicationPolicyType, CombinedPrincipal, ImplicitMetaPolicy, ImplicitRule,
    MspIdentityAnonymity, MspPrincipal, MspRole, NOutOf, OrganizationUnit, Policy, PolicyType,
    PrincipalClassification, RoleType, SignaturePolicy, SignaturePolicyEnvelope,
    SignaturePolicyType,
};
pub use prost::Message;
pub use values::{AclResource, Acls, Capabilities, Capability, Consenter, Orderers};
