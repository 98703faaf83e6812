//! The service's end of the signer's socket: many requests in flight, each with a deadline.

use std::collections::HashMap;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::calls::millis;
use super::frame::{self, Frames};
use super::protocol::{Answer, Ask, Hello, Refusal, Reply, Request, VERSION, Welcome};

/// How long the signer may take to answer our hello.
const HELLO: Duration = Duration::from_secs(10);

/// A connection to a signer. It ends when the signer goes, or when it is closed; then another one is
/// made.
#[derive(Debug)]
pub(super) struct Connection {
    welcome: Welcome,
    next: AtomicU64,
    /// Frames to be written. Held to add one or to take them all.
    out: Mutex<Vec<u8>>,
    /// Tells the writer that there are frames, or that it is over.
    ready: Notify,
    /// Held to enter and take waiters.
    pending: Mutex<Pending>,
    /// Told when the connection ends.
    ended: Notify,
}

#[derive(Debug, Default)]
struct Pending {
    waiters: HashMap<u64, Waiter>,
    closed: bool,
}

type Outcome = Result<Answer, Refusal>;

#[derive(Debug)]
enum Waiter {
    Task(oneshot::Sender<Outcome>),
    Thread(SyncSender<Outcome>),
}

/// Why there is no answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Failure {
    /// The connection ended; whether the signer did it is not known.
    Lost,
    /// The deadline passed.
    Late,
    /// The signer said no.
    Refused(Refusal),
}

/// A request in flight; when its asker goes before the answer, the signer is told.
struct Ticket<'a> {
    connection: &'a Connection,
    id: u64,
    answered: bool,
}

impl Drop for Ticket<'_> {
    fn drop(&mut self) {
        if !self.answered && self.connection.pending().waiters.remove(&self.id).is_some() {
            self.connection.post(&Request {
                id: self.connection.next.fetch_add(1, Ordering::Relaxed),
                deadline_ms: 0,
                ask: Ask::Cancel { request: self.id },
            });
        }
    }
}

impl Connection {
    /// Says hello on `stream` and starts to listen. Runs on the present runtime.
    pub(super) async fn open(stream: UnixStream) -> io::Result<Arc<Self>> {
        let invalid = |what| io::Error::new(io::ErrorKind::InvalidData, what);
        let (mut reader, mut writer) = stream.into_split();
        let mut frames = Frames::default();
        let welcome = timeout(HELLO, async {
            let mut hello = Vec::new();
            frame::encode(&Hello::new(), &mut hello).map_err(invalid)?;
            writer.write_all(&hello).await?;
            let mut piece = vec![0; 4096];
            loop {
                if let Some(body) = frames.next_frame().map_err(invalid)? {
                    return frame::decode::<Welcome>(body).map_err(invalid);
                }
                match reader.read(&mut piece).await? {
                    0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                    count => frames.extend(piece.get(..count).unwrap_or_default()),
                }
            }
        })
        .await
        .map_err(|_| io::Error::from(io::ErrorKind::TimedOut))??;
        if welcome.version != VERSION {
            let (theirs, ours) = (welcome.version, VERSION);
            let what = format!("the signer speaks version {theirs}, we speak {ours}");
            return Err(io::Error::new(io::ErrorKind::Unsupported, what));
        }

        let connection = Arc::new(Self {
            welcome,
            next: AtomicU64::new(1),
            out: Mutex::new(Vec::new()),
            ready: Notify::new(),
            pending: Mutex::new(Pending::default()),
            ended: Notify::new(),
        });
        tokio::spawn(connection.clone().listen(reader, frames));
        tokio::spawn(connection.clone().write(writer));
        Ok(connection)
    }

    /// What the signer said of itself.
    pub(super) fn welcome(&self) -> &Welcome {
        &self.welcome
    }

