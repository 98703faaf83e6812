//! What an issuer has revoked, ready for its lists and for whoever asks about one certificate.
//!
//! Reading and writing a hundred thousand entries takes long, and of one list to the next nearly all
//! are the same. They are kept here, and before each list the database is asked whether anything was
//! revoked since, and then how many there should be: what was revoked stays revoked, so the same number
//! is the same set. No list is older than the question for it, whichever process revoked.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};

use crate::clock::Timestamp;
use crate::id::{KeyId, SerialNumber};
use crate::pki::{CrlEntries, Reason, Revoked};
use crate::service::error::{Error, Kind};
use crate::store::{Reader, RevokedFilter, RevokedRow};

/// Clocks of several processes may differ by so many seconds before all rows are read again.
const SLACK_SECONDS: i64 = 600;

/// What lists may take in memory while they are made and sent, in KiB.
const ROOM_KIB: u32 = 32 * 1024;

/// A list is held as DER, PEM, base64 and JSON at once, and in buffers between them.
const COPIES: usize = 8;

/// What each issuer of a CA has revoked.
#[derive(Debug)]
pub(super) struct RevokedEntries {
    // Held while the database is asked, so that of many who want the same only one asks for all.
    kept: Mutex<HashMap<KeyId, Kept>>,
    // Locked for a lookup, or while new rows are put in or lists are written. It is edited and not
    // replaced: it only grows, and a copy of a hundred thousand rows for each revocation would cost more
    // than all verdicts of a second.
    rows: RwLock<HashMap<KeyId, Rows>>,
    room: Arc<Semaphore>,
}

/// Room in memory for a list; given back when it is dropped.
#[derive(Debug)]
pub struct ListRoom {
    _room: OwnedSemaphorePermit,
}

/// When and why each serial number was revoked.
type Rows = BTreeMap<SerialNumber, (Timestamp, i64)>;

#[derive(Debug, Default)]
struct Kept {
    /// Where the database's counter stood before the rows were read.
    version: Option<i64>,
    plain: Option<CrlEntries>,
    with_reasons: Option<CrlEntries>,
}

impl RevokedEntries {
    pub(super) fn new() -> Self {
        let room = Arc::new(Semaphore::new(usize::try_from(ROOM_KIB).unwrap_or(usize::MAX)));
        Self { kept: Mutex::default(), rows: RwLock::default(), room }
    }

    /// Everything that an issuer has revoked, by serial number.
    pub(super) async fn all(
        &self,
        reader: &Reader,
        issuer: &KeyId,
        reasons: bool,
    ) -> Result<CrlEntries, Error> {
        let mut kept = self.kept.lock().await;
        let kept = kept.entry(issuer.clone()).or_default();
        self.read_news(kept, reader, issuer).await?;
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        kept.entries(rows.get(issuer), reasons)
    }

    /// Learns what was revoked until now, whichever process revoked it.
    pub(super) async fn catch_up(&self, reader: &Reader, issuer: &KeyId) -> Result<(), Error> {
        let mut kept = self.kept.lock().await;
        self.read_news(kept.entry(issuer.clone()).or_default(), reader, issuer).await
    }

    /// Whether a serial number (without leading zero octets) was revoked when [`Self::catch_up`] was last
    /// asked.
    pub(super) fn contains(&self, issuer: &[u8], serial: &[u8]) -> bool {
        let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
        rows.get(issuer).is_some_and(|rows| rows.contains_key(serial))
    }

    async fn read_news(
        &self,
        kept: &mut Kept,
        reader: &Reader,
        issuer: &KeyId,
    ) -> Result<(), Error> {
        let version = reader.revocations_version().await?;
        if kept.version == Some(version) {
            return Ok(());
        }
        let count = reader.revoked_count(issuer).await?;
        let (known, newest) = {
            let rows = self.rows.read().unwrap_or_else(PoisonError::into_inner);
            let rows = rows.get(issuer);
            let newest = rows.and_then(|rows| rows.values().map(|(at, _)| *at).max());
            (rows.map_or(0, BTreeMap::len), newest)
        };
        if known < count {
            (kept.plain, kept.with_reasons) = (None, None);
            let mut known = known;
            if let Some(newest) = newest {
                let revoked_after = Some(newest.plus(-SLACK_SECONDS));
                let since = RevokedFilter { revoked_after, ..RevokedFilter::default() };
                known = self.add(issuer, reader.revoked(issuer, &since).await?);
            }
            if known < count {
                self.add(issuer, reader.revoked(issuer, &RevokedFilter::default()).await?);
            }
        }
        kept.version = Some(version);
        Ok(())
    }

    /// Puts rows in; gives how many there are then.
    fn add(&self, issuer: &KeyId, rows: Vec<RevokedRow>) -> usize {
        let mut all = self.rows.write().unwrap_or_else(PoisonError::into_inner);
        let of_issuer = all.entry(issuer.clone()).or_default();
        of_issuer.extend(rows.into_iter().map(|row| (row.serial, (row.at, row.reason_code))));
        of_issuer.len()
    }

    /// Waits until there is room for a list with these entries.
    pub(super) async fn room_for(&self, entries: &CrlEntries) -> Result<ListRoom, Error> {
        let kib = entries.octets().saturating_mul(COPIES) / 1024 + 1;
        let kib = u32::try_from(kib).unwrap_or(u32::MAX).min(ROOM_KIB);
        let room = Arc::clone(&self.room).acquire_many_owned(kib).await;
        let room = room.map_err(|_| Error::new(Kind::Internal, "the room for lists is closed"))?;
        Ok(ListRoom { _room: room })
    }
}

impl Kept {
    fn entries(&mut self, rows: Option<&Rows>, reasons: bool) -> Result<CrlEntries, Error> {
        let written = if reasons { &mut self.with_reasons } else { &mut self.plain };
        if let Some(entries) = written {
            return Ok(entries.clone());
        }
        let rows = rows.into_iter().flatten();
        let entries = rows.map(|(serial, (at, code))| entry(serial.clone(), *at, *code));
        Ok(written.insert(CrlEntries::write(entries, reasons)?).clone())
    }
}

/// Rows as entries of a list.
pub(super) fn entries_of(rows: Vec<RevokedRow>, reasons: bool) -> Result<CrlEntries, Error> {
    let entries = rows.into_iter().map(|row| entry(row.serial, row.at, row.reason_code));
    Ok(CrlEntries::write(entries, reasons)?)
}

fn entry(serial: SerialNumber, at: Timestamp, code: i64) -> Revoked {
    let reason = u8::try_from(code).ok().and_then(Reason::from_code);
    Revoked { serial, at, reason: reason.unwrap_or(Reason::Unspecified) }
}
