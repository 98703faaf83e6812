//! One epoch after another: opened, served, closed, and opened again after a pause when the device
//! was unwell.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

use tracing::{error, info, warn};

use super::calls::millis;
use super::course::{Course, End};
use super::fault::{Class, Fault};
use super::protocol::Refusal;
use super::shared::{Shared, Stop};
use super::token::{Device, Epoch};
use super::worker::{Worker, run_errands};
use crate::secret::random;

/// Keeps epochs open until the engine is closed, the PIN is refused, or too many epochs fail.
pub(super) fn keep(device: &dyn Device, shared: &Shared) -> Stop {
    // The circuit breaker: failed epochs in a row. The second closes the queue until one opens.
    let mut failures = 0_u32;
    loop {
        if shared.is_drained() {
            return Stop::Drained;
        }
        let started = Instant::now();
        let mut served = 0;
        let end = match one_epoch(device, shared, &mut served) {
            Ok(End::Drained) => return Stop::Drained,
            Ok(other) => other,
            Err(fault) if fault.class == Class::Pin => End::Pin(fault.to_string()),
            Err(fault) => End::Unwell(fault.to_string()),
        };
        let detail = match end {
            End::Pin(detail) => {
                error!(reason = detail, "the token refused the PIN; it is not tried again");
                return Stop::Pin(detail);
            }
            End::Unwell(detail) => detail,
            End::Drained => return Stop::Drained,
        };

        let was_well = served >= 100 || (served > 0 && started.elapsed().as_secs() >= 10);
        failures = if was_well { 1 } else { failures + 1 };
        shared.rests(&detail);
        if shared.is_closing() || failures >= shared.options.give_up {
            return Stop::Unwell(detail);
        }
        let pause = pause(failures, shared.options.pause, shared.options.longest_pause);
        warn!(reason = detail, failures, duration_ms = millis(pause), "the token is unwell");
        if failures > 1 {
            let retry_after_ms = u32::try_from(millis(pause)).unwrap_or(u32::MAX);
            shared.refuse_all(&Refusal::Unavailable { retry_after_ms, detail });
        }
        shared.pause(pause);
    }
}

/// Doubles with each failure, and is spread by a quarter either way, so that several signers of one
/// device do not come back at one time.
fn pause(failures: u32, first: Duration, longest: Duration) -> Duration {
    let doubled = first.saturating_mul(1_u32 << failures.saturating_sub(1).min(16)).min(longest);
    let spread = random::<1>().map_or(128, |[octet]| octet);
    doubled.mul_f64(0.75 + f64::from(spread) / 512.0)
}

fn one_epoch(device: &dyn Device, shared: &Shared, served: &mut u64) -> Result<End, Fault> {
    let mut end = End::Drained;
    // Place 0 of the calls is this thread's.
    let patience = shared.opening();
    let began = Instant::now();
    let mut call = Some(shared.calls.begin(0, patience));
    device.epoch(&mut |epoch| {
        call = None;
        shared.opened(began.elapsed());
        (end, *served) = serve(epoch, shared);
        shared.rests("closing");
        call = Some(shared.calls.begin(0, patience));
    })?;
    drop(call);
    Ok(end)
}

/// Serves the queues until the epoch ends; every session is closed when this returns.
fn serve(epoch: &dyn Epoch, shared: &Shared) -> (End, u64) {
    let course = Course::default();
    let workers = epoch.room(shared.options.workers);
    shared.serves(epoch.token(), workers);
    info!(token.label = epoch.token().label, workers, "the token is served");
    thread::scope(|scope| {
        for place in 1..=workers {
            let worker = Worker::new(epoch, shared, &course, place);
            let name = format!("session {place}");
            let course = &course;
            let run = move || {
                // A session whose thread has failed leaves nobody waiting: the epoch ends.
                if catch_unwind(AssertUnwindSafe(|| worker.run())).is_err() {
                    course.end(shared, End::Unwell("the thread of a session panicked".to_owned()));
                }
            };
            if let Err(error) = thread::Builder::new().name(name).spawn_scoped(scope, run) {
                course.end(shared, End::Unwell(format!("no thread: {error}")));
            }
        }
        run_errands(epoch, shared, &course);
    });
    let served = course.served.load(Ordering::Relaxed);
    (course.taken(), served)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_and_are_bounded() {
        let (first, longest) = (Duration::from_millis(100), Duration::from_secs(5));
        for (failures, middle) in [(1, 100), (2, 200), (4, 800), (7, 5000), (40, 5000)] {
            let pause = pause(failures, first, longest).as_millis();
            assert!((middle * 3 / 4..=middle * 5 / 4).contains(&pause), "{failures}: {pause}");
        }
    }
}
