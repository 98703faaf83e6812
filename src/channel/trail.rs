//! From the configuration in force to the newest one, over the blocks in between. It asks for blocks, one after another, and
//! is given them by whoever: it believes none of them before the end, where all are judged from the oldest on.

use super::blocks::{BlockError, BlockRefusal, ConfigBlock, SoundBlock};
use super::current::Current;
use crate::clock::Timestamp;
use crate::msp::Epoch;
use crate::wire::Block;

/// Configurations that are walked back at most.
const MAX_STEPS: usize = 1_000;
/// Octets of their blocks at most.
const MAX_OCTETS: usize = 256 << 20;
/// Identities that are remembered while one configuration is judged.
const REMEMBERED: usize = 256;

/// Which block is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Wanted {
    /// The newest.
    Newest,
    /// The one with this number, with a configuration in it.
    Config(u64),
    /// The one with this number, which tells where the configuration stands that was in force.
    Telling(u64),
}

/// What somebody sent who was asked for a block.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TrailError {
    /// It is no good block.
    #[error(transparent)]
    Block(#[from] BlockError),
    /// It is another one.
    #[error("block {asked} was asked for, and {given} came")]
    Number {
        /// The one that was asked for.
        asked: u64,
        /// The one that came.
        given: u64,
    },
    /// Sequences do not count up by one.
    #[error(
        "block {block} has the configuration of sequence {given}: {asked} comes before the next"
    )]
    Sequence {
        /// The block.
        block: u64,
        /// What would be right.
        asked: u64,
        /// What it has.
        given: u64,
    },
    /// What we know is too long ago.
    #[error(
        "the newest configuration is more than {MAX_STEPS} steps or {MAX_OCTETS} octets away: import it"
    )]
    TooFar,
    /// The channel is on another way than what is known of it: an orderer lies, or all did before. Nothing of it is taken.
    #[error(transparent)]
    Forked(#[from] BlockRefusal),
}

/// A configuration on the way to the newest.
#[derive(Debug, Clone)]
pub struct Step {
    /// The block that it came in.
    pub block: ConfigBlock,
    /// It.
    pub current: Current,
}

/// What a trail led to.
#[derive(Debug, Clone)]
pub enum Learned {
    /// The configuration that is known is the newest.
    Same,
    /// Whoever was asked has only this earlier one: they are behind.
    Older(u64),
    /// These follow, one after another.
    Later(Vec<Step>),
}

/// A walk back from the newest block.
#[derive(Debug)]
pub struct Trail {
    channel_id: String,
    /// The sequence that is known; none to stop at the newest.
    known: Option<u64>,
    wanted: Option<Wanted>,
    newest: Option<SoundBlock>,
    /// The latest first.
    configs: Vec<ConfigBlock>,
    octets: usize,
}

impl Trail {
    /// To the configuration that follows this one.
    pub fn after(current: &Current) -> Self {
        Self::new(current.channel_id(), Some(current.config().sequence))
    }

    /// To the newest configuration alone, of a channel that is not known.
    pub fn to_newest(channel_id: &str) -> Self {
        Self::new(channel_id, None)
    }

    fn new(channel_id: &str, known: Option<u64>) -> Self {
        Self {
            channel_id: channel_id.to_owned(),
            known,
            wanted: Some(Wanted::Newest),
            newest: None,
            configs: Vec::new(),
            octets: 0,
        }
    }

    /// Which block it needs next; none when it has all.
    pub fn wanted(&self) -> Option<Wanted> {
        self.wanted
    }

