//! The store: opened once, cloned to whoever needs it.

use std::fmt;
use std::sync::Arc;
use std::time::Instant;

use tokio::sync::{mpsc, oneshot};

use super::change::{Change, Outcome, Write};
use super::connect::{Target, Use, migrate};
use super::error::Error;
use super::journal::{Claim, JournalRow};
use super::options::{Observer, Options};
use super::reader::Reader;
use super::writer::{Job, Message, Writer};
use crate::audit::{Entry, Recorded};

/// The database. Clones share its connections.
#[derive(Clone)]
pub struct Store {
    queue: mpsc::Sender<Message>,
    /// Told of every write.
    observer: Option<Observer>,
    reader: Arc<Reader>,
}

impl fmt::Debug for Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Store").field("reader", &self.reader).finish_non_exhaustive()
    }
}

impl Store {
    /// Opens the database, makes its file or tables if they are not there, and starts the writer on the
    /// present runtime.
    ///
    /// # Errors
    /// [`Error::BadUrl`]; [`Error::InUse`] when another process has the file open;
    /// [`Error::Unavailable`] when the database cannot be reached or has tables of a later version.
    pub async fn open(options: &Options) -> Result<Self, Error> {
        let target = Arc::new(Target::open(&options.url)?);
        let mut connection =
            target.connect(Use::Write).await.map_err(Error::during("open the database"))?;
        migrate(&mut connection).await.map_err(Error::during("migrate the database"))?;

        let (queue, received) = mpsc::channel(options.queue.max(1));
        let faults = options.faults.clone();
        let writer = Writer::new(target.clone(), connection, received, options.batch, faults);
        tokio::spawn(writer.run());
        let reader = Arc::new(Reader::new(target, options));
        Ok(Self { queue, observer: options.observer.clone(), reader })
    }

    /// Does a deed, all or nothing. It is durable when this returns, and done even if the returned future
    /// is dropped before.
    ///
    /// # Errors
    /// [`Error::Busy`] when the queue is full, [`Error::Lost`] when a guard lost: nothing is
    /// written then. [`Error::Unavailable`] when the database failed; if it did while it
    /// committed, the deed may be done.
    pub async fn write(&self, write: Write) -> Result<Outcome, Error> {
        let (since, deed) = (Instant::now(), write.entry.deed);
        let (job, answered) = Job::new(write);
        self.queue.try_send(Message::Write(Box::new(job))).map_err(|refused| match refused {
            mpsc::error::TrySendError::Full(_) => Error::Busy,
            mpsc::error::TrySendError::Closed(_) => closed(),
        })?;
        let outcome = answered.await.map_err(|_| closed());
        if let Some(observer) = &self.observer {
            observer(deed, "write", since.elapsed());
        }
        outcome?
    }

    /// Writes an intent to sign, and gives the proof that it is on record. The one maker of such proofs.
    ///
    /// # Errors
    /// As [`Store::write`]; [`Error::Lost`] says `enrollment` when the claim is not granted and
    /// `intent` when the name is taken.
    pub async fn record_intent(
        &self,
        row: JournalRow,
        claim: Claim,
        entry: Entry,
    ) -> Result<Recorded, Error> {
        let intent = row.intent.clone();
        self.write(Write::new(Change::Intend { row, claim }, entry)).await?;
        Ok(Recorded::after_commit(intent))
    }

    /// Reads what is committed.
    pub fn read(&self) -> &Reader {
        &self.reader
    }

    /// Asks the database whether it is there.
    ///
    /// # Errors
    /// [`Error::Busy`] or [`Error::Unavailable`].
    pub async fn ping(&self) -> Result<(), Error> {
        self.reader.ping().await
    }

    /// Finishes the writes that wait, then closes every connection. Later calls on any clone fail.
    pub async fn close(&self) {
        let (done, finished) = oneshot::channel();
        if self.queue.send(Message::Close(done)).await.is_ok() {
            let _ = finished.await;
        }
        self.reader.close().await;
    }
}

fn closed() -> Error {
    Error::during("write to a closed database")(sqlx::Error::PoolClosed)
}
