//! Public keys: parsed once, on their curve, strong enough; ready to verify.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use aws_lc_rs::digest;
use aws_lc_rs::signature::ParsedPublicKey;
use const_oid::ObjectIdentifier;
use const_oid::db::{rfc5912, rfc8410};
use der::asn1::{AnyRef, BitString, BitStringRef, OctetStringRef, UintRef};
use der::{Decode as _, Encode as _, Reader as _, SliceReader};
use spki::{AlgorithmIdentifier, AlgorithmIdentifierRef, SubjectPublicKeyInfo};

use super::algorithm::{KeyAlgorithm, SignatureAlgorithm, verifier};
use crate::id::KeyId;

/// The largest `SubjectPublicKeyInfo` that is read, in octets; one of RSA 8192 has 1062.
const MAX_SPKI: usize = 2048;

/// Why octets are no public key of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// They are not the DER that they should be.
    #[error("the public key is malformed: {0}")]
    Malformed(&'static str),
    /// A kind of key that we do not speak.
    #[error("keys of this kind are not supported: {0}")]
    Unsupported(String),
    /// A key that others could break.
    #[error("the key is too weak: {0}")]
    Weak(String),
    /// A point that is not on its curve.
    #[error("the public key is no point of its curve")]
    NotOnCurve,
}

/// A public key: P-256, P-384, Ed25519, or RSA of 2048 to 8192 bits with an odd exponent of at least
/// 65537. Cheap to clone.
#[derive(Clone)]
pub struct PublicKey(Arc<Inner>);

struct Inner {
    algorithm: KeyAlgorithm,
    spki: Vec<u8>,
    hash: [u8; 32],
    id: KeyId,
    /// The key as the verifier wants it, for the digest that goes with the key.
    parsed: ParsedPublicKey,
}

impl PublicKey {
    /// Reads a `SubjectPublicKeyInfo` in strict DER.
    ///
    /// # Errors
    /// When it is malformed, of another kind, too weak or no point of its curve.
    pub fn from_spki(der: &[u8]) -> Result<Self, KeyError> {
        if der.len() > MAX_SPKI {
            return Err(KeyError::Malformed("it is longer than 2048 octets"));
        }
        let spki = SubjectPublicKeyInfo::<AnyRef<'_>, BitStringRef<'_>>::from_der(der)
            .map_err(|_| KeyError::Malformed("it is no SubjectPublicKeyInfo"))?;
        let bits = spki
            .subject_public_key
            .as_bytes()
            .ok_or(KeyError::Malformed("the key is no whole number of octets"))?;
        let algorithm = algorithm_of(&spki.algorithm, bits)?;
        let parsed = verifier(algorithm, SignatureAlgorithm::for_key(algorithm))
            .and_then(|verifier| ParsedPublicKey::new(verifier, bits).ok())
            .ok_or(KeyError::NotOnCurve)?;
        Ok(Self(Arc::new(Inner {
            algorithm,
            hash: sha256(der),
            id: id_of(bits)?,
            spki: der.to_vec(),
            parsed,
        })))
    }

    /// Reads a `CKA_EC_POINT` as tokens write it: the DER OCTET STRING around an uncompressed point
    /// that PKCS#11 asks for, the bare point, a BIT STRING or its content, or a point without its
    /// leading `04` inside an OCTET STRING. Compressed points are understood.
    ///
    /// # Errors
    /// When no reading, or more than one, gives a point of `curve`.
    pub fn from_ec_point(curve: KeyAlgorithm, octets: &[u8]) -> Result<Self, KeyError> {
        let (Some(size), Some(oid)) = (curve.field_octets(), curve.curve()) else {
            return Err(KeyError::Unsupported(format!("{curve} has no EC point")));
        };
        let mut found: Option<Vec<u8>> = None;
        for candidate in readings(octets, size) {
            let Some(point) = uncompressed(curve, &candidate) else { continue };
            if found.as_ref().is_some_and(|other| *other != point) {
                return Err(KeyError::Malformed("the token's EC point can be read in two ways"));
            }
            found = Some(point);
        }
        let point = found.ok_or(KeyError::NotOnCurve)?;
        Self::from_spki(&ec_spki(oid, &point)?)
    }

