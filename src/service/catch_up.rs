//! Learning from a channel's orderers what its configuration is by now.

use tracing::{error, info, warn};

use crate::channel::{Learned, Step, Trail, Update};
use crate::clock::Timestamp;
use crate::id::ChannelId;
use crate::orderer::Orderer;
use crate::service::alarms::Fork;
use crate::service::deputy::Deputy;
use crate::service::error::{Error, Kind};
use crate::service::membership::KnownChannel;
use crate::service::office::Office;
use crate::service::orderers::{ReadFailure, follow_trail};
use crate::store::{Change, ChannelRow, ProposalState, Write};
use crate::wire::canonical;

/// What was learned from a channel's orderers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CaughtUp {
    /// The sequence of the configuration that is known now.
    pub sequence: u64,
    /// The configurations that were taken, by their sequences, each with the proposals that it settled.
    pub taken: Vec<(u64, Vec<String>)>,
    /// How many orderers showed that what was known is the newest, or what follows it.
    pub answered: usize,
    /// Orderers that are on another way than what is known of the channel, and how: somebody should look.
    pub forks: Vec<Fork>,
    /// Orderers that gave nothing of use, and why.
    pub failures: Vec<String>,
}

impl Office {
    /// Asks a channel's orderers, one after another until one has news, for the newest configuration, and takes it when it
    /// follows from the one that is known by the rules of the channel alone: whom it comes from does not matter. All in
    /// between are taken too, each in a commit of its own, together with the proposals that it settles.
    ///
    /// What contradicts what is known is taken never: it is in `forks`, and once an hour in the log and in the audit trail.
    ///
    /// # Errors
    /// [`Kind::UnknownChannel`]; [`Kind::Conflict`] for a channel that this server decides over, and when somebody else changes
    /// it meanwhile; of the store.
    pub async fn catch_up(
        &self,
        channel: &str,
        deputy: &dyn Deputy,
        orderers: &[&dyn Orderer],
    ) -> Result<CaughtUp, Error> {
        let membership = self.membership().await?;
        let known = membership.known(channel)?;
        if known.governed_here {
            let why = "this server decides over the channel: its orderers are not asked";
            return Err(Error::new(Kind::Conflict, why));
        }
        let (taken, failures, forks) = (Vec::new(), Vec::new(), Vec::new());
        let mut told = CaughtUp { sequence: known.sequence, taken, answered: 0, forks, failures };
        for orderer in orderers {
            match self.ask(known, deputy, *orderer).await {
                // Another may be ahead of this one.
                Ok(Learned::Same) => told.answered += 1,
                Ok(Learned::Older(sequence)) => {
                    let name = orderer.name();
                    let why = format!("the orderer `{name}` is behind, at sequence {sequence}");
                    told.failures.push(why);
                }
                Ok(Learned::Later(steps)) => {
                    told.answered += 1;
                    self.take(known, steps, &mut told).await?;
                    break;
                }
                Err(why) if why.is_fork() => {
                    let fork = Fork { orderer: orderer.name(), why: why.to_string() };
                    self.alarm(known, &fork).await?;
                    told.forks.push(fork);
                }
                Err(why) => {
                    let name = orderer.name();
                    warn!(
                        error = %why, orderer = name, channel.id = %known.id,
                        "could not read a channel from an orderer"
                    );
                    told.failures.push(match why {
                        // These name it.
                        ReadFailure::Orderer(why) => why.to_string(),
                        ReadFailure::Blocks(_) | ReadFailure::Deputy(_) => {
                            format!("the orderer `{name}`: {why}")
                        }
                    });
                }
            }
        }
        Ok(told)
    }

    async fn ask(
        &self,
        known: &KnownChannel,
        deputy: &dyn Deputy,
        orderer: &dyn Orderer,
    ) -> Result<Learned, ReadFailure> {
        let mut trail = Trail::after(&known.current);
        follow_trail(&mut trail, known.id.as_str(), deputy, orderer, self.clock()).await?;
        Ok(trail.conclude(&known.current, self.clock().now())?)
    }

    async fn take(
        &self,
        known: &KnownChannel,
        steps: Vec<Step>,
        told: &mut CaughtUp,
    ) -> Result<(), Error> {
        let authority = self.any_authority()?;
        for step in steps {
            let config = step.current.config();
            let row = ChannelRow {
                id: known.id.clone(),
                sequence: config.sequence,
                at: self.clock().now(),
                governed_here: false,
                config: canonical(config),
            };
            let (sequence, number) = (row.sequence, step.block.block().number());
            let update = step.block.last_update().and_then(|it| Update::from_envelope(it).ok());
            let subject = format!("{} at sequence {sequence}", row.id);
            let entry =
                authority.entry("chancery", "read-channel", subject, format!("block {number}"));
            let kept = self.keep_channel(row, Some(told.sequence), update.as_ref()).await?;
            let settled = kept.settled.clone();
            authority.store.write(kept.into_write(entry)).await?;
            info!(channel.id = %known.id, channel.sequence = sequence, "read a configuration");
            told.sequence = sequence;
            told.taken.push((sequence, settled));
        }
        Ok(())
    }

    async fn alarm(&self, known: &KnownChannel, fork: &Fork) -> Result<(), Error> {
        if !self.alarms.is_due(&known.id, fork, self.clock().now()) {
            return Ok(());
        }
        error!(
            error = fork.why, orderer = fork.orderer, channel.id = %known.id,
            "an orderer contradicts what is known of the channel"
        );
        let authority = self.any_authority()?;
        let subject = format!("{} at sequence {}", known.id, known.sequence);
        let entry = authority.entry("chancery", "refused-read-channel", subject, fork.to_string());
        authority.store.write(Write::note(entry)).await?;
        Ok(())
    }

    /// What it takes to keep a configuration: it takes the place of the one that it follows, and open proposals whose update
    /// led to it are applied with it.
    ///
    /// # Errors
    /// Of the store.
    pub(super) async fn keep_channel(
        &self,
        row: ChannelRow,
        follows: Option<u64>,
        last_update: Option<&Update>,
    ) -> Result<Keep, Error> {
        let settled = match last_update {
            Some(update) => self.open_proposals_of(&row.id, update).await?,
            None => Vec::new(),
        };
        Ok(Keep { sequence: row.sequence, at: row.at, row, follows, settled })
    }

    async fn open_proposals_of(
        &self,
        channel: &ChannelId,
        update: &Update,
    ) -> Result<Vec<String>, Error> {
        Ok(self.store().read().open_proposals_of(channel, update.octets()).await?)
    }
}

/// A configuration that is about to be kept.
#[derive(Debug)]
pub(super) struct Keep {
    row: ChannelRow,
    follows: Option<u64>,
    sequence: u64,
    at: Timestamp,
    /// The proposals that it settles.
    pub(super) settled: Vec<String>,
}

impl Keep {
    /// All of it in one commit.
    pub(super) fn into_write(self, entry: crate::audit::Entry) -> Write {
        let keep = Change::KeepChannel { row: self.row, follows: self.follows };
        let close = |id: String| Change::CloseProposal {
            id,
            state: ProposalState::Applied,
            outcome: self.sequence.to_string(),
            at: self.at,
        };
        self.settled.into_iter().map(close).fold(Write::new(keep, entry), Write::then)
    }
}

#[cfg(test)]
#[path = "catch_up_tests.rs"]
mod tests;
