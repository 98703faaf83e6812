//! Identities: who may enroll, with which attributes.

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Row as _, query};

use super::error::Error;
use super::reader::Reader;
use super::row::Identity;
use super::sql::{Columns, Insert, Select, grouped, within};
use crate::clock::Timestamp;
use crate::id::{Affiliation, CaName, EnrollmentId};

/// Which identities are asked for; the default is all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdentityFilter {
    /// Only those at or below this affiliation.
    pub scope: Option<Affiliation>,
    /// Only those of one of these kinds; the case of ASCII letters does not matter.
    pub kinds: Option<Vec<String>>,
}

const COLUMNS: &str = "SELECT ca, id, kind, affiliation, attributes, secret, max_enrollments, \
     enrollments, revoked_at, version, created_at FROM identities";

impl Reader {
    /// The identity of this name.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn identity(&self, ca: &CaName, id: &str) -> Result<Option<Identity>, Error> {
        let ask = |keys: Vec<(CaName, String)>| async move {
            let mut found = Vec::with_capacity(keys.len());
            for (ca, ids) in grouped(&keys) {
                let make = || {
                    let mut select = Select::new(COLUMNS);
                    select.with(" WHERE ca = ?", ca.as_str());
                    select.within(" AND id IN (", ids.iter().copied().map(String::as_str));
                    select.into_statement()
                };
                found.extend(self.rows("read an identity", make, identity).await?);
            }
            let keyed = |row: Identity| ((row.ca.clone(), row.id.as_str().to_owned()), row);
            Ok(found.into_iter().map(keyed).collect())
        };
        self.identities.get((ca.clone(), id.to_owned()), ask).await
    }

    /// At most `limit` identities after the one named `after`, by name in the database's order.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn identities(
        &self,
        ca: &CaName,
        filter: &IdentityFilter,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Vec<Identity>, Error> {
        let make = || {
            let mut select = Select::new(COLUMNS);
            select.with(" WHERE ca = ?", ca.as_str());
            if let Some(after) = after {
                select.with(" AND id > ?", after);
            }
            if let Some(kinds) = &filter.kinds {
                // The NULL is equal to nothing; without it, no kinds would be no SQL.
                let kinds = kinds.iter().map(String::as_str);
                select.push(" AND lower(kind) IN (NULL").with_all(", lower(?)", kinds).push(")");
            }
            if let Some(scope) = filter.scope.as_ref().filter(|scope| !scope.is_root()) {
                select.with(BELOW, scope.as_str());
            }
            select.with(" ORDER BY id LIMIT ?", i64::from(limit));
            select.into_statement()
        };
        self.rows("read identities", make, identity).await
    }

    /// Counts up with each commit that changes identities, other than by enrolling.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn identities_version(&self) -> Result<i64, Error> {
        self.counter("identities").await
    }

    /// All identities at or below an affiliation, by name in the database's order.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn identities_under(
        &self,
        ca: &CaName,
        affiliation: &Affiliation,
    ) -> Result<Vec<Identity>, Error> {
        let filter = IdentityFilter { scope: Some(affiliation.clone()), kinds: None };
        self.identities(ca, &filter, None, u32::MAX).await
    }
}

// Not `LIKE`, whose wildcards may stand in names; not a range, whose order is the collation's.
const BELOW: &str = " AND (affiliation = ? OR substr(affiliation, 1, length(?) + 1) = ? || '.')";

fn identity(row: &AnyRow) -> Result<Identity, Error> {
    let mut row = Columns::of(row);
    Ok(Identity {
        ca: row.parsed("CA name")?,
        id: row.parsed("enrollment ID")?,
        kind: row.text("type of an identity")?.to_owned(),
        affiliation: row.parsed("affiliation")?,
        attributes: serde_json::from_str(row.text("attributes")?)
            .map_err(|_| Error::corrupt("attributes", &"not the JSON that we write"))?,
        secret: row.text("secret")?.to_owned(),
        max_enrollments: row.integer("limit of enrollments")?,
        enrollments: row.integer("count of enrollments")?,
        revoked_at: row.optional_time("time of revocation")?,
        version: row.integer("version")?,
        created_at: row.time("time of registration")?,
    })
}

fn attributes_text(identity: &Identity) -> Result<String, sqlx::Error> {
    serde_json::to_string(&identity.attributes).map_err(|error| sqlx::Error::Encode(error.into()))
}

/// Inserts an identity; false when the name is taken.
pub(super) async fn add(
    connection: &mut AnyConnection,
    identity: &Identity,
) -> Result<bool, sqlx::Error> {
    Ok(!add_all(connection, &[identity]).await?.is_empty())
}

const INSERT: Insert = Insert {
    head: "INSERT INTO identities (ca, id, kind, affiliation, attributes, secret, \
           max_enrollments, enrollments, revoked_at, version, created_at) VALUES",
    columns: 11,
    tail: "ON CONFLICT (ca, id) DO NOTHING RETURNING ca, id",
};

/// Inserts identities; tells the CA and name of those whose name was free.
pub(super) async fn add_all(
    connection: &mut AnyConnection,
    identities: &[&Identity],
) -> Result<Vec<(String, String)>, sqlx::Error> {
    let mut rows = Vec::with_capacity(identities.len());
    for identity in identities {
        rows.push((*identity, attributes_text(identity)?));
    }
    let added = INSERT
        .returning(connection, &rows, |statement, (identity, attributes)| {
            statement
                .bind(identity.ca.as_str())
                .bind(identity.id.as_str())
                .bind(&*identity.kind)
                .bind(identity.affiliation.as_str())
                .bind(&**attributes)
                .bind(&*identity.secret)
                .bind(identity.max_enrollments)
                .bind(identity.enrollments)
                .bind(identity.revoked_at.map(Timestamp::unix))
                .bind(identity.version)
                .bind(identity.created_at.unix())
        })
        .await?;
    added.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect()
}

