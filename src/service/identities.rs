//! Identities that are registered already: seen, modified, removed.

use crate::clock::Timestamp;
use crate::id::{Affiliation, EnrollmentId};
use crate::pki::Reason;
use crate::secret::EnrollmentSecret;
use crate::service::authority::Authority;
use crate::service::caller::Caller;
use crate::service::error::{Error, Kind};
use crate::service::page::Page;
use crate::service::register::{AffiliationChoice, check_secret, check_texts, told};
use crate::service::rules::{
    is_registrar, max_enrollments_on_modify, may_give, may_manage, may_manage_affiliation, merged,
    registrar_roles,
};
use crate::service::secrets::Origin;
use crate::store::{Attribute, Change, Error as StoreError, Identity, IdentityFilter, Write};

/// How often a deed that lost against another one looks again before it gives up.
pub(super) const ATTEMPTS: usize = 8;

/// What is asked of a modification; what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct ModifyIdentity {
    /// A new type; nothing and the empty text leave it.
    pub kind: Option<String>,
    /// A new affiliation; nothing and [`AffiliationChoice::Default`] leave it.
    pub affiliation: Option<AffiliationChoice>,
    /// Attributes to set, or to delete where the value is empty.
    pub attributes: Vec<Attribute>,
    /// A new secret, which also forgets the wrong ones given.
    pub secret: Option<EnrollmentSecret>,
    /// How often it may enroll; 0 leaves it.
    pub max_enrollments: i64,
}

/// What decides on the list of identities that a caller sees. Two that are equal see the same list.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IdentitiesView {
    affiliation: Affiliation,
    roles: String,
    version: i64,
}

impl IdentitiesView {
    /// A view that differs by its version alone.
    #[cfg(test)]
    pub(crate) fn for_test(version: i64) -> Self {
        Self { affiliation: Affiliation::ROOT, roles: String::new(), version }
    }
}

impl Authority {
    /// How the list of identities looks to `caller` now.
    ///
    /// # Errors
    /// As [`identities`](Self::identities).
    pub async fn identities_view(&self, caller: &Caller) -> Result<IdentitiesView, Error> {
        self.lists_identities(caller).await?;
        let roles = registrar_roles(&caller.identity.attributes);
        Ok(IdentitiesView {
            affiliation: caller.identity.affiliation.clone(),
            roles: roles.unwrap_or_default().to_owned(),
            version: self.store.read().identities_version().await?,
        })
    }

    /// Those of at most `limit` identities after `after` whose type and affiliation `caller` may
    /// manage, by enrollment ID. A page may be empty and yet not be the last.
    ///
    /// # Errors
    /// [`Kind::Forbidden`] for callers who are no registrars; faults of the store.
    pub async fn identities(
        &self,
        caller: &Caller,
        after: Option<&EnrollmentId>,
        limit: u32,
    ) -> Result<Page<Identity, EnrollmentId>, Error> {
        self.lists_identities(caller).await?;
        let filter =
            IdentityFilter { scope: Some(caller.identity.affiliation.clone()), kinds: None };
        let after = after.map(EnrollmentId::as_str);
        let rows = self.store.read().identities(&self.name, &filter, after, limit).await?;
        let mut page = Page::of(rows, limit, |last| last.id.clone());
        // The type is compared here: the case of letters is more than a database knows of it.
        page.items.retain(|at| may_manage(&caller.identity, &at.kind, &at.affiliation).is_ok());
        Ok(page)
    }

    async fn lists_identities(&self, caller: &Caller) -> Result<(), Error> {
        if is_registrar(&caller.identity.attributes) {
            return Ok(());
        }
        let done = Err(Error::forbidden("the caller holds no `hf.Registrar.Roles`"));
        self.audited(caller, "refused-list-identities", "", done).await
    }

    /// The identity `id`.
    ///
    /// # Errors
    /// [`Kind::UnknownIdentity`], to everybody; [`Kind::Forbidden`] when its type or affiliation
    /// is not the caller's to manage, even if it is the caller; faults of the store.
    pub async fn identity(&self, caller: &Caller, id: &str) -> Result<Identity, Error> {
        let done = self.manageable(caller, id).await;
        self.audited(caller, "refused-show-identity", id, done).await
    }

