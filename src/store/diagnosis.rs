//! What an error of the database means for what comes next.

use std::borrow::Cow;

use sqlx::Error;

/// Whether another process was in the way and nothing was committed: PostgreSQL's serialisation
/// failure and deadlock, SQLite's busy and locked.
pub(super) fn is_in_the_way(error: &Error) -> bool {
    let Some(code) = code(error) else { return false };
    sqlite_code(&code)
        .map_or_else(|| matches!(&*code, "40001" | "40P01"), |code| matches!(code, 5 | 6))
}

/// Whether the database cannot write at all: no resources, no disk, read only, damaged.
pub(super) fn is_exhausted(error: &Error) -> bool {
    let Some(code) = code(error) else { return false };
    sqlite_code(&code).map_or_else(
        || ["08", "25", "53", "58"].iter().any(|class| code.starts_with(class)),
        |code| matches!(code, 7 | 8 | 10 | 11 | 13 | 14 | 26),
    )
}

/// Whether the connection is of no use any more: it broke, or PostgreSQL's operator ended it
/// (class 57P).
pub(super) fn is_gone(error: &Error) -> bool {
    matches!(error, Error::Io(_) | Error::Tls(_) | Error::Protocol(_) | Error::WorkerCrashed)
        || code(error).is_some_and(|code| code.starts_with("57P"))
}

fn code(error: &Error) -> Option<Cow<'_, str>> {
    error.as_database_error()?.code()
}

/// The primary result code of SQLite; `None` for a code of PostgreSQL, which has five characters.
fn sqlite_code(code: &str) -> Option<i32> {
    let primary = |code: i32| code & 0xff;
    if code.len() == 5 { None } else { code.parse().ok().map(primary) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_of_both_databases_are_told_apart() {
        assert_eq!(sqlite_code("1555"), Some(19));
        assert_eq!(sqlite_code("517"), Some(5));
        assert_eq!(sqlite_code("40001"), None);
        assert_eq!(sqlite_code("40P01"), None);
    }
}
