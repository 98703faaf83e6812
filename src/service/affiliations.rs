//! Affiliations: the tree of departments that identities belong to.

use crate::audit::Entry;
use crate::id::Affiliation;
use crate::pki::Reason;
use crate::service::authority::Authority;
use crate::service::caller::Caller;
use crate::service::error::{Error, Kind};
use crate::service::identities::{ATTEMPTS, busy_elsewhere, removal};
use crate::service::rules::{
    AFFILIATION, AFFILIATION_MANAGER, AffiliationTree, Switch, held, is_registrar,
    may_manage_affiliation, moved, switch,
};
use crate::store::{Change, Error as StoreError, Identity, Write};

impl Authority {
    /// The affiliations from the caller's own down: the one on top, or an unnamed one above several.
    ///
    /// # Errors
    /// [`Kind::Forbidden`] for callers without a true `hf.AffiliationMgr`,
    /// [`Kind::AuthorityNotBoolean`] where it holds no boolean; [`Kind::NoAffiliations`]; faults of
    /// the store.
    pub async fn affiliations(&self, caller: &Caller) -> Result<AffiliationTree, Error> {
        let done = self.list_unless_refused(caller).await;
        self.audited(caller, "refused-list-affiliations", "", done).await
    }

    /// The affiliation `name` with those below it.
    ///
    /// # Errors
    /// As [`affiliations`](Self::affiliations); [`Kind::Forbidden`] also outside the caller's own,
    /// [`Kind::UnknownAffiliation`] within.
    pub async fn affiliation(&self, caller: &Caller, name: &str) -> Result<AffiliationTree, Error> {
        let done = self.show_unless_refused(caller, name).await;
        self.audited(caller, "refused-show-affiliation", name, done).await
    }

    /// Adds the affiliation `name`; with `force` those above it as well, where they are missing.
    ///
    /// # Errors
    /// As [`affiliations`](Self::affiliations); [`Kind::Forbidden`] also outside the caller's own;
    /// [`Kind::Malformed`]; [`Kind::AffiliationExists`], forced or not;
    /// [`Kind::UnknownAffiliation`] when the one above is missing and `force` was not given.
    pub async fn add_affiliation(
        &self,
        caller: &Caller,
        name: &str,
        force: bool,
    ) -> Result<AffiliationTree, Error> {
        let done = self.add_unless_refused(caller, name, force).await;
        self.audited(caller, "refused-add-affiliation", name, done).await
    }

    /// Renames the affiliation `from` and all below it. With `force` the identities there move
    /// along and are told.
    ///
    /// # Errors
    /// As [`affiliation`](Self::affiliation), for both names; [`Kind::AffiliationExists`];
    /// [`Kind::AffiliationInUse`] when identities belong there and `force` was not given,
    /// [`Kind::Forbidden`] when it was and the caller is no registrar; [`Kind::Conflict`].
    pub async fn rename_affiliation(
        &self,
        caller: &Caller,
        from: &str,
        to: &str,
        force: bool,
    ) -> Result<AffiliationTree, Error> {
        let done = self.rename_unless_refused(caller, from, to, force).await;
        self.audited(caller, "refused-rename-affiliation", from, done).await
    }

    /// Removes the affiliation `name` and gives back what went. With `force` those below it and
    /// the identities there go too, whose certificates are revoked.
    ///
    /// # Errors
    /// As [`affiliation`](Self::affiliation); [`Kind::Forbidden`] also where this CA does not allow
    /// it, for the caller's own, for one with others below or with identities when `force` was not
    /// given, and for identities when this CA does not remove them or the caller is no registrar;
    /// [`Kind::Conflict`].
    pub async fn remove_affiliation(
        &self,
        caller: &Caller,
        name: &str,
        force: bool,
    ) -> Result<AffiliationTree, Error> {
        let done = self.remove_affiliation_unless_refused(caller, name, force).await;
        self.audited(caller, "refused-remove-affiliation", name, done).await
    }

    async fn list_unless_refused(&self, caller: &Caller) -> Result<AffiliationTree, Error> {
        check_manager(caller)?;
        let names = self.store.read().affiliations(&self.name).await?;
        let own = &caller.identity.affiliation;
        AffiliationTree::of_list(names.into_iter().filter(|name| own.covers(name)))
            .ok_or_else(|| Error::new(Kind::NoAffiliations, "there are no affiliations"))
    }

    async fn show_unless_refused(
        &self,
        caller: &Caller,
        name: &str,
    ) -> Result<AffiliationTree, Error> {
        check_manager(caller)?;
        let name = own_or_below(caller, name)?.ok_or_else(unknown)?;
        let names = self.names_at(&name).await?;
        Ok(AffiliationTree::at(&name, names, []))
    }

