//! How one connects to each database: files, locks, settings, migrations.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use sqlx::any::{AnyConnectOptions, install_default_drivers};
use sqlx::migrate::{Migration, MigrationType, Migrator};
use sqlx::{AnyConnection, ConnectOptions as _, Executor as _, SqlSafeStr as _, query_scalar};

use super::error::Error;

/// What a path may hold unescaped in a URL.
const PATH: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'.').remove(b'-').remove(b'_');

/// A database that we may connect to. While it lives, no other process opens the same SQLite file.
#[derive(Debug)]
pub(super) struct Target {
    options: AnyConnectOptions,
    /// Held for its lock. `None` on PostgreSQL, where several processes may write.
    lock: Option<File>,
}

/// What a connection is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Write,
    Read,
}

impl Target {
    /// Prepares what connections need: for SQLite the file (mode 0600) and the lock beside it.
    pub(super) fn open(url: &str) -> Result<Self, Error> {
        install_default_drivers();
        let (url, lock) = if let Some(rest) = url.strip_prefix("sqlite:") {
            let (path, lock) = sqlite_file(rest.strip_prefix("//").unwrap_or(rest))?;
            let text = path.to_str().ok_or_else(|| bad("the path is not UTF-8"))?;
            (format!("sqlite://{}", utf8_percent_encode(text, PATH)), Some(lock))
        } else if url.starts_with("postgres://") || url.starts_with("postgresql://") {
            (url.to_owned(), None)
        } else {
            return Err(bad("it starts neither with `sqlite:` nor with `postgres://`"));
        };
        // Statements are not logged: they would name whom they are about at every level.
        let options: AnyConnectOptions = url.parse().map_err(|_| bad("it cannot be parsed"))?;
        Ok(Self { options: options.disable_statement_logging(), lock })
    }

    /// Whether this is the embedded database.
    pub(super) fn is_embedded(&self) -> bool {
        self.lock.is_some()
    }

    /// Lets others open the file, once no connection is left.
    pub(super) fn release(&self) {
        if let Some(lock) = &self.lock {
            // Nothing depends on it: the lock ends with the process at the latest.
            let _ = lock.unlock();
        }
    }

    /// A new connection with its settings made.
    pub(super) async fn connect(&self, purpose: Use) -> Result<AnyConnection, sqlx::Error> {
        let mut connection = within(Duration::from_secs(10), self.options.connect()).await?;
        if self.is_embedded() {
            connection.execute(SQLITE_SETTINGS).await?;
            // At most 8 MiB of pages to write, where indices are hit at random; 2 MiB to read.
            let for_use = match purpose {
                Use::Write => "PRAGMA cache_size = -8192",
                Use::Read => "PRAGMA cache_size = -2048; PRAGMA query_only = ON",
            };
            connection.execute(for_use).await?;
        } else {
            let level: String = query_scalar("SELECT current_setting('synchronous_commit')")
                .fetch_one(&mut connection)
                .await?;
            // An answered deed is durable. What is stricter (`remote_apply`) stays.
            if level == "off" {
                connection.execute("SET synchronous_commit TO on").await?;
            }
            // Guards are single statements that compare and swap; each must see what was committed
            // before it, not before its transaction.
            connection.execute("SET default_transaction_isolation TO 'read committed'").await?;
        }
        Ok(connection)
    }
}

/// Brings the tables up to date. Several processes may try at once.
pub(super) async fn migrate(connection: &mut AnyConnection) -> Result<(), sqlx::Error> {
    let steps = [
        ("tables", include_str!("migrations/0001_tables.sql")),
        ("fewer pages", include_str!("migrations/0002_fewer_pages.sql")),
        ("counted revocations", include_str!("migrations/0003_counted_revocations.sql")),
        ("channels", include_str!("migrations/0004_channels.sql")),
        ("proposals", include_str!("migrations/0005_proposals.sql")),
        ("pushes", include_str!("migrations/0006_pushes.sql")),
    ];
    let migrations = (1..).zip(steps).map(|(version, (name, text))| {
        let text = text.into_sql_str();
        Migration::new(version, name.into(), MigrationType::Simple, text, false)
    });
    Ok(Migrator::with_migrations(migrations.collect()).run_direct(None, connection, false).await?)
}

/// `work`, or an error when it takes longer than `limit`.
pub(super) async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, sqlx::Error>>,
) -> Result<T, sqlx::Error> {
    match tokio::time::timeout(limit, work).await {
        Ok(done) => done,
        Err(_) => Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into())),
    }
}

// FULL: each commit is on disk when it returns. The log is copied back every 16 MiB: seldom enough to
// be cheap, often enough to stay small.
const SQLITE_SETTINGS: &str = "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; \
     PRAGMA busy_timeout = 5000; PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; \
     PRAGMA wal_autocheckpoint = 4000; PRAGMA journal_size_limit = 67108864";

/// Makes the database's file if there is none, and takes the lock beside it.
fn sqlite_file(encoded: &str) -> Result<(PathBuf, File), Error> {
    if encoded.contains('?') {
        return Err(bad("parameters are not supported for `sqlite:`"));
    }
    let path = percent_decode_str(encoded).decode_utf8().map_err(|error| bad(&error))?;
    if path.is_empty() || path.starts_with(":memory:") {
        return Err(bad("a database in memory would not survive; name a file"));
    }
    let path = Path::new(path.as_ref());

    // The database inherits its mode to the files that SQLite makes beside it.
    private_file(path)?;
    // One database has one lock file, whatever links lead to it.
    let path = fs::canonicalize(path).map_err(io("find the database file"))?;
    let mut beside = path.clone().into_os_string();
    beside.push(".lock");
    let lock = private_file(Path::new(&beside))?;
    match lock.try_lock() {
        Ok(()) => Ok((path, lock)),
        Err(TryLockError::WouldBlock) => Err(Error::InUse { path }),
        Err(TryLockError::Error(error)) => Err(io("lock the database file")(error)),
    }
}

/// Opens or makes a file that none but its owner may read or write.
fn private_file(path: &Path) -> Result<File, Error> {
    let file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(0o600)
        .open(path)
        .map_err(io("open the database file"))?;
    let mode = file.metadata().map_err(io("look at the database file"))?.permissions().mode();
    if mode & 0o077 != 0 {
        file.set_permissions(fs::Permissions::from_mode(0o600))
            .map_err(io("make the database file private"))?;
    }
    Ok(file)
}

fn io(operation: &'static str) -> impl FnOnce(std::io::Error) -> Error {
    move |error| Error::during(operation)(sqlx::Error::Io(error))
}

fn bad(detail: &(impl ToString + ?Sized)) -> Error {
    Error::BadUrl(detail.to_string())
}
