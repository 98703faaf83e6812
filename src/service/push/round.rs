//! All channels, again and again.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::Duration;

use tokio::task::JoinSet;
use tracing::warn;

use super::step::Step;
use crate::clock::Timestamp;
use crate::id::ChannelId;
use crate::service::administrator::Matter;
use crate::service::error::Error;
use crate::service::office::Office;
use crate::store::PushState;

/// Between two looks at whether anything changed.
const LOOK: Duration = Duration::from_secs(1);
/// After so many seconds everything is looked at, changed or not.
const ANYWAY: i64 = 60;
/// After so many seconds a channel's orderers are asked for news, whether or not anything is to be brought there.
const FOLLOW: i64 = 600;

impl Office {
    /// Brings what the CAs say into the channels, for as long as the server runs. Each channel has a task of its own: orderers
    /// that hang keep nobody else waiting.
    pub async fn keep_channels_current(self: Arc<Self>) {
        let mut rounds = Rounds::default();
        loop {
            if !self.organizations().is_empty()
                && let Err(error) = rounds.look(&self).await
            {
                warn!(%error, "could not look at what channels lack; trying again");
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Takes the next step of each matter in a channel. With `follow` its orderers are asked for news first.
    ///
    /// # Errors
    /// Of the store.
    async fn push_into(&self, channel: &ChannelId, follow: bool) -> Result<(), Error> {
        let (revocations, _) = self.store().read().membership_versions().await?;
        let mut membership = self.membership().await?;
        let Some(known) = membership.channel(channel.as_str()) else { return Ok(()) };
        let rows = self.store().read().pushes().await?;
        let is_asked = rows.iter().any(|row| {
            row.channel == *channel && matches!(row.state, PushState::Submitted | PushState::Failed)
        });
        if (follow || is_asked) && !known.governed_here && self.is_connected() {
            match self.reader_of(known).await {
                Ok(None) => {}
                Ok(Some(reader)) => match self.look_at_orderers(known, &reader).await {
                    Ok(told) if told.taken.is_empty() => {}
                    Ok(_) => membership = self.membership().await?,
                    Err(error) => {
                        warn!(%error, channel.id = %channel, "could not ask a channel's orderers");
                    }
                },
                Err(error) => warn!(%error, "the administrator in the token cannot act"),
            }
        }
        let Some(known) = membership.channel(channel.as_str()) else { return Ok(()) };
        let now = self.clock().now();
        for organization in
            self.organizations().iter().filter(|one| one.is_in(known.current.root()))
        {
            for matter in Matter::ALL {
                let row = rows.iter().find(|row| {
                    row.channel == known.id
                        && row.msp_id == *organization.msp_id()
                        && row.matter == matter.as_str()
                });
                if row.is_some_and(|row| row.attempts > 0 && row.next_at > now) {
                    continue;
                }
                let row = row.cloned();
                Step { office: self, organization, known, matter, row, now }.take().await?;
            }
        }
        self.was_seen_to(channel, revocations);
        self.remember_pushes().await
    }

    /// The channels with a push that is to be tried now.
    async fn due(&self, now: Timestamp) -> Result<BTreeSet<ChannelId>, Error> {
        let rows = self.store().read().pushes().await?;
        let due = rows.into_iter().filter(|row| match row.state {
            PushState::Failed => row.next_at <= now,
            PushState::Submitted => true,
            PushState::Effective | PushState::Waiting => false,
        });
        Ok(due.map(|row| row.channel).collect())
    }
}

/// What was looked at and when.
#[derive(Debug, Default)]
struct Rounds {
    /// What stood still when all channels were last looked at: revocations, channels, signatures of what waits for them.
    seen: Option<(i64, i64, i64)>,
    last: Option<Timestamp>,
    followed: HashMap<ChannelId, Timestamp>,
    /// Channels whose tasks are at work, and those that are to be looked at again afterwards.
    busy: BTreeSet<ChannelId>,
    again: BTreeSet<ChannelId>,
    tasks: JoinSet<ChannelId>,
}

impl Rounds {
    /// Begins what is to be done.
    async fn look(&mut self, office: &Arc<Office>) -> Result<(), Error> {
        while let Some(done) = self.tasks.try_join_next() {
            match done {
                Ok(channel) => drop(self.busy.remove(&channel)),
                Err(error) => {
                    warn!(%error, "a push died");
                    // Whose it was is not told; those that are still at work refuse to be overtaken by their rows' versions.
                    self.busy.clear();
                }
            }
        }
        let now = office.clock().now();
        let read = office.store().read();
        let (revocations, channels) = read.membership_versions().await?;
        let versions = (revocations, channels, read.signatures_of_waiting_pushes().await?);
        let overdue = self.last.is_none_or(|last| now.unix() - last.unix() >= ANYWAY);
        let mut wanted = std::mem::take(&mut self.again);
        wanted.extend(office.due(now).await?);
        if self.seen != Some(versions) || overdue {
            wanted.extend(office.membership().await?.channels().map(|known| known.id.clone()));
            (self.seen, self.last) = (Some(versions), Some(now));
        }
        for channel in wanted {
            if !self.busy.insert(channel.clone()) {
                self.again.insert(channel);
                continue;
            }
            let last = self.followed.get(&channel);
            let follow = last.is_none_or(|last| now.unix() - last.unix() >= FOLLOW);
            if follow {
                self.followed.insert(channel.clone(), now);
            }
            let office = Arc::clone(office);
            self.tasks.spawn(async move {
                if let Err(error) = office.push_into(&channel, follow).await {
                    warn!(%error, channel.id = %channel, "a push failed; it is tried again");
                }
                channel
            });
        }
        Ok(())
    }
}