    async fn add_unless_refused(
        &self,
        caller: &Caller,
        name: &str,
        force: bool,
    ) -> Result<AffiliationTree, Error> {
        check_manager(caller)?;
        let name = own_or_below(caller, name)?.ok_or_else(|| malformed("name"))?;

        let reader = self.store.read();
        if reader.affiliation_exists(&self.name, &name).await? {
            return Err(exists());
        }
        let above = name.parent().unwrap_or_default();
        if !force && !reader.affiliation_exists(&self.name, &above).await? {
            return Err(Error::new(
                Kind::UnknownAffiliation,
                "the affiliation above it is unknown; the `force` option makes it",
            ));
        }

        let entry = self.line(caller, "add-affiliation", name.as_str(), "");
        let (ca, added) = (self.name.clone(), name.clone());
        let mut write = Write::new(Change::AddAffiliation { ca, name: added }, entry);
        let mut above = name.parent().filter(|_| force);
        while let Some(name) = above.filter(|at| !at.is_root()) {
            above = name.parent();
            // Nothing is made outside the caller's own.
            if may_manage_affiliation(&caller.identity, &name).is_ok() {
                write = write.then(Change::EnsureAffiliation { ca: self.name.clone(), name });
            }
        }
        match self.store.write(write).await {
            Ok(_) => Ok(AffiliationTree::leaf(name)),
            Err(StoreError::Lost(_)) => Err(exists()),
            Err(fault) => Err(fault.into()),
        }
    }

    async fn rename_unless_refused(
        &self,
        caller: &Caller,
        from: &str,
        to: &str,
        force: bool,
    ) -> Result<AffiliationTree, Error> {
        check_manager(caller)?;
        let from = own_or_below(caller, from)?;
        let to = own_or_below(caller, to)?.ok_or_else(|| malformed("name"))?;
        let from = from.ok_or_else(unknown)?;

        for _ in 0..ATTEMPTS {
            // 1. What is there.
            let names = self.store.read().affiliations(&self.name).await?;
            if !names.contains(&from) {
                return Err(unknown());
            }
            if names.iter().any(|name| to.covers(name)) {
                return Err(exists());
            }
            let identities = self.store.read().identities_under(&self.name, &from).await?;
            if !identities.is_empty() {
                check_users(caller, force)?;
            }

            // 2. The subtree and the identities there move together or not at all.
            let reason = format!("to {to}");
            let entry = self.line(caller, "rename-affiliation", from.as_str(), &reason);
            let (ca, old, new) = (self.name.clone(), from.clone(), to.clone());
            let mut write =
                Write::new(Change::RenameAffiliations { ca, from: old, to: new }, entry);
            for identity in identities {
                if let Some(to) = identity.affiliation.moved(&from, &to) {
                    write = write.then(Change::UpdateIdentity(at(identity, to)));
                }
            }
            match self.store.write(write).await {
                Ok(_) => {}
                Err(StoreError::Lost(_)) => continue,
                Err(fault) => return Err(fault.into()),
            }

            // 3. What is there now; those who came while we looked moved too.
            let identities = self.renamed_along(caller, &to).await?;
            let names = self.names_at(&to).await?;
            let told = if force { identities } else { Vec::new() };
            return Ok(AffiliationTree::at(&to, names, told));
        }
        Err(busy_elsewhere())
    }

