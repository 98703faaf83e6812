//! Keys and certificates for the tests of this room.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::elliptic_curve::Generate as _;
use spki::EncodePublicKey as _;

use super::certificate::Certificate;
use super::csr::Csr;
use super::draft::Draft;
use super::draft_request::{Asking, draft_request};
use super::key::PublicKey;
use super::name::Subject;
use super::profile::Profile;
use crate::clock::Timestamp;
use crate::id::SerialNumber;

/// When everything happens: 2030-01-01T00:00:20Z.
pub(super) fn now() -> Timestamp {
    Timestamp::from_unix(1_893_456_020)
}

/// A P-256 key in memory.
pub(super) struct Key(SigningKey);

impl Key {
    pub(super) fn generate() -> Self {
        Self(SigningKey::generate())
    }

    pub(super) fn public(&self) -> PublicKey {
        let spki = self.0.verifying_key().to_public_key_der().unwrap();
        PublicKey::from_spki(spki.as_bytes()).unwrap()
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(message);
        signature.normalize_s().to_der().as_bytes().to_vec()
    }

    pub(super) fn sign_high(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(message);
        let (r, s) = signature.normalize_s().split_scalars();
        Signature::from_scalars(r, -s).unwrap().to_der().as_bytes().to_vec()
    }

    /// A request of this key.
    pub(super) fn request(&self, subject: &Subject, asking: Asking<'_>) -> Csr {
        let draft = draft_request(&self.public(), subject, asking).unwrap();
        let signature = self.sign(draft.to_be_signed());
        draft.seal(&signature).unwrap()
    }
}

/// A built-in profile.
pub(super) fn profile(name: &str) -> Profile {
    Profile::built_in().into_iter().find(|profile| profile.name().as_str() == name).unwrap()
}

/// A serial number of ours that ends in `last`.
pub(super) fn serial(last: u8) -> SerialNumber {
    let mut random = [7; 14];
    random[13] = last;
    SerialNumber::new(0, random)
}

/// A root by the built-in profile.
pub(super) fn root(key: &Key) -> Draft<Certificate> {
    let subject = Subject::named("ca.example.com");
    profile("root").draft_root(&key.public(), &serial(1), &subject, now()).unwrap()
}

/// A sealed root and its key.
pub(super) fn sealed_root() -> (Key, Certificate) {
    let key = Key::generate();
    let draft = root(&key);
    let signature = key.sign(draft.to_be_signed());
    let certificate = draft.seal(&signature).unwrap();
    (key, certificate)
}
