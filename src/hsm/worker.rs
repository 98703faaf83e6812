//! The threads that call the token. Nothing else blocks on it.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use cryptoki::error::RvError;
use tracing::{error, info, warn};

use super::course::{Course, End};
use super::fault::{Class, Fault, Recovery, Step};
use super::key::Binding;
use super::ledger::Line;
use super::octets::Octets;
use super::protocol::{Answer, Message, Refusal};
use super::purpose::Purpose;
use super::queue::{Asker, Job, Next};
use super::shared::{Errand, Shared, Trouble, Work};
use super::signature::Prepared;
use super::token::{Clerk, Epoch, Token};

/// A call that is faster than this is worth holding a reply back for the next one.
const QUICK: Duration = Duration::from_micros(500);

/// One thread, one session.
pub(super) struct Worker<'a> {
    epoch: &'a dyn Epoch,
    shared: &'a Shared,
    course: &'a Course,
    place: usize,
    session: Option<Box<dyn Token + 'a>>,
    /// Whose replies are held back; never while this thread sleeps.
    held: Option<Arc<dyn Asker>>,
    /// Set when the token has no session for this thread.
    retired: bool,
}

struct Done {
    answer: Answer,
    line: Option<Line>,
}

impl<'a> Worker<'a> {
    pub(super) fn new(
        epoch: &'a dyn Epoch,
        shared: &'a Shared,
        course: &'a Course,
        place: usize,
    ) -> Self {
        Self { epoch, shared, course, place, session: None, held: None, retired: false }
    }

    pub(super) fn run(mut self) {
        while !self.retired
            && let Some(job) = self.next()
        {
            self.serve(job);
        }
        self.flush();
        self.close();
    }

    /// The next job; asks for a sign of life while there is none.
    fn next(&mut self) -> Option<Job<Work>> {
        loop {
            let over = &self.course.over;
            let next = match self.shared.jobs.pop(over, Some(Duration::ZERO)) {
                Next::Idle => {
                    self.flush();
                    self.shared.jobs.pop(over, self.shared.options.keep_alive)
                }
                next @ (Next::Job(_) | Next::Over) => next,
            };
            match next {
                Next::Job(job) => {
                    if self.held.as_ref().is_some_and(|held| !Arc::ptr_eq(held, &job.asker)) {
                        self.flush();
                    }
                    return Some(job);
                }
                Next::Idle => self.probe(),
                Next::Over => return None,
            }
        }
    }

    fn serve(&mut self, mut job: Job<Work>) {
        let started = Instant::now();
        let mut recovery = Recovery::default();
        let outcome = loop {
            let fault = match self.attempt(&job.work) {
                Ok(done) => break Ok(done),
                Err(fault) => fault,
            };
            let key = job.work.key();
            self.note(&fault, key);
            match recovery.step(fault.class) {
                Step::Fail => break Err(refusal(fault, key)),
                Step::NewSession => self.close(),
                Step::FindAgain => {
                    if let Some(session) = &mut self.session {
                        session.forget(key);
                    }
                }
                Step::NewEpoch => return self.give_up(job, &fault),
                Step::Stop => {
                    let detail = fault.to_string();
                    self.course.end(self.shared, End::Pin(detail.clone()));
                    break Err(Refusal::Pin(detail));
                }
            }
        };
        job.retried = false;
        match outcome {
            Ok(Done { answer, line }) => {
                self.course.served.fetch_add(1, Ordering::Relaxed);
                self.shared.made.fetch_add(1, Ordering::Relaxed);
                // With enough other work in the queue, the replies of a few quick calls leave in one
                // write, and so do their lines in the ledger.
                let more = self.shared.jobs.len() >= 2 * self.shared.options.workers;
                let hold = more && started.elapsed() < QUICK;
                job.asker.answer(job.id, Ok(answer), line, hold);
                self.held = hold.then_some(job.asker);
            }
            Err(refusal) => job.refuse(refusal),
        }
    }

    /// Does the work once.
    fn attempt(&mut self, work: &Work) -> Result<Done, Fault> {
        match work {
            Work::Sign { key, purpose, message } => self.sign(key, *purpose, message),
            Work::Mac { key, message } => {
                let _call = self.shared.calls.begin(self.place, self.shared.options.hang);
                let code = self.session()?.mac(key, message)?;
                Ok(Done { answer: Answer::Mac(code), line: None })
            }
        }
    }

    fn sign(&mut self, key: &Binding, purpose: Purpose, message: &Message) -> Result<Done, Fault> {
        let prepared = Prepared::new(key.info.algorithm, message)?;
        let raw = {
            let _call = self.shared.calls.begin(self.place, self.shared.options.hang);
            self.session()?.sign(key, prepared.input())?
        };
        let signature = prepared.finish(key, raw)?;
        let line = purpose.is_ledgered().then(|| Line {
            at: self.shared.options.clock.now(),
            key: key.info.reference,
            purpose,
            sha256: prepared.sha256,
            sha384: prepared.sha384(),
        });
        Ok(Done { answer: Answer::Signature(Octets(signature)), line })
    }

