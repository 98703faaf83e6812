//! Registering: an identity is admitted, with what it may do and the secret it enrolls with.

use crate::id::{Affiliation, EnrollmentId};
use crate::secret::EnrollmentSecret;
use crate::service::authority::Authority;
use crate::service::caller::Caller;
use crate::service::error::{Error, Kind, printable};
use crate::service::rules::{max_enrollments_at_registration, may_give, may_manage, registered};
use crate::service::secrets::Origin;
use crate::store::{Attribute, Change, Error as StoreError, Identity, Write};

/// Fabric CA hashes secrets with bcrypt, which reads no more octets than these.
const LONGEST_SECRET_OCTETS: usize = 72;

/// What is asked of a registration.
#[derive(Debug, Clone)]
pub struct Register {
    /// The name; revoked names stay taken.
    pub id: EnrollmentId,
    /// The type, free text; empty for the caller's own.
    pub kind: String,
    /// The secret, or none for one of ours.
    pub secret: Option<EnrollmentSecret>,
    /// How often it may enroll: 0 for the CA's value, -1 for any number of times.
    pub max_enrollments: i64,
    /// Where it belongs.
    pub affiliation: AffiliationChoice,
    /// What it holds; of one name given twice the last counts.
    pub attributes: Vec<Attribute>,
}

/// An affiliation as a request names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AffiliationChoice {
    /// None was named: the caller's own, or the one held already.
    Default,
    /// The root was asked for.
    Root,
    /// This one.
    At(Affiliation),
    /// What can be no affiliation, and is therefore unknown.
    Malformed,
}

impl AffiliationChoice {
    /// Reads Fabric CA's spelling: nothing for the default, a dot for the root.
    pub fn read(text: &str) -> Self {
        match text {
            "" => Self::Default,
            "." => Self::Root,
            path => path.parse().map_or(Self::Malformed, Self::At),
        }
    }
}

/// A registration that was done.
#[derive(Debug, Clone)]
pub struct Registered {
    /// The identity as it is stored.
    pub identity: Identity,
    /// What it enrolls with.
    pub secret: EnrollmentSecret,
}

impl Authority {
    /// Registers an identity. Of many who ask for the same name at once, one succeeds.
    ///
    /// # Errors
    /// [`Kind::Forbidden`] for a type, an affiliation (an unknown one too) or an attribute that the
    /// caller may not give; [`Kind::BadMaxEnrollments`]; [`Kind::Malformed`] for a secret of more
    /// than 72 octets; [`Kind::AlreadyRegistered`]; faults of the store.
    pub async fn register(&self, caller: &Caller, request: Register) -> Result<Registered, Error> {
        let id = request.id.clone();
        let done = self.register_unless_refused(caller, request).await;
        self.audited(caller, "refused-register", id.as_str(), done).await
    }

