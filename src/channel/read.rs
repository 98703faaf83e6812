//! A channel's configuration from what people have in a file: a block, or what is inside of one.

use std::fmt;

use super::blocks::is_hash_of;
use crate::wire::{
    BadMessage, Block, ChannelHeader, Config, ConfigEnvelope, ConfigGroup, ConfigUpdate,
    ConfigUpdateEnvelope, Envelope, HeaderType, Payload, decode,
};

/// A configuration, and what is known of where it stood.
#[derive(Debug, Clone, PartialEq)]
pub struct ReadConfig {
    /// The configuration; it has a root group, with something in it.
    pub config: Config,
    /// The channel, as the block tells it.
    pub channel_id: Option<String>,
    /// The number of the block.
    pub block: Option<u64>,
    /// The update that led to the configuration, a `CONFIG_UPDATE`; a `Config` alone has none.
    pub last_update: Option<Envelope>,
}

/// What octets look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Block,
    ConfigEnvelope,
    Config,
}

impl fmt::Display for Form {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Block => "a block (`common.Block`)",
            Self::ConfigEnvelope => "a `common.ConfigEnvelope`",
            Self::Config => "a `common.Config`",
        })
    }
}

/// Why octets are no configuration of a channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// They are no such message.
    #[error(
        "it is neither a configuration block nor a `ConfigEnvelope` or `Config`, in protobuf's own encoding"
    )]
    NotProtobuf,
    /// They are JSON or PEM.
    #[error("it is {0}; a block or configuration in protobuf's own encoding is asked for")]
    Text(&'static str),
    /// A part does not parse.
    #[error("{form} whose {part} does not parse: {why}", form = .0, part = .1, why = .2)]
    Malformed(String, &'static str, BadMessage),
    /// A block has not one entry.
    #[error("block {0} has {1} entries: a configuration block has one")]
    Entries(u64, usize),
    /// A block's hash is not that of its data.
    #[error("the data of block {0} is not what its header has the hash of")]
    DataHash(u64),
    /// A block has something else in it.
    #[error(
        "block {0} holds {1}, no configuration: the last one is in the block that its metadata names"
    )]
    NotConfig(u64, String),
    /// It changes a configuration and is none.
    #[error(
        "it is an update of a configuration (`ConfigUpdate`), which is judged against the one in place"
    )]
    Update,
    /// There is nothing in it.
    #[error("{0} without a configuration in it")]
    Empty(String),
}

/// Reads a configuration block, a `ConfigEnvelope` or a `Config`.
///
/// The hash of a block's data is checked, its signatures are not: who takes it from somebody else checks them against the
/// configuration that he knows.
///
/// # Errors
/// When it is none of them, with what it is or what is wrong with it.
pub fn read(octets: &[u8]) -> Result<ReadConfig, ReadError> {
    match form(octets)? {
        Form::Block => of_block(octets),
        Form::ConfigEnvelope => {
            let envelope: ConfigEnvelope = part(Form::ConfigEnvelope, "message", octets)?;
            whole(envelope, Form::ConfigEnvelope)
        }
        Form::Config => {
            let config = Some(part(Form::Config, "message", octets)?);
            whole(ConfigEnvelope { config, last_update: None }, Form::Config)
        }
    }
}

/// What the message is. Each of the three would parse as another with most of it passed over, so the first octets decide:
/// encoders write fields in their order.
fn form(octets: &[u8]) -> Result<Form, ReadError> {
    if is_update(octets) {
        return Err(ReadError::Update);
    }
    // A sequence, or a group where the sequence is 0.
    let is_config = |octets: &[u8]| matches!(octets.first(), Some(0x08 | 0x12));
    if is_config(octets) {
        return Ok(Form::Config);
    }
    let block: Option<Block> = decode(octets).ok();
    let has_hash = |block: &Block| block.header.as_ref().is_some_and(|it| !it.data_hash.is_empty());
    let has_metadata =
        |block: &Block| block.metadata.as_ref().is_some_and(|it| !it.metadata.is_empty());
    if block.is_some_and(|block| has_hash(&block) || has_metadata(&block)) {
        return Ok(Form::Block);
    }
    // Read as the message that has octets where the others have messages.
    let inner: Option<Envelope> = decode(octets).ok();
    match inner {
        Some(inner) if is_config(&inner.payload) => Ok(Form::ConfigEnvelope),
        Some(_) | None => Err(other(octets)),
    }
}

