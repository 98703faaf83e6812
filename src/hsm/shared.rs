//! What the threads of one token share: their options, queues, and how the token is.

use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tracing::error;

use super::calls::{Calls, millis};
use super::fault::Fault;
use super::key::{Binding, TokenName};
use super::protocol::{Answer, Health, Message, Refusal};
use super::purpose::Purpose;
use super::queue::Queue;
use super::token::Clerk;
use crate::clock::Clock;

/// How the threads work.
#[derive(Clone)]
pub struct EngineOptions {
    /// Sessions that sign, at most; fewer where the token has no room.
    pub workers: usize,
    /// How many jobs may wait.
    pub depth: usize,
    /// A call into the module that lasts longer hangs; making a key may take thirty times as long.
    pub hang: Duration,
    /// How long it took to open the token the last time, where that is known. Opening it again may take
    /// four times as long before it hangs; where it is not known, six times `hang`.
    pub opened: Option<Duration>,
    /// How long a session is left idle before the token is asked for a sign of life.
    pub keep_alive: Option<Duration>,
    /// The pause after the first failed epoch; it doubles with each further one.
    pub pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// After so many failed epochs in a row the engine gives up: a fresh process is the better
    /// remedy then.
    pub give_up: u32,
    /// What is done when a call hangs. Threads that hang cannot be ended: leave the process.
    pub on_hang: Arc<dyn Fn(&str) + Send + Sync>,
    /// Tells the time of the ledger.
    pub clock: Clock,
}

impl fmt::Debug for EngineOptions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineOptions")
            .field("workers", &self.workers)
            .field("depth", &self.depth)
            .field("hang", &self.hang)
            .field("keep_alive", &self.keep_alive)
            .field("give_up", &self.give_up)
            .finish_non_exhaustive()
    }
}

/// What a session is asked to do.
#[derive(Debug)]
pub enum Work {
    /// Sign a message.
    Sign {
        /// With which key.
        key: Arc<Binding>,
        /// What for; the register was asked already.
        purpose: Purpose,
        /// What.
        message: Message,
    },
    /// Authenticate a message.
    Mac {
        /// With which key.
        key: Arc<Binding>,
        /// What.
        message: Vec<u8>,
    },
}

/// What a clerk is asked to do, with the name of its token.
pub type Errand = Box<dyn FnOnce(&mut dyn Clerk, &TokenName) -> Result<Answer, Trouble> + Send>;

/// Why an errand came to nothing.
#[derive(Debug)]
pub enum Trouble {
    /// It is refused; the token is well.
    Refused(Refusal),
    /// The token failed.
    Fault(Fault),
}

impl From<Fault> for Trouble {
    fn from(fault: Fault) -> Self {
        Self::Fault(fault)
    }
}

impl From<Refusal> for Trouble {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}

/// How the engine ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// It was closed, and every job was served.
    Drained,
    /// The token refused the PIN. It must not be tried again.
    Pin(String),
    /// Too many epochs failed.
    Unwell(String),
}

pub(super) struct Shared {
    pub(super) options: EngineOptions,
    pub(super) jobs: Queue<Work>,
    pub(super) errands: Queue<Errand>,
    pub(super) calls: Calls,
    pub(super) made: AtomicU64,
    pub(super) faults: AtomicU64,
    module: String,
    closing: AtomicBool,
    state: Mutex<State>,
    /// Told when `closing` or `state.stop` changes.
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    serving: bool,
    detail: String,
    epoch: u64,
    token: Option<TokenName>,
    workers: usize,
    /// How long opening took the last time.
    opened: Option<Duration>,
    stop: Option<Stop>,
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("options", &self.options).finish_non_exhaustive()
    }
}

impl Shared {
    pub(super) fn new(module: String, options: EngineOptions) -> Self {
        Self {
            jobs: Queue::new(options.depth),
            // Errands are few, and an operator's.
            errands: Queue::new(16),
            // A place for each worker, and one for the thread that opens epochs.
            calls: Calls::new(options.workers + 1),
            made: AtomicU64::new(0),
            faults: AtomicU64::new(0),
            module,
            closing: AtomicBool::new(false),
            state: Mutex::new(State {
                detail: "starting".to_owned(),
                opened: options.opened,
                ..State::default()
            }),
            changed: Condvar::new(),
            options,
        }
    }

