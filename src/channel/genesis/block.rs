//! The block around the first configuration.

use aws_lc_rs::digest;

use crate::clock::Timestamp;
use crate::wire::{
    self, Block, BlockData, BlockHeader, BlockMetadata, ChannelHeader, Config, ConfigEnvelope,
    ConfigGroup, Envelope, Header, HeaderType, LastConfig, Message as _, Metadata, MetadataSlot,
    OrdererBlockMetadata, Payload, SignatureHeader, canonical,
};

/// The first block of a channel: nobody has signed it, and nothing came before it.
pub fn genesis_block(
    channel_id: &str,
    channel_group: ConfigGroup,
    at: Timestamp,
    nonce: [u8; 24],
) -> Block {
    let config = Config { sequence: 0, channel_group: Some(channel_group) };
    let config = ConfigEnvelope { config: Some(config), last_update: None };
    // Nobody has made it, so the transaction's name is the hash of the nonce alone.
    let header = ChannelHeader {
        r#type: HeaderType::Config.into(),
        version: 1,
        timestamp: Some(wire::Timestamp { seconds: at.unix(), nanos: 0 }),
        channel_id: channel_id.to_owned(),
        tx_id: hex::encode(sha256(&nonce)),
        ..ChannelHeader::default()
    };
    let signer = SignatureHeader { creator: Vec::new(), nonce: nonce.to_vec() };
    let header =
        Header { channel_header: header.encode_to_vec(), signature_header: signer.encode_to_vec() };
    let payload = Payload { header: Some(header), data: canonical(&config) };
    let envelope = Envelope { payload: payload.encode_to_vec(), signature: Vec::new() };
    let data = envelope.encode_to_vec();
    let header = BlockHeader { number: 0, previous_hash: Vec::new(), data_hash: sha256(&data) };
    let last = OrdererBlockMetadata {
        last_config: Some(LastConfig { index: 0 }),
        consenter_metadata: Vec::new(),
    };
    let signatures = Metadata { value: last.encode_to_vec(), signatures: Vec::new() };
    let mut metadata = vec![Vec::new(); MetadataSlot::CommitHash as usize + 1];
    if let Some(slot) = metadata.get_mut(MetadataSlot::Signatures as usize) {
        *slot = signatures.encode_to_vec();
    }
    Block {
        header: Some(header),
        data: Some(BlockData { data: vec![data] }),
        metadata: Some(BlockMetadata { metadata }),
    }
}

fn sha256(octets: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA256, octets).as_ref().to_vec()
}