    async fn register_unless_refused(
        &self,
        caller: &Caller,
        request: Register,
    ) -> Result<Registered, Error> {
        let Register { id, kind, secret, max_enrollments, affiliation, attributes } = request;
        let registrar = &caller.identity;

        // 1. What is left out is the caller's own.
        let kind = if kind.is_empty() { registrar.kind.clone() } else { kind };
        let affiliation = match affiliation {
            AffiliationChoice::Default => Some(registrar.affiliation.clone()),
            AffiliationChoice::Root => Some(Affiliation::ROOT),
            AffiliationChoice::At(affiliation) => Some(affiliation),
            AffiliationChoice::Malformed => None,
        };

        // 2. May the caller register this type, and under this affiliation?
        let at = affiliation.as_ref().unwrap_or(&registrar.affiliation);
        may_manage(registrar, &kind, at).map_err(|why| Error::forbidden(why.to_string()))?;
        let affiliation = self
            .known(affiliation)
            .await?
            .ok_or_else(|| Error::forbidden("the affiliation is unknown"))?;

        // 3. May the caller give these attributes?
        may_give(&registrar.attributes, &attributes, &[])
            .map_err(|refused| Error::forbidden(refused.to_string()))?;

        // 4. What is asked for, is it possible?
        let max_enrollments =
            max_enrollments_at_registration(max_enrollments, self.limits.max_enrollments)
                .map_err(|bad| Error::new(Kind::BadMaxEnrollments, bad.to_string()))?;
        check_texts(Some(&kind), &attributes)?;
        let (secret, origin) = self.chosen_or_generated(secret)?;

        // 5. The name is free. Two may find it so; the write lets one of them pass.
        if self.store.read().identity(&self.name, id.as_str()).await?.is_some() {
            return Err(taken(&id));
        }
        let identity = Identity {
            ca: self.name.clone(),
            attributes: registered(&attributes, &id, &kind, &affiliation),
            secret: self.secrets.keep(&id, &secret, origin).await?,
            kind,
            affiliation,
            max_enrollments,
            enrollments: 0,
            revoked_at: None,
            version: 1,
            created_at: self.clock.now(),
            id,
        };
        let what = told(&identity.kind, &identity.affiliation, &identity.attributes);
        let entry = self.entry(registrar.id.as_str(), "register", identity.id.as_str(), what);
        let write = Write::new(Change::AddIdentity(identity.clone()), entry);
        match self.store.write(write).await {
            Ok(_) => {}
            Err(StoreError::Lost(_)) => return Err(taken(&identity.id)),
            Err(fault) => return Err(fault.into()),
        }

        // 6. Wrong secrets given for a name before it was taken count against nobody.
        self.throttle.forget(&identity.id);
        Ok(Registered { identity, secret })
    }

    /// The affiliation if this CA has it; the root is always there.
    pub(super) async fn known(
        &self,
        affiliation: Option<Affiliation>,
    ) -> Result<Option<Affiliation>, Error> {
        match affiliation {
            Some(root) if root.is_root() => Ok(Some(root)),
            Some(name) => {
                Ok(self.store.read().affiliation_exists(&self.name, &name).await?.then_some(name))
            }
            None => Ok(None),
        }
    }

    fn chosen_or_generated(
        &self,
        chosen: Option<EnrollmentSecret>,
    ) -> Result<(EnrollmentSecret, Origin), Error> {
        match chosen.filter(|secret| !secret.expose().is_empty()) {
            Some(secret) => check_secret(&secret).map(|()| (secret, Origin::Given)),
            None => Ok((self.secrets.generate()?, Origin::Generated)),
        }
    }
}

/// A secret that Fabric CA could not keep is refused.
pub(super) fn check_secret(secret: &EnrollmentSecret) -> Result<(), Error> {
    if secret.expose().len() > LONGEST_SECRET_OCTETS {
        return Err(Error::malformed("`secret` is longer than 72 octets"));
    }
    Ok(())
}

/// Texts that a database would not keep are refused before it is asked.
pub(super) fn check_texts(kind: Option<&str>, attributes: &[Attribute]) -> Result<(), Error> {
    // PostgreSQL keeps no NUL in a text.
    let storable = |text: &str| !text.contains('\0');
    if !kind.is_none_or(storable) {
        return Err(Error::malformed("`type` holds a NUL"));
    }
    if !attributes.iter().all(|held| storable(&held.name) && storable(&held.value)) {
        return Err(Error::malformed("`attrs` hold a NUL"));
    }
    Ok(())
}

/// What an identity is, for the audit trail: the values of those attributes that give it authority,
/// of the others the names.
pub(super) fn told(kind: &str, affiliation: &Affiliation, attributes: &[Attribute]) -> String {
    let attributes: Vec<_> = attributes
        .iter()
        .map(|held| {
            let is_authority = held.name.starts_with("hf.");
            if is_authority { format!("{}={}", held.name, held.value) } else { held.name.clone() }
        })
        .collect();
    let text =
        format!("type `{kind}`, affiliation `{affiliation}`, attributes {}", attributes.join(" "));
    printable(&text, 1024)
}

fn taken(id: &EnrollmentId) -> Error {
    // Published sample code looks for these words.
    Error::new(Kind::AlreadyRegistered, format!("identity '{id}' is already registered"))
}

#[cfg(test)]
#[path = "register_tests.rs"]
mod tests;
