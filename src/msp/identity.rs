//! An identity of an MSP, and what can be asked about it.

use std::fmt;
use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use aws_lc_rs::digest;

use super::certificate::key::{Key, verifies_ed25519};
use super::core::{Core, Subject, read};
use super::ecdsa::Pair;
use super::pem;
use super::principal::Standing;
use super::rejection::{Category, Rejection};
use crate::wire::{Message as _, MspPrincipal, SerializedIdentity};

/// An identity that its MSP knows how to read; whether it is valid is another question.
///
/// It is bound to the MSP as it was set up: nothing that is answered here ever changes, so answers may be kept.
pub struct Identity {
    core: Arc<Core>,
    subject: Subject,
    validity: OnceLock<Result<(), Rejection>>,
    /// Whom it was asked to satisfy, and whether it does. Held while one is looked up or put.
    satisfied: RwLock<Vec<(MspPrincipal, Result<(), Rejection>)>>,
}

/// Principals that are remembered with an identity, and the octets of the longest of them.
const MAX_REMEMBERED: usize = 32;
const MAX_REMEMBERED_OCTETS: usize = 4 << 10;

impl Identity {
    pub(super) fn new(core: Arc<Core>, pem: &[u8]) -> Result<Self, Rejection> {
        let subject = core.subject(pem)?;
        Ok(Self { core, subject, validity: OnceLock::new(), satisfied: RwLock::default() })
    }

    /// The ID of its MSP.
    pub fn msp_id(&self) -> &str {
        &self.core.name
    }

    /// The hash of its certificate, by which it is told from others of its MSP. Two encodings of
    /// one certificate (high S and low S, dressings of PEM) are one identity.
    pub fn identifier(&self) -> &[u8] {
        self.subject.identifier.as_ref()
    }

    /// Whether it is the same identity of the same MSP.
    pub fn is_same(&self, other: &Self) -> bool {
        self.identifier() == other.identifier() && self.msp_id() == other.msp_id()
    }

    /// The certificate in DER, with the low S.
    pub fn certificate(&self) -> &[u8] {
        self.subject.certificate.der()
    }

    /// The certificate's serial number: a big-endian magnitude, without leading zero octets.
    pub fn serial(&self) -> &[u8] {
        let octets = self.subject.certificate.serial();
        let start = octets.iter().position(|octet| *octet != 0).unwrap_or(octets.len());
        octets.get(start..).unwrap_or_default()
    }

    /// The key identifier of the certificate's issuer, as the certificate says; empty when it does not.
    pub fn authority_key_id(&self) -> &[u8] {
        self.subject.certificate.authority_key_id()
    }

    /// The end of the certificate's validity, in seconds since 1970. It is nothing to the MSP.
    pub fn not_after(&self) -> i64 {
        self.subject.certificate.not_after
    }

    /// The units that it holds, in order, and the hash of the certification path above it; none when it
    /// has no chain.
    pub fn units(&self) -> (&[String], Vec<u8>) {
        self.core.units(&self.subject)
    }

    /// As it travels: the MSP's ID and the certificate in PEM.
    pub fn serialize(&self) -> Vec<u8> {
        let id_bytes = crate::pki::pem::encode("CERTIFICATE", self.certificate()).into_bytes();
        SerializedIdentity { mspid: self.core.name.clone(), id_bytes }.encode_to_vec()
    }

    /// Whether it is valid under its MSP; found out once.
    ///
    /// # Errors
    /// Why it is not.
    pub fn validate(&self) -> Result<(), Rejection> {
        self.validity.get_or_init(|| self.core.validate(&self.subject)).clone()
    }