/// What it is instead. Asked last: a message may begin with a line feed and a brace.
fn other(octets: &[u8]) -> ReadError {
    match octets.trim_ascii_start() {
        [b'{', ..] => ReadError::Text("JSON (`configtxlator proto_encode` makes a block of it)"),
        [b'-', b'-', b'-', b'-', b'-', ..] => ReadError::Text("PEM"),
        _ => ReadError::NotProtobuf,
    }
}

/// Whether it is an update: alone, with its signatures, or as it travels.
fn is_update(octets: &[u8]) -> bool {
    let is_one = |octets: &[u8]| {
        let update: Option<ConfigUpdate> = decode(octets).ok();
        update.is_some_and(|update| {
            let id = update.channel_id;
            !id.is_empty()
                && id.bytes().all(|octet| octet.is_ascii_graphic())
                && update.write_set.is_some()
        })
    };
    let is_signed = |octets: &[u8]| {
        let envelope: Option<ConfigUpdateEnvelope> = decode(octets).ok();
        envelope.is_some_and(|envelope| is_one(&envelope.config_update))
    };
    let payload =
        decode::<Envelope>(octets).ok().and_then(|it| decode::<Payload>(&it.payload).ok());
    is_one(octets) || is_signed(octets) || payload.is_some_and(|payload| is_signed(&payload.data))
}

/// Whether nothing is in the group, or something without a name, which no channel has.
fn is_empty(group: &ConfigGroup) -> bool {
    let mut names = group.groups.keys().chain(group.values.keys()).chain(group.policies.keys());
    let first = names.next();
    first.is_none_or(String::is_empty) || names.any(String::is_empty)
}

fn of_block(octets: &[u8]) -> Result<ReadConfig, ReadError> {
    let block: Block = part(Form::Block, "message", octets)?;
    let header = block.header.unwrap_or_default();
    let number = header.number;
    let data = block.data.unwrap_or_default().data;
    if !is_hash_of(&header.data_hash, &data) {
        return Err(ReadError::DataHash(number));
    }
    let [entry] = data.as_slice() else { return Err(ReadError::Entries(number, data.len())) };
    let envelope: Envelope = part(Form::Block, "entry", entry)?;
    let payload: Payload = part(Form::Block, "payload", &envelope.payload)?;
    let header = payload.header.unwrap_or_default();
    let header: ChannelHeader = part(Form::Block, "channel header", &header.channel_header)?;
    if header.r#type != HeaderType::Config as i32 {
        let what = match HeaderType::try_from(header.r#type) {
            Ok(HeaderType::ConfigUpdate) => "an update of a configuration".to_owned(),
            Ok(HeaderType::EndorserTransaction) => "a transaction".to_owned(),
            Ok(_) | Err(_) => format!("an entry of the type {}", header.r#type),
        };
        return Err(ReadError::NotConfig(number, what));
    }
    let envelope: ConfigEnvelope = part(Form::Block, "ConfigEnvelope", &payload.data)?;
    let read = whole(envelope, Form::Block)?;
    Ok(ReadConfig { channel_id: Some(header.channel_id), block: Some(number), ..read })
}

fn part<M: crate::wire::Shaped>(
    form: Form,
    part: &'static str,
    octets: &[u8],
) -> Result<M, ReadError> {
    decode(octets).map_err(|why| ReadError::Malformed(form.to_string(), part, why))
}

fn whole(envelope: ConfigEnvelope, form: Form) -> Result<ReadConfig, ReadError> {
    let ConfigEnvelope { config, last_update } = envelope;
    let config =
        config.filter(|config| config.channel_group.as_ref().is_some_and(|group| !is_empty(group)));
    let config = config.ok_or_else(|| ReadError::Empty(form.to_string()))?;
    Ok(ReadConfig { config, channel_id: None, block: None, last_update })
}

#[cfg(test)]
#[path = "read_tests.rs"]
mod tests;