    /// Modifies the identity `id` and gives it back as it is now. What another changes at the same
    /// time is kept: the modification is done to what is there then.
    ///
    /// # Errors
    /// As [`identity`](Self::identity), for what it is and for what it shall become;
    /// [`Kind::UnknownAffiliation`]; [`Kind::BadMaxEnrollments`] below -1; [`Kind::Malformed`] for
    /// a secret of more than 72 octets; [`Kind::Conflict`] when others keep changing it.
    pub async fn modify_identity(
        &self,
        caller: &Caller,
        id: &str,
        request: ModifyIdentity,
    ) -> Result<Identity, Error> {
        let done = self.modify_unless_refused(caller, id, request).await;
        self.audited(caller, "refused-modify-identity", id, done).await
    }

    /// Removes the identity `id` and gives it back as it was. Its certificates are revoked and
    /// stay on record; its name is free again.
    ///
    /// # Errors
    /// [`Kind::RemovalDisabled`] where this CA does not allow it, and for oneself without `force`;
    /// otherwise as [`identity`](Self::identity); [`Kind::Conflict`] when others keep changing it.
    pub async fn remove_identity(
        &self,
        caller: &Caller,
        id: &str,
        force: bool,
    ) -> Result<Identity, Error> {
        let done = self.remove_unless_refused(caller, id, force).await;
        self.audited(caller, "refused-remove-identity", id, done).await
    }

    /// The identity `id` if the caller may manage it as it is.
    async fn manageable(&self, caller: &Caller, id: &str) -> Result<Identity, Error> {
        let identity = self.registered_as(id).await?.ok_or_else(|| unknown(id))?;
        // Which of the two it was would tell more about the identity than the caller may know.
        may_manage(&caller.identity, &identity.kind, &identity.affiliation).map_err(|_| {
            Error::forbidden("the identity's type or affiliation is not the caller's to manage")
        })?;
        Ok(identity)
    }

    /// The identity whose enrollment ID is `id`; what can be no enrollment ID names nobody.
    pub(super) async fn registered_as(&self, id: &str) -> Result<Option<Identity>, Error> {
        match id.parse::<EnrollmentId>() {
            Ok(id) => Ok(self.store.read().identity(&self.name, id.as_str()).await?),
            Err(_) => Ok(None),
        }
    }

    async fn modify_unless_refused(
        &self,
        caller: &Caller,
        id: &str,
        request: ModifyIdentity,
    ) -> Result<Identity, Error> {
        let secret = request.secret.as_ref().filter(|secret| !secret.expose().is_empty());
        let mut kept = None;
        for _ in 0..ATTEMPTS {
            // 1. As it is, and as it shall become: both must be the caller's to manage.
            let held = self.manageable(caller, id).await?;
            let mut next = self.modified(caller, &held, &request).await?;
            if let Some(secret) = secret {
                if kept.is_none() {
                    kept = Some(self.secrets.keep(&next.id, secret, Origin::Given).await?);
                }
                next.secret = kept.clone().unwrap_or(next.secret);
            }

            // 2. Written only if nobody else did so meanwhile.
            let secretly = if secret.is_some() { "a new secret, " } else { "" };
            let now = told(&next.kind, &next.affiliation, &next.attributes);
            let limit = next.max_enrollments;
            let what = format!("{secretly}max_enrollments {limit}, {now}");
            let entry = self.entry(caller.identity.id.as_str(), "modify-identity", id, what);
            let write = Write::new(Change::UpdateIdentity(next.clone()), entry);
            match self.store.write(write).await {
                Ok(_) => {}
                Err(StoreError::Lost(_)) => continue,
                Err(fault) => return Err(fault.into()),
            }

            // 3. A new secret sets the count of wrong ones to zero.
            if secret.is_some() {
                self.throttle.forget(&next.id);
            }
            next.version += 1;
            return Ok(next);
        }
        Err(busy_elsewhere())
    }

