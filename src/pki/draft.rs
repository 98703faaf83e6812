//! A checked, unsigned certificate, CRL or request, and the adding of its signature.

use std::marker::PhantomData;
use std::sync::Arc;

use super::algorithm::SignatureAlgorithm;
use super::asn1;
use super::certificate::Certificate;
use super::csr::Csr;
use super::key::{PublicKey, sha256};
use super::signature::{self, SignatureError, Verified};
use super::tbs::TbsCertificate;
use crate::audit::Intent;
use crate::id::SerialNumber;

/// What can be drafted and sealed: a [`Certificate`], a [`Crl`](super::crl::Crl), a [`Csr`].
pub trait Sealable: Sized {
    /// What is known of it before it is signed.
    type Preview;

    /// Reads the finished thing, as anybody would.
    ///
    /// # Errors
    /// What is wrong with it.
    fn reread(der: Vec<u8>) -> Result<Self, String>;

    /// The octets in it that were signed.
    fn signed_part(&self) -> &[u8];
}

/// What is to be signed, after every check. Sealing moves it: a draft is signed at most once.
#[derive(Debug)]
pub struct Draft<T: Sealable> {
    to_be_signed: Arc<[u8]>,
    /// SHA-256 of these octets.
    digest: [u8; 32],
    key: PublicKey,
    preview: T::Preview,
    kind: PhantomData<fn() -> T>,
}

/// Why a signature does not make a draft whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// It is not that of the issuer's key over the draft.
    #[error(transparent)]
    Signature(#[from] SignatureError),
    /// It is not of the one form that Fabric's nodes take: strict DER with low S.
    #[error("the signature is not in the form of low S")]
    Form,
    /// The whole cannot be read as what it should be.
    #[error("what was signed cannot be read: {0}")]
    Unreadable(String),
    /// The whole is read as something else than was drafted.
    #[error("what was signed is not what was drafted")]
    Different,
}

impl<T: Sealable> Draft<T> {
    pub(super) fn new(to_be_signed: Vec<u8>, key: PublicKey, preview: T::Preview) -> Self {
        let digest = sha256(&to_be_signed);
        Self { to_be_signed: to_be_signed.into(), digest, key, preview, kind: PhantomData }
    }

    /// The octets to be signed.
    pub fn to_be_signed(&self) -> &[u8] {
        &self.to_be_signed
    }

    /// The key that is to sign.
    pub fn key(&self) -> &PublicKey {
        &self.key
    }

    /// What the journal is told before the key is used.
    pub fn intent(&self) -> Intent {
        Intent {
            key: self.key.spki_hash(),
            digest: self.digest,
            to_be_signed: Arc::clone(&self.to_be_signed),
        }
    }

    /// What is known of it already.
    pub fn preview(&self) -> &T::Preview {
        &self.preview
    }

    /// Adds the signature, for ECDSA a DER `ECDSA-Sig-Value` with low S; then reads the whole again
    /// and compares it with the draft.
    ///
    /// # Errors
    /// When the signature is not that of the key, not of low S, or the whole is not what was drafted.
    pub fn seal(self, signature: &[u8]) -> Result<T, SealError> {
        let verified = Verified::new(&self.key, &self.to_be_signed, signature)?;
        self.seal_with(&verified)
    }

    /// The same with a signature that was verified.
    ///
    /// # Errors
    /// When it is that of another key or over something else, not of low S, or the whole is not what
    /// was drafted.
    pub fn seal_with(self, signature: &Verified) -> Result<T, SealError> {
        if !signature.is_of(&self.key, &self.digest) {
            return Err(SealError::Signature(SignatureError::Wrong));
        }
        if !signature::is_low_s(&self.key, signature.octets()) {
            return Err(SealError::Form);
        }
        let algorithm = SignatureAlgorithm::for_key(self.key.algorithm());
        let signature = asn1::bit_string(signature.octets());
        let parts = [&self.to_be_signed, algorithm.identifier_der(), &signature];
        let sealed =
            T::reread(asn1::wrap(asn1::SEQUENCE, &parts)).map_err(SealError::Unreadable)?;
        if sealed.signed_part() == &*self.to_be_signed {
            Ok(sealed)
        } else {
            Err(SealError::Different)
        }
    }
}

impl Draft<Certificate> {
    /// The serial number that the certificate will have.
    pub fn serial(&self) -> &SerialNumber {
        self.preview.serial()
    }
}

impl Sealable for Certificate {
    type Preview = TbsCertificate;

    fn reread(der: Vec<u8>) -> Result<Self, String> {
        Self::from_der(&der).map_err(|error| error.to_string())
    }

    fn signed_part(&self) -> &[u8] {
        self.tbs().der()
    }
}

impl Sealable for Csr {
    type Preview = ();

    fn reread(der: Vec<u8>) -> Result<Self, String> {
        Self::from_der(&der).map_err(|error| error.to_string())
    }

    fn signed_part(&self) -> &[u8] {
        self.info()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pki::testing::{Key, root};

    #[test]
    fn a_draft_is_sealed_by_its_own_key_alone_and_with_low_s() {
        let key = Key::generate();
        let draft = || root(&key);
        let sealed = draft().seal(&key.sign(draft().to_be_signed())).unwrap();
        assert_eq!(sealed.serial(), draft().serial());
        assert_eq!(sealed.tbs().der(), draft().to_be_signed());

        let other = Key::generate().sign(draft().to_be_signed());
        assert_eq!(draft().seal(&other), Err(SealError::Signature(SignatureError::Wrong)));
        let high = key.sign_high(draft().to_be_signed());
        assert_eq!(draft().seal(&high), Err(SealError::Form));
        assert!(draft().seal(&[]).is_err());

        let tbs = draft().to_be_signed().to_vec();
        let verified = Verified::new(&key.public(), &tbs, &key.sign(&tbs)).unwrap();
        assert_eq!(draft().seal_with(&verified).unwrap().tbs().der(), tbs);
        let wrong = Err(SealError::Signature(SignatureError::Wrong));
        let elsewhere = Verified::new(&key.public(), b"x", &key.sign(b"x")).unwrap();
        assert_eq!(draft().seal_with(&elsewhere), wrong);
        let another = Key::generate();
        let anothers = Verified::new(&another.public(), &tbs, &another.sign(&tbs)).unwrap();
        assert_eq!(draft().seal_with(&anothers), wrong);
    }

    #[test]
    fn the_journal_is_told_what_will_be_signed() {
        let key = Key::generate();
        let draft = root(&key);
        let intent = draft.intent();
        assert_eq!(intent.key, key.public().spki_hash());
        assert_eq!(&*intent.to_be_signed, draft.to_be_signed());
        assert_eq!(intent.digest, sha256(draft.to_be_signed()));
    }
}