    /// What kind of key it is.
    pub fn algorithm(&self) -> KeyAlgorithm {
        self.0.algorithm
    }

    /// The `SubjectPublicKeyInfo`, as it was read.
    pub fn spki_der(&self) -> &[u8] {
        &self.0.spki
    }

    /// SHA-256 of the `SubjectPublicKeyInfo`: what a key of ours is known by.
    pub fn spki_hash(&self) -> [u8; 32] {
        self.0.hash
    }

    /// SHA-1 of the key bits: the subject key identifier.
    /// [RFC 5280 section 4.2.1.2](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.2), method 1.
    pub fn key_id(&self) -> KeyId {
        self.0.id.clone()
    }

    pub(super) fn parsed(&self) -> &ParsedPublicKey {
        &self.0.parsed
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.0.spki == other.0.spki
    }
}

impl Eq for PublicKey {}

impl Hash for PublicKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.hash.hash(state);
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({}, {})", self.0.algorithm, hex::encode(self.0.hash))
    }
}

fn algorithm_of(named: &AlgorithmIdentifierRef<'_>, bits: &[u8]) -> Result<KeyAlgorithm, KeyError> {
    match named.oid {
        rfc5912::ID_EC_PUBLIC_KEY => {
            let curve = named
                .parameters
                .and_then(|any| any.decode_as::<ObjectIdentifier>().ok())
                .ok_or(KeyError::Malformed("its curve is not named"))?;
            let algorithm = match curve {
                rfc5912::SECP_256_R_1 => KeyAlgorithm::P256,
                rfc5912::SECP_384_R_1 => KeyAlgorithm::P384,
                rfc5912::SECP_224_R_1 => {
                    return Err(KeyError::Weak("a curve of fewer than 256 bits".into()));
                }
                other => return Err(KeyError::Unsupported(format!("curve {other}"))),
            };
            match (bits.first(), algorithm.field_octets()) {
                (Some(4), Some(size)) if bits.len() == 1 + 2 * size => Ok(algorithm),
                (Some(2 | 3), _) => Err(KeyError::Unsupported("a compressed point".into())),
                _ => Err(KeyError::NotOnCurve),
            }
        }
        rfc8410::ID_ED_25519 => match (named.parameters, bits.len()) {
            (None, 32) => Ok(KeyAlgorithm::Ed25519),
            _ => Err(KeyError::Malformed("an Ed25519 key has 32 octets and no parameters")),
        },
        rfc5912::RSA_ENCRYPTION => {
            if !named.parameters.is_some_and(AnyRef::is_null) {
                return Err(KeyError::Malformed("the parameters of an RSA key are not NULL"));
            }
            rsa(bits)
        }
        other => Err(KeyError::Unsupported(other.to_string())),
    }
}

fn rsa(bits: &[u8]) -> Result<KeyAlgorithm, KeyError> {
    let malformed = |_: der::Error| KeyError::Malformed("it is no RSAPublicKey");
    let mut reader = SliceReader::new(bits).map_err(malformed)?;
    let (modulus, exponent) = reader
        .sequence(|inner| Ok((UintRef::decode(inner)?, UintRef::decode(inner)?)))
        .map_err(malformed)?;
    reader.finish().map_err(malformed)?;
    let (modulus, exponent) = (modulus.as_bytes(), exponent.as_bytes());

    let zeros = modulus.first().map_or(0, |first| first.leading_zeros());
    let length = u32::try_from(modulus.len()).unwrap_or(u32::MAX).saturating_mul(8);
    let bits = length.saturating_sub(zeros);
    if bits < 2048 {
        return Err(KeyError::Weak(format!("RSA of {bits} bits, fewer than 2048")));
    }
    if bits > 8192 {
        return Err(KeyError::Unsupported(format!("RSA of {bits} bits, more than 8192")));
    }
    if modulus.last().is_none_or(|last| last % 2 == 0) {
        return Err(KeyError::Weak("an even RSA modulus".into()));
    }
    let value = exponent.iter().try_fold(0_u64, |value, octet| {
        value.checked_mul(256).map(|value| value + u64::from(*octet))
    });
    // Exponents of more than 33 bits serve nobody and make verification slow.
    match value {
        Some(value) if value % 2 == 0 || value < 65_537 => {
            Err(KeyError::Weak(format!("RSA with the public exponent {value}")))
        }
        Some(value) if value < 1 << 33 => Ok(KeyAlgorithm::Rsa { bits }),
        _ => Err(KeyError::Unsupported("RSA with a public exponent above 33 bits".into())),
    }
}

