//! One CA, and all of them: what every deed needs.

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

/// All CAs of a server.
#[derive(Debug)]
pub struct Office {
    authorities: Vec<Arc<Authority>>,
    default: usize,
    default_name: CaName,
    store: Store,
    hsm: Hsm,
}

impl Office {
    /// Puts the CAs under one roof; `default` answers requests that name none.
    ///
    /// # Errors
    /// When no CA is called `default`.
    pub fn new(
        authorities: Vec<Arc<Authority>>,
        default: &CaName,
        commons: &Commons,
    ) -> Result<Self, Error> {
        let at = authorities.iter().position(|authority| authority.name == *default);
        let at = at.ok_or_else(|| unknown_ca(default.as_str()))?;
        Ok(Self {
            authorities,
            default: at,
            default_name: default.clone(),
            store: commons.store.clone(),
            hsm: commons.hsm.clone(),
        })
    }

    /// The CA of this name; the default one for the empty name.
    ///
    /// # Errors
    /// [`Kind::UnknownCa`].
    pub fn authority(&self, name: &str) -> Result<&Arc<Authority>, Error> {
        let found = if name.is_empty() {
            self.authorities.get(self.default)
        } else {
            self.authorities.iter().find(|authority| authority.name.as_str() == name)
        };
        found.ok_or_else(|| unknown_ca(name))
    }

    /// The name of the CA that answers requests that name none.
    pub fn default_name(&self) -> CaName {
        self.default_name.clone()
    }

    /// All CAs, in the order of the configuration.
    pub fn authorities(&self) -> &[Arc<Authority>] {
        &self.authorities
    }

    /// What is wrong with the store: component and reason; empty when it answers.
    pub async fn failed_store_checks(&self) -> Vec<(&'static str, String)> {
        self.store.ping().await.err().map(|error| ("store", chain_of(&error))).into_iter().collect()
    }

    /// What keeps this server from issuing: store and token; empty when both answer.
    pub async fn failed_checks(&self) -> Vec<(&'static str, String)> {
        let mut failed = self.failed_store_checks().await;
        match self.hsm.health().await {
            Err(error) => failed.push(("token", chain_of(&error))),
            Ok(health) if !health.serving => failed.push(("token", health.detail)),
            Ok(_) => failed.extend(self.missing_keys().await),
        }
        failed
    }

    /// Issuers whose key the signer does not serve.
    async fn missing_keys(&self) -> Vec<(&'static str, String)> {
        let keys = match self.hsm.keys().await {
            Ok(keys) => keys,
            Err(error) => return vec![("token", chain_of(&error))],
        };
        let issuers = self.authorities.iter().flat_map(|authority| authority.all_issuers());
        let missing = issuers.filter(|issuer| {
            let hash = issuer.certificate().public_key().spki_hash();
            !keys.iter().any(|key| key.reference == hash)
        });
        missing.map(|issuer| ("token", format!("no key of issuer {}", issuer.key_id()))).collect()
    }
}

/// An error and its causes in one line, for those who operate the server.
fn chain_of(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

fn unknown_ca(name: &str) -> Error {
    // The name is the client's: bounded before it is told back.
    let name: String = name.chars().take(64).collect();
    Error::new(Kind::UnknownCa, format!("there is no CA `{name}`"))
}
