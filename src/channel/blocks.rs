//! Blocks as somebody sends them whom nobody has to trust: what they say of themselves, who signed them, and whether the
//! configuration in one follows the configuration in force.

use aws_lc_rs::digest::{Context, SHA256, digest};

use super::bad::ChannelError;
use super::current::{Current, Next};
use super::refused::{Refusal, UpdateError};
use crate::clock::Timestamp;
use crate::policy::{BadBlock, Members, Signatures, block_signatures, header_octets};
use crate::wire::{
    Block, BlockHeader, BlockMetadata, ChannelHeader, Config, ConfigEnvelope, Envelope, HeaderType,
    LastConfig, Metadata, MetadataSlot, OrdererBlockMetadata, Payload, decode,
};

/// Who must have signed a block.
const BLOCK_VALIDATION: &str = "/Channel/Orderer/BlockValidation";

/// A block whose header is that of its data.
#[derive(Debug, Clone)]
pub struct SoundBlock {
    header: BlockHeader,
    data: Vec<Vec<u8>>,
    metadata: BlockMetadata,
}

/// A block with a configuration in it.
#[derive(Debug, Clone)]
pub struct ConfigBlock {
    block: SoundBlock,
    channel_id: String,
    envelope: ConfigEnvelope,
    config: Config,
}

/// Why a block is none, or is not what it should be. All of these are the sender's fault.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockError {
    /// It lacks a header, data or metadata.
    #[error("a block without {0}")]
    Without(&'static str),
    /// Its hash is not that of its data.
    #[error("the data of block {0} is not what its header has the hash of")]
    DataHash(u64),
    /// It does not tell where the configuration stands.
    #[error("block {0} does not tell where the last configuration stands")]
    NoLastConfig(u64),
    /// It says that the configuration stands in a block that comes later.
    #[error("block {0} has the last configuration in block {1}, which comes later")]
    LastConfigAhead(u64, u64),
    /// An entry is no envelope with a header.
    #[error("an entry of block {0} does not parse")]
    Entry(u64),
    /// It is of another channel.
    #[error("block {number} is of the channel `{told}`")]
    OtherChannel {
        /// The block.
        number: u64,
        /// What it says.
        told: String,
    },
    /// A configuration block has one entry.
    #[error("block {0} has {1} entries: a configuration block has one")]
    Entries(u64, usize),
    /// It has no configuration in it.
    #[error("block {0} holds no configuration: {1}")]
    NotConfig(u64, &'static str),
}

/// Why a block is not to be believed: it is not from those who decide over the channel.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BlockRefusal {
    /// Its signatures cannot be read.
    #[error("block {0}: {1}")]
    Unreadable(u64, BadBlock),
    /// Its signatures do not satisfy the policy of blocks.
    #[error("the signatures of block {0} do not satisfy {BLOCK_VALIDATION}")]
    Unsigned(u64),
    /// It is not what its update leads to.
    #[error("the configuration in block {0} does not follow the one in force: {1}")]
    NotFollowing(u64, UpdateError),
    /// Nodes would not take what it holds.
    #[error("the configuration in block {0} is none that nodes would take: {1}")]
    NotTaken(u64, Box<Refusal>),
    /// It does not carry the hash of the block before it.
    #[error("block {0} does not follow the block before it")]
    Chain(u64),
    /// It has another configuration of a sequence that is known.
    #[error("block {0} has another configuration of sequence {1} than the one that is known")]
    Other(u64, u64),
    /// It cannot be loaded as it is.
    #[error("the configuration in block {0} is none that nodes would load: {1}")]
    NotLoaded(u64, ChannelError),
}

impl SoundBlock {
    /// Looks at a block's form: it has its parts, and its data has the hash that its header says.
    ///
    /// # Errors
    /// When it has not.
    pub fn read(block: Block) -> Result<Self, BlockError> {
        let header = block.header.ok_or(BlockError::Without("a header"))?;
        let data = block.data.ok_or(BlockError::Without("data"))?.data;
        let metadata = block.metadata.ok_or(BlockError::Without("metadata"))?;
        if !is_hash_of(&header.data_hash, &data) {
            return Err(BlockError::DataHash(header.number));
        }
        Ok(Self { header, data, metadata })
    }

    /// Its number.
    pub fn number(&self) -> u64 {
        self.header.number
    }

    /// The number of the block with the configuration that was in force when it was made; its own if it holds one.
    ///
    /// # Errors
    /// When it does not tell, or tells of a later one.
    pub fn last_config(&self) -> Result<u64, BlockError> {
        let index = self.told_last_config().ok_or(BlockError::NoLastConfig(self.number()))?;
        if index > self.number() {
            return Err(BlockError::LastConfigAhead(self.number(), index));
        }
        Ok(index)
    }

    fn told_last_config(&self) -> Option<u64> {
        let slot = |slot: MetadataSlot| -> Option<Metadata> {
            decode(self.metadata.metadata.get(slot as usize)?).ok()
        };
        let signed = slot(MetadataSlot::Signatures)?;
        // Orderers before 1.4.1 sign it in a place of its own.
        if signed.value.is_empty() {
            let last: LastConfig = decode(&slot(MetadataSlot::LastConfig)?.value).ok()?;
            return Some(last.index);
        }
        let signed: OrdererBlockMetadata = decode(&signed.value).ok()?;
        Some(signed.last_config.unwrap_or_default().index)
    }

