//! The connections that read. What can be read stands in the file of each table.

use std::fmt;
use std::io::ErrorKind::TimedOut;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::TryStreamExt as _;
use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection as _, query};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::connect::{Target, Use};
use super::diagnosis::is_gone;
use super::error::{Error, Failure};
use super::gather::Gather;
use super::options::{Observer, Options};
use super::row::{CertificateRow, Identity};
use super::sql::{Columns, Statement};
use crate::id::{CaName, KeyId, SerialNumber};

/// How long a read waits for a connection before it is refused as busy.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long a read may take: PostgreSQL may be cut off without a word.
const LIMIT: Duration = Duration::from_mins(1);

/// Reads what is committed. Each method is one statement, or says that it is several.
// Not `AnyPool`: that one asks the database whether it is there at every release, which doubles the
// price of the short reads that every request makes.
pub struct Reader {
    target: Arc<Target>,
    /// Told of every read.
    observer: Option<Observer>,
    /// One permit for each connection that may be open.
    places: Semaphore,
    /// Connections that nobody uses. Locked for a push or a pop.
    idle: Mutex<Vec<AnyConnection>>,
    /// Identities that are asked for one by one, by CA and name.
    pub(super) identities: Gather<(CaName, String), Identity>,
    /// Certificates that are asked for one by one, by issuer and serial number.
    pub(super) certificates: Gather<(KeyId, SerialNumber), CertificateRow>,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").field("places", &self.places).finish_non_exhaustive()
    }
}

impl Reader {
    pub(super) fn new(target: Arc<Target>, options: &Options) -> Self {
        let places = usize::try_from(options.readers).unwrap_or(usize::MAX).clamp(1, 1024);
        let observer = options.observer.clone();
        // An embedded database gains nothing from a second statement at once; the way to another one
        // is long.
        let at_once = if target.is_embedded() { 1 } else { (places / 4).max(1) };
        Self {
            target,
            observer,
            places: Semaphore::new(places),
            idle: Mutex::default(),
            identities: Gather::new(at_once),
            certificates: Gather::new(at_once),
        }
    }

    /// Asks the database whether it is there.
    ///
    /// # Errors
    /// [`Error::Busy`] or [`Error::Unavailable`].
    pub async fn ping(&self) -> Result<(), Error> {
        self.rows("reach the database", || query("SELECT 1"), |_| Ok(())).await.map(drop)
    }

    /// Where a counter stands.
    pub(super) async fn counter(&self, name: &'static str) -> Result<i64, Error> {
        let make = || query("SELECT value FROM counters WHERE name = $1").bind(name);
        let read = |row: &AnyRow| Columns::of(row).integer("counter");
        Ok(self.row("read a counter", make, read).await?.unwrap_or(0))
    }

    /// The rows of the statement that `make` makes, each read by `read` as it comes. A connection that
    /// died while it was idle is replaced, once.
    pub(super) async fn rows<'q, T>(
        &self,
        operation: &'static str,
        make: impl Fn() -> Statement<'q>,
        read: fn(&AnyRow) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let since = Instant::now();
        let rows = self.rows_in_time(operation, make, read).await;
        if let Some(observer) = &self.observer {
            observer(operation, "read", since.elapsed());
        }
        rows
    }

    async fn rows_in_time<'q, T>(
        &self,
        operation: &'static str,
        make: impl Fn() -> Statement<'q>,
        read: fn(&AnyRow) -> Result<T, Error>,
    ) -> Result<Vec<T>, Error> {
        let Ok(place) = timeout(PATIENCE, self.places.acquire()).await else {
            return Err(Error::Busy);
        };
        // The semaphore is closed with the store.
        let Ok(_place) = place else {
            return Err(Error::during(operation)(sqlx::Error::PoolClosed));
        };
        let done = timeout(LIMIT, async {
            if let Some(connection) = self.take_idle() {
                match self.rows_on(connection, make(), read).await {
                    Err(Failure::Database(error)) if is_gone(&error) => {}
                    done => return done,
                }
            }
            self.rows_on(self.target.connect(Use::Read).await?, make(), read).await
        });
        let done = done.await.unwrap_or_else(|_| Err(sqlx::Error::Io(TimedOut.into()).into()));
        done.map_err(|failure| failure.into_error(operation))
    }

    /// The only row of a statement, if it gives one.
    pub(super) async fn row<'q, T>(
        &self,
        operation: &'static str,
        make: impl Fn() -> Statement<'q>,
        read: fn(&AnyRow) -> Result<T, Error>,
    ) -> Result<Option<T>, Error> {
        Ok(self.rows(operation, make, read).await?.into_iter().next())
    }

    /// Reads all rows and puts the connection back, unless it may be left in the middle of something.
    async fn rows_on<T>(
        &self,
        mut connection: AnyConnection,
        statement: Statement<'_>,
        read: fn(&AnyRow) -> Result<T, Error>,
    ) -> Result<Vec<T>, Failure> {
        let mut done = Vec::new();
        let mut rows = statement.fetch(&mut connection);
        let end = loop {
            // One by one: a row of the driver's takes several times the space of what it says.
            match rows.try_next().await {
                Ok(Some(row)) => done.push(read(&row)?),
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        drop(rows);
        if !end.as_ref().is_err_and(is_gone) {
            self.put_back(connection);
        }
        end?;
        Ok(done)
    }

    /// Closes the connections. The writer's is closed by then.
    pub(super) async fn close(&self) {
        self.places.close();
        while let Some(connection) = self.take_idle() {
            // It read only; nothing depends on how it ends.
            let _ = connection.close().await;
        }
        self.target.release();
    }

    fn take_idle(&self) -> Option<AnyConnection> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn put_back(&self, connection: AnyConnection) {
        if !self.places.is_closed() {
            self.idle.lock().unwrap_or_else(PoisonError::into_inner).push(connection);
        }
    }
}
