//! The memberships that this server knows: the MSPs of its own organizations, and those of channels.
//!
//! A [`Membership`] is built whole and swapped when a channel changes; whoever judges holds it and no lock.
//! Before each use the database is asked, in one statement, whether anything was revoked or any channel
//! changed, so that no verdict depends on the age of a memory and no process on another (I5).

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, PoisonError, RwLock};

use aws_lc_rs::digest::{SHA256, digest};
use tokio::sync::Mutex;
use tracing::error;

use crate::channel::{Channel, Current};
use crate::clock::Timestamp;
use crate::id::{ChannelId, KeyId};
use crate::msp::{Category, Epoch, Identity, Msps, Rejection};
use crate::policy::Members;
use crate::service::authority::Authority;
use crate::service::error::{Error, Kind};
use crate::service::organizations::Organization;
use crate::store::{ChannelRow, Store};
use crate::wire::{Config, MspPrincipal, decode};

/// Identities that each channel remembers.
const REMEMBERED: usize = 10_000;

/// A channel that this server knows.
#[derive(Debug)]
pub struct KnownChannel {
    /// Its ID.
    pub id: ChannelId,
    /// How often its configuration was updated.
    pub sequence: u64,
    /// When we learned of this configuration.
    pub at: Timestamp,
    /// Whether this server decides over its configuration, and not the channel's orderers.
    pub governed_here: bool,
    /// Its configuration, and what judges in it.
    pub current: Current,
    /// SHA-256 of the configuration as it is stored.
    digest: [u8; 32],
    epoch: Epoch,
}

/// All memberships as of one moment.
#[derive(Debug)]
pub struct Membership {
    channels: BTreeMap<ChannelId, Arc<KnownChannel>>,
    own: Arc<Epoch>,
    revoked: Arc<RevokedByUs>,
}

/// What our own CAs have revoked, by issuer.
#[derive(Debug)]
struct RevokedByUs(HashMap<KeyId, Arc<Authority>>);

/// Keeps the membership of today.
#[derive(Debug)]
pub(super) struct Memberships {
    store: Store,
    revoked: Arc<RevokedByUs>,
    /// Replaced, never edited; locked for the moment of a copy or of the swap.
    today: RwLock<Today>,
    /// Held while a new one is built, so that of many who want it only one builds.
    building: Mutex<()>,
}

#[derive(Debug, Clone)]
struct Today {
    membership: Arc<Membership>,
    revocations: Option<i64>,
    channels: Option<i64>,
}

impl RevokedByUs {
    /// Whether the CA with this key has revoked this serial number, as far as it was asked.
    fn contains(&self, issuer: &[u8], serial: &[u8]) -> bool {
        let authority = self.0.get(issuer);
        authority.is_some_and(|ca| ca.revoked_entries.contains(issuer, serial))
    }
}

impl Memberships {
    pub(super) fn new(
        store: Store,
        organizations: &[Organization],
        authorities: &[Arc<Authority>],
    ) -> Self {
        let issuers = authorities.iter().flat_map(|authority| {
            authority.issuer_ids().into_iter().map(|key_id| (key_id, Arc::clone(authority)))
        });
        let revoked = Arc::new(RevokedByUs(issuers.collect()));
        let own: Msps = organizations.iter().map(|own| own.msp.clone()).collect();
        let own = Arc::new(Epoch::new(own, REMEMBERED));
        let membership =
            Membership { channels: BTreeMap::new(), own, revoked: Arc::clone(&revoked) };
        let membership = Arc::new(membership);
        let today = RwLock::new(Today { membership, revocations: None, channels: None });
        Self { store, revoked, today, building: Mutex::new(()) }
    }

    /// The membership of this moment: whatever was revoked or changed and answered before this is asked
    /// is in it.
    pub(super) async fn today(&self) -> Result<Arc<Membership>, Error> {
        let now = self.store.read().membership_versions().await?;
        let is_new =
            |today: &Today| (today.revocations, today.channels) == (Some(now.0), Some(now.1));
        let today = self.copy();
        if is_new(&today) {
            return Ok(today.membership);
        }
        let _building = self.building.lock().await;
        let mut today = self.copy();
        // Somebody else may have built a later one meanwhile.
        if today.revocations.is_none_or(|known| known < now.0) {
            for (issuer, authority) in &self.revoked.0 {
                authority.revoked_entries.catch_up(self.store.read(), issuer).await?;
            }
            today.revocations = Some(now.0);
        }
        if today.channels.is_none_or(|known| known < now.1) {
            let rows = self.store.read().channels().await?;
            today.membership = Arc::new(today.membership.with_channels(rows));
            today.channels = Some(now.1);
        }
        *self.today.write().unwrap_or_else(PoisonError::into_inner) = today.clone();
        Ok(today.membership)
    }

