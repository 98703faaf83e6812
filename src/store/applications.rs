//! Organizations that ask to join channels.

use std::fmt;
use std::str::FromStr;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

use super::error::Error;
use super::reader::Reader;
use super::sql::{Columns, Select};
use crate::clock::Timestamp;
use crate::id::ChannelId;

/// How an application stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ApplicationState {
    /// It waits for approvals.
    Open,
    /// The organization is in the channel.
    Admitted,
    /// Who manages the channel declined it.
    Declined,
    /// The applicant took it back.
    Withdrawn,
    /// Its time was over.
    Expired,
    /// The channel has the organization, or another of its name, by another way.
    Superseded,
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApplicationRow {
    /// Its ID: the first 16 digits of the digest.
    pub id: String,
    /// The channel.
    pub channel: ChannelId,
    /// The name of the group that shall be.
    pub organization: String,
    /// The ID of its MSP.
    pub msp_id: String,
    /// How it stands.
    pub state: ApplicationState,
    /// SHA-256 of the content.
    pub digest: [u8; 32],
    /// What the applicant says, as it was signed.
    pub content: Vec<u8>,
    /// The applicant's `common.SignatureHeader`.
    pub header: Vec<u8>,
    /// The applicant's signature.
    pub signature: Vec<u8>,
    /// Who applied: MSP ID and hash of the certificate.
    pub applicant: String,
    /// The proposal that admits it.
    pub proposal: String,
    /// When it came.
    pub at: Timestamp,
    /// Until when it waits.
    pub expires_at: Timestamp,
    /// Since when it is no longer open.
    pub closed_at: Option<Timestamp>,
    /// The sequence that it led to, or why it was closed; empty while it is open.
    pub outcome: String,
}

impl ApplicationState {
    const ALL: [Self; 6] = [
        Self::Open,
        Self::Admitted,
        Self::Declined,
        Self::Withdrawn,
        Self::Expired,
        Self::Superseded,
    ];

    /// The word for it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Admitted => "admitted",
            Self::Declined => "declined",
            Self::Withdrawn => "withdrawn",
            Self::Expired => "expired",
            Self::Superseded => "superseded",
        }
    }
}

impl fmt::Display for ApplicationState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for ApplicationState {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let found = Self::ALL.into_iter().find(|state| state.as_str() == text);
        found.ok_or("no state of an application")
    }
}

const COLUMNS: &str = "SELECT id, channel, organization, msp_id, state, digest, content, header, signature, applicant, \
                       proposal, at, expires_at, closed_at, outcome FROM applications";

impl Reader {
    /// An application.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn application(&self, id: &str) -> Result<Option<ApplicationRow>, Error> {
        let make = || {
            let mut select = Select::new(COLUMNS);
            select.with(" WHERE id = ?", id);
            select.into_statement()
        };
        self.row("read an application", make, application).await
    }

    /// The application that a proposal is for.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn application_of(&self, proposal: &str) -> Result<Option<ApplicationRow>, Error> {
        let make = || {
            let mut select = Select::new(COLUMNS);
            select.with(" WHERE proposal = ?", proposal);
            select.into_statement()
        };
        self.row("read the application of a proposal", make, application).await
    }

    /// At most `limit` applications to a channel, the latest first; the open ones only, or all.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn applications(
        &self,
        channel: &ChannelId,
        open: bool,
        limit: u32,
    ) -> Result<Vec<ApplicationRow>, Error> {
        let make = || {
            let mut select = Select::new(COLUMNS);
            select.with(" WHERE channel = ?", channel.as_str());
            if open {
                select.push(" AND state = 'open'");
            }
            select.with(" ORDER BY at DESC, id LIMIT ?", i64::from(limit));
            select.into_statement()
        };
        self.rows("read applications", make, application).await
    }

    /// The IDs of all open applications, the oldest first.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn open_applications(&self) -> Result<Vec<String>, Error> {
        let make = || query("SELECT id FROM applications WHERE state = 'open' ORDER BY at, id");
        let read = |row: &AnyRow| Ok(Columns::of(row).text("application")?.to_owned());
        self.rows("read open applications", make, read).await
    }
}

fn application(row: &AnyRow) -> Result<ApplicationRow, Error> {
    let mut row = Columns::of(row);
    Ok(ApplicationRow {
        id: row.text("application")?.to_owned(),
        channel: row.parsed("channel ID")?,
        organization: row.text("name of an organization")?.to_owned(),
        msp_id: row.text("MSP ID")?.to_owned(),
        state: row.parsed("state of an application")?,
        digest: row.made_of("digest of an application", <[u8; 32]>::try_from)?,
        content: row.octets("application")?.to_vec(),
        header: row.octets("header of a signature")?.to_vec(),
        signature: row.octets("signature")?.to_vec(),
        applicant: row.text("applicant")?.to_owned(),
        proposal: row.text("proposal")?.to_owned(),
        at: row.time("time of an application")?,
        expires_at: row.time("end of an application")?,
        closed_at: row.optional_time("time of an application's end")?,
        outcome: row.text("outcome")?.to_owned(),
    })
}

/// Adds an application; false when its ID is taken, when one is open for the name or the MSP, or when so many are open.
pub(super) async fn add(
    connection: &mut AnyConnection,
    row: &ApplicationRow,
    most: u32,
) -> Result<bool, sqlx::Error> {
    let open = query("SELECT COUNT(*) FROM applications WHERE channel = $1 AND state = 'open'")
        .bind(row.channel.as_str())
        .fetch_one(&mut *connection)
        .await?;
    let open: i64 = sqlx::Row::try_get(&open, 0)?;
    if open >= i64::from(most) {
        return Ok(false);
    }
    let done = query(
        "INSERT INTO applications (id, channel, organization, msp_id, state, digest, content, header, signature, applicant, \
         proposal, at, expires_at, closed_at, outcome) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15) ON CONFLICT DO NOTHING",
    )
    .bind(row.id.as_str())
    .bind(row.channel.as_str())
    .bind(row.organization.as_str())
    .bind(row.msp_id.as_str())
    .bind(row.state.as_str())
    .bind(row.digest.as_slice())
    .bind(row.content.as_slice())
    .bind(row.header.as_slice())
    .bind(row.signature.as_slice())
    .bind(row.applicant.as_str())
    .bind(row.proposal.as_str())
    .bind(row.at.unix())
    .bind(row.expires_at.unix())
    .bind(row.closed_at.map(Timestamp::unix))
    .bind(row.outcome.as_str())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Closes an open application; false when it is not open.
pub(super) async fn close(
    connection: &mut AnyConnection,
    id: &str,
    state: ApplicationState,
    outcome: &str,
    at: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = query(
        "UPDATE applications SET state = $2, outcome = $3, closed_at = $4 \
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

/// Puts another proposal in the place of an open application's; false when it is not open with the one given.
pub(super) async fn carry(
    connection: &mut AnyConnection,
    from: &str,
    to: &str,
) -> Result<bool, sqlx::Error> {
    let done =
        query("UPDATE applications SET proposal = $2 WHERE proposal = $1 AND state = 'open'")
            .bind(from)
            .bind(to)
            .execute(connection)
            .await?;
    Ok(done.rows_affected() == 1)
}
