//! Updates of channels that collect signatures.

use std::fmt;
use std::str::FromStr;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

use super::error::Error;
use super::reader::Reader;
use super::sql::{Columns, Select};
use crate::clock::Timestamp;
use crate::id::ChannelId;

/// How a proposal stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ProposalState {
    /// It takes signatures.
    Open,
    /// It is in force.
    Applied,
    /// Who proposed it took it back.
    Withdrawn,
    /// Another has taken its place.
    Superseded,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalRow {
    /// Its ID.
    pub id: String,
    /// The channel.
    pub channel: ChannelId,
    /// What people call it.
    pub title: String,
    /// How it stands.
    pub state: ProposalState,
    /// The sequence of the configuration that it was made from.
    pub sequence: u64,
    /// That configuration: a `common.Config`.
    pub base: Vec<u8>,
    /// The `common.ConfigUpdate`, as signed.
    pub content: Vec<u8>,
    /// The enrollment ID of who proposed it.
    pub proposer: String,
    /// When.
    pub at: Timestamp,
    /// Since when it is no longer open.
    pub closed_at: Option<Timestamp>,
    /// The sequence that it led to, or the proposal that took its place; empty while it is open.
    pub outcome: String,
}

/// A signature of a proposal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProposalSignature {
    /// What tells the signer from others: a digest of the MSP ID and the identifier of the certificate; another one for
    /// approvals of an application.
    pub signer: [u8; 32],
    /// When it came.
    pub at: Timestamp,
    /// The `common.SignatureHeader`.
    pub header: Vec<u8>,
    /// The signature.
    pub signature: Vec<u8>,
}

impl ProposalState {
    const ALL: [Self; 4] = [Self::Open, Self::Applied, Self::Withdrawn, Self::Superseded];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Applied => "applied",
            Self::Withdrawn => "withdrawn",
            Self::Superseded => "superseded",
        }
    }
}

impl fmt::Display for ProposalState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ProposalState {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::ALL.into_iter().find(|state| state.as_str() == text).ok_or("no state of a proposal")
    }
}

const COLUMNS: &str = "SELECT id, channel, title, state, sequence, base, content, proposer, at, closed_at, outcome \
                       FROM proposals";

impl Reader {
    /// A proposal.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn proposal(&self, id: &str) -> Result<Option<ProposalRow>, Error> {
        let make = || {
            let mut select = Select::new(COLUMNS);
            select.with(" WHERE id = ?", id);
            select.into_statement()
        };
        self.row("read a proposal", make, proposal).await
    }

    /// At most `limit` proposals of a channel, the latest first; the open ones only, or all.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn proposals(
        &self,
        channel: &ChannelId,
        open: bool,
        limit: u32,
    ) -> Result<Vec<ProposalRow>, Error> {
        let make = || {
            let mut select = Select::new(COLUMNS);
            select.with(" WHERE channel = ?", channel.as_str());
            if open {
                select.push(" AND state = 'open'");
            }
            select.with(" ORDER BY at DESC, id LIMIT ?", i64::from(limit));
            select.into_statement()
        };
        self.rows("read proposals", make, proposal).await
    }

    /// The IDs of all open proposals, the oldest first.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn open_proposals(&self) -> Result<Vec<String>, Error> {
        let make = || query("SELECT id FROM proposals WHERE state = 'open' ORDER BY at, id");
        let read = |row: &AnyRow| Ok(Columns::of(row).text("proposal")?.to_owned());
        self.rows("read open proposals", make, read).await
    }

    /// The proposal whose place another has taken.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn superseded_by(
        &self,
        channel: &ChannelId,
        id: &str,
    ) -> Result<Option<String>, Error> {
        let make = || {
            query(
                "SELECT id FROM proposals \
                 WHERE channel = $1 AND state = 'superseded' AND outcome = $2",
            )
            .bind(channel.as_str())
            .bind(id)
        };
        let read = |row: &AnyRow| Ok(Columns::of(row).text("proposal")?.to_owned());
        self.row("read a superseded proposal", make, read).await
    }

    /// The open proposals of a channel with this `common.ConfigUpdate`.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn open_proposals_of(
        &self,
        channel: &ChannelId,
        content: &[u8],
    ) -> Result<Vec<String>, Error> {
        let make = || {
            query(
                "SELECT id FROM proposals WHERE channel = $1 AND state = 'open' AND content = $2 \
                 ORDER BY at, id",
            )
            .bind(channel.as_str())
            .bind(content)
        };
        let read = |row: &AnyRow| Ok(Columns::of(row).text("proposal")?.to_owned());
        self.rows("read open proposals", make, read).await
    }

    /// The signatures of a proposal, in the order in which they came.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn proposal_signatures(&self, id: &str) -> Result<Vec<ProposalSignature>, Error> {
        let make = || {
            query(
                "SELECT signer, at, header, signature FROM proposal_signatures \
                 WHERE proposal = $1 ORDER BY at, signer",
            )
            .bind(id)
        };
        self.rows("read signatures of a proposal", make, signature).await
    }
}

