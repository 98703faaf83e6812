//! What lists of revoked certificates carry: revoked certificates, and serial numbers that may have
//! been signed but were never kept.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, query};

use super::error::Error;
use super::reader::Reader;
use super::sql::{Columns, Select};
use crate::clock::Timestamp;
use crate::id::{KeyId, SerialNumber};

/// An entry for a list of revoked certificates.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedRow {
    /// What is revoked.
    pub serial: SerialNumber,
    /// Since when.
    pub at: Timestamp,
    /// Why. [RFC 5280 section 5.3.1](https://www.rfc-editor.org/rfc/rfc5280#section-5.3.1)
    pub reason_code: i64,
}

/// Which revoked certificates are asked for; the default is all. The ends do not belong to the spans.
///
/// A serial number without a certificate counts as one that never expires.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct RevokedFilter {
    /// Only those revoked after this instant.
    pub revoked_after: Option<Timestamp>,
    /// Only those revoked before this instant.
    pub revoked_before: Option<Timestamp>,
    /// Only those that expire after this instant.
    pub expires_after: Option<Timestamp>,
    /// Only those that expire before this instant.
    pub expires_before: Option<Timestamp>,
}

impl Reader {
    /// What is revoked of an issuer: certificates in the order in which they were kept, then
    /// serial numbers without one. Two statements.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn revoked(
        &self,
        issuer: &KeyId,
        filter: &RevokedFilter,
    ) -> Result<Vec<RevokedRow>, Error> {
        let of_certificates = || {
            let mut select = Select::new(
                "SELECT serial, revoked_at, COALESCE(reason, 0) FROM certificates \
                 WHERE revoked_at IS NOT NULL",
            );
            select.with(" AND issuer = ?", issuer.as_octets());
            filter.narrow(&mut select);
            if let Some(at) = filter.expires_after {
                select.with(" AND not_after > ?", at);
            }
            if let Some(at) = filter.expires_before {
                select.with(" AND not_after < ?", at);
            }
            select.push(" ORDER BY position");
            select.into_statement()
        };
        let of_abandoned = || {
            let mut select = Select::new("SELECT serial, revoked_at, reason FROM revocations");
            select.with(" WHERE issuer = ?", issuer.as_octets());
            filter.narrow(&mut select);
            select.push(" ORDER BY revoked_at, serial");
            select.into_statement()
        };
        let mut rows = self.rows("read revoked certificates", of_certificates, revoked).await?;
        if filter.expires_before.is_none() {
            rows.extend(self.rows("read revoked serial numbers", of_abandoned, revoked).await?);
        }
        Ok(rows)
    }

    /// Counts up with each commit that revokes something, of whichever issuer.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn revocations_version(&self) -> Result<i64, Error> {
        self.counter("revocations").await
    }

    /// How many are revoked of an issuer: as many as [`Reader::revoked`] tells without a filter. None
    /// that is revoked ever ceases to be.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn revoked_count(&self, issuer: &KeyId) -> Result<usize, Error> {
        let make = || {
            query(
                "SELECT (SELECT COUNT(*) FROM certificates \
                 WHERE issuer = $1 AND revoked_at IS NOT NULL) \
                 + (SELECT COUNT(*) FROM revocations WHERE issuer = $1)",
            )
            .bind(issuer.as_octets())
        };
        let read = |row: &AnyRow| Columns::of(row).integer("count");
        let count = self.row("count what is revoked", make, read).await?;
        Ok(usize::try_from(count.unwrap_or(0)).unwrap_or(0))
    }

    /// Whether a serial number was given up after it may have been signed.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn revoked_without_certificate(
        &self,
        issuer: &KeyId,
        serial: &SerialNumber,
    ) -> Result<Option<RevokedRow>, Error> {
        let make = || {
            query(
                "SELECT serial, revoked_at, reason FROM revocations \
                 WHERE issuer = $1 AND serial = $2",
            )
            .bind(issuer.as_octets())
            .bind(serial.as_octets())
        };
        self.row("read a revoked serial number", make, revoked).await
    }
}

impl RevokedFilter {
    fn narrow(&self, select: &mut Select) {
        if let Some(at) = self.revoked_after {
            select.with(" AND revoked_at > ?", at);
        }
        if let Some(at) = self.revoked_before {
            select.with(" AND revoked_at < ?", at);
        }
    }
}

fn revoked(row: &AnyRow) -> Result<RevokedRow, Error> {
    let mut row = Columns::of(row);
    Ok(RevokedRow {
        serial: row.made_of("serial number", SerialNumber::from_octets)?,
        at: row.time("time of revocation")?,
        reason_code: row.integer("reason of revocation")?,
    })
}

/// Notes a serial number that may have been signed.
pub(super) async fn add(
    connection: &mut AnyConnection,
    issuer: &KeyId,
    serial: &SerialNumber,
    at: Timestamp,
    reason_code: i64,
) -> Result<(), sqlx::Error> {
    query(
        "INSERT INTO revocations (issuer, serial, revoked_at, reason) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (issuer, serial) DO NOTHING",
    )
    .bind(issuer.as_octets())
    .bind(serial.as_octets())
    .bind(at.unix())
    .bind(reason_code)
    .execute(connection)
    .await
    .map(drop)
}
