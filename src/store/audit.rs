//! The audit trail.

use sqlx::AnyConnection;
use sqlx::any::AnyRow;

use super::error::Error;
use super::reader::Reader;
use super::sql::{Columns, Insert, Select, take_numbers};
use crate::audit::Entry;
use crate::clock::Timestamp;
use crate::id::CaName;

/// A line of the audit trail as it is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuditLine {
    /// Counts the lines from 1 in the order of the commits, without gaps.
    pub number: i64,
    /// When it was decided.
    pub at: Timestamp,
    /// The CA that it is about.
    pub ca: CaName,
    /// Who asked.
    pub actor: String,
    /// The deed.
    pub deed: String,
    /// Whom or what it was done to.
    pub subject: String,
    /// Why.
    pub reason: String,
}

impl Reader {
    /// At most `limit` lines of the audit trail after the one numbered `after`; 0 is the beginning.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn audit(&self, after: i64, limit: u32) -> Result<Vec<AuditLine>, Error> {
        let make = || {
            let mut select =
                Select::new("SELECT number, at, ca, actor, deed, subject, reason FROM audit");
            select
                .with(" WHERE number > ?", after)
                .with(" ORDER BY number LIMIT ?", i64::from(limit));
            select.into_statement()
        };
        self.rows("read the audit trail", make, line).await
    }
}

fn line(row: &AnyRow) -> Result<AuditLine, Error> {
    let mut row = Columns::of(row);
    Ok(AuditLine {
        number: row.integer("number of an audit line")?,
        at: row.time("time of an audit line")?,
        ca: row.parsed("CA name")?,
        actor: row.text("actor")?.to_owned(),
        deed: row.text("deed")?.to_owned(),
        subject: row.text("subject")?.to_owned(),
        reason: row.text("reason")?.to_owned(),
    })
}

const INSERT: Insert = Insert {
    head: "INSERT INTO audit (number, at, ca, actor, deed, subject, reason) VALUES",
    columns: 7,
    tail: "",
};

/// Appends lines.
pub(super) async fn append(
    connection: &mut AnyConnection,
    entries: &[&Entry],
) -> Result<(), sqlx::Error> {
    let first = take_numbers(connection, "audit", entries.len()).await?;
    let rows: Vec<(i64, &Entry)> = (first..).zip(entries.iter().copied()).collect();
    INSERT
        .run(connection, &rows, |statement, (number, entry)| {
            statement
                .bind(*number)
                .bind(entry.at.unix())
                .bind(entry.ca.as_str())
                .bind(storable(&entry.actor))
                .bind(entry.deed)
                .bind(storable(&entry.subject))
                .bind(storable(&entry.reason))
        })
        .await
        .map(drop)
}

/// What the outside says may hold U+0000, which PostgreSQL does not keep; a refused attempt must
/// not stay off the record for it.
fn storable(text: &str) -> String {
    text.replace('\0', "\u{fffd}")
}
