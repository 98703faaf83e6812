//! One CA: what every deed needs.

use std::path::Path;
use std::sync::Arc;

use crate::audit::Entry;
use crate::clock::Clock;
use crate::hsm::Hsm;
use crate::id::{CaName, KeyId};
use crate::pki::{Certificate, Profile};
use crate::service::error::{Error, Kind};
use crate::service::issuer::{Issuer, Issuers};
use crate::service::open_intents::OpenIntents;
use crate::service::options::{CaOptions, LimitOptions};
use crate::service::profiles::Profiles;
use crate::service::revoked::RevokedEntries;
use crate::service::secrets::{SecretScheme, Secrets};
use crate::service::throttle::Throttle;
use crate::store::Store;

/// How the owner of a certificate begins that is of a key of the CA's own. No identity has such an ID: it has a control
/// character.
pub(super) const OWN: char = '\u{1}';

/// What all CAs of a server share.
#[derive(Debug, Clone)]
pub struct Commons {
    /// Where everything is kept.
    pub store: Store,
    /// The way to the token.
    pub hsm: Hsm,
    /// Tells the time.
    pub clock: Clock,
    /// How enrollment secrets are kept.
    pub secrets: SecretScheme,
    /// Names this process in the journal: intents that it left open are its own to settle.
    pub instance: String,
    /// The intents of this process that are not closed.
    pub open_intents: OpenIntents,
}

/// One certificate authority. Its deeds stand one to a file in this room.
#[derive(Debug)]
pub struct Authority {
    pub(super) name: CaName,
    pub(super) store: Store,
    pub(super) hsm: Hsm,
    pub(super) clock: Clock,
    pub(super) secrets: Secrets,
    pub(super) instance: String,
    pub(super) open_intents: OpenIntents,
    pub(super) limits: LimitOptions,
    pub(super) crl_seconds: i64,
    pub(super) profiles: Profiles,
    pub(super) issuers: Issuers,
    pub(super) throttle: Throttle,
    /// Wakes the publisher of revocation lists.
    pub(super) revoked: tokio::sync::Notify,
    /// What is on them.
    pub(super) revoked_entries: RevokedEntries,
}

impl Authority {
    /// Opens a CA: its issuers from the store, its profiles from `options`.
    ///
    /// # Errors
    /// When the store has no active issuer for it, or a profile is malformed.
    pub async fn open(commons: &Commons, options: &CaOptions) -> Result<Arc<Self>, Error> {
        let profiles =
            Profiles::load(options.profiles_dir.as_deref().map(Path::new), &options.profiles)?;
        let issuers = Issuers::load(&commons.store, &options.name).await?;
        Ok(Arc::new(Self {
            name: options.name.clone(),
            store: commons.store.clone(),
            hsm: commons.hsm.clone(),
            clock: commons.clock.clone(),
            secrets: Secrets::new(options.name.clone(), commons.secrets.clone()),
            instance: commons.instance.clone(),
            open_intents: commons.open_intents.clone(),
            limits: options.limits,
            crl_seconds: i64::from(options.crl.lifetime_hours) * 3600,
            profiles,
            issuers,
            throttle: Throttle::new(options.limits.password_attempts),
            revoked: tokio::sync::Notify::new(),
            revoked_entries: RevokedEntries::new(),
        }))
    }

    /// Its name.
    pub fn name(&self) -> &CaName {
        &self.name
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The active issuer first, then those above it up to the root.
    pub fn chain(&self) -> Vec<Certificate> {
        self.issuers.active().chain()
    }

    /// The issuer that certifies now.
    pub fn active_issuer(&self) -> &Issuer {
        self.issuers.active()
    }

    /// All issuers, the retired ones too.
    pub fn all_issuers(&self) -> impl Iterator<Item = &Issuer> {
        self.issuers.all()
    }

    pub(super) fn issuer_ids(&self) -> Vec<KeyId> {
        self.issuers.all().map(|issuer| issuer.key_id().clone()).collect()
    }

    pub(super) fn profile(&self, name: &str) -> Result<&Profile, Error> {
        self.profiles.find(name).ok_or_else(|| {
            Error::new(Kind::UnknownProfile, format!("there is no profile `{name}`"))
        })
    }

    pub(super) fn entry(
        &self,
        actor: &str,
        deed: &'static str,
        subject: impl Into<String>,
        reason: impl Into<String>,
    ) -> Entry {
        Entry {
            at: self.clock.now(),
            ca: self.name.clone(),
            actor: actor.to_owned(),
            deed,
            subject: subject.into(),
            reason: reason.into(),
        }
    }
}
