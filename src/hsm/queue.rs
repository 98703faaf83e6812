//! The bounded queue before the token.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::ledger::Line;
use super::protocol::{Answer, Refusal};

/// Who asked, and where the answer goes.
pub trait Asker: Send + Sync {
    /// Whether nobody waits for the answer any more.
    fn is_gone(&self) -> bool;

    /// Takes the answer of a request. `line` must be in the ledger before the answer is handed out.
    /// `hold` says that more answers follow at once: this one may wait for them, for
    /// [`Asker::flush`] at the latest.
    fn answer(&self, id: u64, answer: Result<Answer, Refusal>, line: Option<Line>, hold: bool);

    /// Hands out every answer that was held.
    fn flush(&self);
}

/// Something that waits for the token.
pub struct Job<W> {
    /// Who asked.
    pub asker: Arc<dyn Asker>,
    /// The asker's name for it.
    pub id: u64,
    /// After this nobody wants the answer.
    pub deadline: Instant,
    /// What is to be done.
    pub work: W,
    /// Whether an epoch has ended with it before.
    pub(super) retried: bool,
}

impl<W> Job<W> {
    /// A job that was not tried yet.
    pub fn new(asker: Arc<dyn Asker>, id: u64, deadline: Instant, work: W) -> Self {
        Self { asker, id, deadline, work, retried: false }
    }

    pub(super) fn refuse(&self, refusal: Refusal) {
        self.asker.answer(self.id, Err(refusal), None, false);
    }
}

impl<W> fmt::Debug for Job<W> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Job({})", self.id)
    }
}

/// What a worker got.
pub(super) enum Next<W> {
    Job(Job<W>),
    /// Nothing came within the time given.
    Idle,
    /// The epoch is over, or the queue is closed and empty: go.
    Over,
}

pub(super) struct Queue<W> {
    /// Held to push, pop and look; never while a job is served or an asker is answered.
    state: Mutex<State<W>>,
    ready: Condvar,
    depth: usize,
    /// How many wait, to be read without the lock.
    length: AtomicUsize,
}

struct State<W> {
    jobs: VecDeque<Job<W>>,
    closed: bool,
    /// Why nothing is taken now; until then nothing waits.
    refusing: Option<Refusal>,
}

impl<W> Queue<W> {
    pub(super) fn new(depth: usize) -> Self {
        let jobs = VecDeque::with_capacity(depth);
        let state = State { jobs, closed: false, refusing: None };
        Self { state: Mutex::new(state), ready: Condvar::new(), depth, length: AtomicUsize::new(0) }
    }

    fn lock(&self) -> MutexGuard<'_, State<W>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a job, or says why not; the asker is not answered here.
    pub(super) fn push(&self, job: Job<W>) -> Result<(), Refusal> {
        let mut state = self.lock();
        if let Some(refusal) = &state.refusing {
            return Err(refusal.clone());
        }
        if state.closed {
            let detail = "the signer is stopping".to_owned();
            return Err(Refusal::Unavailable { retry_after_ms: 200, detail });
        }
        if state.jobs.len() >= self.depth {
            return Err(Refusal::Busy);
        }
        state.jobs.push_back(job);
        self.length.store(state.jobs.len(), Ordering::Relaxed);
        drop(state);
        self.ready.notify_one();
        Ok(())
    }

    /// Puts back a job that an epoch ended with; the queue's bound does not count for it.
    pub(super) fn push_back_first(&self, job: Job<W>) {
        let mut state = self.lock();
        let refusal = state.refusing.clone();
        if refusal.is_none() {
            state.jobs.push_front(job);
            self.length.store(state.jobs.len(), Ordering::Relaxed);
            drop(state);
            self.ready.notify_one();
        } else if let Some(refusal) = refusal {
            drop(state);
            job.refuse(refusal);
        }
    }