fn proposal(row: &AnyRow) -> Result<ProposalRow, Error> {
    let mut row = Columns::of(row);
    Ok(ProposalRow {
        id: row.text("proposal")?.to_owned(),
        channel: row.parsed("channel ID")?,
        title: row.text("title")?.to_owned(),
        state: row.parsed("state of a proposal")?,
        sequence: row.integer("sequence")?.cast_unsigned(),
        base: row.octets("configuration")?.to_vec(),
        content: row.octets("update")?.to_vec(),
        proposer: row.text("proposer")?.to_owned(),
        at: row.time("time of a proposal")?,
        closed_at: row.optional_time("time of a proposal's end")?,
        outcome: row.text("outcome")?.to_owned(),
    })
}

fn signature(row: &AnyRow) -> Result<ProposalSignature, Error> {
    let mut row = Columns::of(row);
    Ok(ProposalSignature {
        signer: row.made_of("signer", <[u8; 32]>::try_from)?,
        at: row.time("time of a signature")?,
        header: row.octets("header of a signature")?.to_vec(),
        signature: row.octets("signature")?.to_vec(),
    })
}

/// Adds a proposal; false when its ID is taken.
pub(super) async fn add(
    connection: &mut AnyConnection,
    row: &ProposalRow,
) -> Result<bool, sqlx::Error> {
    let done = query(
        "INSERT INTO proposals (id, channel, title, state, sequence, base, content, proposer, at, closed_at, outcome) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11) ON CONFLICT (id) DO NOTHING",
    )
    .bind(row.id.as_str())
    .bind(row.channel.as_str())
    .bind(row.title.as_str())
    .bind(row.state.as_str())
    .bind(row.sequence.cast_signed())
    .bind(row.base.as_slice())
    .bind(row.content.as_slice())
    .bind(row.proposer.as_str())
    .bind(row.at.unix())
    .bind(row.closed_at.map(Timestamp::unix))
    .bind(row.outcome.as_str())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Closes an open proposal; false when it is not open.
pub(super) async fn close(
    connection: &mut AnyConnection,
    id: &str,
    state: ProposalState,
    outcome: &str,
    at: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = query(
        "UPDATE proposals SET state = $2, outcome = $3, closed_at = $4 \
         WHERE id = $1 AND state = 'open'",
    )
    .bind(id)
    .bind(state.as_str())
    .bind(outcome)
    .bind(at.unix())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Adds a signature to an open proposal; false when it is not open, or its signer has signed.
pub(super) async fn sign(
    connection: &mut AnyConnection,
    id: &str,
    signature: &ProposalSignature,
) -> Result<bool, sqlx::Error> {
    // The row is touched, so that whoever closes it at the same time waits, or is waited for.
    let open = query("UPDATE proposals SET state = 'open' WHERE id = $1 AND state = 'open'")
        .bind(id)
        .execute(&mut *connection)
        .await?;
    if open.rows_affected() == 0 {
        return Ok(false);
    }
    let done = query(
        "INSERT INTO proposal_signatures (proposal, signer, at, header, signature) \
         VALUES ($1, $2, $3, $4, $5) ON CONFLICT (proposal, signer) DO NOTHING",
    )
    .bind(id)
    .bind(signature.signer.as_slice())
    .bind(signature.at.unix())
    .bind(signature.header.as_slice())
    .bind(signature.signature.as_slice())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}