    fn copy(&self) -> Today {
        self.today.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Membership {
    /// The same with these channels; what did not change stays with its memory.
    fn with_channels(&self, rows: Vec<ChannelRow>) -> Self {
        let mut channels = BTreeMap::new();
        for row in rows {
            let same = self.channels.get(&row.id).filter(|known| known.is_of(&row));
            let known = match same {
                Some(known) => Arc::clone(known),
                None => match KnownChannel::load(&row) {
                    Ok(known) => Arc::new(known),
                    // It was loaded before it was kept: an older process does not know its rules.
                    Err(why) => {
                        error!(error = %why, channel.id = %row.id, "could not load a channel");
                        continue;
                    }
                },
            };
            channels.insert(row.id, known);
        }
        Self { channels, own: Arc::clone(&self.own), revoked: Arc::clone(&self.revoked) }
    }

    /// The channels.
    pub fn channels(&self) -> impl Iterator<Item = &KnownChannel> {
        self.channels.values().map(Arc::as_ref)
    }

    /// The channel with this ID.
    pub fn channel(&self, id: &str) -> Option<&KnownChannel> {
        self.channels.get(id).map(Arc::as_ref)
    }

    /// The channel with this ID.
    ///
    /// # Errors
    /// [`Kind::UnknownChannel`].
    pub fn known(&self, id: &str) -> Result<&KnownChannel, Error> {
        self.channel(id).ok_or_else(|| {
            // The name is the client's: bounded before it is told back.
            let id: String = id.chars().take(64).collect();
            let why = format!("this server does not know the channel `{id}`");
            Error::new(Kind::UnknownChannel, why)
        })
    }

    /// Those who are members of a channel today, or of the server's own organizations.
    pub(super) fn members<'m>(&'m self, channel: Option<&'m KnownChannel>) -> MembersOfToday<'m> {
        let epoch = channel.map_or(&*self.own, |channel| &channel.epoch);
        MembersOfToday { epoch, revoked: &self.revoked }
    }
}

impl KnownChannel {
    /// What judges in it.
    pub fn channel(&self) -> &Channel {
        self.current.channel()
    }

    /// Whether it was loaded from this very row. Its sequence does not tell: a channel may be forgotten, and
    /// another imported under its ID.
    fn is_of(&self, row: &ChannelRow) -> bool {
        let told = (self.sequence, self.at, self.governed_here);
        told == (row.sequence, row.at, row.governed_here) && self.digest == digest_of(row)
    }

    /// Loads a channel from its row.
    ///
    /// # Errors
    /// [`Kind::Malformed`] with what a node would not load.
    pub(super) fn load(row: &ChannelRow) -> Result<Self, Error> {
        let config: Config = decode(&row.config)
            .map_err(|why| Error::malformed(format!("the configuration does not parse: {why}")))?;
        let current = Current::load(row.id.as_str(), config, row.at)
            .map_err(|why| Error::malformed(format!("a node would not load it: {why}")))?;
        let epoch = Epoch::new(current.channel().msps().clone(), REMEMBERED);
        Ok(Self {
            id: row.id.clone(),
            sequence: row.sequence,
            at: row.at,
            governed_here: row.governed_here,
            current,
            digest: digest_of(row),
            epoch,
        })
    }
}

fn digest_of(row: &ChannelRow) -> [u8; 32] {
    let mut octets = [0; 32];
    octets.copy_from_slice(digest(&SHA256, &row.config).as_ref());
    octets
}

/// The members of a channel, less whom our own CAs have revoked, whether or not a list says so yet.
#[derive(Debug)]
pub(super) struct MembersOfToday<'m> {
    epoch: &'m Epoch,
    revoked: &'m RevokedByUs,
}

impl MembersOfToday<'_> {
    /// Whether the identity is valid, and not revoked.
    pub(super) fn validate(&self, who: &Identity) -> Result<(), Rejection> {
        self.check_revoked(who)?;
        who.validate()
    }

    fn check_revoked(&self, who: &Identity) -> Result<(), Rejection> {
        if self.revoked.contains(who.authority_key_id(), who.serial()) {
            let detail = "the certificate was revoked by its CA";
            return Err(Rejection::new(Category::Revoked, detail));
        }
        Ok(())
    }
}

impl Members for MembersOfToday<'_> {
    type Identity = Arc<Identity>;
    type Rejection = Rejection;

    fn identity(&self, serialized: &[u8]) -> Result<Arc<Identity>, Rejection> {
        self.epoch.identity(serialized)
    }

    fn key(identity: &Arc<Identity>) -> (&str, &[u8]) {
        <Epoch as Members>::key(identity)
    }

    fn verify(&self, who: &Arc<Identity>, data: &[u8], signature: &[u8]) -> Result<(), Rejection> {
        who.verify(data, signature)
    }

    /// Whoever is revoked is nobody: stricter than a list in the channel's configuration, which does not
    /// keep them from being the one certificate that a principal names.
    fn satisfies(&self, who: &Arc<Identity>, principal: &MspPrincipal) -> Result<(), Rejection> {
        self.check_revoked(who)?;
        who.satisfies(principal)
    }
}

#[cfg(test)]
#[path = "membership_tests.rs"]
mod tests;
