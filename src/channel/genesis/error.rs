//! Why a profile makes no channel.

use crate::channel::configtx::Origin;
use crate::msp::FolderError;

/// Why a profile makes no channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GenesisError {
    /// Nobody orders.
    #[error("{0} has no section `Orderer`: a channel has orderers from its first block on")]
    NoOrderer(Origin),
    /// There is nobody to order for.
    #[error("{0} has no section `Application`")]
    NoApplication(Origin),
    /// The kind of orderers is unknown.
    #[error("{} has the OrdererType `{}`, which is none of solo, etcdraft and BFT", .0, .1.escape_debug())]
    OrdererType(Origin, String),
    /// A kind of orderers without consenters.
    #[error("{0} names no consenters, which {1} asks for")]
    NoConsenters(Origin, &'static str),
    /// Raft without its section.
    #[error("{0} has no section `EtcdRaft`, which the OrdererType etcdraft asks for")]
    RaftMissing(Origin),
    /// Raft's options do not go together.
    #[error("{0} has Options with {1}")]
    RaftOptions(Origin, String),
    /// A consenter lacks something.
    #[error("the consenter at {0} has no {1}")]
    Consenter(Origin, &'static str),
    /// BFT without what it stands on.
    #[error("{0} has the OrdererType BFT, which needs the channel capability V3_0")]
    BftCapability(Origin),
    /// Orderers are named by their organizations alone.
    #[error(
        "{0} has Addresses: with the channel capability V3_0 orderer organizations name theirs, as OrdererEndpoints"
    )]
    AddressesForbidden(Origin),
    /// An orderer organization does not say where its orderers are.
    #[error(
        "the orderer organization at {0} has no OrdererEndpoints, which the channel capability V3_0 asks for"
    )]
    EndpointsMissing(Origin),
    /// An organization is left to others.
    #[error("the organization at {0} has SkipAsForeign: the first block needs all of them whole")]
    Foreign(Origin),
    /// A policy that every group has is not there.
    #[error("{0} has no policy `{1}`, which every such group has")]
    PolicyMissing(Origin, &'static str),
    /// The kind of a policy is unknown.
    #[error("{} has the Type `{}`, which is neither Signature nor ImplicitMeta", .0, .1.escape_debug())]
    PolicyType(Origin, String),
    /// A policy does not read.
    #[error("{0} does not read: {1}")]
    PolicyRule(Origin, String),
    /// The kind of an MSP is unknown.
    #[error("the organization at {} has the MSPType `{}`; bccsp is supported", .0, .1.escape_debug())]
    MspType(Origin, String),
    /// The folder of an MSP does not load.
    #[error("the organization at {origin} has the MSPDir `{}`, which does not load: {why}", .folder.escape_debug())]
    MspFolder {
        /// The organization.
        origin: Origin,
        /// The folder.
        folder: String,
        /// Why.
        why: FolderError,
    },
    /// A consenter's certificate cannot be read.
    #[error("the consenter at {origin} has the {key} `{}`, which cannot be read: {why}", .path.escape_debug())]
    File {
        /// The consenter.
        origin: Origin,
        /// The key that names it.
        key: &'static str,
        /// The file.
        path: String,
        /// Why.
        why: String,
    },
}

impl GenesisError {
    /// The stable word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoOrderer(_) => "no-orderer-section",
            Self::NoApplication(_) => "no-application-section",
            Self::OrdererType(..) => "orderer-type",
            Self::NoConsenters(..) => "no-consenters",
            Self::RaftMissing(_) => "raft-missing",
            Self::RaftOptions(..) => "raft-options",
            Self::Consenter(..) => "consenter",
            Self::BftCapability(_) => "bft-without-capability",
            Self::AddressesForbidden(_) => "orderer-addresses-forbidden",
            Self::EndpointsMissing(_) => "org-endpoints-missing",
            Self::Foreign(_) => "foreign-org",
            Self::PolicyMissing(..) => "policy-missing",
            Self::PolicyType(..) => "policy-type",
            Self::PolicyRule(..) => "policy-rule",
            Self::MspType(..) => "msp-type",
            Self::MspFolder { .. } => "msp-folder",
            Self::File { .. } => "file",
        }
    }
}
