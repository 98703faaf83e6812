//! The connections that read. What can be read stands in the file of each table.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use sqlx::any::AnyRow;
use sqlx::{AnyConnection, Connection as _, query};
use tokio::sync::Semaphore;
use tokio::time::timeout;

use super::connect::{Target, Use};
use super::diagnosis::is_gone;
use super::error::Error;
use super::sql::Statement;

/// How long a read waits for a connection before it is refused as busy.
const PATIENCE: Duration = Duration::from_secs(5);

/// Reads what is committed. Each method is one statement, or says that it is several.
// Not `AnyPool`: that one asks the database whether it is there at every release, which doubles the
// price of the short reads that every request makes.
#[derive(Debug)]
pub struct Reader {
    target: Arc<Target>,
    /// One permit for each connection that may be open.
    places: Semaphore,
    /// Connections that nobody uses. Locked for a push or a pop.
    idle: Mutex<Vec<AnyConnection>>,
}

impl Reader {
    pub(super) fn new(target: Arc<Target>, connections: u32) -> Self {
        let places = usize::try_from(connections).unwrap_or(usize::MAX).clamp(1, 1024);
        Self { target, places: Semaphore::new(places), idle: Mutex::default() }
    }

    /// Asks the database whether it is there.
    ///
    /// # Errors
    /// [`Error::Busy`] or [`Error::Unavailable`].
    pub async fn ping(&self) -> Result<(), Error> {
        self.rows("reach the database", || query("SELECT 1")).await.map(drop)
    }

    /// The rows of the statement that `make` makes. A connection that died while it was idle is
    /// replaced, once.
    pub(super) async fn rows<'q>(
        &self,
        operation: &'static str,
        make: impl Fn() -> Statement<'q>,
    ) -> Result<Vec<AnyRow>, Error> {
        let Ok(place) = timeout(PATIENCE, self.places.acquire()).await else {
            return Err(Error::Busy);
        };
        // The semaphore is closed with the store.
        let Ok(_place) = place else {
            return Err(Error::during(operation)(sqlx::Error::PoolClosed));
        };
        if let Some(mut connection) = self.take_idle() {
            match make().fetch_all(&mut connection).await {
                Ok(rows) => {
                    self.put_back(connection);
                    return Ok(rows);
                }
                Err(error) if is_gone(&error) => {}
                Err(error) => {
                    self.put_back(connection);
                    return Err(Error::during(operation)(error));
                }
            }
        }
        let mut connection =
            self.target.connect(Use::Read).await.map_err(Error::during(operation))?;
        let rows = make().fetch_all(&mut connection).await.map_err(Error::during(operation))?;
        self.put_back(connection);
        Ok(rows)
    }

    /// The only row of a statement, if it gives one.
    pub(super) async fn row<'q>(
        &self,
        operation: &'static str,
        make: impl Fn() -> Statement<'q>,
    ) -> Result<Option<AnyRow>, Error> {
        Ok(self.rows(operation, make).await?.into_iter().next())
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
