//! How far pushes have come, told.

use std::sync::{Arc, PoisonError};

use crate::clock::Timestamp;
use crate::service::error::Error;
use crate::service::office::Office;
use crate::store::PushRow;

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
        let rows = self.store().read().pushes().await?;
        Ok(rows.into_iter().map(|row| Push { lag_seconds: lag(&row, now), row }).collect())
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
        crate::store::PushState::Effective => 0,
        crate::store::PushState::Waiting
        | crate::store::PushState::Submitted
        | crate::store::PushState::Failed => (now.unix() - row.since.unix()).max(0),
    }
}
