//! Work that takes the cores, away from the tasks that wait for the network.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::LazyLock;
use std::time::Duration;

use rayon::iter::{IntoParallelRefIterator as _, ParallelIterator as _};
use tokio::sync::{Semaphore, oneshot};
use tokio::time::timeout;

use crate::service::error::{Error, Kind};

/// How long a batch waits for its place before it is refused as busy.
const PATIENCE: Duration = Duration::from_secs(5);

/// As many batches at once as there are cores: a batch alone has them all, and of many none is begun
/// before those that came first are nearly done, which would only make all of them late.
static PLACES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(rayon::current_num_threads()));

/// Runs `work` on the cores' own threads, where it may spread itself further.
///
/// # Errors
/// [`Kind::Busy`] when too much waits already; [`Kind::Internal`] when the work panicked.
pub async fn on_cores<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Error> {
    let busy = || Error::new(Kind::Busy, "the server is busy with other batches");
    let place = timeout(PATIENCE, PLACES.acquire()).await.map_err(|_| busy())?;
    let _place = place.map_err(Error::internal)?;
    let (tell, told) = oneshot::channel();
    rayon::spawn(move || {
        // Nobody listens when the client has gone; a panic must not take the process with it.
        let _ = tell.send(catch_unwind(AssertUnwindSafe(work)));
    });
    match told.await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(_)) | Err(_) => Err(Error::new(Kind::Internal, "the server failed")),
    }
}

/// Makes something of each item, spread over the cores; in the order of the items.
pub fn map_on_cores<'t, T: Sync, R: Send>(
    items: &'t [T],
    make: impl Fn(&'t T) -> R + Sync + Send,
) -> Vec<R> {
    items.par_iter().map(make).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn work_is_done_elsewhere_and_a_panic_stays_there() {
        assert_eq!(on_cores(|| 6 * 7).await.unwrap(), 42);
        let failed = on_cores(|| -> u32 { panic!("on purpose") }).await.unwrap_err();
        assert_eq!(failed.kind, Kind::Internal);
        assert_eq!(on_cores(|| 1).await.unwrap(), 1);
    }
}
