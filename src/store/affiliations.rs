//! Affiliations: the tree that identities belong to.

use sqlx::{AnyConnection, query};

use super::error::Error;
use super::identities;
use super::reader::Reader;
use super::sql::Columns;
use crate::id::{Affiliation, CaName};

impl Reader {
    /// All affiliations of a CA, sorted by their octets; parents stand before what is below them.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn affiliations(&self, ca: &CaName) -> Result<Vec<Affiliation>, Error> {
        let make = || query("SELECT name FROM affiliations WHERE ca = $1").bind(ca.as_str());
        let read = |row: &_| Columns::of(row).parsed("affiliation");
        let mut names: Vec<Affiliation> = self.rows("read affiliations", make, read).await?;
        // Here and not in SQL, whose order is the database's collation.
        names.sort();
        Ok(names)
    }

    /// Whether a CA has this affiliation. The root is always there.
    ///
    /// # Errors
    /// [`Error::Busy`] or [`Error::Unavailable`].
    pub async fn affiliation_exists(&self, ca: &CaName, name: &Affiliation) -> Result<bool, Error> {
        if name.is_root() {
            return Ok(true);
        }
        let make = || {
            query("SELECT 1 FROM affiliations WHERE ca = $1 AND name = $2")
                .bind(ca.as_str())
                .bind(name.as_str())
        };
        Ok(self.row("read an affiliation", make, |_| Ok(())).await?.is_some())
    }
}

/// Inserts an affiliation; false when it is there.
pub(super) async fn add(
    connection: &mut AnyConnection,
    ca: &CaName,
    name: &Affiliation,
) -> Result<bool, sqlx::Error> {
    let done = query(
        "INSERT INTO affiliations (ca, name) VALUES ($1, $2) ON CONFLICT (ca, name) DO NOTHING",
    )
    .bind(ca.as_str())
    .bind(name.as_str())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() == 1)
}

/// Removes an affiliation and those below it; false when there is none.
pub(super) async fn remove(
    connection: &mut AnyConnection,
    ca: &CaName,
    under: &Affiliation,
) -> Result<bool, sqlx::Error> {
    let done = query(
        "DELETE FROM affiliations WHERE ca = $1 \
         AND (name = $2 OR substr(name, 1, length($2) + 1) = $2 || '.')",
    )
    .bind(ca.as_str())
    .bind(under.as_str())
    .execute(connection)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Renames an affiliation, those below it and where identities belong; false, with nothing written,
/// when `from` is not there or something is at or below `to`.
pub(super) async fn rename(
    connection: &mut AnyConnection,
    ca: &CaName,
    from: &Affiliation,
    to: &Affiliation,
) -> Result<bool, sqlx::Error> {
    let taken = query(
        "SELECT 1 FROM affiliations WHERE ca = $1 \
         AND (name = $2 OR substr(name, 1, length($2) + 1) = $2 || '.') LIMIT 1",
    )
    .bind(ca.as_str())
    .bind(to.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    if taken.is_some() || to.is_root() {
        return Ok(false);
    }
    let renamed = query(
        "UPDATE affiliations SET name = $3 || substr(name, length($2) + 1) WHERE ca = $1 \
         AND (name = $2 OR substr(name, 1, length($2) + 1) = $2 || '.')",
    )
    .bind(ca.as_str())
    .bind(from.as_str())
    .bind(to.as_str())
    .execute(&mut *connection)
    .await?;
    if renamed.rows_affected() == 0 {
        return Ok(false);
    }
    identities::relocate(connection, ca, from, to).await?;
    Ok(true)
}
