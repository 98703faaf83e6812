//! What the configuration wants to exist: affiliations and identities are made when they are missing
//! and never changed afterwards.

use std::sync::Arc;

use tracing::info;

use crate::id::Affiliation;
use crate::secret::EnrollmentSecret;
use crate::service::authority::Authority;
use crate::service::error::{Error, Kind};
use crate::service::options::IdentityOptions;
use crate::service::secrets::Origin;
use crate::store::{self, Attribute, Change, Identity, Write};

/// Who acts when the configuration does.
const OPERATOR: &str = "operator";

impl Authority {
    /// Makes the affiliations of the configuration that are missing, with those above them.
    ///
    /// # Errors
    /// Of the store.
    pub async fn ensure_affiliations(&self, wanted: &[Affiliation]) -> Result<(), Error> {
        let mut all: Vec<Affiliation> = Vec::new();
        for affiliation in wanted {
            let mut at = Some(affiliation.clone());
            while let Some(name) = at.filter(|name| !name.is_root()) {
                at = name.parent();
                all.push(name);
            }
        }
        all.sort();
        all.dedup();
        let existing = self.store.read().affiliations(&self.name).await?;
        for name in all.into_iter().filter(|name| !existing.contains(name)) {
            let entry = self.entry(OPERATOR, "add-affiliation", name.as_str(), "configuration");
            let add = Change::AddAffiliation { ca: self.name.clone(), name };
            match self.store.write(Write::new(add, entry)).await {
                // Lost: another replica was quicker.
                Ok(_) | Err(store::Error::Lost(_)) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Makes an identity of the configuration when the CA has none of its ID. It gets none of the
    /// three fixed attributes, as in Fabric CA.
    ///
    /// # Errors
    /// When its number of enrollments is not allowed here; of the token or the store.
    pub async fn ensure_identity(
        self: &Arc<Self>,
        wanted: &IdentityOptions,
        secret: &EnrollmentSecret,
    ) -> Result<(), Error> {
        if self.store.read().identity(&self.name, wanted.id.as_str()).await?.is_some() {
            return Ok(());
        }
        // No more than the CA's limit counts, whatever stands here.
        let max_enrollments = match wanted.max_enrollments {
            0 => self.limits.max_enrollments,
            given if given < -1 => {
                let why = format!("identity `{}`: `max_enrollments` is below -1", wanted.id);
                return Err(Error::new(Kind::BadMaxEnrollments, why));
            }
            given => given,
        };
        let attributes = wanted.attributes.iter().map(|(name, value)| {
            let (value, ecert) = match value.strip_suffix(":ecert") {
                Some(value) => (value, true),
                None => (value.as_str(), false),
            };
            Attribute { name: name.clone(), value: value.to_owned(), ecert }
        });
        let identity = Identity {
            ca: self.name.clone(),
            id: wanted.id.clone(),
            kind: wanted.kind.clone(),
            affiliation: wanted.affiliation.clone(),
            attributes: attributes.collect(),
            secret: self.secrets.keep(&wanted.id, secret, Origin::Given).await?,
            max_enrollments,
            enrollments: 0,
            revoked_at: None,
            version: 0,
            created_at: self.clock.now(),
        };
        let entry = self.entry(OPERATOR, "register-identity", wanted.id.as_str(), "configuration");
        match self.store.write(Write::new(Change::AddIdentity(identity), entry)).await {
            Ok(_) => {
                info!(ca.name = %self.name, enrollment.id = %wanted.id, "made `{}`", wanted.id);
                Ok(())
            }
            // Another replica was quicker.
            Err(store::Error::Lost(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}