/// The ways to read a token's `CKA_EC_POINT`; most give no point.
fn readings(octets: &[u8], size: usize) -> Vec<Vec<u8>> {
    let mut found = Vec::new();
    let mut add = |content: &[u8]| {
        found.push(content.to_vec());
        if content.len() == 2 * size {
            found.push([&[4], content].concat());
        }
        if let Some((0, point)) = content.split_first() {
            found.push(point.to_vec());
        }
    };
    add(octets);
    if let Ok(inner) = <&OctetStringRef>::from_der(octets) {
        add(inner.as_bytes());
    }
    if let Some(inner) = BitStringRef::from_der(octets).ok().and_then(|bits| bits.as_bytes()) {
        add(inner);
    }
    found
}

/// The uncompressed form of a point of `curve`.
fn uncompressed(curve: KeyAlgorithm, point: &[u8]) -> Option<Vec<u8>> {
    match curve {
        KeyAlgorithm::P256 => p256::PublicKey::from_sec1_bytes(point)
            .ok()
            .map(|key| p256::Sec1Point::from(key).to_bytes().into_vec()),
        KeyAlgorithm::P384 => p384::PublicKey::from_sec1_bytes(point)
            .ok()
            .map(|key| p384::Sec1Point::from(key).to_bytes().into_vec()),
        KeyAlgorithm::Ed25519 | KeyAlgorithm::Rsa { .. } => None,
    }
}

fn ec_spki(curve: ObjectIdentifier, point: &[u8]) -> Result<Vec<u8>, KeyError> {
    let write = || -> der::Result<Vec<u8>> {
        let algorithm =
            AlgorithmIdentifier { oid: rfc5912::ID_EC_PUBLIC_KEY, parameters: Some(curve) };
        let subject_public_key = BitString::from_bytes(point)?;
        SubjectPublicKeyInfo { algorithm, subject_public_key }.to_der()
    };
    write().map_err(|_| KeyError::Malformed("its point cannot be written"))
}

fn id_of(bits: &[u8]) -> Result<KeyId, KeyError> {
    let hash = digest::digest(&digest::SHA1_FOR_LEGACY_USE_ONLY, bits);
    KeyId::from_octets(hash.as_ref()).map_err(|_| KeyError::Malformed("it has no identifier"))
}

