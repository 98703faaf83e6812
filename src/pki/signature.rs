//! Checking signatures, and the one form in which we write them.

use aws_lc_rs::digest::{self, Digest};
use aws_lc_rs::signature::ParsedPublicKey;

use super::algorithm::{KeyAlgorithm, SignatureAlgorithm, verifier};
use super::key::{PublicKey, sha256};

/// Why a signature is none, or cannot be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SignatureError {
    /// It is not that of this key over these octets.
    #[error("the signature does not verify")]
    Wrong,
    /// The algorithm is not one for this kind of key.
    #[error("the signature algorithm does not go with the key")]
    WrongKind,
    /// It is not two numbers of the right size, or not within the range of the curve.
    #[error("the signature is malformed")]
    Malformed,
}

/// A signature that was verified, and what it is the signature of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    key: [u8; 32],
    digest: [u8; 32],
    octets: Vec<u8>,
}

impl Verified {
    /// Verifies the signature of `key` over `message`, in the algorithm that goes with the key.
    ///
    /// # Errors
    /// As [`verify`].
    pub fn new(key: &PublicKey, message: &[u8], octets: &[u8]) -> Result<Self, SignatureError> {
        verify(key, SignatureAlgorithm::for_key(key.algorithm()), message, octets)?;
        let (key, digest) = (key.spki_hash(), sha256(message));
        Ok(Self { key, digest, octets: octets.to_vec() })
    }

    /// On the word of the signer, which hands out nothing that it has not verified with the very key:
    /// SHA-256 of that key's SubjectPublicKeyInfo, and of what it signed. Verifying costs about as
    /// much as signing, so it is done once. `hsm` alone may call this; `tests/house` looks.
    #[cfg(feature = "service")]
    pub(crate) fn vouched_for(key: [u8; 32], digest: [u8; 32], octets: Vec<u8>) -> Self {
        Self { key, digest, octets }
    }

    /// Whether it is the signature of this key over the octets with this SHA-256.
    pub fn is_of(&self, key: &PublicKey, digest: &[u8; 32]) -> bool {
        self.key == key.spki_hash() && self.digest == *digest
    }

    /// As certificates carry it.
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }
}

/// Checks the signature of `key` over `message`. For ECDSA the signature is a DER `ECDSA-Sig-Value`
/// ([RFC 5480 appendix A](https://www.rfc-editor.org/rfc/rfc5480#appendix-A)), of high or low S:
/// see [`is_low_s`].
///
/// # Errors
/// When the algorithm is not one for the key, or the signature is not that of the key.
pub fn verify(
    key: &PublicKey,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    if algorithm == SignatureAlgorithm::for_key(key.algorithm()) {
        return key.parsed().verify_sig(message, signature).map_err(|_| SignatureError::Wrong);
    }
    let verifier = verifier(key.algorithm(), algorithm).ok_or(SignatureError::WrongKind)?;
    // A digest that is not the key's usual one: parsed anew, since a parsed key is bound to one.
    ParsedPublicKey::new(verifier, key.parsed().as_ref())
        .map_err(|_| SignatureError::Malformed)?
        .verify_sig(message, signature)
        .map_err(|_| SignatureError::Wrong)
}

/// As [`verify`], and only the one form that [`is_low_s`] names.
///
/// # Errors
/// As [`verify`]; also when S is in the upper half of the order.
pub fn verify_low_s(
    key: &PublicKey,
    algorithm: SignatureAlgorithm,
    message: &[u8],
    signature: &[u8],
) -> Result<(), SignatureError> {
    if !is_low_s(key, signature) {
        return Err(SignatureError::Malformed);
    }
    verify(key, algorithm, message, signature)
}

/// Checks the signature of `key` over something whose digest is `hash`: 32 octets of SHA-256, 48 of
/// SHA-384 or 64 of SHA-512.
///
/// # Errors
/// When the digest is of another length, the key is an Ed25519 key (which signs messages only), or
/// the signature is not that of the key.
pub fn verify_digest(key: &PublicKey, hash: &[u8], signature: &[u8]) -> Result<(), SignatureError> {
    let (digest, algorithm) = match (key.algorithm(), hash.len()) {
        (KeyAlgorithm::P256 | KeyAlgorithm::P384, 32) => {
            (&digest::SHA256, SignatureAlgorithm::EcdsaSha256)
        }
        (KeyAlgorithm::P256 | KeyAlgorithm::P384, 48) => {
            (&digest::SHA384, SignatureAlgorithm::EcdsaSha384)
        }
        (KeyAlgorithm::P256 | KeyAlgorithm::P384, 64) => {
            (&digest::SHA512, SignatureAlgorithm::EcdsaSha512)
        }
        (KeyAlgorithm::Rsa { .. }, 32) => (&digest::SHA256, SignatureAlgorithm::RsaSha256),
        (KeyAlgorithm::Rsa { .. }, 48) => (&digest::SHA384, SignatureAlgorithm::RsaSha384),
        (KeyAlgorithm::Rsa { .. }, 64) => (&digest::SHA512, SignatureAlgorithm::RsaSha512),
        _ => return Err(SignatureError::WrongKind),
    };
    let digest = Digest::import_less_safe(hash, digest).map_err(|_| SignatureError::WrongKind)?;
    if algorithm == SignatureAlgorithm::for_key(key.algorithm()) {
        let verdict = key.parsed().verify_digest_sig(&digest, signature);
        return verdict.map_err(|_| SignatureError::Wrong);
    }
    let verifier = verifier(key.algorithm(), algorithm).ok_or(SignatureError::WrongKind)?;
    let parsed = ParsedPublicKey::new(verifier, key.parsed().as_ref())
        .map_err(|_| SignatureError::Malformed)?;
    parsed.verify_digest_sig(&digest, signature).map_err(|_| SignatureError::Wrong)
}

