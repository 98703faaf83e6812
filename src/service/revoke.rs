//! Revoking: a certificate, or an identity with all of its certificates. For good.

use crate::id::{Affiliation, KeyId, SerialNumber};
use crate::pki::Reason;
use crate::service::authority::{Authority, OWN};
use crate::service::caller::Caller;
use crate::service::error::{Error, Kind};
use crate::service::identities;
use crate::service::rules::{REVOKER, Switch, may_manage, same_key_id, serial_number, switch};
use crate::store::{CertificateRow, Change, Error as StoreError, Outcome, Write};

/// What is asked of a revocation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoke {
    /// What is revoked.
    pub target: Target,
    /// Why.
    pub reason: Reason,
}

/// What is revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// The identity of this enrollment ID.
    Identity(String),
    /// One certificate.
    Certificate {
        /// Its serial number in hexadecimal, of any case, with colons and leading zeros or without.
        serial: String,
        /// The key identifier of its issuer, written likewise.
        aki: String,
        /// Whose it has to be.
        owner: Option<String>,
    },
}

impl Target {
    /// What a request means whose fields may be empty: a certificate if it names one by both of
    /// its numbers, else an identity.
    ///
    /// # Errors
    /// [`Kind::NothingNamed`]
    pub fn read(id: &str, serial: &str, aki: &str) -> Result<Self, Error> {
        let owner = (!id.is_empty()).then(|| id.to_owned());
        // Zeros and colons alone are no number.
        let names = |text: &str| text.contains(|c| c != '0' && c != ':');
        if names(serial) && names(aki) {
            return Ok(Self::Certificate { serial: serial.into(), aki: aki.into(), owner });
        }
        owner.map(Self::Identity).ok_or_else(|| {
            Error::new(Kind::NothingNamed, "neither `id` nor `serial` with `aki` is given")
        })
    }

    fn subject(&self) -> String {
        match self {
            Self::Identity(id) => id.clone(),
            Self::Certificate { serial, .. } => serial.chars().take(64).collect(),
        }
    }
}

/// A certificate that became revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedCertificate {
    /// Its serial number.
    pub serial: SerialNumber,
    /// The key identifier of its issuer.
    pub aki: KeyId,
}

impl Authority {
    /// Revokes a certificate, or an identity and every certificate of it that is not revoked yet;
    /// doing the latter again is fine and revokes nothing more. Tells which certificates became
    /// revoked, in the order of issuance.
    ///
    /// The certificate that proved the caller, and the caller itself, need no authority. Another
    /// certificate of the caller's needs a registrar of its type and affiliation; anybody else's,
    /// and anybody else, a true `hf.Revoker` as well. A certificate of a key of the CA's own, which is no identity's,
    /// counts as an administrator's at the root affiliation.
    ///
    /// # Errors
    /// For a certificate, in this order: [`Kind::UnknownCertificate`], [`Kind::AlreadyRevoked`],
    /// [`Kind::WrongOwner`], [`Kind::Forbidden`]. For an identity: [`Kind::Forbidden`] to callers
    /// without `hf.Revoker`, [`Kind::UnknownIdentity`], [`Kind::Forbidden`]. Faults of the store.
    pub async fn revoke(
        &self,
        caller: &Caller,
        request: Revoke,
    ) -> Result<Vec<RevokedCertificate>, Error> {
        let Revoke { target, reason } = request;
        let subject = target.subject();
        let done = match target {
            Target::Identity(id) => self.revoke_identity(caller, &id, reason).await,
            Target::Certificate { serial, aki, owner } => {
                self.revoke_certificate(caller, &serial, &aki, owner.as_deref(), reason).await
            }
        };
        self.audited(caller, "refused-revoke", &subject, done).await
    }