    /// The identities at `top` and below, each with its own affiliation in `hf.Affiliation`.
    async fn renamed_along(
        &self,
        caller: &Caller,
        top: &Affiliation,
    ) -> Result<Vec<Identity>, Error> {
        let mut identities = self.store.read().identities_under(&self.name, top).await?;
        for identity in &mut identities {
            let told = held(&identity.attributes, AFFILIATION);
            if told.is_none_or(|told| told == identity.affiliation.as_str()) {
                continue;
            }
            let affiliation = identity.affiliation.clone();
            let next = at(identity.clone(), affiliation);
            let entry = self.line(caller, "modify-identity", next.id.as_str(), "moved along");
            match self.store.write(Write::new(Change::UpdateIdentity(next.clone()), entry)).await {
                Ok(_) => *identity = Identity { version: next.version + 1, ..next },
                // Somebody else changed it, and its attribute as well if that was the affiliation.
                Err(StoreError::Lost(_)) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        Ok(identities)
    }

    async fn remove_affiliation_unless_refused(
        &self,
        caller: &Caller,
        name: &str,
        force: bool,
    ) -> Result<AffiliationTree, Error> {
        check_manager(caller)?;
        if !self.limits.allow_affiliation_removal {
            return Err(Error::forbidden("this CA does not remove affiliations"));
        }
        if caller.identity.affiliation.as_str() == name {
            return Err(Error::forbidden("the affiliation is the caller's own"));
        }
        let name = own_or_below(caller, name)?.ok_or_else(unknown)?;

        for _ in 0..ATTEMPTS {
            // 1. What would go, and may it?
            let names = self.names_at(&name).await?;
            let identities = self.store.read().identities_under(&self.name, &name).await?;
            self.check_removal(caller, force, names.len() > 1, !identities.is_empty())?;

            // 2. It goes together or not at all.
            let entry = self.line(caller, "remove-affiliation", name.as_str(), "");
            let (ca, under) = (self.name.clone(), name.clone());
            let mut write = Write::new(Change::RemoveAffiliations { ca, under }, entry);
            for identity in &identities {
                let at = self.clock.now();
                for change in removal(identity, Reason::AffiliationChanged, at) {
                    write = write.then(change);
                }
            }
            match self.store.write(write).await {
                Ok(_) => {
                    for identity in &identities {
                        self.throttle.forget(&identity.id);
                    }
                    self.revoked.notify_one();
                    return Ok(AffiliationTree::at(&name, names, identities));
                }
                Err(StoreError::Lost(_)) => {}
                Err(fault) => return Err(fault.into()),
            }
        }
        Err(busy_elsewhere())
    }

    fn check_removal(
        &self,
        caller: &Caller,
        force: bool,
        has_below: bool,
        has_identities: bool,
    ) -> Result<(), Error> {
        let refusal = if !force && has_below {
            "there are affiliations below it; the `force` option removes them"
        } else if !force && has_identities {
            "identities belong to it; the `force` option removes them"
        } else if has_identities && !self.limits.allow_identity_removal {
            "identities belong to it, and this CA does not remove identities"
        } else if has_identities && !is_registrar(&caller.identity.attributes) {
            "identities belong to it, and the caller holds no `hf.Registrar.Roles`"
        } else {
            return Ok(());
        };
        Err(Error::forbidden(refusal))
    }

    /// The names at `top`, which is one of them, and below.
    async fn names_at(&self, top: &Affiliation) -> Result<Vec<Affiliation>, Error> {
        let mut names = self.store.read().affiliations(&self.name).await?;
        names.retain(|name| top.covers(name));
        if names.contains(top) { Ok(names) } else { Err(unknown()) }
    }

    fn line(&self, caller: &Caller, deed: &'static str, subject: &str, reason: &str) -> Entry {
        self.entry(caller.identity.id.as_str(), deed, subject, reason)
    }
}

/// `identity` with another affiliation.
fn at(identity: Identity, affiliation: Affiliation) -> Identity {
    let attributes = moved(&identity.attributes, &affiliation);
    Identity { affiliation, attributes, ..identity }
}

fn check_manager(caller: &Caller) -> Result<(), Error> {
    match switch(&caller.identity.attributes, AFFILIATION_MANAGER) {
        Switch::On => Ok(()),
        Switch::Off | Switch::Absent => {
            Err(Error::forbidden("the caller does not hold `hf.AffiliationMgr` with a true value"))
        }
        Switch::NotBoolean => {
            Err(Error::new(Kind::AuthorityNotBoolean, "`hf.AffiliationMgr` holds no boolean"))
        }
    }
}

/// Whether identities may move with their affiliation.
fn check_users(caller: &Caller, force: bool) -> Result<(), Error> {
    if !force {
        return Err(Error::new(
            Kind::AffiliationInUse,
            "identities belong to it; the `force` option moves them along",
        ));
    }
    if !is_registrar(&caller.identity.attributes) {
        return Err(Error::forbidden(
            "identities belong to it, and the caller holds no `hf.Registrar.Roles`",
        ));
    }
    Ok(())
}

/// The affiliation `name`, if it can be one, and if it is the caller's own or below it.
fn own_or_below(caller: &Caller, name: &str) -> Result<Option<Affiliation>, Error> {
    let affiliation = name.parse::<Affiliation>().ok().filter(|parsed| !parsed.is_root());
    let within = match &affiliation {
        Some(affiliation) => may_manage_affiliation(&caller.identity, affiliation).is_ok(),
        None => caller.identity.affiliation.is_root(),
    };
    if within {
        Ok(affiliation)
    } else {
        Err(Error::forbidden("the affiliation is not the caller's own nor below it"))
    }
}

fn unknown() -> Error {
    Error::new(Kind::UnknownAffiliation, "the affiliation is unknown")
}

fn exists() -> Error {
    Error::new(Kind::AffiliationExists, "the affiliation exists")
}

fn malformed(field: &str) -> Error {
    Error::malformed(format!("`{field}` is no affiliation"))
}

#[cfg(test)]
#[path = "affiliations_tests.rs"]
mod tests;
