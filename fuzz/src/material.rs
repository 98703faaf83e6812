//! Keys and certificates that are the same in every run: keys from fixed numbers, signatures by
//! RFC 6979.

use std::sync::OnceLock;

use chancery::clock::Timestamp;
use chancery::id::SerialNumber;
use chancery::pki::{Certificate, Profile, PublicKey, Subject};
use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;

/// When everything happens: 2030-01-01T00:00:20Z.
pub fn now() -> Timestamp {
    Timestamp::from_unix(1_893_456_020)
}

/// A P-256 key.
pub struct Key(SigningKey);

impl Key {
    /// The key of a number other than 0.
    pub fn of(number: u8) -> Self {
        Self(SigningKey::from_slice(&[number; 32]).unwrap())
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey::from_spki(&self.spki()).unwrap()
    }

    /// Its public half as a `SubjectPublicKeyInfo`.
    pub fn spki(&self) -> Vec<u8> {
        self.0.verifying_key().to_public_key_der().unwrap().into_vec()
    }

    /// A signature in DER, of low S.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(message);
        signature.normalize_s().to_der().as_bytes().to_vec()
    }
}

/// A built-in profile.
pub fn profile(name: &str) -> Profile {
    Profile::built_in().into_iter().find(|profile| profile.name().as_str() == name).unwrap()
}

/// A serial number that ends in `last`.
pub fn serial(last: u8) -> SerialNumber {
    let mut octets = [7; 14];
    octets[13] = last;
    SerialNumber::new(0, octets)
}

/// An issuing CA and its key.
pub fn issuer() -> &'static (Key, Certificate) {
    static ISSUER: OnceLock<(Key, Certificate)> = OnceLock::new();
    ISSUER.get_or_init(|| {
        let key = Key::of(1);
        let subject = Subject::named("ca.example.com");
        let draft = profile("root").draft_root(&key.public(), &serial(1), &subject, now()).unwrap();
        let signature = key.sign(draft.to_be_signed());
        (key, draft.seal(&signature).unwrap())
    })
}