    async fn revoke_certificate(
        &self,
        caller: &Caller,
        serial: &str,
        aki: &str,
        owner: Option<&str>,
        reason: Reason,
    ) -> Result<Vec<RevokedCertificate>, Error> {
        // 1. The certificate is looked up first; what it is reaches callers without authority.
        let row = self.issued(serial, aki).await?.ok_or_else(|| {
            Error::new(Kind::UnknownCertificate, "no certificate has this `serial` and `aki`")
        })?;
        if row.revoked_at.is_some() {
            return Err(already_revoked());
        }
        if owner.is_some_and(|owner| owner != row.enrollment_id) {
            return Err(Error::new(Kind::WrongOwner, "the certificate is not that of `id`"));
        }

        // 2. The very certificate that the caller proved themselves with, or authority.
        if row.serial != caller.serial || row.issuer != caller.issuer {
            self.check_may_revoke(caller, &row.enrollment_id).await?;
        }

        // 3. Once.
        let (actor, subject) = (caller.identity.id.as_str(), row.serial.to_string());
        let entry = self.entry(actor, "revoke-certificate", &subject, reason.as_str());
        let change = Change::RevokeCertificate {
            issuer: row.issuer,
            serial: row.serial,
            at: self.clock.now(),
            reason_code: reason.code().into(),
        };
        match self.store.write(Write::new(change, entry)).await {
            Ok(outcome) => Ok(self.told(outcome)),
            Err(StoreError::Lost(_)) => Err(already_revoked()),
            Err(fault) => Err(fault.into()),
        }
    }

    async fn check_may_revoke(&self, caller: &Caller, enrollment_id: &str) -> Result<(), Error> {
        if enrollment_id.starts_with(OWN) {
            check_revoker(caller)?;
            return check_managed(caller, "admin", &Affiliation::ROOT);
        }
        let owner = self.registered_as(enrollment_id).await?;
        let owner = owner.ok_or_else(|| identities::unknown(enrollment_id))?;
        if owner.id != caller.identity.id {
            check_revoker(caller)?;
        }
        check_managed(caller, &owner.kind, &owner.affiliation)
    }

    async fn revoke_identity(
        &self,
        caller: &Caller,
        id: &str,
        reason: Reason,
    ) -> Result<Vec<RevokedCertificate>, Error> {
        // 1. Oneself, or authority: who is no revoker learns nothing of others.
        let oneself = caller.identity.id.as_str() == id;
        if !oneself {
            check_revoker(caller)?;
        }
        let unknown = || identities::unknown(id);
        let identity = self.registered_as(id).await?.ok_or_else(unknown)?;
        if !oneself {
            check_managed(caller, &identity.kind, &identity.affiliation)?;
        }

        // 2. Identity and certificates at once, those that are about to be issued too.
        let at = self.clock.now();
        let entry = self.entry(caller.identity.id.as_str(), "revoke-identity", id, reason.as_str());
        let ca = self.name.clone();
        let write = Write::new(Change::RevokeIdentity { ca, id: identity.id.clone(), at }, entry)
            .then(Change::RevokeCertificatesOf {
                ca: self.name.clone(),
                enrollment_id: id.to_owned(),
                at,
                reason_code: reason.code().into(),
            });
        match self.store.write(write).await {
            Ok(outcome) => Ok(self.told(outcome)),
            Err(StoreError::Lost(_)) => Err(unknown()),
            Err(fault) => Err(fault.into()),
        }
    }

    /// What became revoked; whoever publishes lists of it is woken.
    fn told(&self, outcome: Outcome) -> Vec<RevokedCertificate> {
        self.revoked.notify_one();
        let revoked = outcome.revoked.into_iter();
        revoked.map(|(aki, serial)| RevokedCertificate { serial, aki }).collect()
    }

    /// The certificate that an issuer of this CA issued under this serial number. The CA's own
    /// certificates are not among them: they belong to no identity.
    async fn issued(&self, serial: &str, aki: &str) -> Result<Option<CertificateRow>, Error> {
        let issuer = self.issuer_ids().into_iter().find(|issuer| same_key_id(issuer, aki));
        let (Some(issuer), Some(serial)) = (issuer, serial_number(serial)) else {
            return Ok(None);
        };
        let row = self.store.read().certificate(&issuer, &serial).await?;
        Ok(row.filter(|row| row.ca == self.name && !row.enrollment_id.is_empty()))
    }
}

fn check_revoker(caller: &Caller) -> Result<(), Error> {
    match switch(&caller.identity.attributes, REVOKER) {
        Switch::On => Ok(()),
        Switch::Off | Switch::Absent | Switch::NotBoolean => {
            Err(Error::forbidden("the caller does not hold `hf.Revoker` with a true value"))
        }
    }
}

fn check_managed(caller: &Caller, kind: &str, affiliation: &Affiliation) -> Result<(), Error> {
    may_manage(&caller.identity, kind, affiliation).map_err(|_| {
        Error::forbidden("the identity's type or affiliation is not the caller's to manage")
    })
}

fn already_revoked() -> Error {
    Error::new(Kind::AlreadyRevoked, "the certificate is revoked already")
}

#[cfg(test)]
#[path = "revoke_tests.rs"]
mod tests;
