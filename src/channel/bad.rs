//! Why a configuration cannot be loaded.

use std::fmt;

use super::capabilities::Section;
use super::names::Element;
use crate::msp::Rejection;
use crate::policy::BadPolicy;

/// Why a configuration cannot be loaded.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ChannelError {
    /// The channel's name is not legal.
    #[error(
        "the channel ID `{}` is not legal: a lower-case letter, then letters, digits, dots and hyphens, 249 at most",
        .0.escape_debug()
    )]
    ChannelId(String),
    /// There is no root group.
    #[error("the configuration has no channel group")]
    NoChannelGroup,
    /// Capabilities of this section without those of orderers.
    #[error("{} has capabilities, so /Channel/Orderer must have some too", .0.path())]
    CapabilityOrder(Section),
    /// The root has a group that nobody knows.
    #[error("the group {0} is none of Application, Orderer and Consortiums")]
    UnexpectedGroup(String),
    /// A group has a value that nobody knows.
    #[error("the value {0} is none that its group may have")]
    UnexpectedValue(String),
    /// An organization has a group below itself.
    #[error("the organization {0} has groups below itself")]
    UnexpectedSubgroup(String),
    /// A value does not parse.
    #[error("the value {0} does not parse")]
    Malformed(String),
    /// The hash function is unknown.
    #[error("the hash function `{}` is neither SHA256 nor SHA3_256", .0.escape_debug())]
    HashingAlgorithm(String),
    /// The width of the tree of hashes is not the one there is.
    #[error("BlockDataHashingStructure has the width {0}, only 4294967295 is supported")]
    HashingWidth(u32),
    /// Nobody says where orderers are.
    #[error("OrdererAddresses are missing: organizations may name their own from V1_4_2 on")]
    AddressesMissing,
    /// Orderers are named by their organizations alone.
    #[error("OrdererAddresses are there: from V3_0 on orderer organizations alone name theirs")]
    AddressesForbidden,
    /// An orderer organization does not say where its orderers are.
    #[error("the orderer organization {0} has no Endpoints, which V3_0 asks for")]
    EndpointsMissing(String),
    /// An orderer organization says where its orderers are too early.
    #[error("the orderer organization {0} has Endpoints, which need the channel capability V1_4_2")]
    EndpointsWithoutCapability(String),
    /// Access control lists too early.
    #[error("/Channel/Application has ACLs, which need the application capability V1_2")]
    AclsWithoutCapability,
    /// A number of the batch size is zero.
    #[error("the BatchSize of orderers has the {0} 0")]
    BatchSizeZero(Setting),
    /// The numbers of the batch size do not go together.
    #[error("the BatchSize of orderers prefers {preferred} octets and allows {absolute}")]
    BatchSizePreferred {
        /// Octets that are preferred.
        preferred: u32,
        /// Octets that are allowed.
        absolute: u32,
    },
    /// The batch timeout is no duration, or not above zero.
    #[error("the BatchTimeout `{}` is no duration above zero, such as `2s`", .0.escape_debug())]
    BatchTimeout(String),
    /// An MSP is of a kind that does not exist.
    #[error("the MSP of {0} is of the kind {1}, only 0 is supported")]
    MspType(String, i32),
    /// An MSP of anonymous credentials, which Fabric's nodes know up to 1.4.3 and we do not.
    #[error("the MSP of {0} is an Idemix MSP, which is not supported")]
    Idemix(String),
    /// An MSP has no ID.
    #[error("the MSP of {0} has no ID")]
    EmptyMspId(String),
    /// Two organizations define one MSP differently.
    #[error("the MSP `{}` of {path} is defined differently by another organization", .id.escape_debug())]
    MspConflict {
        /// The MSP's ID.
        id: String,
        /// The second of the two.
        path: String,
    },
    /// An MSP cannot be set up.
    #[error("the MSP of {0} cannot be set up: {1}")]
    MspSetup(String, Rejection),
    /// A policy cannot be loaded.
    #[error("the policy {0} cannot be loaded: {1}")]
    Policy(String, BadPolicy),
    /// An element's name is not legal.
    #[error("the {0} has a name that is not legal: letters, digits, dots and hyphens, 249 at most")]
    IllegalKey(Element),
    /// A capability that Fabric's nodes do not know.
    #[error("{} asks for the capability `{}`, which is unknown", .0.path(), .1.escape_debug())]
    UnsupportedCapability(Section, String),
    /// There is no group `Orderer`, which orderers ask for.
    #[error("there is no group /Channel/Orderer")]
    NoOrderer,
    /// There is no group `Application`, which peers ask for.
    #[error("there is no group /Channel/Application")]
    NoApplication,
}

