//! How far pushes have come, told.

use std::sync::{Arc, PoisonError};

use super::lacking::Lacking;
use crate::clock::Timestamp;
use crate::id::ChannelId;
use crate::service::administrator::Matter;
use crate::service::error::Error;
use crate::service::membership::KnownChannel;
use crate::service::office::Office;
use crate::store::{PushRow, PushState};

/// How far one matter of an organization has come into one channel.
#[derive(Debug, Clone)]
pub struct Push {
    /// As it was last looked at.
    pub row: PushRow,
    /// For how long the channel has lagged behind, in seconds; 0 when it does not.
    pub lag_seconds: i64,
}

impl Office {
    /// How far what the CAs of this server say has come into the channels.
    ///
    /// # Errors
    /// Of the store.
    pub async fn pushes(&self) -> Result<Vec<Push>, Error> {
        let now = self.clock().now();
        let read = self.store().read();
        let (revocations, _) = read.membership_versions().await?;
        let (membership, mut rows) = (self.membership().await?, read.pushes().await?);
        for known in membership.channels() {
            if !self.is_seen_to(&known.id, revocations) {
                self.add_new(known, &mut rows, now);
            }
        }
        for row in &mut rows {
            // Between a revocation and the next look at the channel nothing is on record of it yet.
            if row.state == PushState::Effective
                && !self.is_seen_to(&row.channel, revocations)
                && let Some(known) = membership.channel(row.channel.as_str())
                && let Some(lacking) = self.lacking_now(known, row, now).await?
            {
                row.state = PushState::Waiting;
                row.detail = format!("{}: about to be proposed", lacking.what);
                row.since = lacking.since;
                row.proposal.clear();
            }
        }
        // Nor is it on record when nothing was ever lacking.
        rows.retain(|row| {
            row.version > 0
                || row.state != PushState::Effective
                || row.matter != Matter::Issuers.as_str()
        });
        let key = |row: &PushRow| (row.channel.clone(), row.msp_id.clone(), row.matter.clone());
        rows.sort_by_cached_key(key);
        Ok(rows.into_iter().map(|row| Push { lag_seconds: lag(&row, now), row }).collect())
    }

    /// Adds what is not on record of a channel that was imported a moment ago, as if nothing were lacking.
    fn add_new(&self, known: &KnownChannel, rows: &mut Vec<PushRow>, now: Timestamp) {
        let root = known.current.root();
        for organization in self.organizations().iter().filter(|one| one.is_in(root)) {
            for matter in Matter::ALL {
                let row = PushRow {
                    channel: known.id.clone(),
                    msp_id: organization.msp_id().clone(),
                    matter: matter.as_str().to_owned(),
                    state: PushState::Effective,
                    detail: String::new(),
                    proposal: String::new(),
                    since: now,
                    at: now,
                    attempts: 0,
                    next_at: now,
                    version: 0,
                };
                let is_same = |other: &PushRow| {
                    other.channel == row.channel
                        && other.msp_id == row.msp_id
                        && other.matter == row.matter
                };
                if !rows.iter().any(is_same) {
                    rows.push(row);
                }
            }
        }
    }

    async fn lacking_now(
        &self,
        known: &KnownChannel,
        row: &PushRow,
        now: Timestamp,
    ) -> Result<Option<Lacking>, Error> {
        let matter = Matter::ALL.into_iter().find(|matter| matter.as_str() == row.matter);
        let organization = self.organizations().iter().find(|one| *one.msp_id() == row.msp_id);
        let (Some(matter), Some(organization)) = (matter, organization) else { return Ok(None) };
        organization.lacking(known.current.root(), matter, now).await
    }

    /// Remembers that a channel was seen to when there were so many revocations.
    pub(super) fn was_seen_to(&self, channel: &ChannelId, revocations: i64) {
        let mut seen = self.seen_to.lock().unwrap_or_else(PoisonError::into_inner);
        seen.insert(channel.clone(), revocations);
    }

    fn is_seen_to(&self, channel: &ChannelId, revocations: i64) -> bool {
        let seen = self.seen_to.lock().unwrap_or_else(PoisonError::into_inner);
        seen.get(channel) == Some(&revocations)
    }

    /// The same as this process last looked at them, for whoever cannot wait.
    pub fn last_pushes(&self) -> Vec<Push> {
        let rows = Arc::clone(&self.pushes.read().unwrap_or_else(PoisonError::into_inner));
        let now = self.clock().now();
        rows.iter().map(|row| Push { row: row.clone(), lag_seconds: lag(row, now) }).collect()
    }

    /// Remembers them.
    pub(super) async fn remember_pushes(&self) -> Result<(), Error> {
        let rows: Arc<[PushRow]> = self.store().read().pushes().await?.into();
        *self.pushes.write().unwrap_or_else(PoisonError::into_inner) = rows;
        Ok(())
    }
}

fn lag(row: &PushRow, now: Timestamp) -> i64 {
    match row.state {
        PushState::Effective => 0,
        PushState::Waiting | PushState::Submitted | PushState::Failed => {
            (now.unix() - row.since.unix()).max(0)
        }
    }
}
