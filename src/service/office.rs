//! All CAs of a server under one roof, and the memberships that it knows.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, RwLock};

use crate::clock::Clock;
use crate::hsm::Hsm;
use crate::id::{CaName, ChannelId, KeyId};
use crate::orderer;
use crate::service::admission::refusals::Refusals;
use crate::service::alarms::Alarms;
use crate::service::authority::{Authority, Commons};
use crate::service::caller::Caller;
use crate::service::error::{Error, Kind, causes};
use crate::service::membership::{Membership, Memberships};
use crate::service::nonces::SeenNonces;
use crate::service::organizations::{Organization, OrganizationOptions};
use crate::store::{PushRow, Store};

/// All CAs of a server, and the memberships that it knows.
#[derive(Debug)]
pub struct Office {
    authorities: Vec<Arc<Authority>>,
    default: usize,
    default_name: CaName,
    store: Store,
    hsm: Hsm,
    clock: Clock,
    organizations: Vec<Organization>,
    memberships: Memberships,
    /// How orderers are reached; nothing when this server does not talk to them.
    pub(super) orderers: Option<orderer::Options>,
    /// How far pushes have come, as last looked at: replaced, never edited; locked for the moment of a copy or of the swap.
    pub(super) pushes: RwLock<Arc<[PushRow]>>,
    /// How many revocations there were when each channel was last seen to.
    pub(super) seen_to: Mutex<HashMap<ChannelId, i64>>,
    pub(super) nonces: SeenNonces,
    /// Orderers that contradict what is known, as they were told of.
    pub(super) alarms: Alarms,
    pub(super) refusals: Refusals,
}

impl Office {
    /// Puts the CAs under one roof; `default` answers requests that name none.
    ///
    /// # Errors
    /// When no CA is called `default`, or the CAs of an organization make no MSP.
    pub fn new(
        authorities: Vec<Arc<Authority>>,
        default: &CaName,
        organizations: &[OrganizationOptions],
        commons: &Commons,
    ) -> Result<Self, Error> {
        let at = authorities.iter().position(|authority| authority.name == *default);
        let at = at.ok_or_else(|| unknown_ca(default.as_str()))?;
        let now = commons.clock.now();
        let organizations = organizations.iter();
        let organizations =
            organizations.map(|options| Organization::open(options, &authorities, now));
        let organizations = organizations.collect::<Result<Vec<_>, _>>()?;
        let memberships = Memberships::new(commons.store.clone(), &organizations, &authorities);
        Ok(Self {
            authorities,
            default: at,
            default_name: default.clone(),
            store: commons.store.clone(),
            hsm: commons.hsm.clone(),
            clock: commons.clock.clone(),
            organizations,
            memberships,
            orderers: None,
            pushes: RwLock::new(Arc::from([])),
            seen_to: Mutex::default(),
            nonces: SeenNonces::default(),
            alarms: Alarms::default(),
            refusals: Refusals::default(),
        })
    }

    /// The same, talking to the orderers of its channels by itself.
    #[must_use]
    pub fn with_orderers(mut self, options: Option<orderer::Options>) -> Self {
        self.orderers = options;
        self
    }

    /// Its clock.
    pub fn clock(&self) -> &Clock {
        &self.clock
    }

    /// The organizations whose CAs are ours.
    pub fn organizations(&self) -> &[Organization] {
        &self.organizations
    }

    /// The organization with this MSP ID.
    ///
    /// # Errors
    /// [`Kind::UnknownOrganization`].
    pub fn organization(&self, msp_id: &str) -> Result<&Organization, Error> {
        let found = self.organizations.iter().find(|own| own.msp_id.as_str() == msp_id);
        found.ok_or_else(|| {
            let msp_id: String = msp_id.chars().take(64).collect();
            let why = format!("this server has no organization with the MSP ID `{msp_id}`");
            Error::new(Kind::UnknownOrganization, why)
        })
    }

    /// The memberships of this moment: whatever was revoked or changed and answered before this is asked
    /// is in them, whichever process did it.
    ///
    /// # Errors
    /// Of the store.
    pub async fn membership(&self) -> Result<Arc<Membership>, Error> {
        self.memberships.today().await
    }

    pub(super) fn hsm(&self) -> &Hsm {
        &self.hsm
    }

    pub(super) fn store(&self) -> &Store {
        &self.store
    }

    /// The CA in whose name this server writes what is nobody's deed.
    pub(super) fn any_authority(&self) -> Result<&Arc<Authority>, Error> {
        self.authority("")
    }

    /// The CA that has issued with this key, now or before.
    pub(super) fn authority_with(&self, key_id: &KeyId) -> Option<&Arc<Authority>> {
        self.authorities.iter().find(|authority| authority.issuers.find(key_id).is_some())
    }

    /// The CA at which a caller is registered.
    pub(super) fn authority_of(&self, caller: &Caller) -> Result<&Arc<Authority>, Error> {
        self.authority(caller.identity.ca.as_str())
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
        self.store.ping().await.err().map(|error| ("store", causes(&error))).into_iter().collect()
    }

    /// What keeps this server from issuing: store and token; empty when both answer.
    pub async fn failed_checks(&self) -> Vec<(&'static str, String)> {
        let mut failed = self.failed_store_checks().await;
        match self.hsm.health().await {
            Err(error) => failed.push(("token", causes(&error))),
            Ok(health) if !health.serving => failed.push(("token", health.detail)),
            Ok(_) => failed.extend(self.missing_keys().await),
        }
        failed
    }

    /// Issuers whose key the signer does not serve.
    async fn missing_keys(&self) -> Vec<(&'static str, String)> {
        let keys = match self.hsm.keys().await {
            Ok(keys) => keys,
            Err(error) => return vec![("token", causes(&error))],
        };
        let issuers = self.authorities.iter().flat_map(|authority| authority.all_issuers());
        let missing = issuers.filter(|issuer| {
            let hash = issuer.certificate().public_key().spki_hash();
            !keys.iter().any(|key| key.reference == hash)
        });
        missing.map(|issuer| ("token", format!("no key of issuer {}", issuer.key_id()))).collect()
    }
}

fn unknown_ca(name: &str) -> Error {
    // The name is the client's: bounded before it is told back.
    let name: String = name.chars().take(64).collect();
    Error::new(Kind::UnknownCa, format!("there is no CA `{name}`"))
}
