//! Lists of revoked certificates that were published.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

use super::error::Error;
use super::reader::Reader;
use super::sql::Columns;
use crate::clock::Timestamp;
use crate::id::KeyId;

/// A published list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CrlRow {
    /// Its number. [RFC 5280 section 5.2.3](https://www.rfc-editor.org/rfc/rfc5280#section-5.2.3)
    pub number: i64,
    /// When it was kept.
    pub at: Timestamp,
    /// The list, DER.
    pub der: Vec<u8>,
}

/// Lists that are kept for each issuer: the one in force and some to look back at. Each may be
/// megabytes, and the journal remembers them all.
const KEPT: i64 = 4;

impl Reader {
    /// The list of an issuer with the highest number.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn latest_crl(&self, issuer: &KeyId) -> Result<Option<CrlRow>, Error> {
        let make = || {
            query("SELECT number, at, der FROM crls WHERE issuer = $1 ORDER BY number DESC LIMIT 1")
                .bind(issuer.as_octets())
        };
        self.row("read a CRL", make, crl).await
    }

    /// The number that the next list of an issuer takes; from 1. Whoever seals it first has it.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn next_crl_number(&self, issuer: &KeyId) -> Result<i64, Error> {
        let make = || {
            query("SELECT COALESCE(MAX(number), 0) + 1 FROM crls WHERE issuer = $1")
                .bind(issuer.as_octets())
        };
        let read = |row: &_| Columns::of(row).integer("CRL number");
        Ok(self.row("read CRL numbers", make, read).await?.unwrap_or(1))
    }
}

fn crl(row: &AnyRow) -> Result<CrlRow, Error> {
    let mut row = Columns::of(row);
    Ok(CrlRow {
        number: row.integer("CRL number")?,
        at: row.time("time of a CRL")?,
        der: row.octets("CRL")?.to_vec(),
    })
}

/// Keeps a list; false when its number is taken or below one that is.
pub(super) async fn add(
    connection: &mut AnyConnection,
    issuer: &KeyId,
    number: i64,
    name: &str,
    at: Timestamp,
    der: &[u8],
) -> Result<bool, sqlx::Error> {
    let done = query(
        "INSERT INTO crls (issuer, number, name, at, der) SELECT $1, $2, $3, $4, $5 \
         WHERE NOT EXISTS (SELECT 1 FROM crls AS later WHERE later.issuer = $1 \
         AND later.number >= $2) ON CONFLICT (issuer, number) DO NOTHING",
    )
    .bind(issuer.as_octets())
    .bind(number)
    .bind(name)
    .bind(at.unix())
    .bind(der)
    .execute(&mut *connection)
    .await?;
    if done.rows_affected() == 0 {
        return Ok(false);
    }
    query("DELETE FROM crls WHERE issuer = $1 AND number <= $2")
        .bind(issuer.as_octets())
        .bind(number - KEPT)
        .execute(connection)
        .await?;
    Ok(true)
}
