//! Issuers: the CA certificates whose keys certify, one of them active.

use crate::id::{CaName, KeyId};
use crate::pki::Certificate;
use crate::service::error::{Error, Kind};
use crate::store::{IssuerRole, Store};

/// No chain of ours is longer.
pub(super) const MAX_CHAIN: usize = 16;

/// A CA certificate of ours and what stands above it.
#[derive(Debug, Clone)]
pub struct Issuer {
    certificate: Certificate,
    key_id: KeyId,
    above: Vec<Certificate>,
}

impl Issuer {
    /// Takes a CA certificate and the certificates above it, next first, root last.
    ///
    /// # Errors
    /// When it has no subject key identifier or is no CA certificate.
    pub fn new(certificate: Certificate, above: Vec<Certificate>) -> Result<Self, Error> {
        let corrupt = |why: &str| Error::new(Kind::Internal, format!("issuer certificate {why}"));
        if !certificate.is_ca() {
            return Err(corrupt("is not one of a CA"));
        }
        let key_id = certificate.subject_key_id();
        let key_id = key_id.ok_or_else(|| corrupt("has no subject key identifier"))?;
        Ok(Self { certificate, key_id, above })
    }

    /// Its certificate.
    pub fn certificate(&self) -> &Certificate {
        &self.certificate
    }

    /// Its subject key identifier.
    pub fn key_id(&self) -> &KeyId {
        &self.key_id
    }

    /// Its certificate and those above it up to the root.
    pub fn chain(&self) -> Vec<Certificate> {
        std::iter::once(&self.certificate).chain(&self.above).cloned().collect()
    }
}

/// The issuing issuers of one CA.
#[derive(Debug)]
pub(super) struct Issuers {
    active: Issuer,
    retired: Vec<Issuer>,
}

impl Issuers {
    /// Reads the issuing issuers of a CA; its root, if it is another, never certifies members.
    pub(super) async fn load(store: &Store, ca: &CaName) -> Result<Self, Error> {
        let (mut active, mut retired) = (None, Vec::new());
        for row in store.read().issuers(ca).await? {
            if row.role != IssuerRole::Issuing {
                continue;
            }
            let certificate = Certificate::from_der(&row.certificate)?;
            let above = if row.chain_pem.is_empty() {
                Vec::new()
            } else {
                Certificate::chain_from_pem(&row.chain_pem, MAX_CHAIN)?
            };
            let issuer = Issuer::new(certificate, above)?;
            if row.active { active = Some(issuer) } else { retired.push(issuer) }
        }
        let active = active.ok_or_else(|| {
            Error::new(
                Kind::Unavailable,
                format!("CA `{ca}` has no active issuer: run `chancery init`"),
            )
        })?;
        Ok(Self { active, retired })
    }

    #[cfg(test)]
    pub(super) fn for_test(active: Issuer, retired: Vec<Issuer>) -> Self {
        Self { active, retired }
    }

    pub(super) fn active(&self) -> &Issuer {
        &self.active
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Issuer> {
        std::iter::once(&self.active).chain(&self.retired)
    }

    pub(super) fn find(&self, key_id: &KeyId) -> Option<&Issuer> {
        self.all().find(|issuer| issuer.key_id == *key_id)
    }
}
