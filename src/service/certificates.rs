//! Which certificates were issued.

use crate::clock::Timestamp;
use crate::service::authority::Authority;
use crate::service::caller::Caller;
use crate::service::error::Error;
use crate::service::page::Page;
use crate::service::rules::serial_number;
use crate::service::rules::{REGISTRAR_ROLES, REVOKER, Switch, held, same_key_id, switch};
use crate::store::{CertificateCursor, CertificateFilter, CertificateRow, Span};

/// Which certificates are asked for; the default is all that the caller may see.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CertificateQuery {
    /// Only those of this owner.
    pub enrollment_id: Option<String>,
    /// Only those of this serial number: hexadecimal of any case, with leading zeros or without;
    /// anything else is nobody's.
    pub serial: Option<String>,
    /// Only those of the issuer with this key identifier, written likewise.
    pub aki: Option<String>,
    /// Only those that are not revoked.
    pub not_revoked: bool,
    /// Only those that are not expired.
    pub not_expired: bool,
    /// Only those that were revoked in this span, both ends in it.
    pub revoked: Option<Span>,
    /// Only those that expire in this span, both ends in it.
    pub expires: Option<Span>,
}

impl Authority {
    /// At most `limit` of the certificates that `query` asks for after `after`, in the order of
    /// issuance. A caller with an affiliation sees those whose owner is registered at or below it;
    /// one at the root sees all, those of removed identities too.
    ///
    /// # Errors
    /// [`Kind::Forbidden`](super::Kind::Forbidden) for callers who neither hold
    /// `hf.Registrar.Roles`, be it empty, nor `hf.Revoker` with a true value; faults of the store.
    pub async fn certificates(
        &self,
        caller: &Caller,
        query: &CertificateQuery,
        after: Option<&CertificateCursor>,
        limit: u32,
    ) -> Result<Page<CertificateRow, CertificateCursor>, Error> {
        let attributes = &caller.identity.attributes;
        let is_revoker = switch(attributes, REVOKER) == Switch::On;
        if held(attributes, REGISTRAR_ROLES).is_none() && !is_revoker {
            let done = Err(Error::forbidden(
                "the caller holds neither `hf.Registrar.Roles` nor `hf.Revoker` with a true value",
            ));
            return self.audited(caller, "refused-list-certificates", "", done).await;
        }
        let Some(filter) = self.filter(caller, query, self.clock.now()) else {
            return Ok(Page::empty());
        };
        let rows = self.store.read().certificates(&self.name, &filter, after, limit).await?;
        Ok(Page::of(rows, limit, CertificateRow::cursor))
    }

    /// What the store is asked for; `None` when the answer is known to be nothing.
    fn filter(
        &self,
        caller: &Caller,
        query: &CertificateQuery,
        now: Timestamp,
    ) -> Option<CertificateFilter> {
        let texts = [&query.serial, &query.aki];
        if texts.into_iter().flatten().any(|text| text.contains(':')) {
            return None;
        }
        let serial = match &query.serial {
            Some(text) => Some(serial_number(text)?),
            None => None,
        };
        let issuers = query
            .aki
            .as_ref()
            .map(|text| self.issuer_ids().into_iter().filter(|id| same_key_id(id, text)).collect());
        let own = &caller.identity.affiliation;
        Some(CertificateFilter {
            enrollment_id: query.enrollment_id.clone(),
            serial,
            issuers,
            not_revoked: query.not_revoked,
            revoked: query.revoked,
            not_expired_at: query.not_expired.then_some(now),
            expires: query.expires,
            scope: (!own.is_root()).then(|| own.clone()),
        })
    }
}

#[cfg(test)]
#[path = "certificates_tests.rs"]
mod tests;
