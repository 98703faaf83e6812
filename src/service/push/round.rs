//! All of them, again and again.

use std::sync::Arc;
use std::time::Duration;

use tracing::warn;

use super::step::Step;
use crate::channel::msp_in_place;
use crate::clock::Timestamp;
use crate::service::administrator::Matter;
use crate::service::error::Error;
use crate::service::office::Office;

/// Between two looks at whether anything changed.
const LOOK: Duration = Duration::from_secs(1);
/// After so many seconds everything is looked at, changed or not.
const ANYWAY: i64 = 60;

impl Office {
    /// Brings what the CAs say into the channels, for as long as the server runs.
    pub async fn keep_channels_current(self: Arc<Self>) {
        if self.organizations().is_empty() {
            return;
        }
        let (mut seen, mut last) = (None, None::<Timestamp>);
        loop {
            let now = self.clock().now();
            match self.store().read().membership_versions().await {
                Ok(versions) => {
                    let overdue = last.is_none_or(|last| now.unix() - last.unix() >= ANYWAY);
                    let again = self.anything_due(now).await.unwrap_or(true);
                    if seen != Some(versions) || overdue || again {
                        match self.push_round().await {
                            Ok(()) => (seen, last) = (Some(versions), Some(now)),
                            Err(error) => {
                                warn!(%error, "a round of pushes failed; it is tried again");
                            }
                        }
                    }
                }
                Err(error) => warn!(%error, "could not ask what changed; trying again"),
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Whether a push is to be tried again now.
    async fn anything_due(&self, now: Timestamp) -> Result<bool, Error> {
        use crate::store::PushState;
        let rows = self.store().read().pushes().await?;
        Ok(rows.iter().any(|row| match row.state {
            PushState::Failed => row.next_at <= now,
            PushState::Submitted => true,
            PushState::Effective | PushState::Waiting => false,
        }))
    }

    /// Takes the next step of each.
    ///
    /// # Errors
    /// Of the store.
    pub async fn push_round(&self) -> Result<(), Error> {
        let membership = self.membership().await?;
        let rows = self.store().read().pushes().await?;
        let now = self.clock().now();
        for organization in self.organizations() {
            for known in membership.channels() {
                if msp_in_place(known.current.root(), organization.msp_id.as_str()).is_none() {
                    continue;
                }
                for matter in Matter::ALL {
                    let row = rows.iter().find(|row| {
                        row.channel == known.id
                            && row.msp_id == organization.msp_id
                            && row.matter == matter.as_str()
                    });
                    let waits = row.is_some_and(|row| row.attempts > 0 && row.next_at > now);
                    if waits {
                        continue;
                    }
                    let row = row.cloned();
                    Step { office: self, organization, known, matter, row, now }.take().await?;
                }
            }
        }
        self.remember_pushes().await
    }
}
