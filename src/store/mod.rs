//! SQL, changes, commits, rows.
