//! One connection: replies leave in batches, after their lines are in the ledger.

use std::io::{Read as _, Write as _};
use std::net::Shutdown;
use std::ops::Range;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tracing::{debug, error, warn};

use super::desk::Desk;
use crate::hsm::Asker;
use crate::hsm::frame::{self, Frames};
use crate::hsm::ledger::{Ledger, Line};
use crate::hsm::protocol::{Answer, Hello, Refusal, Reply, Request, VERSION, Welcome};

/// The longest run of replies that is held back for more.
const BATCH: usize = 16;

/// How long the peer may leave replies unread, and how long it may take to say hello.
const PATIENCE: Duration = Duration::from_secs(5);

/// The writing half, shared by the threads that have replies.
pub(super) struct Connection {
    stream: UnixStream,
    gone: AtomicBool,
    ledger: Arc<Ledger>,
    /// Held to add or take replies, never while they are written.
    outbox: Mutex<Outbox>,
}

#[derive(Default)]
struct Outbox {
    batch: Batch,
    /// Whether a thread is writing; it takes along whatever is added meanwhile.
    writing: bool,
}

/// Replies that are ready, and the lines that must be in the ledger before them.
#[derive(Default)]
struct Batch {
    frames: Vec<u8>,
    lines: Vec<u8>,
    replies: Vec<Ready>,
}

struct Ready {
    id: u64,
    frame: Range<usize>,
    ledgered: bool,
}

impl Batch {
    fn push(&mut self, id: u64, answer: Result<Answer, Refusal>, line: Option<&str>) {
        let start = self.frames.len();
        if let Err(why) = frame::encode(&Reply { id, answer }, &mut self.frames) {
            let answer = Err(Refusal::Malformed(format!("the answer: {why}")));
            // Of a few octets: it cannot be too long.
            let _ = frame::encode(&Reply { id, answer }, &mut self.frames);
        }
        if let Some(line) = line {
            self.lines.extend_from_slice(line.as_bytes());
            self.lines.push(b'\n');
        }
        let frame = start..self.frames.len();
        self.replies.push(Ready { id, frame, ledgered: line.is_some() });
    }

    /// The same replies with every signature that is not in the ledger taken back.
    fn without_ledgered(&self, why: &str) -> Self {
        let mut rest = Self::default();
        for reply in &self.replies {
            if reply.ledgered {
                rest.push(reply.id, Err(Refusal::Ledger(why.to_owned())), None);
            } else if let Some(frame) = self.frames.get(reply.frame.clone()) {
                rest.frames.extend_from_slice(frame);
            }
        }
        rest
    }

    fn clear(&mut self) {
        self.frames.clear();
        self.lines.clear();
        self.replies.clear();
    }
}

impl Connection {
    fn new(stream: UnixStream, ledger: Arc<Ledger>) -> Self {
        let outbox = Mutex::new(Outbox::default());
        Self { stream, gone: AtomicBool::new(false), ledger, outbox }
    }

    fn lock(&self) -> MutexGuard<'_, Outbox> {
        self.outbox.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn send(&self, batch: &mut Batch) {
        if !batch.lines.is_empty()
            && let Err(error) = self.ledger.append(&batch.lines)
        {
            error!(reason = %error, "the ledger could not be written; signatures are held back");
            *batch = batch.without_ledgered(&error.to_string());
        }
        if !self.is_gone() && (&self.stream).write_all(&batch.frames).is_err() {
            self.hang_up();
        }
    }

    fn hang_up(&self) {
        self.gone.store(true, Ordering::Release);
        // The reader wakes up and leaves; a stream that is closed already needs no more.
        let _ = self.stream.shutdown(Shutdown::Both);
    }
}

impl Asker for Connection {
    fn is_gone(&self) -> bool {
        self.gone.load(Ordering::Acquire)
    }

    fn answer(&self, id: u64, answer: Result<Answer, Refusal>, line: Option<Line>, hold: bool) {
        let line = line.map(|line| line.to_string());
        let mut outbox = self.lock();
        outbox.batch.push(id, answer, line.as_deref());
        let hold = hold && outbox.batch.replies.len() < BATCH;
        drop(outbox);
        if !hold {
            self.flush();
        }
    }

    /// Writes what is ready. One thread writes at a time; the others leave theirs to it, so that no
    /// thread of the token waits for another one's writing.
    fn flush(&self) {
        let mut spare = Batch::default();
        let mut outbox = self.lock();
        if outbox.writing {
            return;
        }
        outbox.writing = true;
        while !outbox.batch.replies.is_empty() {
            std::mem::swap(&mut outbox.batch, &mut spare);
            drop(outbox);
            self.send(&mut spare);
            spare.clear();
            outbox = self.lock();
        }
        outbox.writing = false;
    }
}

