//! How far what CAs say has come into channels.

use std::fmt;
use std::str::FromStr;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

use super::error::Error;
use super::reader::Reader;
use super::sql::Columns;
use crate::clock::Timestamp;
use crate::id::{ChannelId, MspId};

/// How a push stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PushState {
    /// The channel says what the CA says.
    Effective,
    /// Its update needs more signatures.
    Waiting,
    /// The channel's orderers have its update.
    Submitted,
    /// The last attempt failed; it is tried again.
    Failed,
}

/// How far one matter of an organization has come into one channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushRow {
    /// The channel.
    pub channel: ChannelId,
    /// The ID of the organization's MSP.
    pub msp_id: MspId,
    /// What is pushed: `revocation-lists` or `issuers`.
    pub matter: String,
    /// How it stands.
    pub state: PushState,
    /// Whose signatures are awaited, or why it failed; a note where it is effective.
    pub detail: String,
    /// The proposal with the update; empty where none was needed.
    pub proposal: String,
    /// Since when the channel lags behind, or since when it does not.
    pub since: Timestamp,
    /// When it was last looked at with this outcome.
    pub at: Timestamp,
    /// How often it has failed since it last succeeded.
    pub attempts: i64,
    /// When it is tried again.
    pub next_at: Timestamp,
    /// Counts its changes; 1 for a new one.
    pub version: i64,
}

impl PushState {
    const ALL: [Self; 4] = [Self::Effective, Self::Waiting, Self::Submitted, Self::Failed];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Effective => "effective",
            Self::Waiting => "waiting",
            Self::Submitted => "submitted",
            Self::Failed => "failed",
        }
    }
}

impl fmt::Display for PushState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for PushState {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or("no state of a push")
    }
}

impl Reader {
    /// How many signatures the proposals have that pushes wait for: another number says that somebody signed.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn signatures_of_waiting_pushes(&self) -> Result<i64, Error> {
        let make = || {
            query(
                "SELECT COUNT(*) FROM proposal_signatures WHERE proposal IN \
                 (SELECT proposal FROM pushes WHERE state = $1)",
            )
            .bind(PushState::Waiting.as_str())
        };
        let read = |row: &AnyRow| Columns::of(row).integer("count of signatures");
        Ok(self.row("count signatures of pushes", make, read).await?.unwrap_or_default())
    }

    /// All pushes, by channel, organization and matter.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn pushes(&self) -> Result<Vec<PushRow>, Error> {
        let make = || {
            query(
                "SELECT channel, msp_id, matter, state, detail, proposal, since, at, attempts, next_at, version \
                 FROM pushes ORDER BY channel, msp_id, matter",
            )
        };
        self.rows("read pushes", make, push).await
    }
}

fn push(row: &AnyRow) -> Result<PushRow, Error> {
    let mut row = Columns::of(row);
    Ok(PushRow {
        channel: row.parsed("channel ID")?,
        msp_id: row.parsed("MSP ID")?,
        matter: row.text("matter")?.to_owned(),
        state: row.parsed("state of a push")?,
        detail: row.text("detail")?.to_owned(),
        proposal: row.text("proposal")?.to_owned(),
        since: row.time("time of a push")?,
        at: row.time("time of a push")?,
        attempts: row.integer("attempts")?,
        next_at: row.time("time of a push")?,
        version: row.integer("version")?,
    })
}

/// Keeps how a push stands; false when it is not there as of the version before.
pub(super) async fn keep(
    connection: &mut AnyConnection,
    row: &PushRow,
) -> Result<bool, sqlx::Error> {
    let statement = if row.version == 1 {
        query(
            "INSERT INTO pushes (channel, msp_id, matter, state, detail, proposal, since, at, attempts, next_at, version) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (channel, msp_id, matter) DO NOTHING",
        )
    } else {
        query(
            "UPDATE pushes SET state = $4, detail = $5, proposal = $6, since = $7, at = $8, attempts = $9, \
             next_at = $10, version = $11 WHERE channel = $1 AND msp_id = $2 AND matter = $3 AND version = $11 - 1",
        )
    };
    let done = statement
        .bind(row.channel.as_str())
        .bind(row.msp_id.as_str())
        .bind(row.matter.as_str())
        .bind(row.state.as_str())
        .bind(row.detail.as_str())
        .bind(row.proposal.as_str())
        .bind(row.since.unix())
        .bind(row.at.unix())
        .bind(row.attempts)
        .bind(row.next_at.unix())
        .bind(row.version)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Forgets what was pushed into a channel that is forgotten.
pub(super) async fn forget(
    connection: &mut AnyConnection,
    channel: &ChannelId,
) -> Result<(), sqlx::Error> {
    query("DELETE FROM pushes WHERE channel = $1")
        .bind(channel.as_str())
        .execute(connection)
        .await
        .map(drop)
}
