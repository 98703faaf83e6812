//! Certificates that were issued.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _, query};

use super::error::{Error, Failure};
use super::reader::Reader;
use super::row::{CertificateCursor, CertificateRow};
use super::sql::{Columns, Insert, Select, grouped, take_numbers, within};
use crate::clock::Timestamp;
use crate::id::{Affiliation, CaName, KeyId, SerialNumber};

/// Which certificates are asked for; the default is all of the CA.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateFilter {
    /// Only those of this owner.
    pub enrollment_id: Option<String>,
    /// Only those with this serial number. Quick when `issuers` are given as well.
    pub serial: Option<SerialNumber>,
    /// Only those of one of these issuers.
    pub issuers: Option<Vec<KeyId>>,
    /// Only those that are not revoked.
    pub not_revoked: bool,
    /// Only those that were revoked in this span.
    pub revoked: Option<Span>,
    /// Only those that expire at this instant or later.
    pub not_expired_at: Option<Timestamp>,
    /// Only those that expire in this span.
    pub expires: Option<Span>,
    /// Only those whose owner is registered at or below this affiliation. With `Some` of the root:
    /// whose owner is registered.
    pub scope: Option<Affiliation>,
}

/// A span of time; both ends belong to it, and an absent one is no limit.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Span {
    /// The first instant.
    pub from: Option<Timestamp>,
    /// The last instant.
    pub until: Option<Timestamp>,
}

const COLUMNS: &str = "SELECT ca, issuer, serial, enrollment_id, not_before, not_after, der, \
     revoked_at, reason FROM certificates";

impl Reader {
    /// The certificate with this serial number.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn certificate(
        &self,
        issuer: &KeyId,
        serial: &SerialNumber,
    ) -> Result<Option<CertificateRow>, Error> {
        let ask = |keys: Vec<(KeyId, SerialNumber)>| async move {
            let mut found = Vec::with_capacity(keys.len());
            for (issuer, serials) in grouped(&keys) {
                let make = || {
                    let mut select = Select::new(COLUMNS);
                    select.with(" WHERE issuer = ?", issuer.as_octets());
                    let serials = serials.iter().copied().map(SerialNumber::as_octets);
                    select.within(" AND serial IN (", serials);
                    select.into_statement()
                };
                found.extend(self.rows("read a certificate", make, certificate).await?);
            }
            let keyed = |row: CertificateRow| ((row.issuer.clone(), row.serial.clone()), row);
            Ok(found.into_iter().map(keyed).collect())
        };
        self.certificates.get((issuer.clone(), serial.clone()), ask).await
    }

    /// At most `limit` certificates after `after`, in the order in which they were kept.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn certificates(
        &self,
        ca: &CaName,
        filter: &CertificateFilter,
        after: Option<&CertificateCursor>,
        limit: u32,
    ) -> Result<Vec<CertificateRow>, Error> {
        let make = || {
            let mut select = Select::new(COLUMNS);
            select.with(" WHERE ca = ?", ca.as_str());
            filter.narrow(&mut select);
            let position = filter.position();
            if let Some(after) = after {
                select
                    .push(" AND ")
                    .push(position)
                    .push(" > (SELECT last.position FROM certificates AS last WHERE")
                    .with(" last.issuer = ?", after.issuer.as_octets())
                    .with(" AND last.serial = ?)", after.serial.as_octets());
            }
            select.push(" ORDER BY ").push(position).with(" LIMIT ?", i64::from(limit));
            select.into_statement()
        };
        self.rows("read certificates", make, certificate).await
    }

    /// How many certificates of a CA end in this span, without those that are revoked.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn ending_count(
        &self,
        ca: &CaName,
        from: Timestamp,
        until: Timestamp,
    ) -> Result<i64, Error> {
        let make = || {
            query(
                "SELECT COUNT(*) FROM certificates WHERE ca = $1 AND not_after >= $2 AND not_after <= $3 \
                 AND revoked_at IS NULL",
            )
            .bind(ca.as_str())
            .bind(from.unix())
            .bind(until.unix())
        };
        let read = |row: &AnyRow| Columns::of(row).integer("count");
        Ok(self.row("count certificates that end", make, read).await?.unwrap_or(0))
    }

    /// All certificates of an owner, in the order in which they were kept.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn certificates_of(
        &self,
        ca: &CaName,
        enrollment_id: &str,
    ) -> Result<Vec<CertificateRow>, Error> {
        let filter = CertificateFilter {
            enrollment_id: Some(enrollment_id.to_owned()),
            ..CertificateFilter::default()
        };
        self.certificates(ca, &filter, None, u32::MAX).await
    }
}

impl CertificateFilter {
    fn narrow(&self, select: &mut Select) {
        if let Some(owner) = &self.enrollment_id {
            select.with(" AND enrollment_id = ?", owner.as_str());
        }
        if let Some(serial) = &self.serial {
            select.with(" AND serial = ?", serial.as_octets());
        }
        if let Some(issuers) = &self.issuers {
            let issuers = issuers.iter().map(KeyId::as_octets);
            // The NULL is equal to nothing; without it, no issuers would be no SQL.
            select.push(" AND issuer IN (NULL").with_all(", ?", issuers).push(")");
        }
        if self.not_revoked {
            select.push(" AND revoked_at IS NULL");
        }
        if let Some(span) = self.revoked {
            select.push(" AND revoked_at IS NOT NULL");
            span.narrow(select, " AND revoked_at >= ?", " AND revoked_at <= ?");
        }
        if let Some(at) = self.not_expired_at {
            select.with(" AND not_after + 0 >= ?", at);
        }
        match self.expires {
            Some(span) if span.is_closed() && self.enrollment_id.is_none() => {
                span.narrow(select, " AND not_after >= ?", " AND not_after <= ?");
            }
            Some(span) => {
                span.narrow(select, " AND not_after + 0 >= ?", " AND not_after + 0 <= ?");
            }
            None => {}
        }
        if let Some(scope) = &self.scope {
            select.push(
                " AND EXISTS (SELECT 1 FROM identities WHERE identities.ca = certificates.ca \
                 AND identities.id = certificates.enrollment_id",
            );
            if !scope.is_root() {
                select.with(
                    " AND (affiliation = ? OR substr(affiliation, 1, length(?) + 1) = ? || '.')",
                    scope.as_str(),
                );
            }
            select.push(")");
        }
    }
}