/// Replaces what a registrar may change; false when it is not at `version` any more.
pub(super) async fn update(
    connection: &mut AnyConnection,
    identity: &Identity,
    version: i64,
) -> Result<bool, sqlx::Error> {
    let done = query(
        "UPDATE identities SET kind = $4, affiliation = $5, attributes = $6, secret = $7, \
         max_enrollments = $8, version = version + 1 WHERE ca = $1 AND id = $2 AND version = $3",
    )
    .bind(identity.ca.as_str())
    .bind(identity.id.as_str())
    .bind(version)
    .bind(&*identity.kind)
    .bind(identity.affiliation.as_str())
    .bind(attributes_text(identity)?)
    .bind(&*identity.secret)
    .bind(identity.max_enrollments)
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes an identity; false when it is not at `version` any more.
pub(super) async fn remove(
    connection: &mut AnyConnection,
    ca: &CaName,
    id: &EnrollmentId,
    version: i64,
) -> Result<bool, sqlx::Error> {
    let done = query("DELETE FROM identities WHERE ca = $1 AND id = $2 AND version = $3")
        .bind(ca.as_str())
        .bind(id.as_str())
        .bind(version)
        .execute(connection)
        .await?;
    Ok(done.rows_affected() == 1)
}

/// Revokes an identity, or leaves it revoked; false when there is none.
pub(super) async fn revoke(
    connection: &mut AnyConnection,
    ca: &CaName,
    id: &EnrollmentId,
    at: Timestamp,
) -> Result<bool, sqlx::Error> {
    let done = query(
        "UPDATE identities SET revoked_at = COALESCE(revoked_at, $3), \
         version = version + CASE WHEN revoked_at IS NULL THEN 1 ELSE 0 END \
         WHERE ca = $1 AND id = $2",
    )
    .bind(ca.as_str())
    .bind(id.as_str())
    .bind(at.unix())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Takes `count` enrollments of an identity that is not revoked; false when it has none left under
/// its own limit and `cap`, where -1 is no limit. With a count of 0 it only holds the identity until
/// the commit, so that it is not revoked meanwhile.
pub(super) async fn take_enrollment(
    connection: &mut AnyConnection,
    ca: &CaName,
    id: &str,
    count: i64,
    cap: i64,
) -> Result<bool, sqlx::Error> {
    Ok(!take_enrollments(connection, ca, &[id], count, cap).await?.is_empty())
}

/// The same for several identities, `count` of each; tells the names of those that had as many left.
pub(super) async fn take_enrollments(
    connection: &mut AnyConnection,
    ca: &CaName,
    ids: &[&str],
    count: i64,
    cap: i64,
) -> Result<Vec<String>, sqlx::Error> {
    const HEAD: &str = "UPDATE identities SET enrollments = enrollments + $1 \
         WHERE ca = $2 AND revoked_at IS NULL AND ($1 = 0 OR \
         ((max_enrollments = -1 OR enrollments + $1 <= max_enrollments) \
         AND ($3 = -1 OR enrollments + $1 <= $3))) AND id IN (";
    let fixed = [count.into(), ca.as_str().into(), cap.into()];
    let rows = within(connection, HEAD, &fixed, ids, ") RETURNING id").await?;
    rows.iter().map(|row| row.try_get(0)).collect()
}

/// Gives back an enrollment that was taken at `taken`, unless the name belongs to a later identity.
pub(super) async fn give_back_enrollment(
    connection: &mut AnyConnection,
    ca: &str,
    id: &str,
    taken: i64,
) -> Result<(), sqlx::Error> {
    query(
        "UPDATE identities SET enrollments = enrollments - 1 \
         WHERE ca = $1 AND id = $2 AND enrollments > 0 AND created_at <= $3",
    )
    .bind(ca)
    .bind(id)
    .bind(taken)
    .execute(connection)
    .await
    .map(drop)
}

/// Moves all identities at or below `from` to `to`.
pub(super) async fn relocate(
    connection: &mut AnyConnection,
    ca: &CaName,
    from: &Affiliation,
    to: &Affiliation,
) -> Result<(), sqlx::Error> {
    query(
        "UPDATE identities SET affiliation = $3 || substr(affiliation, length($2) + 1), \
         version = version + 1 \
         WHERE ca = $1 AND (affiliation = $2 OR substr(affiliation, 1, length($2) + 1) = $2 || '.')",
    )
    .bind(ca.as_str())
    .bind(from.as_str())
    .bind(to.as_str())
    .execute(connection)
    .await
    .map(drop)
}

/// Whether any identity is at or below an affiliation.
pub(super) async fn any_below(
    connection: &mut AnyConnection,
    ca: &CaName,
    affiliation: &Affiliation,
) -> Result<bool, sqlx::Error> {
    let found = query(
        "SELECT 1 FROM identities WHERE ca = $1 \
         AND (affiliation = $2 OR substr(affiliation, 1, length($2) + 1) = $2 || '.') LIMIT 1",
    )
    .bind(ca.as_str())
    .bind(affiliation.as_str())
    .fetch_optional(connection)
    .await?;
    Ok(found.is_some())
}
