//! Callers of our own API: by a signed message that is good once, or by the certificate of a TLS
//! connection.

use aws_lc_rs::digest::{SHA256, digest};
use tracing::info;

use crate::clock::Timestamp;
use crate::id::{KeyId, SerialNumber};
use crate::pki::{Certificate, SignatureAlgorithm, signature};
use crate::service::caller::{Caller, Expiry, Nonce};
use crate::service::error::Error;
use crate::service::office::Office;

/// How far the clocks of a client and of ours may be apart, in seconds.
const SKEW: i64 = 60;

/// A message that its sender signed.
#[derive(Debug, Clone, Copy)]
pub struct SignedMessage<'a> {
    /// The issuer of the sender's certificate.
    pub issuer: &'a KeyId,
    /// Its serial number.
    pub serial: &'a SerialNumber,
    /// The octets that were signed; time and nonce are among them.
    pub message: &'a [u8],
    /// The signature in the algorithm that goes with the key; of ECDSA `r || s`
    /// ([RFC 9421 section 3.3.4](https://www.rfc-editor.org/rfc/rfc9421#section-3.3.4)).
    pub signature: &'a [u8],
    /// When it was made.
    pub created: Timestamp,
    /// Until when it is good, where it says so.
    pub expires: Option<Timestamp>,
    /// What makes it another than all before.
    pub nonce: &'a str,
}

impl Office {
    /// Who sent a message: a member of one of our CAs, with the key of a certificate that is neither
    /// revoked nor over.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`](super::Kind::Unauthenticated) for whatever is not as it should be; of the store.
    pub async fn authenticate_message(&self, sent: &SignedMessage<'_>) -> Result<Caller, Error> {
        let now = self.clock().now();
        let refused = |why: &str| {
            info!(certificate.serial = %sent.serial, why, "refused a signed message");
            Error::unauthenticated()
        };
        // 1. It is of this minute.
        let too_old = sent.created < now.plus(-SKEW) || sent.expires.is_some_and(|end| end < now);
        if too_old || sent.created > now.plus(SKEW) {
            return Err(refused("it is not of this minute"));
        }

        // 2. Its certificate is in the registry and somebody's.
        let authority = self.authority_with(sent.issuer);
        let authority = authority.ok_or_else(|| refused("the certificate is of another issuer"))?;
        let row = authority.store.read().certificate(sent.issuer, sent.serial).await?;
        let row = row.ok_or_else(|| refused("the certificate is not in the registry"))?;
        let certificate = Certificate::from_der(&row.der)?;
        let caller = authority.owner(&certificate, Expiry::Enforced).await?;

        // 3. The key signed it.
        let key = certificate.public_key();
        let algorithm = SignatureAlgorithm::for_key(key.algorithm());
        let written = signature::ecdsa_der_low_s(key.algorithm(), sent.signature);
        let octets = written.as_deref().unwrap_or(sent.signature);
        signature::verify(key, algorithm, sent.message, octets)
            .map_err(|_| authority.refused(caller.id(), "the signature is not good"))?;

        // 4. It comes for the first time. Only now: nobody else can use up a member's nonces.
        let mut named = sent.issuer.as_octets().to_vec();
        named.push(0);
        named.extend_from_slice(sent.serial.as_octets());
        named.push(0);
        named.extend_from_slice(sent.nonce.as_bytes());
        let mut nonce = Nonce { digest: [0; 32], expires: sent.created.plus(2 * SKEW) };
        nonce.digest.copy_from_slice(digest(&SHA256, &named).as_ref());
        if !self.nonces.take(&nonce, now)? {
            return Err(authority.refused(caller.id(), "the nonce was used before"));
        }
        Ok(caller.by(nonce))
    }

    /// Who is at the other end of a TLS connection, by the certificate (DER) whose key they proved to
    /// have.
    ///
    /// # Errors
    /// [`Kind::Unauthenticated`](super::Kind::Unauthenticated); of the store.
    pub async fn authenticate_connection(&self, certificate: &[u8]) -> Result<Caller, Error> {
        let refused = |why: &str| {
            info!(why, "refused a TLS client");
            Error::unauthenticated()
        };
        let certificate = Certificate::from_der(certificate)
            .map_err(|_| refused("the certificate does not parse"))?;
        let issuer = certificate.authority_key_id();
        let authority = issuer.as_ref().and_then(|issuer| self.authority_with(issuer));
        let authority = authority.ok_or_else(|| refused("the certificate is of another issuer"))?;
        authority.owner(&certificate, Expiry::Enforced).await
    }
}