    /// The next job that somebody still waits for; jobs whose deadline has passed are told so,
    /// jobs whose asker has gone are dropped. Waits for at most `patience`.
    pub(super) fn pop(&self, over: &AtomicBool, patience: Option<Duration>) -> Next<W> {
        let give_up = patience.map(|patience| Instant::now() + patience);
        let mut state = self.lock();
        loop {
            if over.load(Ordering::Acquire) {
                return Next::Over;
            }
            if let Some(job) = state.jobs.pop_front() {
                self.length.store(state.jobs.len(), Ordering::Relaxed);
                if job.asker.is_gone() {
                    continue;
                }
                if Instant::now() < job.deadline {
                    return Next::Job(job);
                }
                drop(state);
                job.refuse(Refusal::Late);
                state = self.lock();
                continue;
            }
            if state.closed {
                return Next::Over;
            }
            state = match give_up {
                None => self.ready.wait(state).unwrap_or_else(PoisonError::into_inner),
                Some(at) => {
                    let left = at.saturating_duration_since(Instant::now());
                    if left.is_zero() {
                        return Next::Idle;
                    }
                    let waited = self.ready.wait_timeout(state, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }

    /// Drops a job that waits.
    pub(super) fn cancel(&self, asker: &Arc<dyn Asker>, id: u64) {
        let mut state = self.lock();
        state.jobs.retain(|job| job.id != id || !Arc::ptr_eq(&job.asker, asker));
        self.length.store(state.jobs.len(), Ordering::Relaxed);
    }

    /// Refuses every job that waits and every job to come, until [`Queue::admit`].
    pub(super) fn refuse(&self, refusal: &Refusal) {
        let mut state = self.lock();
        state.refusing = Some(refusal.clone());
        let jobs = std::mem::take(&mut state.jobs);
        self.length.store(0, Ordering::Relaxed);
        drop(state);
        for job in jobs {
            job.refuse(refusal.clone());
        }
    }

    pub(super) fn admit(&self) {
        self.lock().refusing = None;
    }

    /// Takes no more jobs; workers leave when none waits.
    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.ready.notify_all();
    }

    pub(super) fn is_drained(&self) -> bool {
        let state = self.lock();
        state.closed && state.jobs.is_empty()
    }

    /// Wakes every worker, to look whether the epoch is over.
    pub(super) fn wake(&self) {
        // With the lock: a worker that has just looked is asleep before it is woken.
        let _state = self.lock();
        self.ready.notify_all();
    }

    /// How many wait.
    pub(super) fn len(&self) -> usize {
        self.length.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Notes {
        gone: AtomicBool,
        told: Mutex<Vec<(u64, Result<Answer, Refusal>)>>,
    }

    impl Asker for Notes {
        fn is_gone(&self) -> bool {
            self.gone.load(Ordering::Relaxed)
        }

        fn answer(&self, id: u64, answer: Result<Answer, Refusal>, _: Option<Line>, _: bool) {
            self.told.lock().unwrap().push((id, answer));
        }

        fn flush(&self) {}
    }

    fn job(asker: &Arc<Notes>, id: u64, left: Duration) -> Job<()> {
        Job::new(asker.clone(), id, Instant::now() + left, ())
    }

    const SOON: Duration = Duration::from_mins(1);

    fn next(queue: &Queue<()>) -> Option<u64> {
        match queue.pop(&AtomicBool::new(false), Some(Duration::ZERO)) {
            Next::Job(job) => Some(job.id),
            Next::Idle | Next::Over => None,
        }
    }

    #[test]
    fn a_full_queue_is_busy() {
        let (queue, asker) = (Queue::new(2), Arc::new(Notes::default()));
        assert_eq!(queue.push(job(&asker, 1, SOON)), Ok(()));
        assert_eq!(queue.push(job(&asker, 2, SOON)), Ok(()));
        assert_eq!(queue.push(job(&asker, 3, SOON)), Err(Refusal::Busy));
        assert_eq!((next(&queue), next(&queue), next(&queue)), (Some(1), Some(2), None));
    }

    #[test]
    fn what_is_late_is_told_and_what_is_unwanted_is_dropped() {
        let queue = Queue::new(8);
        let (here, gone) = (Arc::new(Notes::default()), Arc::new(Notes::default()));
        gone.gone.store(true, Ordering::Relaxed);
        queue.push(job(&here, 1, Duration::ZERO)).unwrap();
        queue.push(job(&gone, 2, SOON)).unwrap();
        queue.push(job(&here, 3, SOON)).unwrap();
        queue.push(job(&here, 4, SOON)).unwrap();
        let asker: Arc<dyn Asker> = here.clone();
        queue.cancel(&asker, 3);
        assert_eq!((next(&queue), next(&queue)), (Some(4), None));
        assert_eq!(*here.told.lock().unwrap(), [(1, Err(Refusal::Late))]);
        assert!(gone.told.lock().unwrap().is_empty());
    }

    #[test]
    fn while_it_refuses_nobody_waits() {
        let (queue, asker) = (Queue::new(8), Arc::new(Notes::default()));
        queue.push(job(&asker, 1, SOON)).unwrap();
        queue.refuse(&Refusal::Busy);
        assert_eq!(queue.push(job(&asker, 2, SOON)), Err(Refusal::Busy));
        assert_eq!(*asker.told.lock().unwrap(), [(1, Err(Refusal::Busy))]);
        queue.admit();
        assert!(queue.push(job(&asker, 3, SOON)).is_ok());
    }

    #[test]
    fn a_closed_queue_is_emptied_first() {
        let (queue, asker) = (Queue::new(8), Arc::new(Notes::default()));
        queue.push(job(&asker, 1, SOON)).unwrap();
        queue.close();
        assert!(queue.push(job(&asker, 2, SOON)).is_err());
        assert!(!queue.is_drained());
        assert_eq!(next(&queue), Some(1));
        assert!(matches!(queue.pop(&AtomicBool::new(false), None), Next::Over));
        assert!(queue.is_drained());
    }
}