    fn session(&mut self) -> Result<&mut Box<dyn Token + 'a>, Fault> {
        if self.session.is_none() {
            let session = self.epoch.session()?;
            self.course.open.fetch_add(1, Ordering::Relaxed);
            self.session = Some(session);
        }
        self.session
            .as_mut()
            .ok_or_else(|| Fault::new(Class::Session, "open a session", "there is none"))
    }

    fn close(&mut self) {
        if let Some(session) = self.session.take() {
            let _call = self.shared.calls.begin(self.place, self.shared.options.hang);
            self.course.open.fetch_sub(1, Ordering::Relaxed);
            drop(session);
        }
    }

    fn flush(&mut self) {
        if let Some(held) = self.held.take() {
            held.flush();
        }
    }

    fn probe(&mut self) {
        let Some(session) = &mut self.session else { return };
        let verdict = {
            let _call = self.shared.calls.begin(self.place, self.shared.options.hang);
            session.probe()
        };
        if let Err(fault) = verdict {
            warn!(reason = %fault, "an idle session was lost");
            self.close();
            if fault.class == Class::Device {
                self.course.end(self.shared, End::Unwell(fault.to_string()));
            }
        }
    }

    /// The epoch ends with this job. It is tried once more in the next one: a signature that nobody
    /// saw may be made again.
    fn give_up(&mut self, mut job: Job<Work>, fault: &Fault) {
        // One session too many is no reason to take the token away from the others.
        if fault.rv() == Some(RvError::SessionCount)
            && self.session.is_none()
            && self.course.open.load(Ordering::Relaxed) > 0
        {
            warn!("the token has no room for another session; one worker fewer");
            self.retired = true;
            self.shared.lost_a_worker();
            self.shared.jobs.push_back_first(job);
            return;
        }
        self.course.end(self.shared, End::Unwell(fault.to_string()));
        if std::mem::replace(&mut job.retried, true) {
            let detail = fault.to_string();
            job.refuse(Refusal::Unavailable { retry_after_ms: 500, detail });
        } else {
            self.shared.jobs.push_back_first(job);
        }
    }

    fn note(&self, fault: &Fault, key: &Binding) {
        self.shared.faults.fetch_add(1, Ordering::Relaxed);
        let label = key.info.label.as_str();
        match fault.class {
            Class::Alarm => error!(key.label = label, reason = %fault, "a key must not be used"),
            Class::Pin => error!(key.label = label, reason = %fault, "the PIN was refused"),
            Class::Request | Class::Operation | Class::Session | Class::Handle | Class::Device => {
                let (operation, class) = (fault.operation, fault.class);
                warn!(key.label = label, hsm.operation = operation, %class, reason = %fault, "the token failed");
            }
        }
    }
}

impl Work {
    fn key(&self) -> &Binding {
        match self {
            Self::Sign { key, .. } | Self::Mac { key, .. } => key,
        }
    }
}

fn refusal(fault: Fault, key: &Binding) -> Refusal {
    match fault.class {
        Class::Alarm => Refusal::Alarm { label: key.info.label.clone(), detail: fault.detail },
        Class::Request
        | Class::Operation
        | Class::Session
        | Class::Handle
        | Class::Device
        | Class::Pin => Refusal::Token {
            operation: fault.operation.to_owned(),
            class: fault.class,
            detail: fault.detail,
        },
    }
}

/// Runs errands in the thread that opened the epoch, until the epoch ends.
pub(super) fn run_errands(epoch: &dyn Epoch, shared: &Shared, course: &Course) {
    let mut clerk = None;
    loop {
        match shared.errands.pop(&course.over, shared.options.keep_alive) {
            Next::Job(job) => {
                if let Err(fault) = run_errand(epoch, shared, &mut clerk, job) {
                    shared.faults.fetch_add(1, Ordering::Relaxed);
                    warn!(reason = %fault, "an errand failed");
                    // A clerk's next session is a new one, whatever it was.
                    clerk = None;
                    match fault.class {
                        Class::Device => course.end(shared, End::Unwell(fault.to_string())),
                        Class::Pin => course.end(shared, End::Pin(fault.to_string())),
                        Class::Request
                        | Class::Operation
                        | Class::Session
                        | Class::Handle
                        | Class::Alarm => {}
                    }
                }
            }
            Next::Idle => {
                let _call = shared.calls.begin(0, shared.options.hang);
                if clerk
                    .as_mut()
                    .is_some_and(|clerk: &mut Box<dyn Clerk + '_>| clerk.probe().is_err())
                {
                    info!("the clerk's session was lost");
                    clerk = None;
                }
            }
            Next::Over => break,
        }
    }
    let _call = shared.calls.begin(0, shared.options.hang);
    drop(clerk);
}

fn run_errand<'a>(
    epoch: &'a dyn Epoch,
    shared: &Shared,
    clerk: &mut Option<Box<dyn Clerk + 'a>>,
    job: Job<Errand>,
) -> Result<(), Fault> {
    // Making an RSA key takes some tokens a minute.
    let _call = shared.calls.begin(0, shared.options.hang * 30);
    let Job { asker, id, work, .. } = job;
    // Errands are rare: the session may have died of old age since the last one.
    let kept = clerk.take().and_then(|mut open| open.probe().is_ok().then_some(open));
    let opened = match kept {
        Some(open) => Ok(open),
        None => epoch.clerk(),
    };
    let outcome = match opened {
        Ok(mut open) => {
            let outcome = work(&mut *open, epoch.token());
            *clerk = Some(open);
            outcome
        }
        Err(fault) => Err(Trouble::Fault(fault)),
    };
    match outcome {
        Ok(answer) => {
            asker.answer(id, Ok(answer), None, false);
            Ok(())
        }
        Err(Trouble::Refused(refusal)) => {
            asker.answer(id, Err(refusal), None, false);
            Ok(())
        }
        Err(Trouble::Fault(fault)) => {
            let refusal = Refusal::Token {
                operation: fault.operation.to_owned(),
                class: fault.class,
                detail: fault.detail.clone(),
            };
            asker.answer(id, Err(refusal), None, false);
            Err(fault)
        }
    }
}
