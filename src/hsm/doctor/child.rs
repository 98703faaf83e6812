//! The doctor's end of the process of one probe: its deadline, and what its death says.

use std::ffi::OsString;
use std::io::{self, BufRead as _, BufReader, Read, Write as _};
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::Signal;
use zeroize::Zeroizing;

use super::wire::{Event, Order, Reply};
use crate::secret::Pin;

/// How the process of a probe is started: a program that calls [`attend`](super::attend()).
#[derive(Debug, Clone)]
pub struct ProbeCommand {
    /// The program, e.g. `/proc/self/exe`.
    pub program: PathBuf,
    /// Its arguments.
    pub arguments: Vec<OsString>,
}

/// What comes next from a process.
#[derive(Debug)]
pub(super) enum Next {
    /// It tells something.
    Event(Event),
    /// It ended, well or not.
    Ended(ExitStatus),
    /// It said nothing until the deadline, and was killed.
    Late,
}

/// A running process.
pub(super) struct Patient {
    child: Child,
    input: ChildStdin,
    events: Receiver<Event>,
    errors: thread::JoinHandle<String>,
    until: Instant,
}

/// Of what a module writes to standard error, so much is kept. Octets.
const ERRORS: u64 = 4096;

impl Patient {
    /// Starts a process and gives it its order; it has so long for it.
    pub(super) fn start(
        command: &ProbeCommand,
        order: &Order,
        pin: &Pin,
        within: Duration,
    ) -> io::Result<Self> {
        let mut child = Command::new(&command.program)
            .args(&command.arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // Who interrupts the doctor does not interrupt this: it takes away what it made, and ends.
            .process_group(0)
            .spawn()?;
        let gone = || io::Error::other("the process has no pipes");
        let mut input = child.stdin.take().ok_or_else(gone)?;
        let output = child.stdout.take().ok_or_else(gone)?;
        let errors = child.stderr.take().ok_or_else(gone)?;
        let (tell, events) = channel();
        thread::spawn(move || {
            // What is no line of ours the module printed.
            for line in BufReader::new(output).split(b'\n').map_while(Result::ok) {
                if let Ok(event) = serde_json::from_slice(&line)
                    && tell.send(event).is_err()
                {
                    return;
                }
            }
        });
        let errors = thread::spawn(move || {
            let mut kept = Vec::new();
            let mut errors = errors;
            let _ = errors.by_ref().take(ERRORS).read_to_end(&mut kept);
            // A process that may not write any more would wait for ever.
            let _ = io::copy(&mut errors, &mut io::sink());
            String::from_utf8_lossy(&kept).into_owned()
        });
        let mut text = Zeroizing::new(serde_json::to_vec(order)?);
        text.push(b'\n');
        text.extend_from_slice(pin.expose().as_bytes());
        text.push(b'\n');
        // A process that has died already tells by its end, not by this error.
        let _ = input.write_all(&text).and_then(|()| input.flush());
        let until = Instant::now() + within;
        Ok(Self { child, input, events, errors, until })
    }

    /// Waits for what comes next.
    pub(super) fn next(&mut self) -> io::Result<Next> {
        let left = self.until.saturating_duration_since(Instant::now());
        match self.events.recv_timeout(left) {
            Ok(event) => Ok(Next::Event(event)),
            Err(RecvTimeoutError::Timeout) => {
                self.child.kill()?;
                self.child.wait()?;
                Ok(Next::Late)
            }
            // Standard output is closed: it has ended, or is about to.
            Err(RecvTimeoutError::Disconnected) => loop {
                if let Some(status) = self.child.try_wait()? {
                    return Ok(Next::Ended(status));
                }
                if Instant::now() >= self.until {
                    self.child.kill()?;
                    self.child.wait()?;
                    return Ok(Next::Late);
                }
                thread::park_timeout(Duration::from_millis(5));
            },
        }
    }

    /// Answers a favour, and gives the process so much longer as that took.
    pub(super) fn reply(&mut self, reply: &Reply, took: Duration) -> io::Result<()> {
        let mut line = serde_json::to_vec(reply)?;
        line.push(b'\n');
        self.until += took;
        self.input.write_all(&line)?;
        self.input.flush()
    }

    /// What it wrote to standard error, after its end.
    pub(super) fn last_words(self) -> String {
        drop(self.input);
        self.errors.join().unwrap_or_default()
    }
}

/// How a process ended, in words: `died of SIGSEGV`, `exited with 3`.
pub(super) fn death(status: ExitStatus) -> String {
    match (status.signal(), status.code()) {
        (Some(signal), _) => format!("died of {}", signal_name(signal)),
        (None, Some(code)) => format!("exited with {code}"),
        (None, None) => "ended".to_owned(),
    }
}

fn signal_name(signal: i32) -> String {
    let names = [
        (Signal::SEGV, "SIGSEGV"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::ILL, "SIGILL"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::TERM, "SIGTERM"),
    ];
    let name = names.iter().find(|(known, _)| known.as_raw() == signal);
    name.map_or_else(|| format!("signal {signal}"), |(_, name)| (*name).to_owned())
}