/// Serves one connection until the peer closes it or says something that is not understood.
pub(super) fn converse(desk: &Desk, stream: &UnixStream) {
    if let Err(error) = try_converse(desk, stream) {
        warn!(reason = %error, "a connection ended");
    }
}

fn try_converse(desk: &Desk, stream: &UnixStream) -> std::io::Result<()> {
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let connection = Arc::new(Connection::new(stream.try_clone()?, desk.ledger()));
    let outcome = listen(desk, stream, &connection);
    // A peer that has closed its end in order may still read what it asked for; whoever has not
    // is gone, and what waits for it is skipped.
    if outcome.is_err() {
        connection.hang_up();
    }
    outcome
}

fn listen(
    desk: &Desk,
    mut stream: &UnixStream,
    connection: &Arc<Connection>,
) -> std::io::Result<()> {
    let malformed = |what| std::io::Error::new(std::io::ErrorKind::InvalidData, what);
    let asker: Arc<dyn Asker> = connection.clone();
    let mut frames = Frames::default();
    let mut piece = vec![0; 1 << 16];
    let mut greeted = false;
    loop {
        while let Some(body) = frames.next_frame().map_err(malformed)? {
            if greeted {
                let request: Request = frame::decode(body).map_err(malformed)?;
                desk.take(&asker, request);
                continue;
            }
            let hello: Hello = frame::decode(body).map_err(malformed)?;
            let mut welcome = Vec::new();
            let ours = Welcome {
                version: VERSION,
                pid: std::process::id(),
                depth: desk.depth(),
                generates: desk.generates(),
            };
            frame::encode(&ours, &mut welcome).map_err(malformed)?;
            stream.write_all(&welcome)?;
            if !hello.is_understood() {
                warn!("the peer speaks another version than {VERSION}");
                return Ok(());
            }
            stream.set_read_timeout(None)?;
            greeted = true;
        }
        let count = stream.read(&mut piece)?;
        if count == 0 {
            debug!("the peer closed the connection");
            return Ok(());
        }
        frames.extend(piece.get(..count).unwrap_or_default());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clock::Timestamp;
    use crate::hsm::Purpose;

    fn line() -> Line {
        Line {
            at: Timestamp::from_unix(0),
            key: [0; 32],
            purpose: Purpose::Crl,
            sha256: [0; 32],
            sha384: None,
        }
    }

    fn replies(stream: &mut UnixStream, count: usize) -> Vec<Reply> {
        let (mut frames, mut read, mut piece) = (Frames::default(), Vec::new(), [0; 4096]);
        while read.len() < count {
            while let Some(body) = frames.next_frame().unwrap() {
                read.push(frame::decode(body).unwrap());
            }
            if read.len() < count {
                let length = stream.read(&mut piece).unwrap();
                frames.extend(&piece[..length]);
            }
        }
        read
    }

    #[test]
    fn replies_that_are_held_leave_together_and_after_their_lines() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let connection = Connection::new(ours, Arc::new(Ledger::open(file.path()).unwrap()));
        connection.answer(1, Ok(Answer::Mac([1; 32])), Some(line()), true);
        connection.answer(2, Ok(Answer::Mac([2; 32])), Some(line()), true);
        assert_eq!(std::fs::read_to_string(file.path()).unwrap(), "");
        connection.flush();
        assert_eq!(std::fs::read_to_string(file.path()).unwrap().lines().count(), 2);
        assert_eq!(replies(&mut theirs, 2).iter().map(|r| r.id).collect::<Vec<_>>(), [1, 2]);
        for id in 0..BATCH as u64 {
            connection.answer(id, Ok(Answer::Mac([1; 32])), None, true);
        }
        assert_eq!(replies(&mut theirs, BATCH).len(), BATCH);
    }

    #[test]
    fn what_is_not_in_the_ledger_does_not_leave() {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        // Every write to this file fails: the disk is full.
        let ledger = Arc::new(Ledger::open(std::path::Path::new("/dev/full")).unwrap());
        let connection = Connection::new(ours, ledger);
        connection.answer(1, Ok(Answer::Mac([1; 32])), Some(line()), true);
        connection.answer(2, Ok(Answer::Mac([2; 32])), None, false);
        let replies = replies(&mut theirs, 2);
        assert!(matches!(replies[0].answer, Err(Refusal::Ledger(_))));
        assert_eq!(replies[1].answer, Ok(Answer::Mac([2; 32])));
    }
}
