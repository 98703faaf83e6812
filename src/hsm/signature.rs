//! From a message to what the token signs, and from what the token gave to what may leave.
//! Invariant I4: right key or nothing.

use super::digest::{sha256, sha384};
use super::fault::{Class, Fault};
use super::key::{Algorithm, Binding};
use super::protocol::Message;
use crate::pki::{SignatureAlgorithm, signature};

/// A message, ready for a key of one kind.
#[derive(Debug)]
pub(crate) struct Prepared<'a> {
    /// SHA-256 of the message, for the ledger.
    pub(crate) sha256: [u8; 32],
    input: Input<'a>,
}

#[derive(Debug)]
enum Input<'a> {
    Sha256,
    Sha384(Vec<u8>),
    Whole(&'a [u8]),
}

impl<'a> Prepared<'a> {
    /// Makes `message` ready for a key of this kind.
    ///
    /// # Errors
    /// When the key signs whole messages only and this one travelled as digests, when a digest has
    /// the wrong length, or when such a key signs nothing.
    pub(crate) fn new(algorithm: Algorithm, message: &'a Message) -> Result<Self, Fault> {
        let refuse = |why: &str| Err(Fault::new(Class::Request, "sign", why));
        let (sha256, whole) = match message {
            Message::Whole(octets) => (sha256(&octets.0), Some(octets.0.as_slice())),
            Message::Digests { sha256, .. } => (*sha256, None),
        };
        let input = match (algorithm, message) {
            (Algorithm::P256 | Algorithm::Rsa { .. }, _) => Input::Sha256,
            (Algorithm::P384, Message::Whole(octets)) => Input::Sha384(sha384(&octets.0)),
            (Algorithm::P384, Message::Digests { sha384, .. }) if sha384.0.len() == 48 => {
                Input::Sha384(sha384.0.clone())
            }
            (Algorithm::P384, Message::Digests { .. }) => return refuse("SHA-384 has 48 octets"),
            (Algorithm::Ed25519, _) => match whole {
                Some(octets) => Input::Whole(octets),
                None => return refuse("an Ed25519 key signs messages of at most 64 KiB here"),
            },
            (Algorithm::HmacSha256, _) => return refuse("a secret key signs nothing"),
        };
        Ok(Self { sha256, input })
    }

    /// What the token is given.
    pub(crate) fn input(&self) -> &[u8] {
        match &self.input {
            Input::Sha256 => &self.sha256,
            Input::Sha384(digest) => digest,
            Input::Whole(octets) => octets,
        }
    }

    /// The SHA-384 that the key signed, for the ledger; `None` when it signed another thing.
    pub(crate) fn sha384(self) -> Option<Vec<u8>> {
        match self.input {
            Input::Sha384(digest) => Some(digest),
            Input::Sha256 | Input::Whole(_) => None,
        }
    }

    /// Writes what the token gave as certificates carry it, and verifies it with the key that was
    /// meant.
    ///
    /// # Errors
    /// When it is no signature of that key over this message: a fault of the device.
    pub(crate) fn finish(&self, key: &Binding, raw: Vec<u8>) -> Result<Vec<u8>, Fault> {
        let wrong = |why: signature::SignatureError| {
            let detail = format!("what the token gave for `{}`: {why}", key.info.label);
            Fault::new(Class::Device, "verify a signature", detail)
        };
        let Some(public) = &key.public else {
            return Err(Fault::new(Class::Request, "sign", "a secret key signs nothing"));
        };
        let signature = match key.info.algorithm {
            Algorithm::P256 | Algorithm::P384 => {
                signature::ecdsa_der_low_s(public.algorithm(), &raw).map_err(wrong)?
            }
            Algorithm::Ed25519 | Algorithm::Rsa { .. } | Algorithm::HmacSha256 => raw,
        };
        match self.input {
            Input::Whole(message) => {
                signature::verify(public, SignatureAlgorithm::Ed25519, message, &signature)
            }
            Input::Sha256 | Input::Sha384(_) => {
                signature::verify_digest(public, self.input(), &signature)
            }
        }
        .map_err(wrong)?;
        Ok(signature)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hsm::octets::Octets;

    #[test]
    fn each_kind_of_key_is_given_what_it_signs() {
        let whole = Message::of(b"message");
        let prepared = Prepared::new(Algorithm::P256, &whole).unwrap();
        assert_eq!(prepared.input(), sha256(b"message"));
        assert_eq!(prepared.sha384(), None);
        let prepared = Prepared::new(Algorithm::P384, &whole).unwrap();
        assert_eq!(prepared.input(), sha384(b"message"));
        assert_eq!(prepared.sha256, sha256(b"message"));
        assert_eq!(Prepared::new(Algorithm::Ed25519, &whole).unwrap().input(), b"message");
        assert!(Prepared::new(Algorithm::HmacSha256, &whole).is_err());
    }

    #[test]
    fn digests_of_large_messages_are_checked() {
        let large = Message::of(&vec![7; 100_000]);
        assert!(Prepared::new(Algorithm::Rsa { bits: 3072 }, &large).is_ok());
        assert!(Prepared::new(Algorithm::P384, &large).is_ok());
        assert!(Prepared::new(Algorithm::Ed25519, &large).is_err());
        let short = Message::Digests { sha256: [0; 32], sha384: Octets(vec![0; 47]) };
        assert!(Prepared::new(Algorithm::P384, &short).is_err());
    }
}
