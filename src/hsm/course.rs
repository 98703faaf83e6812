//! One epoch as its threads see it: whether it is over, and why.

use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use super::shared::Shared;

/// How an epoch ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum End {
    Drained,
    Unwell(String),
    Pin(String),
}

/// What the threads of one epoch share.
#[derive(Debug, Default)]
pub(super) struct Course {
    /// Set when the epoch is over; the threads leave.
    pub(super) over: AtomicBool,
    /// Why it is over; the first to say counts, but a refused PIN goes before everything.
    end: Mutex<Option<End>>,
    /// Jobs that were served.
    pub(super) served: AtomicU64,
    /// Workers with an open session.
    pub(super) open: AtomicUsize,
}

impl Course {
    /// Ends the epoch.
    pub(super) fn end(&self, shared: &Shared, end: End) {
        let mut first = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if first.is_none() || matches!(end, End::Pin(_)) {
            *first = Some(end);
        }
        drop(first);
        self.over.store(true, Ordering::Release);
        shared.jobs.wake();
        shared.errands.wake();
    }

    /// How it ended.
    pub(super) fn taken(self) -> End {
        self.end.into_inner().unwrap_or_else(PoisonError::into_inner).unwrap_or(End::Drained)
    }
}