/// Whether the signature has the one form that Fabric's nodes take: for ECDSA strict DER with S in
/// the lower half of the curve's order; signatures of other kinds have one form only.
pub fn is_low_s(key: &PublicKey, signature: &[u8]) -> bool {
    match key.algorithm() {
        KeyAlgorithm::P256 => {
            p256::ecdsa::Signature::from_der(signature).is_ok_and(|s| s.normalize_s() == s)
        }
        KeyAlgorithm::P384 => {
            p384::ecdsa::Signature::from_der(signature).is_ok_and(|s| s.normalize_s() == s)
        }
        KeyAlgorithm::Ed25519 | KeyAlgorithm::Rsa { .. } => true,
    }
}

/// Writes what a token gives for `CKM_ECDSA`, `r || s`, as a DER `ECDSA-Sig-Value` with low S.
///
/// # Errors
/// When the key is none of ECDSA, the length is wrong, or `r` or `s` is zero or beyond the order.
pub fn ecdsa_der_low_s(key: KeyAlgorithm, raw: &[u8]) -> Result<Vec<u8>, SignatureError> {
    let malformed = |_| SignatureError::Malformed;
    match key {
        KeyAlgorithm::P256 => {
            let signature = p256::ecdsa::Signature::from_slice(raw).map_err(malformed)?;
            Ok(signature.normalize_s().to_der().as_bytes().to_vec())
        }
        KeyAlgorithm::P384 => {
            let signature = p384::ecdsa::Signature::from_slice(raw).map_err(malformed)?;
            Ok(signature.normalize_s().to_der().as_bytes().to_vec())
        }
        KeyAlgorithm::Ed25519 | KeyAlgorithm::Rsa { .. } => Err(SignatureError::WrongKind),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rand::SystemRandom;
    use aws_lc_rs::signature as aws;
    use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair as _, RsaKeyPair};
    use p256::ecdsa::signature::Signer as _;
    use p256::ecdsa::signature::hazmat::PrehashSigner as _;
    use p256::elliptic_curve::Generate as _;
    use proptest::prelude::*;
    use spki::EncodePublicKey as _;

    fn p256_pair() -> (p256::ecdsa::SigningKey, PublicKey) {
        let secret = p256::ecdsa::SigningKey::generate();
        let spki = secret.verifying_key().to_public_key_der().unwrap();
        (secret, PublicKey::from_spki(spki.as_bytes()).unwrap())
    }

    fn sha(algorithm: &'static digest::Algorithm, message: &[u8]) -> Vec<u8> {
        digest::digest(algorithm, message).as_ref().to_vec()
    }

    #[test]
    fn ecdsa_verifies_with_every_digest() {
        let (p256, key256) = p256_pair();
        let p384 = p384::ecdsa::SigningKey::generate();
        let spki = p384.verifying_key().to_public_key_der().unwrap();
        let key384 = PublicKey::from_spki(spki.as_bytes()).unwrap();
        for (algorithm, digest) in [
            (SignatureAlgorithm::EcdsaSha256, &digest::SHA256),
            (SignatureAlgorithm::EcdsaSha384, &digest::SHA384),
            (SignatureAlgorithm::EcdsaSha512, &digest::SHA512),
        ] {
            let hash = sha(digest, b"message");
            let signature: p256::ecdsa::Signature = p256.sign_prehash(&hash).unwrap();
            let der = signature.to_der();
            assert_eq!(verify(&key256, algorithm, b"message", der.as_bytes()), Ok(()));
            assert_eq!(verify_digest(&key256, &hash, der.as_bytes()), Ok(()));
            assert_eq!(
                verify(&key256, algorithm, b"another", der.as_bytes()),
                Err(SignatureError::Wrong)
            );
            // P-384 takes digests of its own size or longer here; SHA-256 has a path of its own.
            if let Ok(signature) = p384.sign_prehash(&hash) {
                let signature: p384::ecdsa::Signature = signature;
                let der = signature.to_der();
                assert_eq!(verify(&key384, algorithm, b"message", der.as_bytes()), Ok(()));
                assert_eq!(verify_digest(&key384, &hash, der.as_bytes()), Ok(()));
            }
        }
        assert_eq!(
            verify(&key256, SignatureAlgorithm::RsaSha256, b"", &[]),
            Err(SignatureError::WrongKind)
        );
        assert_eq!(verify_digest(&key256, &[0; 20], &[]), Err(SignatureError::WrongKind));
    }

    #[test]
    fn rsa_and_ed25519_verify() {
        let pair = Ed25519KeyPair::generate().unwrap();
        let key = PublicKey::from_spki(pair.public_key().as_der().unwrap().as_ref()).unwrap();
        let signature = pair.sign(b"message");
        assert_eq!(
            verify(&key, SignatureAlgorithm::Ed25519, b"message", signature.as_ref()),
            Ok(())
        );
        assert!(is_low_s(&key, signature.as_ref()));
        assert_eq!(verify_digest(&key, &[0; 32], &[]), Err(SignatureError::WrongKind));

        let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        let key = PublicKey::from_spki(pair.public_key().as_der().unwrap().as_ref()).unwrap();
        let mut signature = vec![0; pair.public_modulus_len()];
        pair.sign(&aws::RSA_PKCS1_SHA384, &SystemRandom::new(), b"message", &mut signature)
            .unwrap();
        assert_eq!(verify(&key, SignatureAlgorithm::RsaSha384, b"message", &signature), Ok(()));
        assert_eq!(
            verify(&key, SignatureAlgorithm::RsaSha256, b"message", &signature),
            Err(SignatureError::Wrong)
        );
        assert_eq!(verify_digest(&key, &sha(&digest::SHA384, b"message"), &signature), Ok(()));
    }

    #[test]
    fn der_that_is_not_strict_is_no_signature() {
        let (secret, key) = p256_pair();
        let signature: p256::ecdsa::Signature = secret.sign(b"message");
        let der = signature.normalize_s().to_der().as_bytes().to_vec();
        assert!(is_low_s(&key, &der));
        let long_length = [&[0x30, 0x81, der[1]], &der[2..]].concat();
        let trailing = [&der[..], &[0]].concat();
        let padded = [&[0x30, der[1] + 1, 2, der[3] + 1, 0], &der[4..]].concat();
        for wrong in [long_length, trailing, padded, vec![], vec![0x30, 0]] {
            assert!(!is_low_s(&key, &wrong), "{wrong:02x?}");
            let verdict = verify(&key, SignatureAlgorithm::EcdsaSha256, b"message", &wrong);
            assert_eq!(verdict, Err(SignatureError::Wrong));
        }
    }

    #[test]
    fn numbers_outside_the_order_are_no_signature() {
        let order = hex::decode("ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551")
            .unwrap();
        let one = [&[0; 31][..], &[1]].concat();
        for (r, s) in [(&order, &one), (&one, &order), (&vec![0; 32], &one), (&one, &vec![0; 32])] {
            let raw = [&r[..], &s[..]].concat();
            assert_eq!(ecdsa_der_low_s(KeyAlgorithm::P256, &raw), Err(SignatureError::Malformed));
        }
        let raw = [&one[..], &one[..]].concat();
        assert!(ecdsa_der_low_s(KeyAlgorithm::P256, &raw).is_ok());
        assert!(ecdsa_der_low_s(KeyAlgorithm::P384, &raw).is_err());
        assert!(ecdsa_der_low_s(KeyAlgorithm::P256, &raw[1..]).is_err());
        assert_eq!(ecdsa_der_low_s(KeyAlgorithm::Ed25519, &raw), Err(SignatureError::WrongKind));
    }

    proptest! {
        #[test]
        fn a_tokens_signature_becomes_low_s_and_still_verifies(message: Vec<u8>, high: bool) {
            let (secret, key) = p256_pair();
            let signature: p256::ecdsa::Signature = secret.sign(&message);
            let low = signature.normalize_s();
            let given = if high {
                let (r, s) = low.split_scalars();
                p256::ecdsa::Signature::from_scalars(r, -s).unwrap()
            } else {
                low
            };
            prop_assert_eq!(is_low_s(&key, given.to_der().as_bytes()), !high);
            let der = ecdsa_der_low_s(KeyAlgorithm::P256, &given.to_bytes()).unwrap();
            prop_assert!(is_low_s(&key, &der));
            prop_assert_eq!(verify(&key, SignatureAlgorithm::EcdsaSha256, &message, &der), Ok(()));
            prop_assert_eq!(verify_digest(&key, &sha(&digest::SHA256, &message), &der), Ok(()));
        }

        #[test]
        fn no_octets_make_the_checks_panic(signature: Vec<u8>, message: Vec<u8>) {
            let (_, key) = p256_pair();
            let _ = is_low_s(&key, &signature);
            let _ = verify(&key, SignatureAlgorithm::EcdsaSha384, &message, &signature);
            let _ = verify_digest(&key, &message, &signature);
        }
    }
}
