//! Intents of this process that are not closed: those that deeds are at work on, and those that came to
//! nothing while the store could not be told so.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use crate::store::Write;

/// More deeds are not at work at once: the token has fewer places.
const AT_WORK: u32 = 1 << 20;
/// So many are remembered; what is beyond is settled by age or by the next start.
const REMEMBERED: usize = 65_536;

/// Shared by all CAs of a server.
#[derive(Debug, Clone)]
pub struct OpenIntents {
    /// One permit for each deed at work.
    at_work: Arc<Semaphore>,
    // Held to push or to take all, never while the store is asked.
    unsettled: Arc<Mutex<Vec<Write>>>,
}

impl Default for OpenIntents {
    fn default() -> Self {
        let permits = usize::try_from(AT_WORK).unwrap_or(usize::MAX);
        Self { at_work: Arc::new(Semaphore::new(permits)), unsettled: Arc::default() }
    }
}

impl OpenIntents {
    /// For as long as a deed is at work on an intent; `None` once the server stops.
    pub(super) fn begin(&self) -> Option<OwnedSemaphorePermit> {
        self.at_work.clone().try_acquire_owned().ok()
    }

    /// Waits for the deeds at work, at most `patience`; no further one begins. A server that stops in
    /// order leaves no intent open.
    pub async fn finish(&self, patience: Duration) {
        // What is not done by then is settled by the next start.
        let _ = timeout(patience, self.at_work.acquire_many(AT_WORK)).await.map(drop);
        self.at_work.close();
    }

    /// Remembers the write that would have closed an intent, for the next sweep.
    pub(super) fn add(&self, write: Write) {
        let mut writes = self.unsettled.lock().unwrap_or_else(PoisonError::into_inner);
        if writes.len() < REMEMBERED {
            writes.push(write);
        }
    }

    /// All that are remembered; they are forgotten here.
    pub(super) fn take(&self) -> Vec<Write> {
        std::mem::take(&mut *self.unsettled.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
