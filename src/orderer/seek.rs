//! Asking for a block.

use crate::clock::Timestamp;
use crate::wire::{
    self, ChannelHeader, Header, HeaderType, Message as _, Payload, SeekBehavior, SeekEnd,
    SeekInfo, SeekPosition, SeekSpecified, SeekType,
};

/// Which block is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Seek {
    /// The newest.
    Newest,
    /// The one with this number; when there is none yet, it is not waited for.
    Number(u64),
}

/// The payload of an envelope that asks for one block, which its sender has yet to sign. `client_hash` is that of the
/// [`Orderer`](super::Orderer) that is asked; orderers want to see a time that is about theirs.
pub fn seek_payload(
    channel: &str,
    seek: Seek,
    signature_header: Vec<u8>,
    client_hash: Vec<u8>,
    now: Timestamp,
) -> Vec<u8> {
    let place = match seek {
        Seek::Newest => SeekType::Newest(SeekEnd {}),
        Seek::Number(number) => SeekType::Specified(SeekSpecified { number }),
    };
    let place = SeekPosition { r#type: Some(place) };
    let info = SeekInfo {
        start: Some(place.clone()),
        stop: Some(place),
        behavior: SeekBehavior::FailIfNotReady.into(),
        error_response: 0,
    };
    let header = ChannelHeader {
        r#type: HeaderType::DeliverSeekInfo.into(),
        timestamp: Some(wire::Timestamp { seconds: now.unix(), nanos: 0 }),
        channel_id: channel.to_owned(),
        tls_cert_hash: client_hash,
        ..ChannelHeader::default()
    };
    let header = Header { channel_header: header.encode_to_vec(), signature_header };
    Payload { header: Some(header), data: info.encode_to_vec() }.encode_to_vec()
}
