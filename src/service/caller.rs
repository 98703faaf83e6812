//! Who is calling: proof by enrollment secret, or by a signature with an enrolled key.
//!
//! Who failed to prove themselves learns only that: unknown name, wrong secret, spent or revoked are
//! one detail and one kind. The log tells them apart.

use std::net::IpAddr;
use std::time::Duration;

use tokio::time::{Instant, sleep_until};
use tracing::info;

use crate::clock::Timestamp;
use crate::id::{EnrollmentId, KeyId, SerialNumber};
use crate::pki::{Certificate, SignatureAlgorithm, signature};
use crate::secret::EnrollmentSecret;
use crate::service::authority::Authority;
use crate::service::error::{Error, Kind};
use crate::service::throttle::Judged;
use crate::store::{Change, Identity, Write};

/// When a wrong secret is refused, from its arrival: later than any comparison of an idle server ends.
const REFUSAL: Duration = Duration::from_millis(5);

/// An identity that has proved its enrollment secret.
#[derive(Debug)]
pub struct Enrollee {
    pub(super) identity: Identity,
}

/// An identity that has proved possession of an enrolled key.
#[derive(Debug, Clone)]
pub struct Caller {
    pub(super) identity: Identity,
    pub(super) issuer: KeyId,
    pub(super) serial: SerialNumber,
    /// Of the request, when it had one: taken in the commit of what the request writes.
    nonce: Option<Nonce>,
}

/// What keeps a signed request from being taken twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Nonce {
    /// A digest of the nonce and of the certificate that signed it.
    pub(super) digest: [u8; 32],
    /// From when on the request is too old.
    pub(super) expires: Timestamp,
}

/// A request signed by the key of a certificate.
#[derive(Debug, Clone, Copy)]
pub struct SignedRequest<'a> {
    /// The certificate, as presented.
    pub certificate: &'a Certificate,
    /// The octets that were signed.
    pub message: &'a [u8],
    /// The signature: ECDSA in DER with a low S.
    pub signature: &'a [u8],
}

/// Whether an expired certificate is good enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expiry {
    /// It is not.
    Enforced,
    /// It is where the CA's operator says so: for reenrollment.
    AsForReenrollment,
}

impl Enrollee {
    /// The identity.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }
}

impl Caller {
    /// The identity.
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// Its enrollment ID.
    pub fn id(&self) -> &str {
        self.identity.id.as_str()
    }

    /// The issuer of the certificate that signed the request.
    pub fn issuer(&self) -> &KeyId {
        &self.issuer
    }

    /// The serial number of the certificate that signed the request.
    pub fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// A caller that did not come by a request, for tests of the deeds.
    #[cfg(test)]
    pub(super) fn for_test(identity: Identity, issuer: KeyId, serial: SerialNumber) -> Self {
        Self { identity, issuer, serial, nonce: None }
    }

    /// The same, by a request with a nonce.
    pub(super) fn by(self, nonce: Nonce) -> Self {
        Self { nonce: Some(nonce), ..self }
    }

    /// The write, to be done once however often the request is sent.
    pub(super) fn once(&self, write: Write) -> Write {
        match self.nonce {
            Some(Nonce { digest, expires }) => write.then(Change::SpendNonce { digest, expires }),
            None => write,
        }
    }
}

impl Authority {
    /// Compares an enrollment secret, slowed per source and identity.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`], [`Kind::LockedOut`]; of the token or the store.
    pub async fn prove_secret(
        &self,
        id: &str,
        secret: &EnrollmentSecret,
        source: IpAddr,
    ) -> Result<Enrollee, Error> {
        let refused_at = Instant::now() + REFUSAL;
        let proved = self.compare_secret(id, secret, source).await;
        if proved.as_ref().is_err_and(|error| error.kind == Kind::Unauthenticated) {
            // A row that is read takes longer than one that is not there: some 20 us, which would
            // tell who exists. What was done shows no more in when the refusal leaves.
            sleep_until(refused_at).await;
        }
        proved
    }