    pub(super) fn health(&self) -> Health {
        let (busy, longest_call_ms) = self.calls.under_way();
        let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
        let state = self.lock();
        Health {
            pid: std::process::id(),
            serving: state.serving,
            detail: state.detail.clone(),
            epoch: state.epoch,
            token: state.token.clone(),
            module: self.module.clone(),
            workers: count(state.workers),
            busy: count(busy),
            longest_call_ms,
            queued: count(self.jobs.len()),
            made: self.made.load(Ordering::Relaxed),
            faults: self.faults.load(Ordering::Relaxed),
            opened_ms: state
                .opened
                .map_or(0, |took| u32::try_from(millis(took)).unwrap_or(u32::MAX).max(1)),
        }
    }

    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.jobs.close();
        self.errands.close();
        self.tell();
    }

    pub(super) fn wait(&self, patience: Option<Duration>) -> Option<Stop> {
        let give_up = patience.map(|patience| Instant::now() + patience);
        let mut state = self.lock();
        loop {
            if let Some(stop) = &state.stop {
                return Some(stop.clone());
            }
            let left = give_up.map(|at| at.saturating_duration_since(Instant::now()));
            state = match left {
                Some(Duration::ZERO) => return None,
                left => self.sleep(state, left.unwrap_or(Duration::MAX)),
            };
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn sleep<'a>(&self, state: MutexGuard<'a, State>, longest: Duration) -> MutexGuard<'a, State> {
        self.changed.wait_timeout(state, longest).unwrap_or_else(PoisonError::into_inner).0
    }

    fn tell(&self) {
        // With the lock: who has just looked is asleep before it is woken.
        let _state = self.lock();
        self.changed.notify_all();
    }

    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    pub(super) fn is_drained(&self) -> bool {
        self.is_closing() && self.jobs.is_drained() && self.errands.is_drained()
    }

    /// An epoch is about to be opened; tells how long that may take. What took a moment once and
    /// takes seconds now hangs, and a fresh process is the remedy.
    pub(super) fn opening(&self) -> Duration {
        let hang = self.options.hang;
        let mut state = self.lock();
        state.epoch += 1;
        state.opened.map_or(hang * 6, |took| (took * 4).max(hang))
    }

    /// The epoch is open, after so long.
    pub(super) fn opened(&self, took: Duration) {
        self.lock().opened = Some(took);
    }

    pub(super) fn serves(&self, token: &TokenName, workers: usize) {
        {
            let mut state = self.lock();
            state.serving = true;
            state.detail.clear();
            state.token = Some(token.clone());
            state.workers = workers;
        }
        self.jobs.admit();
        self.errands.admit();
    }

    pub(super) fn lost_a_worker(&self) {
        let mut state = self.lock();
        state.workers = state.workers.saturating_sub(1);
    }

    /// The epoch is over; until the next one, why.
    pub(super) fn rests(&self, detail: &str) {
        let mut state = self.lock();
        state.serving = false;
        state.workers = 0;
        detail.clone_into(&mut state.detail);
    }

    /// Sleeps between two epochs, or until the engine closes.
    pub(super) fn pause(&self, pause: Duration) {
        let until = Instant::now() + pause;
        let mut state = self.lock();
        while !self.is_closing() {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            state = self.sleep(state, left);
        }
    }

    pub(super) fn refuse_all(&self, refusal: &Refusal) {
        self.jobs.refuse(refusal);
        self.errands.refuse(refusal);
    }

    pub(super) fn stopped(&self, stop: Stop) {
        self.closing.store(true, Ordering::Release);
        let refusal = match &stop {
            Stop::Drained => {
                let detail = "the signer is stopping".to_owned();
                Refusal::Unavailable { retry_after_ms: 200, detail }
            }
            Stop::Pin(detail) => Refusal::Pin(detail.clone()),
            Stop::Unwell(detail) => {
                Refusal::Unavailable { retry_after_ms: 1000, detail: detail.clone() }
            }
        };
        self.refuse_all(&refusal);
        self.lock().stop = Some(stop);
        self.tell();
    }

    /// Looks for calls that hang until the engine has stopped.
    pub(super) fn watch(&self) {
        let pace =
            (self.options.hang / 20).clamp(Duration::from_millis(20), Duration::from_secs(1));
        let mut state = self.lock();
        while state.stop.is_none() {
            state = self.sleep(state, pace);
            if let Some(lasted) = self.calls.hanging() {
                drop(state);
                let lasted = millis(lasted);
                error!(duration_ms = lasted, "a call into the PKCS#11 module hangs");
                (self.options.on_hang)(&format!("a call hangs since {lasted} ms"));
                return;
            }
        }
    }
}
