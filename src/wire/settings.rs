//! Values of the configuration tree that say how a channel is run.

use prost::Message;

use super::fields::shaped;

/// The hash function of a channel, by name.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct HashingAlgorithm {
    /// `SHA256` or `SHA3_256`.
    #[prost(string, tag = "1")]
    pub name: String,
}

shaped!(HashingAlgorithm, "common.HashingAlgorithm", { 1 => name });

/// How the data of a block is hashed.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct BlockDataHashingStructure {
    /// The width of the tree; only the largest number is supported.
    #[prost(uint32, tag = "1")]
    pub width: u32,
}

shaped!(BlockDataHashingStructure, "common.BlockDataHashingStructure", { 1 => width });

/// Where orderers listen: of the channel, or (as `Endpoints`) of an organization.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct OrdererAddresses {
    /// Hosts with ports.
    #[prost(string, repeated, tag = "1")]
    pub addresses: Vec<String>,
}

shaped!(OrdererAddresses, "common.OrdererAddresses", { 1 => addresses });

/// The consortium that a channel was made for.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Consortium {
    /// Its name.
    #[prost(string, tag = "1")]
    pub name: String,
}

shaped!(Consortium, "common.Consortium", { 1 => name });

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

shaped!(BatchSize, "orderer.BatchSize", {
    1 => max_message_count,
    2 => absolute_max_bytes,
    3 => preferred_max_bytes,
});

/// How long an orderer waits for a block to fill.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct BatchTimeout {
    /// As Go writes durations, e.g. `2s`.
    #[prost(string, tag = "1")]
    pub timeout: String,
}

shaped!(BatchTimeout, "orderer.BatchTimeout", { 1 => timeout });

/// Where Kafka was, when orderers used it.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct KafkaBrokers {
    /// Hosts with ports.
    #[prost(string, repeated, tag = "1")]
    pub brokers: Vec<String>,
}

shaped!(KafkaBrokers, "orderer.KafkaBrokers", { 1 => brokers });

/// How many channels an orderer of a system channel may have.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ChannelRestrictions {
    /// 0 for any number.
    #[prost(uint64, tag = "1")]
    pub max_count: u64,
}

shaped!(ChannelRestrictions, "orderer.ChannelRestrictions", { 1 => max_count });

/// The peers of an organization that others find it by.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct AnchorPeers {
    /// They.
    #[prost(message, repeated, tag = "1")]
    pub anchor_peers: Vec<AnchorPeer>,
}

shaped!(AnchorPeers, "protos.AnchorPeers", { 1 => anchor_peers });

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

shaped!(AnchorPeer, "protos.AnchorPeer", { 1 => host, 2 => port });