impl ChannelError {
    /// The path of the element that it is about, where there is one.
    pub(super) fn path(&self) -> Option<&str> {
        match self {
            Self::ChannelId(_) | Self::NoChannelGroup => None,
            Self::HashingAlgorithm(_) | Self::HashingWidth(_) => Some("/Channel"),
            Self::CapabilityOrder(section) | Self::UnsupportedCapability(section, _) => {
                Some(match section {
                    Section::Channel => "/Channel/Capabilities",
                    Section::Orderer => "/Channel/Orderer/Capabilities",
                    Section::Application => "/Channel/Application/Capabilities",
                })
            }
            Self::UnexpectedGroup(path)
            | Self::UnexpectedValue(path)
            | Self::UnexpectedSubgroup(path)
            | Self::Malformed(path)
            | Self::EndpointsMissing(path)
            | Self::EndpointsWithoutCapability(path)
            | Self::MspType(path, _)
            | Self::Idemix(path)
            | Self::EmptyMspId(path)
            | Self::MspConflict { path, .. }
            | Self::MspSetup(path, _)
            | Self::Policy(path, _) => Some(path),
            Self::IllegalKey(element) => Some(&element.path),
            Self::AddressesMissing | Self::AddressesForbidden => Some("/Channel/OrdererAddresses"),
            Self::AclsWithoutCapability => Some("/Channel/Application/ACLs"),
            Self::BatchSizeZero(_) | Self::BatchSizePreferred { .. } => {
                Some("/Channel/Orderer/BatchSize")
            }
            Self::BatchTimeout(_) => Some("/Channel/Orderer/BatchTimeout"),
            Self::NoOrderer => Some("/Channel/Orderer"),
            Self::NoApplication => Some("/Channel/Application"),
        }
    }

    /// The stable word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::ChannelId(_) => "channel-id",
            Self::NoChannelGroup => "no-channel-group",
            Self::CapabilityOrder(_) => "capability-order",
            Self::UnexpectedGroup(_) => "unexpected-group",
            Self::UnexpectedValue(_) => "unexpected-value",
            Self::UnexpectedSubgroup(_) => "unexpected-subgroup",
            Self::Malformed(_) => "malformed",
            Self::HashingAlgorithm(_) => "hashing-algorithm",
            Self::HashingWidth(_) => "hashing-width",
            Self::AddressesMissing => "orderer-addresses-missing",
            Self::AddressesForbidden => "orderer-addresses-forbidden",
            Self::EndpointsMissing(_) => "org-endpoints-missing",
            Self::EndpointsWithoutCapability(_) => "endpoints-without-capability",
            Self::AclsWithoutCapability => "acls-without-capability",
            Self::BatchSizeZero(_) | Self::BatchSizePreferred { .. } => "batch-size",
            Self::BatchTimeout(_) => "batch-timeout",
            Self::MspType(..) => "msp-type",
            Self::EmptyMspId(_) => "empty-msp-id",
            Self::MspConflict { .. } => "msp-conflict",
            Self::Idemix(_) | Self::MspSetup(..) => "msp-setup",
            Self::Policy(..) => "policy",
            Self::IllegalKey(_) => "illegal-key",
            Self::UnsupportedCapability(..) => "unsupported-capability",
            Self::NoOrderer => "no-orderer-section",
            Self::NoApplication => "no-application-section",
        }
    }
}

/// A number of the batch size.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Setting {
    /// Transactions at most.
    MaxMessageCount,
    /// Octets at most.
    AbsoluteMaxBytes,
    /// Octets that are preferred.
    PreferredMaxBytes,
}

impl fmt::Display for Setting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::MaxMessageCount => "max_message_count",
            Self::AbsoluteMaxBytes => "absolute_max_bytes",
            Self::PreferredMaxBytes => "preferred_max_bytes",
        })
    }
}
