//! The one writer of this process: many deeds, one commit, and nobody answered before it.

use std::slice;
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use sqlx::{AnyConnection, Connection as _};
use tokio::sync::{mpsc, oneshot};

use super::batch::Batch;
use super::bulk;
use super::change::{Outcome, Write};
use super::connect::{Target, Use, within};
use super::diagnosis::{is_exhausted, is_gone, is_in_the_way};
use super::error::{Error, Failure};
use super::options::{Fault, Faults, Moment, Step};

/// A deed that waits to be done.
pub(super) struct Job {
    write: Write,
    answer: oneshot::Sender<Answer>,
    /// What the test wants before the commit; asked once, however often the deed is tried.
    fault: OnceLock<Fault>,
}

/// What the writer is told.
pub(super) enum Message {
    Write(Box<Job>),
    /// Finish what waits, then close the connection and answer.
    Close(oneshot::Sender<()>),
}

type Answer = Result<Outcome, Error>;

/// Owns the connection that writes.
pub(super) struct Writer {
    target: Arc<Target>,
    /// `None` until it is needed again after it broke.
    connection: Option<AnyConnection>,
    queue: mpsc::Receiver<Message>,
    /// Deeds that share one commit at most.
    batch: usize,
    faults: Option<Faults>,
}

/// Why a batch was not committed.
enum Trouble {
    /// Undone for the sake of another process; the same again may succeed.
    Again(sqlx::Error),
    /// Not begun, because the connection broke while it was idle.
    NotBegun(Error),
    /// Undone because of one of its deeds; the others may succeed without it.
    Apart(Error),
    /// The database does not serve, or did not say whether it committed.
    Down(Error),
}

/// How often a batch is tried that other processes are in the way of.
const ATTEMPTS: u32 = 8;

/// How long a batch may take on PostgreSQL, where the network may swallow the answer.
const PATIENCE: Duration = Duration::from_mins(1);

impl Job {
    pub(super) fn new(write: Write) -> (Self, oneshot::Receiver<Answer>) {
        let (answer, answered) = oneshot::channel();
        (Self { write, answer, fault: OnceLock::new() }, answered)
    }

    fn answer(self, answer: Answer) {
        // Nobody waits any more when the asker was dropped; the deed is done all the same.
        let _ = self.answer.send(answer);
    }
}

impl Writer {
    pub(super) fn new(
        target: Arc<Target>,
        connection: AnyConnection,
        queue: mpsc::Receiver<Message>,
        batch: usize,
        faults: Option<Faults>,
    ) -> Self {
        Self { target, connection: Some(connection), queue, batch: batch.max(1), faults }
    }

    /// Works until it is closed or nobody can ask any more.
    pub(super) async fn run(mut self) {
        let mut messages = Vec::with_capacity(self.batch);
        let mut closed = Vec::new();
        while self.queue.recv_many(&mut messages, self.batch).await > 0 {
            let mut jobs = Vec::with_capacity(messages.len());
            for message in messages.drain(..) {
                match message {
                    Message::Write(job) => jobs.push(*job),
                    Message::Close(done) => {
                        // What is in the queue already is still received.
                        self.queue.close();
                        closed.push(done);
                    }
                }
            }
            self.settle(jobs).await;
        }
        if let Some(connection) = self.connection.take() {
            // What was committed is durable however this ends.
            let _ = connection.close().await;
        }
        drop(self);
        for done in closed {
            let _ = done.send(());
        }
    }

    /// Does the deeds and answers them.
    async fn settle(&mut self, mut jobs: Vec<Job>) {
        jobs.sort_by(|a, b| a.write.order().cmp(&b.write.order()));
        match self.commit(&jobs).await {
            Ok(answers) => {
                for (job, answer) in jobs.into_iter().zip(answers) {
                    job.answer(answer);
                }
            }
            Err(Trouble::Apart(_)) if jobs.len() > 1 => {
                for job in jobs {
                    let answer = match self.commit(slice::from_ref(&job)).await {
                        // One job, one answer.
                        Ok(mut answers) => answers.pop().unwrap_or(Err(Error::Busy)),
                        Err(trouble) => Err(trouble.into_error()),
                    };
                    job.answer(answer);
                }
            }
            Err(trouble) => {
                let error = trouble.into_error();
                for job in jobs {
                    job.answer(Err(error.clone()));
                }
            }
        }
    }

