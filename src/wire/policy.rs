//! What a policy names and how policies are written down.

use prost::{Enumeration, Message, Oneof};

use super::fields::{one_of, shaped};

/// Someone whom a policy names.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MspPrincipal {
    /// A [`PrincipalClassification`]; other numbers travel too.
    #[prost(int32, tag = "1")]
    pub principal_classification: i32,
    /// The message that goes with the classification.
    #[prost(bytes = "vec", tag = "2")]
    pub principal: Vec<u8>,
}

shaped!(MspPrincipal, "common.MSPPrincipal", { 1 => principal_classification, 2 => principal });

/// How a principal is described.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum PrincipalClassification {
    /// By role: an [`MspRole`].
    Role = 0,
    /// By unit: an [`OrganizationUnit`].
    OrganizationUnit = 1,
    /// By certificate: a `SerializedIdentity`.
    Identity = 2,
    /// By anonymity: an [`MspIdentityAnonymity`].
    Anonymity = 3,
    /// By several at once: a [`CombinedPrincipal`].
    Combined = 4,
}

/// A role in an MSP.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MspRole {
    /// The MSP's ID.
    #[prost(string, tag = "1")]
    pub msp_identifier: String,
    /// A [`RoleType`]; other numbers travel too.
    #[prost(int32, tag = "2")]
    pub role: i32,
}

shaped!(MspRole, "common.MSPRole", { 1 => msp_identifier, 2 => role });

/// Roles that an identity can hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum RoleType {
    /// Anyone valid.
    Member = 0,
    /// An administrator.
    Admin = 1,
    /// A client.
    Client = 2,
    /// A peer.
    Peer = 3,
    /// An orderer.
    Orderer = 4,
}

/// A unit of an MSP, under one certification path.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct OrganizationUnit {
    /// The MSP's ID.
    #[prost(string, tag = "1")]
    pub msp_identifier: String,
    /// The unit's name.
    #[prost(string, tag = "2")]
    pub organizational_unit_identifier: String,
    /// The hash of the certification path.
    #[prost(bytes = "vec", tag = "3")]
    pub certifiers_identifier: Vec<u8>,
}

shaped!(OrganizationUnit, "common.OrganizationUnit", {
    1 => msp_identifier,
    2 => organizational_unit_identifier,
    3 => certifiers_identifier,
});

/// Whether an identity hides who it is.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MspIdentityAnonymity {
    /// 0 is nominal, 1 is anonymous.
    #[prost(int32, tag = "1")]
    pub anonymity_type: i32,
}

shaped!(MspIdentityAnonymity, "common.MSPIdentityAnonymity", { 1 => anonymity_type });

/// Principals that must all be met.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CombinedPrincipal {
    /// They.
    #[prost(message, repeated, tag = "1")]
    pub principals: Vec<MspPrincipal>,
}

shaped!(CombinedPrincipal, "common.CombinedPrincipal", { 1 => principals });

/// A policy with its kind.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Policy {
    /// A [`PolicyType`]; other numbers travel too.
    #[prost(int32, tag = "1")]
    pub r#type: i32,
    /// The message that goes with the kind.
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
}

shaped!(Policy, "common.Policy", { 1 => r#type, 2 => value });

/// Kinds of policies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum PolicyType {
    /// None.
    Unknown = 0,
    /// A [`SignaturePolicyEnvelope`].
    Signature = 1,
    /// Not used.
    Msp = 2,
    /// An [`ImplicitMetaPolicy`].
    ImplicitMeta = 3,
}

/// A signature policy and the principals that it counts.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SignaturePolicyEnvelope {
    /// 0.
    #[prost(int32, tag = "1")]
    pub version: i32,
    /// The rule.
    #[prost(message, optional, tag = "2")]
    pub rule: Option<SignaturePolicy>,
    /// Principals, by index.
    #[prost(message, repeated, tag = "3")]
    pub identities: Vec<MspPrincipal>,
}

shaped!(SignaturePolicyEnvelope, "common.SignaturePolicyEnvelope", {
    1 => version,
    2 => rule,
    3 => identities,
});

/// A rule: one signature, or some of several rules.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SignaturePolicy {
    /// What kind of rule it is.
    #[prost(oneof = "SignaturePolicyType", tags = "1, 2")]
    pub kind: Option<SignaturePolicyType>,
}

one_of!(SignaturePolicy, "common.SignaturePolicy", kind: SignaturePolicyType {
    1 => SignedBy,
    2 => NOutOf,
});

/// What kind of rule it is.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum SignaturePolicyType {
    /// A signature of the principal with this index.
    #[prost(int32, tag = "1")]
    SignedBy(i32),
    /// Some of several.
    #[prost(message, tag = "2")]
    NOutOf(NOutOf),
}

/// So many of these rules.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct NOutOf {
    /// How many.
    #[prost(int32, tag = "1")]
    pub n: i32,
    /// Of these.
    #[prost(message, repeated, tag = "2")]
    pub rules: Vec<SignaturePolicy>,
}

shaped!(NOutOf, "common.SignaturePolicy.NOutOf", { 1 => n, 2 => rules });

/// A policy over the policies of one name one level below.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ImplicitMetaPolicy {
    /// Their name.
    #[prost(string, tag = "1")]
    pub sub_policy: String,
    /// An [`ImplicitRule`]; other numbers travel too.
    #[prost(int32, tag = "2")]
    pub rule: i32,
}

shaped!(ImplicitMetaPolicy, "common.ImplicitMetaPolicy", { 1 => sub_policy, 2 => rule });

/// How many sub-policies must be met.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum ImplicitRule {
    /// One.
    Any = 0,
    /// All.
    All = 1,
    /// More than half.
    Majority = 2,
}

/// A policy of a chaincode, a collection or a key.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ApplicationPolicy {
    /// Where the policy stands.
    #[prost(oneof = "ApplicationPolicyType", tags = "1, 2")]
    pub kind: Option<ApplicationPolicyType>,
}

one_of!(ApplicationPolicy, "protos.ApplicationPolicy", kind: ApplicationPolicyType {
    1 => SignaturePolicy,
    2 => ChannelConfigPolicyReference,
});

/// Where the policy stands.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum ApplicationPolicyType {
    /// Here.
    #[prost(message, tag = "1")]
    SignaturePolicy(SignaturePolicyEnvelope),
    /// In the channel's configuration, at this path.
    #[prost(string, tag = "2")]
    ChannelConfigPolicyReference(String),
}
