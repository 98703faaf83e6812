//! Channels, each as of its latest configuration.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

use super::error::Error;
use super::reader::Reader;
use super::sql::Columns;
use crate::clock::Timestamp;
use crate::id::ChannelId;

/// A channel that we know.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChannelRow {
    /// Its ID.
    pub id: ChannelId,
    /// How often its configuration was updated.
    pub sequence: u64,
    /// When this configuration was kept.
    pub at: Timestamp,
    /// Whether this server decides over its configuration, and not the channel's orderers.
    pub governed_here: bool,
    /// The configuration: a `common.Config`.
    pub config: Vec<u8>,
}

impl Reader {
    /// All channels, by ID.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn channels(&self) -> Result<Vec<ChannelRow>, Error> {
        let make = || query("SELECT id, sequence, at, governed, config FROM channels ORDER BY id");
        self.rows("read channels", make, channel).await
    }

    /// Counts that stand still while memberships do: of commits that revoked something, of commits that
    /// changed a channel. One statement.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn membership_versions(&self) -> Result<(i64, i64), Error> {
        let make = || {
            query(
                "SELECT (SELECT value FROM counters WHERE name = 'revocations'), \
                 (SELECT value FROM counters WHERE name = 'channels')",
            )
        };
        let read = |row: &AnyRow| {
            let mut row = Columns::of(row);
            Ok((row.integer("counter")?, row.integer("counter")?))
        };
        Ok(self.row("read what changed", make, read).await?.unwrap_or_default())
    }
}

fn channel(row: &AnyRow) -> Result<ChannelRow, Error> {
    let mut row = Columns::of(row);
    Ok(ChannelRow {
        id: row.parsed("channel ID")?,
        sequence: row.integer("sequence")?.cast_unsigned(),
        at: row.time("time of a configuration")?,
        governed_here: row.flag("government")?,
        config: row.octets("configuration")?.to_vec(),
    })
}

/// Keeps a configuration; false when what is there is not the one that it follows.
pub(super) async fn keep(
    connection: &mut AnyConnection,
    row: &ChannelRow,
    follows: Option<u64>,
) -> Result<bool, sqlx::Error> {
    let statement = match follows {
        None => query(
            "INSERT INTO channels (id, sequence, at, governed, config) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (id) DO NOTHING",
        ),
        Some(_) => query(
            "UPDATE channels SET sequence = $2, at = $3, governed = $4, config = $5 \
             WHERE id = $1 AND sequence = $6",
        ),
    };
    let statement = statement
        .bind(row.id.as_str())
        .bind(row.sequence.cast_signed())
        .bind(row.at.unix())
        .bind(i64::from(row.governed_here))
        .bind(row.config.as_slice());
    let statement = match follows {
        Some(sequence) => statement.bind(sequence.cast_signed()),
        None => statement,
    };
    Ok(statement.execute(connection).await?.rows_affected() == 1)
}

/// Forgets a channel; false when it is not there as of this sequence.
pub(super) async fn forget(
    connection: &mut AnyConnection,
    id: &ChannelId,
    sequence: u64,
) -> Result<bool, sqlx::Error> {
    let done = query("DELETE FROM channels WHERE id = $1 AND sequence = $2")
        .bind(id.as_str())
        .bind(sequence.cast_signed())
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}
