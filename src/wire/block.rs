//! Blocks and what is in them.

use prost::{Enumeration, Message};

use super::fields::shaped;

/// A payload and its sender's signature.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Envelope {
    /// A [`Payload`], as signed.
    #[prost(bytes = "vec", tag = "1")]
    pub payload: Vec<u8>,
    /// The signature.
    #[prost(bytes = "vec", tag = "2")]
    pub signature: Vec<u8>,
}

shaped!(Envelope, "common.Envelope", { 1 => payload, 2 => signature });

/// A message with its header.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Payload {
    /// Its header.
    #[prost(message, optional, tag = "1")]
    pub header: Option<Header>,
    /// The message that goes with the header's type.
    #[prost(bytes = "vec", tag = "2")]
    pub data: Vec<u8>,
}

shaped!(Payload, "common.Payload", { 1 => header, 2 => data });

/// Where a message goes, and whom it is from.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Header {
    /// A [`ChannelHeader`].
    #[prost(bytes = "vec", tag = "1")]
    pub channel_header: Vec<u8>,
    /// A [`SignatureHeader`].
    #[prost(bytes = "vec", tag = "2")]
    pub signature_header: Vec<u8>,
}

shaped!(Header, "common.Header", { 1 => channel_header, 2 => signature_header });

/// Where a message goes.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ChannelHeader {
    /// A [`HeaderType`]; other numbers travel too.
    #[prost(int32, tag = "1")]
    pub r#type: i32,
    /// Of the message.
    #[prost(int32, tag = "2")]
    pub version: i32,
    /// When it was made.
    #[prost(message, optional, tag = "3")]
    pub timestamp: Option<Timestamp>,
    /// The channel.
    #[prost(string, tag = "4")]
    pub channel_id: String,
    /// The transaction.
    #[prost(string, tag = "5")]
    pub tx_id: String,
    /// 0.
    #[prost(uint64, tag = "6")]
    pub epoch: u64,
    /// Depends on the type.
    #[prost(bytes = "vec", tag = "7")]
    pub extension: Vec<u8>,
    /// SHA-256 of the client's TLS certificate.
    #[prost(bytes = "vec", tag = "8")]
    pub tls_cert_hash: Vec<u8>,
}

shaped!(ChannelHeader, "common.ChannelHeader", {
    1 => r#type,
    2 => version,
    3 => timestamp,
    4 => channel_id,
    5 => tx_id,
    6 => epoch,
    7 => extension,
    8 => tls_cert_hash,
});

/// A point in time.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Timestamp {
    /// Since 1970.
    #[prost(int64, tag = "1")]
    pub seconds: i64,
    /// And so many billionths.
    #[prost(int32, tag = "2")]
    pub nanos: i32,
}

shaped!(Timestamp, "google.protobuf.Timestamp", { 1 => seconds, 2 => nanos });

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum HeaderType {
    /// Not told.
    Message = 0,
    /// A `ConfigEnvelope`.
    Config = 1,
    /// A `ConfigUpdateEnvelope`.
    ConfigUpdate = 2,
    /// A transaction.
    EndorserTransaction = 3,
    /// An orderer's.
    OrdererTransaction = 4,
    /// A request for blocks.
    DeliverSeekInfo = 5,
    /// A chaincode.
    ChaincodePackage = 6,
}

/// Whom a message is from.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SignatureHeader {
    /// A `SerializedIdentity`.
    #[prost(bytes = "vec", tag = "1")]
    pub creator: Vec<u8>,
    /// So that no two are the same.
    #[prost(bytes = "vec", tag = "2")]
    pub nonce: Vec<u8>,
}

shaped!(SignatureHeader, "common.SignatureHeader", { 1 => creator, 2 => nonce });

/// A block.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Block {
    /// What is hashed and signed.
    #[prost(message, optional, tag = "1")]
    pub header: Option<BlockHeader>,
    /// Transactions.
    #[prost(message, optional, tag = "2")]
    pub data: Option<BlockData>,
    /// What is added after.
    #[prost(message, optional, tag = "3")]
    pub metadata: Option<BlockMetadata>,
}

shaped!(Block, "common.Block", { 1 => header, 2 => data, 3 => metadata });

/// What is hashed and signed of a block.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct BlockHeader {
    /// Its place in the chain.
    #[prost(uint64, tag = "1")]
    pub number: u64,
    /// Of the header before.
    #[prost(bytes = "vec", tag = "2")]
    pub previous_hash: Vec<u8>,
    /// Of the data.
    #[prost(bytes = "vec", tag = "3")]
    pub data_hash: Vec<u8>,
}

shaped!(BlockHeader, "common.BlockHeader", { 1 => number, 2 => previous_hash, 3 => data_hash });

/// Transactions.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct BlockData {
    /// Each an [`Envelope`].
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub data: Vec<Vec<u8>>,
}

shaped!(BlockData, "common.BlockData", { 1 => data });

/// What is added to a block after.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct BlockMetadata {
    /// By [`MetadataSlot`].
    #[prost(bytes = "vec", repeated, tag = "1")]
    pub metadata: Vec<Vec<u8>>,
}

shaped!(BlockMetadata, "common.BlockMetadata", { 1 => metadata });

/// What stands where in a block's metadata.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum MetadataSlot {
    /// A [`Metadata`] with the orderers' signatures.
    Signatures = 0,
    /// Not used any more.
    LastConfig = 1,
    /// Which transactions are valid.
    TransactionsFilter = 2,
    /// Not used any more.
    Orderer = 3,
    /// The hash of all commits.
    CommitHash = 4,
}

/// Something signed by orderers.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Metadata {
    /// An [`OrdererBlockMetadata`].
    #[prost(bytes = "vec", tag = "1")]
    pub value: Vec<u8>,
    /// Signatures.
    #[prost(message, repeated, tag = "2")]
    pub signatures: Vec<MetadataSignature>,
}

shaped!(Metadata, "common.Metadata", { 1 => value, 2 => signatures });

/// A signature of an orderer.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MetadataSignature {
    /// A [`SignatureHeader`].
    #[prost(bytes = "vec", tag = "1")]
    pub signature_header: Vec<u8>,
    /// The signature.
    #[prost(bytes = "vec", tag = "2")]
    pub signature: Vec<u8>,
    /// An [`IdentifierHeader`], in place of the first.
    #[prost(bytes = "vec", tag = "3")]
    pub identifier_header: Vec<u8>,
}

shaped!(MetadataSignature, "common.MetadataSignature", {
    1 => signature_header,
    2 => signature,
    3 => identifier_header,
});

/// Which consenter signed.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct IdentifierHeader {
    /// Its number.
    #[prost(uint32, tag = "1")]
    pub identifier: u32,
    /// So that no two are the same.
    #[prost(bytes = "vec", tag = "2")]
    pub nonce: Vec<u8>,
}

shaped!(IdentifierHeader, "common.IdentifierHeader", { 1 => identifier, 2 => nonce });

/// What orderers sign besides the header.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct OrdererBlockMetadata {
    /// Where the configuration stands.
    #[prost(message, optional, tag = "1")]
    pub last_config: Option<LastConfig>,
    /// The consensus' own.
    #[prost(bytes = "vec", tag = "2")]
    pub consenter_metadata: Vec<u8>,
}

shaped!(OrdererBlockMetadata, "common.OrdererBlockMetadata", {
    1 => last_config,
    2 => consenter_metadata,
});

/// Where the configuration stands.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct LastConfig {
    /// The number of its block.
    #[prost(uint64, tag = "1")]
    pub index: u64,
}

shaped!(LastConfig, "common.LastConfig", { 1 => index });
