//! What people write for a channel beside its configuration.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

use super::error::Error;
use super::reader::Reader;
use super::sql::Columns;
use crate::clock::Timestamp;
use crate::id::ChannelId;

/// A document of a channel.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentRow {
    /// The channel.
    pub channel: ChannelId,
    /// What it is about, e.g. `admission`.
    pub kind: String,
    /// As it was written.
    pub content: Vec<u8>,
    /// When it was kept.
    pub at: Timestamp,
}

impl Reader {
    /// A document of a channel.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn channel_document(
        &self,
        channel: &ChannelId,
        kind: &str,
    ) -> Result<Option<DocumentRow>, Error> {
        let make = || {
            query(
                "SELECT channel, kind, content, at FROM channel_documents \
                 WHERE channel = $1 AND kind = $2",
            )
            .bind(channel.as_str())
            .bind(kind)
        };
        self.row("read a document of a channel", make, document).await
    }
}

fn document(row: &AnyRow) -> Result<DocumentRow, Error> {
    let mut row = Columns::of(row);
    Ok(DocumentRow {
        channel: row.parsed("channel ID")?,
        kind: row.text("kind of a document")?.to_owned(),
        content: row.octets("document")?.to_vec(),
        at: row.time("time of a document")?,
    })
}

/// Keeps a document; false when what is there is not what it takes the place of.
pub(super) async fn keep(
    connection: &mut AnyConnection,
    row: &DocumentRow,
    follows: Option<&[u8]>,
) -> Result<bool, sqlx::Error> {
    let statement = match follows {
        None => query(
            "INSERT INTO channel_documents (channel, kind, content, at) VALUES ($1, $2, $3, $4) \
             ON CONFLICT (channel, kind) DO NOTHING",
        ),
        Some(_) => query(
            "UPDATE channel_documents SET content = $3, at = $4 \
             WHERE channel = $1 AND kind = $2 AND content = $5",
        ),
    };
    let statement = statement
        .bind(row.channel.as_str())
        .bind(row.kind.as_str())
        .bind(row.content.as_slice())
        .bind(row.at.unix());
    let statement = match follows {
        Some(content) => statement.bind(content),
        None => statement,
    };
    Ok(statement.execute(connection).await?.rows_affected() == 1)
}

/// Forgets all of a channel.
pub(super) async fn forget(
    connection: &mut AnyConnection,
    channel: &ChannelId,
) -> Result<(), sqlx::Error> {
    query("DELETE FROM channel_documents WHERE channel = $1")
        .bind(channel.as_str())
        .execute(connection)
        .await
        .map(drop)
}
