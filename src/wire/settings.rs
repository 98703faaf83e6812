//! Values of the configuration tree that say how a channel is run.

use prost::Message;

use super::decode::{Field, Shaped};

/// The hash function of a channel, by name.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct HashingAlgorithm {
    /// `SHA256` or `SHA3_256`.
    #[prost(string, tag = "1")]
    pub name: String,
}

impl Shaped for HashingAlgorithm {
    const NAME: &'static str = "common.HashingAlgorithm";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets)]
    }
}

/// How the data of a block is hashed.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct BlockDataHashingStructure {
    /// The width of the tree; only the largest number is supported.
    #[prost(uint32, tag = "1")]
    pub width: u32,
}

impl Shaped for BlockDataHashingStructure {
    const NAME: &'static str = "common.BlockDataHashingStructure";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Number)]
    }
}

/// Where orderers listen: of the channel, or (as `Endpoints`) of an organization.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct OrdererAddresses {
    /// Hosts with ports.
    #[prost(string, repeated, tag = "1")]
    pub addresses: Vec<String>,
}

impl Shaped for OrdererAddresses {
    const NAME: &'static str = "common.OrdererAddresses";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets)]
    }
}

/// The consortium that a channel was made for.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Consortium {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
}

impl Shaped for Consortium {
    const NAME: &'static str = "common.Consortium";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets)]
    }
}

/// How large blocks are.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct BatchSize {
    /// Transactions at most.
    #[prost(uint32, tag = "1")]
    pub max_message_count: u32,
    /// Octets at most.
    #[prost(uint32, tag = "2")]
    pub absolute_max_bytes: u32,
    /// Octets at most, unless one transaction is larger.
    #[prost(uint32, tag = "3")]
    pub preferred_max_bytes: u32,
}

impl Shaped for BatchSize {
    const NAME: &'static str = "orderer.BatchSize";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Number), (2, Field::Number), (3, Field::Number)]
    }
}

/// How long an orderer waits for a block to fill.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct BatchTimeout {
    /// As Go writes durations, e.g. `2s`.
    #[prost(string, tag = "1")]
    pub timeout: String,
}

impl Shaped for BatchTimeout {
    const NAME: &'static str = "orderer.BatchTimeout";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets)]
    }
}

/// Where Kafka was, when orderers used it.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct KafkaBrokers {
    /// Hosts with ports.
    #[prost(string, repeated, tag = "1")]
    pub brokers: Vec<String>,
}

impl Shaped for KafkaBrokers {
    const NAME: &'static str = "orderer.KafkaBrokers";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets)]
    }
}

/// How many channels an orderer of a system channel may have.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ChannelRestrictions {
    /// 0 for any number.
    #[prost(uint64, tag = "1")]
    pub max_count: u64,
}

impl Shaped for ChannelRestrictions {
    const NAME: &'static str = "orderer.ChannelRestrictions";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Number)]
    }
}

/// The peers of an organization that others find it by.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct AnchorPeers {
    /// They.
    #[prost(message, repeated, tag = "1")]
    pub anchor_peers: Vec<AnchorPeer>,
}

impl Shaped for AnchorPeers {
    const NAME: &'static str = "protos.AnchorPeers";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Message(AnchorPeer::shape))]
    }
}

/// A peer that others find.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct AnchorPeer {
    /// Where it listens.
    #[prost(string, tag = "1")]
    pub host: String,
    /// Where it listens.
    #[prost(int32, tag = "2")]
    pub port: i32,
}

impl Shaped for AnchorPeer {
    const NAME: &'static str = "protos.AnchorPeer";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets), (2, Field::Number)]
    }
}