    async fn compare_secret(
        &self,
        id: &str,
        secret: &EnrollmentSecret,
        source: IpAddr,
    ) -> Result<Enrollee, Error> {
        let refused = |why: &str| self.refused(id, why);
        // Where nobody enrolls nothing is compared: that it is so is no secret.
        if self.limits.max_enrollments == 0 {
            return Err(refused("enrollment is disabled"));
        }
        if self.throttle.locked(id, source, self.clock.now()) {
            return Err(locked_out(id, source));
        }
        let identity = match id.parse::<EnrollmentId>() {
            Ok(id) => self.store.read().identity(&self.name, id.as_str()).await?,
            Err(_) => None,
        };
        let kept = identity.as_ref().map(|identity| identity.secret.as_str());
        let right = self.secrets.matches(id, secret, kept).await?;
        match self.throttle.judge(id, source, right, self.clock.now()) {
            Judged::Admitted => {}
            Judged::Refused => return Err(refused("unknown identity or wrong secret")),
            Judged::Locked => return Err(locked_out(id, source)),
        }
        let identity = identity.ok_or_else(|| refused("unknown identity"))?;
        if identity.revoked_at.is_some() {
            return Err(refused("the identity is revoked"));
        }
        if self.enrollments_left(&identity) == Some(0) {
            return Err(refused("no enrollments are left"));
        }
        Ok(Enrollee { identity })
    }

    /// Checks a signed request: certificate, registry, identity and signature.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`]; of the store.
    pub async fn authenticate(
        &self,
        request: &SignedRequest<'_>,
        expiry: Expiry,
    ) -> Result<Caller, Error> {
        let caller = self.owner(request.certificate, expiry).await?;
        // The key signed this very request: ECDSA alone, over SHA-256 whatever the curve, low S.
        let (key, algorithm) = (request.certificate.public_key(), SignatureAlgorithm::EcdsaSha256);
        signature::verify_low_s(key, algorithm, request.message, request.signature)
            .map_err(|_| self.refused(caller.id(), "the signature is not good"))?;
        Ok(caller)
    }

    /// Whose a certificate is, if it is good enough to be somebody's today. That they have its key must
    /// be proven beside.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`]; of the store.
    pub(super) async fn owner(
        &self,
        certificate: &Certificate,
        expiry: Expiry,
    ) -> Result<Caller, Error> {
        let who = certificate.common_name().unwrap_or_default().to_owned();
        let refused = |why: &str| self.refused(&who, why);

        // 1. It names one of our issuers, and is within its validity.
        let issuer = certificate.authority_key_id();
        let issuer = issuer.as_ref().and_then(|key_id| self.issuers.find(key_id));
        let issuer = issuer.ok_or_else(|| refused("the certificate is of another issuer"))?;
        let by = issuer.certificate();
        let now = self.clock.now();
        let may_be_expired =
            expiry == Expiry::AsForReenrollment && self.limits.reenroll_ignores_expiry;
        if now < certificate.not_before() {
            return Err(refused("the certificate is not valid yet"));
        }
        if outlived(certificate, now) && !may_be_expired || outlived(by, now) {
            return Err(refused("the certificate has expired"));
        }

        // 2. It is in the registry, octet for octet, and not revoked. What is there was signed by the
        //    issuer, so its signature is not verified again.
        let (serial, store) = (certificate.serial(), self.store.read());
        let id: EnrollmentId =
            who.parse().map_err(|_| refused("the common name is no enrollment ID"))?;
        let (row, identity) = tokio::try_join!(
            store.certificate(issuer.key_id(), serial),
            store.identity(&self.name, id.as_str())
        )?;
        let row = row.ok_or_else(|| refused("the certificate is not in the registry"))?;
        if row.ca != self.name || row.der != certificate.der() {
            return Err(refused("the certificate is not the one in the registry"));
        }
        if row.revoked_at.is_some() {
            return Err(refused("the certificate is revoked"));
        }

        // 3. The identity still exists and is not revoked.
        let identity = identity.ok_or_else(|| refused("the identity was removed"))?;
        if identity.revoked_at.is_some() {
            return Err(refused("the identity is revoked"));
        }
        let (issuer, serial) = (issuer.key_id().clone(), serial.clone());
        Ok(Caller { identity, issuer, serial, nonce: None })
    }

    /// How often the identity may still enroll; `None` is without limit.
    pub(super) fn enrollments_left(&self, identity: &Identity) -> Option<i64> {
        let limits = [identity.max_enrollments, self.limits.max_enrollments];
        let limit = limits.into_iter().filter(|limit| *limit != -1).min();
        limit.map(|limit| limit.saturating_sub(identity.enrollments).max(0))
    }

    /// The one refusal of those who did not prove themselves; `why` is for the log alone.
    pub(super) fn refused(&self, id: &str, why: &str) -> Error {
        info!(ca.name = %self.name, enrollment.id = id.escape_debug().to_string(), why, "refused");
        Error::unauthenticated()
    }
}

fn outlived(certificate: &Certificate, at: Timestamp) -> bool {
    at > certificate.not_after()
}

fn locked_out(id: &str, source: IpAddr) -> Error {
    info!(enrollment.id = id.escape_debug().to_string(), %source, "locked out for now");
    Error::new(Kind::LockedOut, "too many wrong secrets; try again later")
}