impl CertificateFilter {
    /// What the list is sorted by. SQLite, which keeps no statistics, would read the whole CA in order
    /// for the few that were asked for; a sum has no index, so that it takes the one of what was asked
    /// for. Where that may be nearly all (`not_after + 0`), reading in order is right.
    fn position(&self) -> &'static str {
        let few = match (&self.serial, &self.enrollment_id) {
            (Some(_), _) => true,
            // Its index is in order.
            (None, Some(_)) => false,
            (None, None) => self.revoked.is_some() || self.expires.is_some_and(Span::is_closed),
        };
        if few { "position + 0" } else { "position" }
    }
}

impl Span {
    fn is_closed(self) -> bool {
        self.from.is_some() && self.until.is_some()
    }

    fn narrow(self, select: &mut Select, from: &'static str, until: &'static str) {
        if let Some(at) = self.from {
            select.with(from, at);
        }
        if let Some(at) = self.until {
            select.with(until, at);
        }
    }
}

fn certificate(row: &AnyRow) -> Result<CertificateRow, Error> {
    let mut row = Columns::of(row);
    Ok(CertificateRow {
        ca: row.parsed("CA name")?,
        issuer: row.made_of("key identifier", KeyId::from_octets)?,
        serial: row.made_of("serial number", SerialNumber::from_octets)?,
        enrollment_id: row.text("enrollment ID")?.to_owned(),
        not_before: row.time("begin of validity")?,
        not_after: row.time("end of validity")?,
        der: row.octets("certificate")?.to_vec(),
        revoked_at: row.optional_time("time of revocation")?,
        reason_code: row.optional_integer("reason of revocation")?,
    })
}

const INSERT: Insert = Insert {
    head: "INSERT INTO certificates (issuer, serial, ca, enrollment_id, not_before, not_after, \
           revoked_at, reason, position, der) VALUES",
    columns: 10,
    tail: "ON CONFLICT DO NOTHING",
};

/// Inserts certificates; tells how many of them were not there.
pub(super) async fn insert(
    connection: &mut AnyConnection,
    certificates: &[&CertificateRow],
) -> Result<usize, sqlx::Error> {
    let first = take_numbers(connection, "certificates", certificates.len()).await?;
    let rows: Vec<(i64, &CertificateRow)> = (first..).zip(certificates.iter().copied()).collect();
    INSERT
        .run(connection, &rows, |statement, (position, row)| {
            statement
                .bind(row.issuer.as_octets())
                .bind(row.serial.as_octets())
                .bind(row.ca.as_str())
                .bind(&*row.enrollment_id)
                .bind(row.not_before.unix())
                .bind(row.not_after.unix())
                .bind(row.revoked_at.map(Timestamp::unix))
                .bind(row.reason_code)
                .bind(*position)
                .bind(&*row.der)
        })
        .await
}

/// Revokes certificates; tells the serial numbers of those that were there and not revoked.
pub(super) async fn revoke(
    connection: &mut AnyConnection,
    issuer: &KeyId,
    serials: &[&[u8]],
    at: Timestamp,
    reason_code: i64,
) -> Result<Vec<Vec<u8>>, sqlx::Error> {
    const HEAD: &str = "UPDATE certificates SET revoked_at = $1, reason = $2 \
         WHERE issuer = $3 AND revoked_at IS NULL AND serial IN (";
    let fixed = [at.into(), reason_code.into(), issuer.as_octets().into()];
    let rows = within(connection, HEAD, &fixed, serials, ") RETURNING serial").await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Revokes every certificate of an owner that is not revoked; tells which, in the order in which
/// they were kept.
pub(super) async fn revoke_all_of(
    connection: &mut AnyConnection,
    ca: &CaName,
    enrollment_id: &str,
    at: Timestamp,
    reason_code: i64,
) -> Result<Vec<(KeyId, SerialNumber)>, Failure> {
    let rows = query(
        "UPDATE certificates SET revoked_at = $3, reason = $4 \
         WHERE ca = $1 AND enrollment_id = $2 AND revoked_at IS NULL \
         RETURNING issuer, serial, position",
    )
    .bind(ca.as_str())
    .bind(enrollment_id)
    .bind(at.unix())
    .bind(reason_code)
    .fetch_all(connection)
    .await?;
    let mut revoked = Vec::with_capacity(rows.len());
    for row in &rows {
        let position: i64 = row.try_get(2).map_err(|error| Error::corrupt("position", &error))?;
        let mut row = Columns::of(row);
        let issuer = row.made_of("key identifier", KeyId::from_octets)?;
        revoked.push((position, issuer, row.made_of("serial number", SerialNumber::from_octets)?));
    }
    revoked.sort_by_key(|(position, ..)| *position);
    Ok(revoked.into_iter().map(|(_, issuer, serial)| (issuer, serial)).collect())
}
