//! Calls into the module that are under way, so that one that hangs is seen from outside.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// One place for each thread that calls the module.
#[derive(Debug)]
pub(super) struct Calls {
    start: Instant,
    places: Vec<Place>,
}

#[derive(Debug, Default)]
struct Place {
    /// Milliseconds since `start`, plus 1; 0 while no call is under way.
    since: AtomicU64,
    /// Milliseconds that the call may last.
    limit: AtomicU64,
}

/// Ends its call when it is dropped.
pub(super) struct Call<'a>(Option<&'a Place>);

impl Drop for Call<'_> {
    fn drop(&mut self) {
        if let Some(place) = self.0 {
            place.since.store(0, Ordering::Release);
        }
    }
}

impl Calls {
    pub(super) fn new(places: usize) -> Self {
        let places = (0..places).map(|_| Place::default()).collect();
        Self { start: Instant::now(), places }
    }

    fn now(&self) -> u64 {
        millis(self.start.elapsed()).saturating_add(1)
    }

    /// Begins a call of the thread `place`, which may last for `limit`.
    pub(super) fn begin(&self, place: usize, limit: Duration) -> Call<'_> {
        let place = self.places.get(place);
        if let Some(place) = place {
            place.limit.store(millis(limit), Ordering::Relaxed);
            place.since.store(self.now(), Ordering::Release);
        }
        Call(place)
    }

    fn durations(&self) -> impl Iterator<Item = (u64, u64)> {
        let now = self.now();
        self.places.iter().filter_map(move |place| {
            let since = place.since.load(Ordering::Acquire);
            let limit = place.limit.load(Ordering::Relaxed);
            (since != 0).then(|| (now.saturating_sub(since), limit))
        })
    }

    /// How many calls are under way, and how long the longest has lasted, in milliseconds.
    pub(super) fn under_way(&self) -> (usize, u64) {
        self.durations()
            .fold((0, 0), |(count, longest), (lasted, _)| (count + 1, longest.max(lasted)))
    }

    /// How long a call has lasted that is over its limit.
    pub(super) fn hanging(&self) -> Option<Duration> {
        self.durations()
            .find(|(lasted, limit)| lasted > limit)
            .map(|(lasted, _)| Duration::from_millis(lasted))
    }
}

pub(super) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_seen_while_it_lasts() {
        let calls = Calls::new(2);
        assert_eq!(calls.under_way().0, 0);
        let call = calls.begin(1, Duration::MAX);
        assert_eq!(calls.under_way().0, 1);
        assert_eq!(calls.hanging(), None);
        drop(call);
        assert_eq!(calls.under_way().0, 0);
    }
}
