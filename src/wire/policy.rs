//! What a policy names and how policies are written down.

use prost::{Enumeration, Message, Oneof};

use super::decode::{Field, Shaped};

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

impl Shaped for MspPrincipal {
    const NAME: &'static str = "common.MSPPrincipal";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Number), (2, Field::Octets)]
    }
}

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

impl Shaped for MspRole {
    const NAME: &'static str = "common.MSPRole";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets), (2, Field::Number)]
    }
}

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

impl Shaped for OrganizationUnit {
    const NAME: &'static str = "common.OrganizationUnit";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets), (2, Field::Octets), (3, Field::Octets)]
    }
}

/// Whether an identity hides who it is.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MspIdentityAnonymity {
    /// 0 is nominal, 1 is anonymous.
    #[prost(int32, tag = "1")]
    pub anonymity_type: i32,
}

impl Shaped for MspIdentityAnonymity {
    const NAME: &'static str = "common.MSPIdentityAnonymity";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Number)]
    }
}

/// Principals that must all be met.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct CombinedPrincipal {
    /// They.
    #[prost(message, repeated, tag = "1")]
    pub principals: Vec<MspPrincipal>,
}

impl Shaped for CombinedPrincipal {
    const NAME: &'static str = "common.CombinedPrincipal";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Message(MspPrincipal::shape))]
    }
}

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

impl Shaped for Policy {
    const NAME: &'static str = "common.Policy";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Number), (2, Field::Octets)]
    }
}

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

impl Shaped for SignaturePolicyEnvelope {
    const NAME: &'static str = "common.SignaturePolicyEnvelope";

    fn shape() -> &'static [(u32, Field)] {
        &[
            (1, Field::Number),
            (2, Field::Message(SignaturePolicy::shape)),
            (3, Field::Message(MspPrincipal::shape)),
        ]
    }
}

/// A rule: one signature, or some of several rules.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SignaturePolicy {
    /// What kind of rule it is.
    #[prost(oneof = "SignaturePolicyType", tags = "1, 2")]
    pub kind: Option<SignaturePolicyType>,
}

impl Shaped for SignaturePolicy {
    const NAME: &'static str = "common.SignaturePolicy";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Number), (2, Field::Message(NOutOf::shape))]
    }
}

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

impl Shaped for NOutOf {
    const NAME: &'static str = "common.SignaturePolicy.NOutOf";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Number), (2, Field::Message(SignaturePolicy::shape))]
    }
}

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

impl Shaped for ImplicitMetaPolicy {
    const NAME: &'static str = "common.ImplicitMetaPolicy";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets), (2, Field::Number)]
    }
}

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

impl Shaped for ApplicationPolicy {
    const NAME: &'static str = "protos.ApplicationPolicy";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Message(SignaturePolicyEnvelope::shape)), (2, Field::Octets)]
    }
}

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