    /// Takes the block that it asked for.
    ///
    /// # Errors
    /// When it is another, or none; ask somebody else.
    pub fn take(&mut self, block: Block) -> Result<(), TrailError> {
        let Some(wanted) = self.wanted else { return Ok(()) };
        let block = SoundBlock::read(block)?;
        block.check_channel(&self.channel_id)?;
        let given = block.number();
        self.octets = self.octets.saturating_add(block.len());
        match wanted {
            Wanted::Config(asked) | Wanted::Telling(asked) if asked != given => {
                Err(TrailError::Number { asked, given })
            }
            Wanted::Config(_) => self.push(block),
            Wanted::Newest | Wanted::Telling(_) => {
                if let Some(later) = self.configs.last()
                    && later.block().is_after(&block) == Some(false)
                {
                    return Err(BlockRefusal::Chain(later.block().number()).into());
                }
                let index = block.last_config()?;
                if wanted == Wanted::Newest {
                    self.newest = Some(block.clone());
                }
                if index == given {
                    return self.push(block);
                }
                self.wanted = Some(Wanted::Config(index));
                Ok(())
            }
        }
    }

    fn push(&mut self, block: SoundBlock) -> Result<(), TrailError> {
        let number = block.number();
        let block = ConfigBlock::read(block)?;
        let given = block.config().sequence;
        if let Some(later) = self.configs.last() {
            let asked = later.config().sequence.saturating_sub(1);
            if asked != given {
                return Err(TrailError::Sequence { block: number, asked, given });
            }
        }
        self.configs.push(block);
        let is_near = self.known.is_none_or(|known| given <= known.saturating_add(1));
        self.wanted = match number.checked_sub(1) {
            _ if is_near => None,
            _ if self.configs.len() >= MAX_STEPS || self.octets > MAX_OCTETS => {
                return Err(TrailError::TooFar);
            }
            Some(before) => Some(Wanted::Telling(before)),
            // The first block has a later sequence than the one that is known: another channel's beginning.
            None => return Err(BlockRefusal::Chain(number).into()),
        };
        Ok(())
    }

    /// Judges what was found, from the configuration that is known on: each block signed by those who must sign blocks, each
    /// configuration authorised by the signatures of its update.
    ///
    /// # Errors
    /// [`TrailError::Forked`].
    pub fn conclude(self, known: &Current, now: Timestamp) -> Result<Learned, TrailError> {
        let (Some(newest), Some(latest)) = (self.newest, self.configs.first()) else {
            return Ok(Learned::Same);
        };
        let sequence = known.config().sequence;
        let (number, found) = (latest.block().number(), latest.config().sequence);
        if found < sequence {
            return Ok(Learned::Older(found));
        }
        if found == sequence {
            if latest.config() != known.config() {
                return Err(BlockRefusal::Other(number, sequence).into());
            }
            check_newest(known, &newest)?;
            return Ok(Learned::Same);
        }
        let newest_is_config = newest.number() == number;
        let mut steps: Vec<Step> = Vec::new();
        for block in self.configs.into_iter().rev() {
            let current = steps.last().map_or(known, |step| &step.current);
            let current = current.follow_block(&block, &members(current), now)?.into_current();
            steps.push(Step { block, current });
        }
        if let Some(last) = steps.last().filter(|_| !newest_is_config) {
            check_newest(&last.current, &newest)?;
        }
        Ok(Learned::Later(steps))
    }

    /// Judges the newest configuration by itself: it can be loaded, and those whom it names sign blocks while it is in force.
    /// This shows that an orderer did not make it up alone; whether it is the right channel's, it does not show.
    ///
    /// # Errors
    /// [`TrailError::Forked`].
    pub fn conclude_alone(self, now: Timestamp) -> Result<Option<Step>, TrailError> {
        let (Some(newest), Some(block)) = (self.newest, self.configs.into_iter().next()) else {
            return Ok(None);
        };
        let number = block.block().number();
        let current = Current::load(&self.channel_id, block.config().clone(), now)
            .map_err(|why| BlockRefusal::NotLoaded(number, why))?;
        check_newest(&current, &newest)?;
        Ok(Some(Step { block, current }))
    }
}

/// The first block has no signatures.
fn check_newest(current: &Current, newest: &SoundBlock) -> Result<(), BlockRefusal> {
    if newest.number() == 0 {
        return Ok(());
    }
    current.check_block(newest, &members(current))
}

/// Those of a configuration, as its nodes see them.
fn members(current: &Current) -> Epoch {
    Epoch::new(current.channel().msps().clone(), REMEMBERED)
}
