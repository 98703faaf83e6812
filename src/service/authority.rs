//! One CA: what the deeds of the registry need. Stands in for the lead's.

use crate::audit::Entry;
use crate::clock::Clock;
use crate::id::{CaName, KeyId};
use crate::service::secrets::Secrets;
use crate::service::throttle::Throttle;
use crate::store::Store;

/// What this CA allows.
#[derive(Debug, Clone, Copy)]
pub(super) struct LimitOptions {
    pub(super) max_enrollments: i64,
    pub(super) allow_identity_removal: bool,
    pub(super) allow_affiliation_removal: bool,
}

/// One certificate authority.
#[derive(Debug)]
pub struct Authority {
    pub(super) name: CaName,
    pub(super) store: Store,
    pub(super) clock: Clock,
    pub(super) secrets: Secrets,
    pub(super) limits: LimitOptions,
    pub(super) issuers: Vec<KeyId>,
    pub(super) throttle: Throttle,
    pub(super) revoked: tokio::sync::Notify,
}

impl Authority {
    pub(super) fn issuer_ids(&self) -> Vec<KeyId> {
        self.issuers.clone()
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
