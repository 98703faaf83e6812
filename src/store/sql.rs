//! Rows to types, statements with a changing number of parts, and numbers from a counter.

use std::fmt::{Display, Write as _};
use std::str::FromStr;

use sqlx::any::{AnyArguments, AnyRow};
use sqlx::query::Query;
use sqlx::{Any, AnyConnection, AssertSqlSafe, Row as _, query};

use super::error::Error;
use crate::clock::Timestamp;

/// A statement with its values bound.
pub(super) type Statement<'q> = Query<'q, Any, AnyArguments>;

/// Reads the columns of a row from left to right.
pub(super) struct Columns<'r> {
    row: &'r AnyRow,
    next: usize,
}

impl<'r> Columns<'r> {
    pub(super) fn of(row: &'r AnyRow) -> Self {
        Self { row, next: 0 }
    }

    pub(super) fn text(&mut self, what: &'static str) -> Result<&'r str, Error> {
        self.value(what)
    }

    pub(super) fn octets(&mut self, what: &'static str) -> Result<&'r [u8], Error> {
        self.value(what)
    }

    pub(super) fn integer(&mut self, what: &'static str) -> Result<i64, Error> {
        self.value(what)
    }

    pub(super) fn optional_integer(&mut self, what: &'static str) -> Result<Option<i64>, Error> {
        self.value(what)
    }

    pub(super) fn flag(&mut self, what: &'static str) -> Result<bool, Error> {
        Ok(self.integer(what)? != 0)
    }

    pub(super) fn time(&mut self, what: &'static str) -> Result<Timestamp, Error> {
        self.integer(what).map(Timestamp::from_unix)
    }

    pub(super) fn optional_time(&mut self, what: &'static str) -> Result<Option<Timestamp>, Error> {
        Ok(self.optional_integer(what)?.map(Timestamp::from_unix))
    }

    /// A text that is a value of one of our types.
    pub(super) fn parsed<T>(&mut self, what: &'static str) -> Result<T, Error>
    where
        T: FromStr,
        T::Err: Display,
    {
        self.text(what)?.parse().map_err(|error| Error::corrupt(what, &error))
    }

    /// Octets that are a value of one of our types.
    pub(super) fn made_of<T, E: Display>(
        &mut self,
        what: &'static str,
        make: impl FnOnce(&'r [u8]) -> Result<T, E>,
    ) -> Result<T, Error> {
        make(self.octets(what)?).map_err(|error| Error::corrupt(what, &error))
    }

    fn value<T>(&mut self, what: &'static str) -> Result<T, Error>
    where
        T: sqlx::Decode<'r, Any> + sqlx::Type<Any>,
    {
        let index = self.next;
        self.next += 1;
        self.row.try_get(index).map_err(|error| Error::corrupt(what, &error))
    }
}

/// A `SELECT` whose conditions depend on what is asked. Its text is made of our own words alone;
/// values are bound.
pub(super) struct Select {
    text: String,
    values: Vec<Value>,
}

/// A value to bind.
#[derive(Clone)]
pub(super) enum Value {
    Text(String),
    Integer(i64),
    Octets(Vec<u8>),
}

impl Select {
    pub(super) fn new(text: &'static str) -> Self {
        Self { text: text.to_owned(), values: Vec::new() }
    }

    /// Appends `text` as it is.
    pub(super) fn push(&mut self, text: &'static str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends `text` with each `?` standing for `value`.
    pub(super) fn with(&mut self, text: &'static str, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        let number = format!("${}", self.values.len());
        self.text.push_str(&text.replace('?', &number));
        self
    }

    /// Appends `each` for each of the values, which its `?` stands for.
    pub(super) fn with_all<T: Into<Value>>(
        &mut self,
        each: &'static str,
        values: impl IntoIterator<Item = T>,
    ) -> &mut Self {
        for value in values {
            self.with(each, value);
        }
        self
    }

    /// Appends `head`, the values in as many places as there are few lengths of, and `)`. At least one
    /// value, at most [`TOGETHER`].
    pub(super) fn within<T: Into<Value> + Clone>(
        &mut self,
        head: &'static str,
        values: impl Iterator<Item = T>,
    ) -> &mut Self {
        let values: Vec<T> = values.collect();
        let padded = padded(values.len());
        let last = values.last().cloned();
        let missing = padded.saturating_sub(values.len());
        let all = values.into_iter().chain(last.into_iter().cycle().take(missing));
        self.push(head);
        for (index, value) in all.enumerate() {
            self.with(if index == 0 { "?" } else { ", ?" }, value);
        }
        self.push(")")
    }

    pub(super) fn into_statement(self) -> Statement<'static> {
        let mut statement = query(AssertSqlSafe(self.text));
        for value in self.values {
            statement = value.bind(statement);
        }
        statement
    }
}

impl Value {
    fn bind(self, statement: Statement<'_>) -> Statement<'_> {
        match self {
            Self::Text(text) => statement.bind(text),
            Self::Integer(integer) => statement.bind(integer),
            Self::Octets(octets) => statement.bind(octets),
        }
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Value {
    fn from(integer: i64) -> Self {
        Self::Integer(integer)
    }
}

impl From<Timestamp> for Value {
    fn from(at: Timestamp) -> Self {
        Self::Integer(at.unix())
    }
}

impl From<&[u8]> for Value {
    fn from(octets: &[u8]) -> Self {
        Self::Octets(octets.to_vec())
    }
}

/// An `INSERT` of many rows in few statements.
pub(super) struct Insert {
    /// Up to and with `VALUES`.
    pub(super) head: &'static str,
    pub(super) columns: usize,
    /// After the rows, e.g. `ON CONFLICT DO NOTHING`.
    pub(super) tail: &'static str,
}

/// Values of one `IN` at most.
pub(super) const TOGETHER: usize = 64;

/// How many places an `IN` of so many values has: few lengths, so that few statements need to be
/// prepared. What is missing is filled with the last value again.
fn padded(values: usize) -> usize {
    [1, 4, 16].into_iter().find(|length| values <= *length).unwrap_or(TOGETHER)
}

/// Runs a statement for the rows that one of many values finds, [`TOGETHER`] of them at once. `head`
/// ends with `IN (` and uses the first places for `fixed`; `tail` goes on with `)`.
pub(super) async fn within<'q, T>(
    connection: &mut AnyConnection,
    head: &'static str,
    fixed: &[Value],
    values: &[T],
    tail: &'static str,
) -> Result<Vec<AnyRow>, sqlx::Error>
where
    T: Copy + sqlx::Encode<'q, Any> + sqlx::Type<Any> + 'q,
{
    let mut rows = Vec::with_capacity(values.len());
    for chunk in values.chunks(TOGETHER) {
        let places = padded(chunk.len());
        let mut text = String::with_capacity(head.len() + tail.len() + places * 5);
        text.push_str(head);
        for place in 1..=places {
            let comma = if place == 1 { "" } else { ", " };
            // Writing to a `String` does not fail.
            let _ = write!(text, "{comma}${}", fixed.len() + place);
        }
        text.push_str(tail);
        let statement = query(AssertSqlSafe(text));
        let mut statement =
            fixed.iter().fold(statement, |statement, value| value.clone().bind(statement));
        let last = chunk.last().into_iter().cycle().take(places - chunk.len());
        for value in chunk.iter().chain(last) {
            statement = statement.bind(*value);
        }
        rows.extend(statement.fetch_all(&mut *connection).await?);
    }
    Ok(rows)
}

/// Pairs by their first half, each in the order in which it came.
pub(super) fn grouped<A: PartialEq, B>(pairs: &[(A, B)]) -> Vec<(&A, Vec<&B>)> {
    let mut groups: Vec<(&A, Vec<&B>)> = Vec::new();
    for (first, second) in pairs {
        match groups.iter_mut().find(|(of, _)| *of == first) {
            Some((_, group)) => group.push(second),
            None => groups.push((first, vec![second])),
        }
    }
    groups
}

impl Insert {
    /// Inserts `rows`, whose values `bind` appends in the order of the columns; tells how many were
    /// inserted.
    pub(super) async fn run<R>(
        &self,
        connection: &mut AnyConnection,
        rows: &[R],
        bind: for<'q> fn(Statement<'q>, &'q R) -> Statement<'q>,
    ) -> Result<usize, sqlx::Error> {
        let mut inserted = 0;
        for chunk in chunks(rows) {
            let statement = self.statement(chunk, bind);
            inserted += statement.execute(&mut *connection).await?.rows_affected();
        }
        Ok(usize::try_from(inserted).unwrap_or(usize::MAX))
    }

    /// The same for a `tail` with `RETURNING`.
    pub(super) async fn returning<R>(
        &self,
        connection: &mut AnyConnection,
        rows: &[R],
        bind: for<'q> fn(Statement<'q>, &'q R) -> Statement<'q>,
    ) -> Result<Vec<AnyRow>, sqlx::Error> {
        let mut returned = Vec::with_capacity(rows.len());
        for chunk in chunks(rows) {
            returned.extend(self.statement(chunk, bind).fetch_all(&mut *connection).await?);
        }
        Ok(returned)
    }

    fn statement<'q, R>(
        &self,
        rows: &'q [R],
        bind: fn(Statement<'q>, &'q R) -> Statement<'q>,
    ) -> Statement<'q> {
        let statement = query(AssertSqlSafe(self.text(rows.len())));
        rows.iter().fold(statement, bind)
    }

    fn text(&self, rows: usize) -> String {
        let mut text = String::with_capacity(self.head.len() + rows * self.columns * 6 + 64);
        text.push_str(self.head);
        for row in 0..rows {
            text.push_str(if row == 0 { " (" } else { ", (" });
            for column in 1..=self.columns {
                let comma = if column == 1 { "" } else { ", " };
                // Writing to a `String` does not fail.
                let _ = write!(text, "{comma}${}", row * self.columns + column);
            }
            text.push(')');
        }
        text.push(' ');
        text.push_str(self.tail);
        text
    }
}

/// Rows in pieces of few lengths, so that few statements need to be prepared.
fn chunks<R>(mut rows: &[R]) -> impl Iterator<Item = &[R]> {
    std::iter::from_fn(move || {
        let piece =
            [64, 32, 16, 8, 4, 2, 1].into_iter().find_map(|length| rows.split_at_checked(length));
        let (piece, rest) = piece?;
        rows = rest;
        Some(piece)
    })
}

/// Takes `count` numbers from a counter and gives the first. The counter is locked until the
/// transaction ends, so its numbers are in the order of the commits.
pub(super) async fn take_numbers(
    connection: &mut AnyConnection,
    counter: &'static str,
    count: usize,
) -> Result<i64, sqlx::Error> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    let row = query("UPDATE counters SET value = value + $1 WHERE name = $2 RETURNING value")
        .bind(count)
        .bind(counter)
        .fetch_one(connection)
        .await?;
    let last: i64 = row.try_get(0)?;
    Ok(last - count + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_an_insert_are_numbered_through() {
        let insert = Insert { head: "INSERT INTO t VALUES", columns: 2, tail: "END" };
        assert_eq!(insert.text(2), "INSERT INTO t VALUES ($1, $2), ($3, $4) END");
    }

    #[test]
    fn a_select_numbers_its_values() {
        let mut select = Select::new("SELECT 1");
        select.with(" WHERE (a = ? OR b = ?)", "x").push(" AND c IN (NULL").with_all(", ?", [1, 2]);
        assert_eq!(select.text, "SELECT 1 WHERE (a = $1 OR b = $1) AND c IN (NULL, $2, $3");
    }
}
