//! Facts about the database itself.

use sqlx::{AnyConnection, query};

use super::error::Error;
use super::reader::Reader;
use super::sql::Columns;

impl Reader {
    /// What [`SetProperty`](super::Change::SetProperty) kept under this name.
    ///
    /// # Errors
    /// [`Error::Busy`], [`Error::Unavailable`] or [`Error::Corrupt`].
    pub async fn property(&self, name: &str) -> Result<Option<String>, Error> {
        let make = || query("SELECT value FROM properties WHERE name = $1").bind(name);
        self.row("read a property", make, |row| Columns::of(row).parsed("property")).await
    }
}

/// Keeps a fact.
pub(super) async fn set(
    connection: &mut AnyConnection,
    name: &str,
    value: &str,
) -> Result<(), sqlx::Error> {
    query(
        "INSERT INTO properties (name, value) VALUES ($1, $2) \
         ON CONFLICT (name) DO UPDATE SET value = excluded.value",
    )
    .bind(name)
    .bind(value)
    .execute(connection)
    .await
    .map(drop)
}