    /// Whether it is whom the principal names; remembered for the first few that are asked for.
    ///
    /// # Errors
    /// Why it is not.
    pub fn satisfies(&self, principal: &MspPrincipal) -> Result<(), Rejection> {
        let known = self.satisfied.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, answer)) = known.iter().find(|(asked, _)| asked == principal) {
            return answer.clone();
        }
        drop(known);
        let answer = self.core.satisfies(self, principal);
        if principal.principal.len() <= MAX_REMEMBERED_OCTETS {
            let mut known = self.satisfied.write().unwrap_or_else(PoisonError::into_inner);
            if known.len() < MAX_REMEMBERED && known.iter().all(|(asked, _)| asked != principal) {
                known.push((principal.clone(), answer.clone()));
            }
        }
        answer
    }

    /// Whether it signed the message. Neither validity nor revocation nor expiry is looked at.
    ///
    /// # Errors
    /// Why the signature does not count.
    pub fn verify(&self, message: &[u8], signature: &[u8]) -> Result<(), Rejection> {
        let reject = |category, detail: &'static str| Err(Rejection::new(category, detail));
        let key = self.subject.certificate.key();
        // Ed25519 hashes by itself, whatever the family.
        let hash = match key {
            Key::Ed25519(_) => None,
            Key::Ecdsa(_) | Key::Rsa(_) | Key::Other | Key::Unknown => Some(self.signature_hash()?),
        };
        if signature.is_empty() {
            return reject(Category::SigEmpty, "the signature is empty");
        }
        let valid = match (key, hash) {
            (Key::Ecdsa(key), Some(hash)) => {
                let pair = Pair::read(signature)?;
                if !pair.is_low(key.curve) {
                    let detail = "the signature's S is above half the order of the curve: sign with the low S";
                    return reject(Category::SigHighS, detail);
                }
                key.verifies_digest(digest::digest(hash, message).as_ref(), &pair.canonical())
            }
            (Key::Ed25519(key), _) => {
                if message.is_empty() {
                    let detail = "Fabric verifies no Ed25519 signature over an empty message";
                    return reject(Category::DigestEmpty, detail);
                }
                verifies_ed25519(key, message, signature)
            }
            _ => {
                let detail = "identities with keys of this kind verify nothing";
                return reject(Category::SigKeyUnsupported, detail);
            }
        };
        if valid {
            return Ok(());
        }
        reject(Category::SigInvalid, "the signature is not of this identity over this message")
    }
}

impl Identity {
    fn signature_hash(&self) -> Result<&'static digest::Algorithm, Rejection> {
        match self.core.hash_family.as_str() {
            "SHA2" => Ok(&digest::SHA256),
            "SHA3" => Ok(&digest::SHA3_256),
            other => {
                let detail = format!(
                    "the MSP's family of hash functions `{}` is unknown: use SHA2 or SHA3",
                    other.escape_debug()
                );
                Err(Rejection::new(Category::HashFamilyUnknown, detail))
            }
        }
    }
}

impl Standing for Identity {
    fn validity(&self, _: &Core) -> Result<(), Rejection> {
        self.validate()
    }

    fn subject(&self) -> &Subject {
        &self.subject
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let identifier = hex::encode(self.identifier());
        f.debug_struct("Identity")
            .field("msp_id", &self.core.name)
            .field("identifier", &identifier)
            .finish_non_exhaustive()
    }
}

/// The separate check of an endorser's identity: one PEM block with nothing after it, labelled as a
/// certificate or not at all, and an ECDSA signature in DER as it should be; high S is fine.
///
/// # Errors
/// What is wrong with its form.
pub fn check_form(identity: &SerializedIdentity) -> Result<(), Rejection> {
    let Some(block) = pem::first(&identity.id_bytes) else {
        return Err(Rejection::new(Category::Pem, "there is no PEM block"));
    };
    if !block.rest.is_empty() {
        return Err(Rejection::new(Category::PemTrailing, "octets follow the PEM block"));
    }
    if !matches!(block.label, b"CERTIFICATE" | b"") {
        let detail = "the PEM block is labelled neither CERTIFICATE nor not at all";
        return Err(Rejection::new(Category::PemType, detail));
    }
    let certificate = read(block.der)?;
    if certificate.signature_algorithm.is_ecdsa()
        && Pair::read(certificate.signature())?.canonical().as_ref() != certificate.signature()
    {
        let detail = "more than two numbers stand in the certificate's signature";
        return Err(Rejection::new(Category::CertSignatureNotCanonical, detail));
    }
    Ok(())
}