    /// Whether everything in it says to be of this channel: the same orderers may sign for others too.
    ///
    /// # Errors
    /// When something does not.
    pub fn check_channel(&self, channel_id: &str) -> Result<(), BlockError> {
        let number = self.number();
        for entry in &self.data {
            let told = channel_of(entry).ok_or(BlockError::Entry(number))?;
            if told != channel_id {
                let told = told.chars().take(64).flat_map(char::escape_debug).collect();
                return Err(BlockError::OtherChannel { number, told });
            }
        }
        Ok(())
    }

    /// Octets of its data.
    pub(super) fn len(&self) -> usize {
        self.data.iter().map(Vec::len).sum()
    }

    /// Whether the other block is the one before it, by its hash; nothing when it cannot be told from these two.
    pub fn is_after(&self, before: &Self) -> Option<bool> {
        (before.number().checked_add(1) == Some(self.number())).then(|| {
            let hash = digest(&SHA256, &header_octets(&before.header));
            hash.as_ref() == self.header.previous_hash
        })
    }
}

fn channel_of(entry: &[u8]) -> Option<String> {
    let envelope: Envelope = decode(entry).ok()?;
    let payload: Payload = decode(&envelope.payload).ok()?;
    let header: ChannelHeader = decode(&payload.header?.channel_header).ok()?;
    Some(header.channel_id)
}

/// Whether the octets are SHA-256 of a block's data.
pub(super) fn is_hash_of(octets: &[u8], data: &[Vec<u8>]) -> bool {
    let mut hash = Context::new(&SHA256);
    for entry in data {
        hash.update(entry);
    }
    hash.finish().as_ref() == octets
}

impl ConfigBlock {
    /// Reads the configuration in a block.
    ///
    /// # Errors
    /// When there is none.
    pub fn read(block: SoundBlock) -> Result<Self, BlockError> {
        let number = block.number();
        let [entry] = block.data.as_slice() else {
            return Err(BlockError::Entries(number, block.data.len()));
        };
        let bad = |why| BlockError::NotConfig(number, why);
        let envelope: Envelope = decode(entry).map_err(|_| bad("its entry does not parse"))?;
        let payload: Payload =
            decode(&envelope.payload).map_err(|_| bad("its payload does not parse"))?;
        let header = payload.header.unwrap_or_default();
        let header: ChannelHeader =
            decode(&header.channel_header).map_err(|_| bad("its header does not parse"))?;
        if header.r#type != i32::from(HeaderType::Config) {
            return Err(bad("its header says another type"));
        }
        let envelope: ConfigEnvelope =
            decode(&payload.data).map_err(|_| bad("its ConfigEnvelope does not parse"))?;
        let config = envelope.config.clone().ok_or(bad("it is empty"))?;
        Ok(Self { block, channel_id: header.channel_id, envelope, config })
    }

    /// The block.
    pub fn block(&self) -> &SoundBlock {
        &self.block
    }

    /// The channel, as it says.
    pub fn channel_id(&self) -> &str {
        &self.channel_id
    }

    /// The configuration.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The update that led to the configuration, a `CONFIG_UPDATE`.
    pub fn last_update(&self) -> Option<&Envelope> {
        self.envelope.last_update.as_ref()
    }
}

impl Current {
    /// Whether those have signed a block who must, while this configuration is in force. The first block of a channel has no
    /// signatures: whether it is the right one is for whoever takes it to know.
    ///
    /// # Errors
    /// When they have not.
    pub fn check_block<M: Members>(
        &self,
        block: &SoundBlock,
        members: &M,
    ) -> Result<(), BlockRefusal> {
        let number = block.number();
        let consenters = self.channel().consenters();
        let signed = block_signatures(&block.header, &block.metadata, consenters)
            .map_err(|bad| BlockRefusal::Unreadable(number, bad))?;
        let signatures = Signatures::new(members, &signed);
        if self.channel().policies().evaluate(BLOCK_VALIDATION, &signatures).is_satisfied() {
            return Ok(());
        }
        Err(BlockRefusal::Unsigned(number))
    }

    /// Takes the configuration in a block that is to be the next: the block is signed by those who must, its configuration is what its update leads to by the signatures of those who may, and nodes take it. `members` are
    /// those of this configuration.
    ///
    /// # Errors
    /// When any of this is not so: an orderer, or all of them, are on another way.
    pub fn follow_block<M: Members>(
        &self,
        next: &ConfigBlock,
        members: &M,
        now: Timestamp,
    ) -> Result<Next, BlockRefusal> {
        let number = next.block.number();
        self.check_block(&next.block, members)?;
        self.validate(&next.envelope, members)
            .map_err(|why| BlockRefusal::NotFollowing(number, why))?;
        self.follow(next.config.clone(), now)
            .map_err(|why| BlockRefusal::NotTaken(number, Box::new(why)))
    }
}
