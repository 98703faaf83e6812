//! Whether an orderer would begin a channel with a block.

use crate::channel::bad::ChannelError;
use crate::channel::current::Current;
use crate::channel::read::{ReadError, read};
use crate::clock::Timestamp;
use crate::wire::{Block, decode};

/// Why an orderer would not join a channel by a block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JoinError {
    /// It is no configuration block.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// It is a configuration without a block around it.
    #[error("it is a configuration without the block that it came in")]
    NoBlock,
    /// There is no place for signatures.
    #[error("the block has no metadata")]
    NoMetadata,
    /// The configuration does not load.
    #[error(transparent)]
    Channel(#[from] ChannelError),
    /// The channel is one to make others with, which orderers know no longer.
    #[error(
        "the configuration has Consortiums: it is one of a system channel, which orderers know no longer"
    )]
    SystemChannel,
}

impl JoinError {
    /// The stable word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Read(_) | Self::NoBlock => "malformed",
            Self::NoMetadata => "no-metadata",
            Self::Channel(why) => why.word(),
            Self::SystemChannel => "system-channel",
        }
    }
}

/// Judges a block as an orderer does that is told to join a channel by it, and gives the configuration. `now` is used as
/// in [`Channel::load`](crate::channel::Channel::load).
///
/// # Errors
/// When the orderer would refuse.
pub fn check_join(block: &[u8], now: Timestamp) -> Result<Current, JoinError> {
    let found = read(block)?;
    let channel_id = found.channel_id.ok_or(JoinError::NoBlock)?;
    let whole: Option<Block> = decode(block).ok();
    let metadata = whole.and_then(|block| block.metadata);
    if metadata.is_none_or(|it| it.metadata.is_empty()) {
        return Err(JoinError::NoMetadata);
    }
    let current = Current::load(&channel_id, found.config, now)?;
    if current.channel().consortiums().is_some() {
        return Err(JoinError::SystemChannel);
    }
    if current.channel().application().is_none() {
        return Err(JoinError::Channel(ChannelError::NoApplication));
    }
    Ok(current)
}
