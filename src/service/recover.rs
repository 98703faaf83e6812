//! What a crash left open is settled: at start, and while serving.
//!
//! An open intent may have been signed or not; nobody got an answer. It is abandoned: the enrollment
//! that it took is given back, and its serial number goes on the revocation list, since a certificate
//! with it may exist (I2).

use tracing::{info, warn};

use crate::clock::Timestamp;
use crate::service::authority::Commons;
use crate::service::error::Error;
use crate::store::{self, Change, JournalFilter, JournalRow, JournalState, Write};

/// Intents of other processes are left alone this long, in seconds: no deed takes longer.
const ABANDONED_AFTER_SECONDS: i64 = 600;
/// Rows that are read at once.
const PAGE: u32 = 500;

/// Which open intents are nobody's any more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sweep {
    /// At start: all of this instance, whose deeds died with the process before, and old ones.
    AtStart,
    /// While serving: old ones alone.
    WhileServing,
}

/// Abandons the open intents that are nobody's any more. Returns how many there were.
///
/// # Errors
/// Of the store.
pub async fn recover(commons: &Commons, sweep: Sweep) -> Result<usize, Error> {
    let now = commons.clock.now();
    let mut settled = settle_ours(commons).await?;
    let open = JournalFilter { state: Some(JournalState::Open), ..JournalFilter::default() };
    let mut after = None;
    loop {
        let page = commons.store.read().journal(&open, after.as_ref(), PAGE).await?;
        for row in &page {
            let ours = sweep == Sweep::AtStart && row.instance == commons.instance;
            if ours || row.at.plus(ABANDONED_AFTER_SECONDS) < now {
                settled += usize::from(settle(commons, row, now).await?);
            }
        }
        after = match page.last() {
            Some(last) => Some(last.cursor()),
            None => break,
        };
    }
    if settled > 0 {
        warn!("settled {settled} intents that were left open");
    }
    Ok(settled)
}

/// Closes what the deeds of this process could not close because the store failed.
async fn settle_ours(commons: &Commons) -> Result<usize, Error> {
    let mut settled = 0;
    let mut writes = commons.open_intents.take().into_iter();
    while let Some(write) = writes.next() {
        match commons.store.write(write.clone()).await {
            Ok(_) => settled += 1,
            // It is closed already.
            Err(store::Error::Lost(_)) => {}
            Err(error) => {
                commons.open_intents.add(write);
                writes.for_each(|write| commons.open_intents.add(write));
                return Err(error.into());
            }
        }
    }
    Ok(settled)
}

async fn settle(commons: &Commons, row: &JournalRow, at: Timestamp) -> Result<bool, Error> {
    let change =
        Change::Abandon { issuer: row.issuer.clone(), name: row.name.clone(), at, signed: true };
    let entry = crate::audit::Entry {
        at,
        ca: row.ca.clone(),
        actor: "chancery".to_owned(),
        deed: "abandon-intent",
        subject: row.name.clone(),
        reason: format!("left open by `{}`", row.instance),
    };
    match commons.store.write(Write::new(change, entry)).await {
        Ok(_) => {
            info!(ca.name = %row.ca, certificate.serial = %row.name, "abandoned an open intent");
            Ok(true)
        }
        // Its own process has closed it meanwhile.
        Err(store::Error::Lost(_)) => Ok(false),
        Err(error) => Err(error.into()),
    }
}
