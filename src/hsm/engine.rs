//! The token at work: a queue, threads that own a session each, one epoch after another.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use super::epochs;
use super::protocol::{Health, Refusal};
use super::queue::{Asker, Job};
use super::shared::{EngineOptions, Errand, Shared, Stop, Work};
use super::token::Device;

/// The threads of one token.
#[derive(Debug)]
pub struct Engine {
    shared: Arc<Shared>,
}

impl Engine {
    /// Starts the threads; the first epoch opens meanwhile.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub fn start(device: Box<dyn Device>, options: EngineOptions) -> std::io::Result<Self> {
        let shared = Arc::new(Shared::new(device.describe(), options));
        let keeper = shared.clone();
        thread::Builder::new().name("epochs".to_owned()).spawn(move || {
            let stop = catch_unwind(AssertUnwindSafe(|| epochs::keep(&*device, &keeper)));
            // Whoever waits is told even when this thread has failed itself.
            let panicked = |_| Stop::Unwell("the thread of the epochs panicked".to_owned());
            keeper.stopped(stop.unwrap_or_else(panicked));
        })?;
        let watch = shared.clone();
        thread::Builder::new().name("watch".to_owned()).spawn(move || watch.watch())?;
        Ok(Self { shared })
    }

    /// Puts a job into the queue.
    ///
    /// # Errors
    /// When the queue is full, closed, or refuses while the token is down.
    pub fn submit(&self, job: Job<Work>) -> Result<(), Refusal> {
        self.shared.jobs.push(job)
    }

    /// Puts an errand into the clerk's queue.
    ///
    /// # Errors
    /// As [`Engine::submit`].
    pub fn send(&self, errand: Job<Errand>) -> Result<(), Refusal> {
        self.shared.errands.push(errand)
    }

    /// Drops a job that still waits.
    pub fn cancel(&self, asker: &Arc<dyn Asker>, id: u64) {
        self.shared.jobs.cancel(asker, id);
        self.shared.errands.cancel(asker, id);
    }

    /// How the token is. Never waits for the token.
    pub fn health(&self) -> Health {
        self.shared.health()
    }

    /// Takes no more jobs; what waits is still served.
    pub fn close(&self) {
        self.shared.close();
    }

    /// Waits for the end, at most `patience`; `None` when it has not come by then.
    pub fn wait(&self, patience: Option<Duration>) -> Option<Stop> {
        self.shared.wait(patience)
    }
}
