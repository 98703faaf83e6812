//! What travels between orderers and those who ask them: `orderer.AtomicBroadcast`.

use prost::{Enumeration, Message, Oneof};

use super::block::Block;
use super::fields::{one_of, shaped};

/// How it went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum Status {
    /// Not told.
    Unknown = 0,
    /// It is done.
    Success = 200,
    /// It is not what it should be.
    BadRequest = 400,
    /// Whoever sent it may not.
    Forbidden = 403,
    /// The channel, or the block, is not there.
    NotFound = 404,
    /// It is too long.
    RequestEntityTooLarge = 413,
    /// The orderer failed.
    InternalServerError = 500,
    /// It is not done here.
    NotImplemented = 501,
    /// Not now, e.g. as there is no leader.
    ServiceUnavailable = 503,
}

/// What an orderer says to an envelope.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct BroadcastResponse {
    /// A [`Status`]; other numbers travel too.
    #[prost(int32, tag = "1")]
    pub status: i32,
    /// Why.
    #[prost(string, tag = "2")]
    pub info: String,
}

shaped!(BroadcastResponse, "orderer.BroadcastResponse", { 1 => status, 2 => info });

/// What an orderer says to a [`SeekInfo`], again and again: blocks, and at the end how it went.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct DeliverResponse {
    /// Which of both.
    #[prost(oneof = "DeliverType", tags = "1, 2")]
    pub r#type: Option<DeliverType>,
}

/// A block, or how it went.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum DeliverType {
    /// A [`Status`]; other numbers travel too.
    #[prost(int32, tag = "1")]
    Status(i32),
    /// A block.
    #[prost(message, tag = "2")]
    Block(Block),
}

one_of!(DeliverResponse, "orderer.DeliverResponse", r#type: DeliverType {
    1 => Status,
    2 => Block,
});

/// Which blocks are asked for.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SeekInfo {
    /// The first.
    #[prost(message, optional, tag = "1")]
    pub start: Option<SeekPosition>,
    /// The last.
    #[prost(message, optional, tag = "2")]
    pub stop: Option<SeekPosition>,
    /// A [`SeekBehavior`].
    #[prost(int32, tag = "3")]
    pub behavior: i32,
    /// 0: an orderer that is in trouble says so; 1: it tells what it has.
    #[prost(int32, tag = "4")]
    pub error_response: i32,
}

shaped!(SeekInfo, "orderer.SeekInfo", {
    1 => start,
    2 => stop,
    3 => behavior,
    4 => error_response,
});

/// What becomes of a block that is not there yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum SeekBehavior {
    /// It is waited for.
    BlockUntilReady = 0,
    /// It is not found.
    FailIfNotReady = 1,
}

/// A place in a chain of blocks.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SeekPosition {
    /// Which.
    #[prost(oneof = "SeekType", tags = "1, 2, 3, 4")]
    pub r#type: Option<SeekType>,
}

/// Which place in a chain of blocks.
#[derive(Clone, PartialEq, Eq, Oneof)]
pub enum SeekType {
    /// The newest.
    #[prost(message, tag = "1")]
    Newest(SeekEnd),
    /// The oldest.
    #[prost(message, tag = "2")]
    Oldest(SeekEnd),
    /// The one with this number.
    #[prost(message, tag = "3")]
    Specified(SeekSpecified),
    /// The one that comes next.
    #[prost(message, tag = "4")]
    NextCommit(SeekEnd),
}

/// Nothing: that it is there says all. Fabric has `SeekNewest`, `SeekOldest` and `SeekNextCommit`.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SeekEnd {}

shaped!(SeekEnd, "orderer.SeekEnd", {});

/// A block by its number.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SeekSpecified {
    /// The number.
    #[prost(uint64, tag = "1")]
    pub number: u64,
}

shaped!(SeekSpecified, "orderer.SeekSpecified", { 1 => number });

one_of!(SeekPosition, "orderer.SeekPosition", r#type: SeekType {
    1 => Newest,
    2 => Oldest,
    3 => Specified,
    4 => NextCommit,
});

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::decode;

    #[test]
    fn octets_are_those_of_fabric() {
        let at = |r#type| Some(SeekPosition { r#type: Some(r#type) });
        let newest = || at(SeekType::Newest(SeekEnd {}));
        let seek = SeekInfo {
            start: newest(),
            stop: at(SeekType::Specified(SeekSpecified { number: 300 })),
            behavior: SeekBehavior::FailIfNotReady.into(),
            error_response: 0,
        };
        let octets = seek.encode_to_vec();
        assert_eq!(hex::encode(&octets), "0a020a0012051a0308ac021801");
        assert_eq!(decode::<SeekInfo>(&octets), Ok(seek));
        let refused =
            DeliverResponse { r#type: Some(DeliverType::Status(Status::NotFound.into())) };
        assert_eq!(hex::encode(refused.encode_to_vec()), "089403");
        // The last of both wins.
        let both: DeliverResponse = decode(&[0x12, 0x00, 0x08, 0xc8, 0x01]).unwrap();
        assert_eq!(both.r#type, Some(DeliverType::Status(200)));
    }
}