    /// Does the deeds in one transaction, and again when another process was in the way.
    async fn commit(&mut self, jobs: &[Job]) -> Result<Vec<Answer>, Trouble> {
        let mut attempt = 0;
        loop {
            let tried = if self.target.is_embedded() {
                // A file does not fall silent, and a half-done statement could not be left alone.
                self.try_commit(jobs).await
            } else {
                match within(PATIENCE, async { Ok(self.try_commit(jobs).await) }).await {
                    Ok(tried) => tried,
                    Err(error) => Err(Trouble::Down(Error::during("commit")(error))),
                }
            };
            attempt += 1;
            match tried {
                Err(Trouble::Again(_)) if attempt < ATTEMPTS => {
                    // 2 to 256 ms, so that a process that lost does not lose to the same one again.
                    tokio::time::sleep(Duration::from_millis(1 << attempt)).await;
                }
                // A new connection, once: nothing was asked of the broken one.
                Err(Trouble::NotBegun(_)) if attempt == 1 => self.connection = None,
                Err(Trouble::NotBegun(error) | Trouble::Down(error)) => {
                    self.connection = None;
                    return Err(Trouble::Down(error));
                }
                tried => return tried,
            }
        }
    }

    async fn try_commit(&mut self, jobs: &[Job]) -> Result<Vec<Answer>, Trouble> {
        // 1. A transaction, on a new connection if the last one broke.
        let connection = match &mut self.connection {
            Some(connection) => connection,
            broken @ None => {
                let connected = self.target.connect(Use::Write).await;
                broken.insert(connected.map_err(|error| down("reach the database", error))?)
            }
        };
        let tx = connection
            .begin()
            .await
            .map_err(|error| Trouble::NotBegun(Error::during("begin a transaction")(error)))?;

        // 2. Each deed: guard, followers, audit entry.
        let mut batch = Batch::new(tx);
        let writes: Vec<&Write> = jobs.iter().map(|job| &job.write).collect();
        let mut answers: Vec<Answer> = match bulk::apply_all(&mut batch, &writes).await {
            Ok(done) => done.into_iter().map(|done| done.map_err(Error::Lost)).collect(),
            Err(failure) => return Err(undo(batch.abort(), failure).await),
        };
        let tx = match batch.finish().await {
            Ok(tx) => tx,
            Err((tx, failure)) => return Err(undo(tx, failure).await),
        };

        // 3. The commit. Nobody is answered before it returned.
        for (job, answer) in jobs.iter().zip(&answers) {
            let fault = || fault(self.faults.as_ref(), &job.write, Step::BeforeCommit);
            if answer.is_ok() && *job.fault.get_or_init(fault) == Fault::Fail {
                let _ = tx.rollback().await;
                return Err(Trouble::Apart(injected()));
            }
        }
        match tx.commit().await {
            Ok(()) => {}
            Err(error) if is_in_the_way(&error) => return Err(Trouble::Again(error)),
            // It may have been committed and only the answer been lost.
            Err(error) => return Err(down("commit", error)),
        }

        // 4. The answers.
        for (job, answer) in jobs.iter().zip(&mut answers) {
            if answer.is_ok()
                && fault(self.faults.as_ref(), &job.write, Step::AfterCommit) == Fault::Fail
            {
                *answer = Err(injected());
            }
        }
        Ok(answers)
    }
}

impl Trouble {
    fn into_error(self) -> Error {
        match self {
            Self::Again(error) => Error::during("commit beside other processes")(error),
            Self::NotBegun(error) | Self::Apart(error) | Self::Down(error) => error,
        }
    }
}

/// Rolls a transaction back and says what to do then.
async fn undo(tx: sqlx::Transaction<'_, sqlx::Any>, failure: Failure) -> Trouble {
    let rolled_back = tx.rollback().await;
    let trouble = match failure {
        Failure::Lost(which) => Trouble::Apart(Error::Lost(which)),
        Failure::Unreadable(error) => Trouble::Apart(error),
        Failure::Database(error) if is_in_the_way(&error) => Trouble::Again(error),
        Failure::Database(error) if is_gone(&error) || is_exhausted(&error) => {
            down("write to the database", error)
        }
        Failure::Database(error) => Trouble::Apart(Error::during("write to the database")(error)),
    };
    match rolled_back {
        Ok(()) => trouble,
        Err(_) => Trouble::Down(trouble.into_error()),
    }
}

fn down(operation: &'static str, error: sqlx::Error) -> Trouble {
    Trouble::Down(Error::during(operation)(error))
}

fn fault(faults: Option<&Faults>, write: &Write, step: Step) -> Fault {
    faults.map_or(Fault::None, |faults| faults(Moment { deed: write.entry.deed, step }))
}

fn injected() -> Error {
    Error::during("commit")(sqlx::Error::Protocol("a test made this fail".into()))
}