    /// `held` as `request` makes it, all but the secret.
    async fn modified(
        &self,
        caller: &Caller,
        held: &Identity,
        request: &ModifyIdentity,
    ) -> Result<Identity, Error> {
        let refused = |why: String| Error::forbidden(why);

        // An affiliation that does not exist is told before one that is elsewhere.
        let affiliation = match &request.affiliation {
            None | Some(AffiliationChoice::Default) => None,
            Some(AffiliationChoice::Root) => Some(Affiliation::ROOT),
            Some(AffiliationChoice::At(affiliation)) => {
                Some(self.known(Some(affiliation.clone())).await?.ok_or_else(no_affiliation)?)
            }
            Some(AffiliationChoice::Malformed) => return Err(no_affiliation()),
        };
        if let Some(affiliation) = &affiliation {
            may_manage_affiliation(&caller.identity, affiliation)
                .map_err(|why| refused(why.to_string()))?;
        }
        let kind = request.kind.as_deref().filter(|kind| !kind.is_empty());
        if let Some(kind) = kind {
            may_manage(&caller.identity, kind, affiliation.as_ref().unwrap_or(&held.affiliation))
                .map_err(|why| refused(why.to_string()))?;
        }
        may_give(&caller.identity.attributes, &request.attributes, &held.attributes)
            .map_err(|why| refused(why.to_string()))?;

        check_texts(kind, &request.attributes)?;
        if let Some(secret) = &request.secret {
            check_secret(secret)?;
        }
        let max_enrollments =
            max_enrollments_on_modify(held.max_enrollments, request.max_enrollments)
                .map_err(|bad| Error::new(Kind::BadMaxEnrollments, bad.to_string()))?;
        let attributes = merged(&held.attributes, &request.attributes, kind, affiliation.as_ref());
        Ok(Identity {
            kind: kind.unwrap_or(&held.kind).to_owned(),
            affiliation: affiliation.unwrap_or_else(|| held.affiliation.clone()),
            attributes,
            max_enrollments,
            ..held.clone()
        })
    }

    async fn remove_unless_refused(
        &self,
        caller: &Caller,
        id: &str,
        force: bool,
    ) -> Result<Identity, Error> {
        if !self.limits.allow_identity_removal {
            return Err(Error::new(Kind::RemovalDisabled, "this CA does not remove identities"));
        }
        if caller.identity.id.as_str() == id && !force {
            return Err(Error::new(
                Kind::RemovalDisabled,
                "removing oneself needs the `force` option",
            ));
        }
        for _ in 0..ATTEMPTS {
            let identity = self.manageable(caller, id).await?;
            let entry = self.entry(caller.identity.id.as_str(), "remove-identity", id, "");
            let [remove, revoke] =
                removal(&identity, Reason::CessationOfOperation, self.clock.now());
            let write = Write::new(remove, entry).then(revoke);
            match self.store.write(write).await {
                Ok(_) => {
                    self.throttle.forget(&identity.id);
                    self.revoked.notify_one();
                    return Ok(identity);
                }
                Err(StoreError::Lost(_)) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(busy_elsewhere())
    }
}

/// Removes an identity and revokes what it had.
pub(super) fn removal(identity: &Identity, reason: Reason, at: Timestamp) -> [Change; 2] {
    let (ca, id, version) = (identity.ca.clone(), identity.id.clone(), identity.version);
    let remove = Change::RemoveIdentity { ca: ca.clone(), id: id.clone(), version };
    let enrollment_id = id.into();
    let reason_code = reason.code().into();
    [remove, Change::RevokeCertificatesOf { ca, enrollment_id, at, reason_code }]
}

pub(super) fn unknown(id: &str) -> Error {
    Error::new(Kind::UnknownIdentity, format!("identity `{id}` is unknown"))
}

pub(super) fn busy_elsewhere() -> Error {
    Error::new(Kind::Conflict, "others changed the same thing at the same time, try again")
}

fn no_affiliation() -> Error {
    Error::new(Kind::UnknownAffiliation, "the affiliation is unknown")
}

#[cfg(test)]
#[path = "identities_tests.rs"]
mod tests;