    /// Asks, and waits for the answer for at most `patience`.
    pub(super) async fn ask(&self, ask: Ask, patience: Duration) -> Result<Answer, Failure> {
        let (tell, told) = oneshot::channel();
        let mut ticket = self.begin(ask, patience, Waiter::Task(tell))?;
        let outcome = timeout(patience, told).await;
        match outcome {
            Ok(Ok(outcome)) => {
                ticket.answered = true;
                outcome.map_err(Failure::Refused)
            }
            Ok(Err(_)) => Err(Failure::Lost),
            Err(_) => Err(Failure::Late),
        }
    }

    /// The same for a thread that may block. Not from within the runtime that serves the connection,
    /// unless another of its threads goes on.
    pub(super) fn ask_blocking(&self, ask: Ask, patience: Duration) -> Result<Answer, Failure> {
        let (tell, told) = sync_channel(1);
        let mut ticket = self.begin(ask, patience, Waiter::Thread(tell))?;
        match told.recv_timeout(patience) {
            Ok(outcome) => {
                ticket.answered = true;
                outcome.map_err(Failure::Refused)
            }
            Err(RecvTimeoutError::Disconnected) => Err(Failure::Lost),
            Err(RecvTimeoutError::Timeout) => Err(Failure::Late),
        }
    }

    /// Takes no more requests and lets the signer know; replies in flight still arrive.
    pub(super) fn finish(&self) {
        self.pending().closed = true;
        self.ready.notify_one();
    }

    /// Waits for the end of the connection.
    pub(super) async fn ended(&self) {
        self.ended.notified().await;
        // For whoever waits next.
        self.ended.notify_one();
    }

    fn begin(&self, ask: Ask, patience: Duration, waiter: Waiter) -> Result<Ticket<'_>, Failure> {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        {
            let mut pending = self.pending();
            if pending.closed {
                return Err(Failure::Lost);
            }
            pending.waiters.insert(id, waiter);
        }
        let deadline_ms = u32::try_from(millis(patience)).unwrap_or(u32::MAX);
        self.post(&Request { id, deadline_ms, ask });
        Ok(Ticket { connection: self, id, answered: false })
    }

    fn post(&self, request: &Request) {
        let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
        // What is asked is bounded where it is made; what did not fit is answered by its deadline.
        let was_empty = out.is_empty();
        let _ = frame::encode(request, &mut out);
        drop(out);
        if was_empty {
            self.ready.notify_one();
        }
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Writes everything that is ready at once.
    async fn write(self: Arc<Self>, mut writer: OwnedWriteHalf) {
        let mut spare = Vec::new();
        loop {
            {
                let mut out = self.out.lock().unwrap_or_else(PoisonError::into_inner);
                std::mem::swap(&mut *out, &mut spare);
            }
            if spare.is_empty() {
                if self.pending().closed {
                    // Dropping the half tells the signer that nothing more comes.
                    return;
                }
                self.ready.notified().await;
                continue;
            }
            if writer.write_all(&spare).await.is_err() {
                self.close();
                return;
            }
            spare.clear();
        }
    }

    async fn listen(self: Arc<Self>, mut reader: OwnedReadHalf, mut frames: Frames) {
        let mut piece = vec![0; 1 << 16];
        loop {
            match frames.next_frame() {
                Ok(Some(body)) => match frame::decode::<Reply>(body) {
                    Ok(reply) => self.deliver(reply),
                    Err(_) => break,
                },
                Ok(None) => match reader.read(&mut piece).await {
                    Ok(count) if count > 0 => frames.extend(piece.get(..count).unwrap_or_default()),
                    Ok(_) | Err(_) => break,
                },
                Err(_) => break,
            }
        }
        self.close();
    }

    fn deliver(&self, reply: Reply) {
        // Of a request that nobody waits for any more: nothing to do.
        match self.pending().waiters.remove(&reply.id) {
            Some(Waiter::Task(tell)) => drop(tell.send(reply.answer)),
            Some(Waiter::Thread(tell)) => drop(tell.try_send(reply.answer)),
            None => {}
        }
    }

    fn close(&self) {
        let waiters = {
            let mut pending = self.pending();
            pending.closed = true;
            std::mem::take(&mut pending.waiters)
        };
        // Each waiter sees its sender go.
        drop(waiters);
        self.ready.notify_one();
        self.ended.notify_one();
    }
}