/// SHA-256 of `octets`.
pub(super) fn sha256(octets: &[u8]) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&digest::SHA256, octets).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::rsa::{KeyPair as RsaKeyPair, KeySize};
    use aws_lc_rs::signature::KeyPair as _;
    use p256::elliptic_curve::Generate as _;
    use p256::elliptic_curve::sec1::ToSec1Point as _;
    use proptest::prelude::*;
    use spki::EncodePublicKey as _;

    fn p256_spki() -> Vec<u8> {
        p256::SecretKey::generate().public_key().to_public_key_der().unwrap().into_vec()
    }

    #[test]
    fn keys_of_each_kind_are_read() {
        let key = PublicKey::from_spki(&p256_spki()).unwrap();
        assert_eq!(key.algorithm(), KeyAlgorithm::P256);
        assert_eq!(key.key_id().as_octets().len(), 20);

        let spki = p384::SecretKey::generate().public_key().to_public_key_der().unwrap();
        let key = PublicKey::from_spki(spki.as_bytes()).unwrap();
        assert_eq!(key.algorithm(), KeyAlgorithm::P384);
        assert_eq!(key.spki_der(), spki.as_bytes());

        let pair = aws_lc_rs::signature::Ed25519KeyPair::generate().unwrap();
        let spki = pair.public_key().as_der().unwrap();
        let key = PublicKey::from_spki(spki.as_ref()).unwrap();
        assert_eq!(key.algorithm(), KeyAlgorithm::Ed25519);

        let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
        let spki = pair.public_key().as_der().unwrap();
        let key = PublicKey::from_spki(spki.as_ref()).unwrap();
        assert_eq!(key.algorithm(), KeyAlgorithm::Rsa { bits: 2048 });
    }

    #[test]
    fn weak_and_foreign_keys_are_refused() {
        for (der, weak) in [
            (include_str!("testdata/rsa1024.spki.hex"), true),
            (include_str!("testdata/rsa2048-e3.spki.hex"), true),
            (include_str!("testdata/p224.spki.hex"), true),
            (include_str!("testdata/p521.spki.hex"), false),
            (include_str!("testdata/ed448.spki.hex"), false),
            (include_str!("testdata/secp256k1.spki.hex"), false),
        ] {
            let error = PublicKey::from_spki(&hex::decode(der.trim()).unwrap()).unwrap_err();
            match error {
                KeyError::Weak(_) => assert!(weak),
                KeyError::Unsupported(_) => assert!(!weak),
                other @ (KeyError::Malformed(_) | KeyError::NotOnCurve) => panic!("{other}"),
            }
        }
    }

    #[test]
    fn a_point_off_its_curve_is_refused() {
        let mut spki = p256_spki();
        *spki.last_mut().unwrap() ^= 1;
        assert_eq!(PublicKey::from_spki(&spki).unwrap_err(), KeyError::NotOnCurve);
    }

    #[test]
    fn trailing_octets_are_refused() {
        let spki = [p256_spki(), vec![0]].concat();
        assert!(matches!(PublicKey::from_spki(&spki), Err(KeyError::Malformed(_))));
    }

    #[test]
    fn every_form_of_a_tokens_point_is_the_same_key() {
        let secret = p256::SecretKey::generate();
        let point = secret.public_key().to_sec1_point(false).to_bytes().into_vec();
        let compressed = secret.public_key().to_sec1_point(true).to_bytes().into_vec();
        let spki = secret.public_key().to_public_key_der().unwrap();
        let want = PublicKey::from_spki(spki.as_bytes()).unwrap();
        let bare = &point[1..];
        for form in [
            [&[4, 65][..], &point].concat(),
            point.clone(),
            [&[0][..], &point].concat(),
            [&[3, 66, 0][..], &point].concat(),
            [&[4, 64][..], bare].concat(),
            bare.to_vec(),
            compressed.clone(),
            [&[4, 33][..], &compressed].concat(),
        ] {
            assert_eq!(PublicKey::from_ec_point(KeyAlgorithm::P256, &form).unwrap(), want);
            assert!(PublicKey::from_ec_point(KeyAlgorithm::P384, &form).is_err());
        }
        let mut wrong = point;
        wrong[64] ^= 1;
        assert_eq!(
            PublicKey::from_ec_point(KeyAlgorithm::P256, &wrong).unwrap_err(),
            KeyError::NotOnCurve
        );
        // The point at infinity is no key.
        assert!(PublicKey::from_ec_point(KeyAlgorithm::P256, &[0]).is_err());
        assert!(PublicKey::from_ec_point(KeyAlgorithm::P256, &[4, 1, 0]).is_err());

        let secret = p384::SecretKey::generate();
        let point = secret.public_key().to_sec1_point(false).to_bytes().into_vec();
        let key = PublicKey::from_ec_point(KeyAlgorithm::P384, &[&[4, 97][..], &point].concat());
        assert_eq!(key.unwrap().algorithm(), KeyAlgorithm::P384);
    }

    proptest! {
        #[test]
        fn no_octets_make_the_parser_panic(position in 0_usize..91, octet: u8, cut in 0_usize..92) {
            let mut spki = p256_spki();
            spki[position] = octet;
            let _ = PublicKey::from_spki(&spki[..cut.min(spki.len())]);
            let _ = PublicKey::from_ec_point(KeyAlgorithm::P256, &spki[cut.min(91)..]);
        }
    }
}
