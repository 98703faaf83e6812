//! What can go wrong with the store.

use std::path::PathBuf;
use std::sync::Arc;

/// Why the store did not do what it was asked for.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// The queue of writes, or every read connection, is taken; nothing was written.
    #[error("the database is busy")]
    Busy,
    /// A guard found the world changed, or a follower found that its deed cannot be done; nothing of
    /// the deed was written. Names what was not as expected; see [`Change`](super::Change).
    #[error("the {0} is not as expected")]
    Lost(&'static str),
    /// The database did not do it. After `commit` it is not known whether the deed is done.
    #[error("could not {operation}")]
    Unavailable {
        /// What was tried, e.g. `commit`.
        operation: &'static str,
        /// What the database said.
        source: Arc<sqlx::Error>,
    },
    /// A row says what no row of ours can say.
    #[error("the database holds an unreadable {what}: {detail}")]
    Corrupt {
        /// The column.
        what: &'static str,
        /// Why it cannot be read; holds no row's content.
        detail: String,
    },
    /// Another process, or another `Store` of this one, has the SQLite file open.
    #[error("the database `{path}` is open in another process")]
    InUse {
        /// The database's file.
        path: PathBuf,
    },
    /// The options name no database that we can open.
    #[error("bad database URL: {0}")]
    BadUrl(String),
}

impl Error {
    /// For `map_err`: an error of the database while we tried to do `operation`.
    pub(super) fn during(operation: &'static str) -> impl FnOnce(sqlx::Error) -> Self {
        move |source| Self::Unavailable { operation, source: Arc::new(source) }
    }

    /// A column that does not hold what it should.
    pub(super) fn corrupt(what: &'static str, detail: &impl ToString) -> Self {
        Self::Corrupt { what, detail: detail.to_string() }
    }
}

/// Why a transaction must be undone, or a read gave nothing.
#[derive(Debug)]
pub(super) enum Failure {
    /// A deed lost after it had written something.
    Lost(&'static str),
    /// The database refused a statement, or went away.
    Database(sqlx::Error),
    /// A row could not be read.
    Unreadable(Error),
}

impl Failure {
    /// What the asker is told who wanted to do `operation`.
    pub(super) fn into_error(self, operation: &'static str) -> Error {
        match self {
            Self::Lost(which) => Error::Lost(which),
            Self::Database(error) => Error::during(operation)(error),
            Self::Unreadable(error) => error,
        }
    }
}

impl From<sqlx::Error> for Failure {
    fn from(error: sqlx::Error) -> Self {
        Self::Database(error)
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Unreadable(error)
    }
}
