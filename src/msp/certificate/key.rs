//! Public keys: which Go reads, and what they verify.

use std::borrow::Cow;

use aws_lc_rs::digest;
use aws_lc_rs::signature::{
    self as aws, ParsedPublicKey, RsaParameters, UnparsedPublicKey, VerificationAlgorithm,
};
use p224::ecdsa::signature::hazmat::PrehashVerifier as _;

use super::algorithm::{ED25519, Hash, SignatureAlgorithm, parts};
use super::der::{self, BIT_STRING, Der, INTEGER, OID, SEQUENCE};
use crate::msp::ecdsa::Curve;

const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01];
const RSA_ENCRYPTION: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];
const DSA: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x01];
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];
const PRIME256V1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07];
const SECP: &[u8] = &[0x2b, 0x81, 0x04, 0x00];
const SECP384R1: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 34];
const SECP521R1: &[u8] = &[0x2b, 0x81, 0x04, 0x00, 35];
const NULL: &[u8] = &[5, 0];

#[derive(Debug)]
pub(in crate::msp) enum Key {
    Ecdsa(EcdsaKey),
    Ed25519([u8; 32]),
    Rsa(RsaKey),
    /// Known to Go and well-formed, but for no signature that matters here.
    Other,
    /// Of an algorithm that Go does not know.
    Unknown,
}

/// A point on a curve.
#[derive(Debug)]
pub(in crate::msp) struct EcdsaKey {
    pub(in crate::msp) curve: Curve,
    point: Point,
}

#[derive(Debug)]
enum Point {
    /// With the algorithm of the curve's own digest length.
    Aws(ParsedPublicKey),
    P224(Box<p224::ecdsa::VerifyingKey>),
}

/// A modulus and an exponent, as `RSAPublicKey` in DER.
#[derive(Debug)]
pub(in crate::msp) struct RsaKey(Vec<u8>);

impl Key {
    /// From the content of a SubjectPublicKeyInfo. The outer `None` is what Go does not read.
    pub(super) fn read(info: &[u8]) -> Option<Self> {
        let mut info = Der(info);
        let (oid, parameters) = parts(info.content(SEQUENCE)?)?;
        let bits = info.bits()?.right_aligned();
        match oid {
            EC_PUBLIC_KEY => {
                let curve = Der(parameters).oid().and_then(curve)?;
                Some(Self::Ecdsa(EcdsaKey::new(curve, &bits)?))
            }
            ED25519 => {
                let key = bits.as_ref().try_into().ok()?;
                parameters.is_empty().then_some(Self::Ed25519(key))
            }
            RSA_ENCRYPTION => (parameters == NULL).then(|| rsa(&bits))?.map(Self::Rsa),
            X25519 => (parameters.is_empty() && bits.len() == 32).then_some(Self::Other),
            DSA => dsa(parameters, &bits).then_some(Self::Other),
            _ => Some(Self::Unknown),
        }
    }

    /// Whether `signature` is this key's over `message`. SHA-1 is for revocation lists only.
    pub(in crate::msp) fn verifies(
        &self,
        algorithm: SignatureAlgorithm,
        message: &[u8],
        signature: &[u8],
        allow_sha1: bool,
    ) -> bool {
        let allowed = |hash| match hash {
            Hash::Md5 => false,
            Hash::Sha1 => allow_sha1,
            Hash::Sha256 | Hash::Sha384 | Hash::Sha512 => true,
        };
        match (self, algorithm) {
            (Self::Ecdsa(key), SignatureAlgorithm::Ecdsa(hash)) if allowed(hash) => {
                key.verifies_digest(digest::digest(digest_of(hash), message).as_ref(), signature)
            }
            (Self::Rsa(key), SignatureAlgorithm::Rsa(hash)) if allowed(hash) => {
                key.verifies(pkcs1(hash), message, signature)
            }
            (Self::Rsa(key), SignatureAlgorithm::RsaPss(hash)) => {
                key.verifies(pss(hash), message, signature)
            }
            (Self::Ed25519(key), SignatureAlgorithm::Ed25519) => {
                verifies_ed25519(key, message, signature)
            }
            _ => false,
        }
    }
}

pub(in crate::msp) fn verifies_ed25519(key: &[u8; 32], message: &[u8], signature: &[u8]) -> bool {
    UnparsedPublicKey::new(&aws::ED25519, key).verify(message, signature).is_ok()
}

impl EcdsaKey {
    /// From an uncompressed point; `None` when it is none on the curve.
    fn new(curve: Curve, point: &[u8]) -> Option<Self> {
        // Compressed and hybrid points are not for Go, whatever the libraries below take.
        if point.first() != Some(&4) {
            return None;
        }
        let parsed = |algorithm: &'static dyn VerificationAlgorithm, name: &[u8]| {
            let info = key_info(name, point);
            ParsedPublicKey::new(algorithm, &info).ok().map(Point::Aws)
        };
        let point = match curve {
            Curve::P224 => {
                let key = p224::ecdsa::VerifyingKey::from_sec1_bytes(point).ok()?;
                Point::P224(Box::new(key))
            }
            Curve::P256 => parsed(&aws::ECDSA_P256_SHA256_ASN1, PRIME256V1)?,
            Curve::P384 => parsed(&aws::ECDSA_P384_SHA384_ASN1, SECP384R1)?,
            Curve::P521 => parsed(&aws::ECDSA_P521_SHA512_ASN1, SECP521R1)?,
        };
        Some(Self { curve, point })
    }

    /// The point, uncompressed.
    pub(in crate::msp) fn point_octets(&self) -> Vec<u8> {
        match &self.point {
            Point::Aws(key) => {
                let info = Der(key.as_ref()).enter(SEQUENCE);
                let bits = info.and_then(|mut info| info.any().and_then(|_| info.bits()));
                bits.map(|bits| bits.right_aligned().into_owned()).unwrap_or_default()
            }
            Point::P224(key) => key.to_sec1_point(false).as_bytes().to_vec(),
        }
    }

    /// Whether a signature, DER and nothing else, is over a message of this digest. A digest is
    /// a number: longer ones are cut to the order's length and shorter ones filled up with zeros, so
    /// that any of them fits the one length that the key was parsed for.
    pub(in crate::msp) fn verifies_digest(&self, digest: &[u8], signature: &[u8]) -> bool {
        let key = match &self.point {
            Point::Aws(key) => key,
            Point::P224(key) => {
                let signature = p224::ecdsa::Signature::from_der(signature);
                return signature
                    .is_ok_and(|signature| key.verify_prehash(digest, &signature).is_ok());
            }
        };
        let (algorithm, length) = match self.curve {
            Curve::P224 | Curve::P256 => (&digest::SHA256, 32),
            Curve::P384 => (&digest::SHA384, 48),
            Curve::P521 => (&digest::SHA512, 64),
        };
        let fitted: Cow<'_, [u8]> = match digest.get(..length) {
            Some(cut) => cut.into(),
            None => [vec![0; length - digest.len()], digest.to_vec()].concat().into(),
        };
        digest::Digest::import_less_safe(&fitted, algorithm)
            .is_ok_and(|digest| key.verify_digest_sig(&digest, signature).is_ok())
    }
}

impl RsaKey {
    fn verifies(
        &self,
        how: Option<&'static RsaParameters>,
        message: &[u8],
        signature: &[u8],
    ) -> bool {
        how.is_some_and(|how| {
            UnparsedPublicKey::new(how, &self.0).verify(message, signature).is_ok()
        })
    }
}

/// A SubjectPublicKeyInfo of a point (RFC 5480, section 2), in which the library checks the point once; a bare one it
/// checks twice.
fn key_info(curve: &[u8], point: &[u8]) -> Vec<u8> {
    let mut algorithm = Vec::with_capacity(32);
    der::push(&mut algorithm, OID, &[EC_PUBLIC_KEY]);
    der::push(&mut algorithm, OID, &[curve]);
    let mut parts = Vec::with_capacity(point.len() + 40);
    der::push(&mut parts, SEQUENCE, &[&algorithm]);
    der::push(&mut parts, BIT_STRING, &[&[0], point]);
    let mut whole = Vec::with_capacity(parts.len() + 4);
    der::push(&mut whole, SEQUENCE, &[&parts]);
    whole
}

fn curve(oid: &[u8]) -> Option<Curve> {
    match (oid, oid.strip_prefix(SECP)) {
        (PRIME256V1, _) => Some(Curve::P256),
        (_, Some([33])) => Some(Curve::P224),
        (_, Some([34])) => Some(Curve::P384),
        (_, Some([35])) => Some(Curve::P521),
        _ => None,
    }
}

fn rsa(bits: &[u8]) -> Option<RsaKey> {
    let mut key = Der(bits).enter(SEQUENCE)?;
    let modulus = key.integer()?;
    let exponent = key.integer()?;
    let positive =
        |number: &[u8]| number != [0] && number.first().is_some_and(|first| first & 0x80 == 0);
    if !positive(modulus) || !positive(exponent) || exponent.len() > 8 {
        return None;
    }
    let mut numbers = Vec::with_capacity(modulus.len() + 16);
    der::push(&mut numbers, INTEGER, &[modulus]);
    der::push(&mut numbers, INTEGER, &[exponent]);
    let mut whole = Vec::with_capacity(numbers.len() + 4);
    der::push(&mut whole, SEQUENCE, &[&numbers]);
    Some(RsaKey(whole))
}

/// Whether it is a DSA key that Go reads; nothing that DSA signs is accepted anywhere.
fn dsa(parameters: &[u8], bits: &[u8]) -> bool {
    let positive = |der: &mut Der<'_>| {
        let number = der.integer()?;
        (number != [0] && number.first()? & 0x80 == 0).then_some(())
    };
    let read = || {
        positive(&mut Der(bits))?;
        let mut numbers = Der(parameters).enter(SEQUENCE)?;
        (0..3).try_for_each(|_| positive(&mut numbers))
    };
    read().is_some()
}

fn digest_of(hash: Hash) -> &'static digest::Algorithm {
    match hash {
        Hash::Sha384 => &digest::SHA384,
        Hash::Sha512 => &digest::SHA512,
        Hash::Sha256 => &digest::SHA256,
        // MD5 is refused before.
        Hash::Sha1 | Hash::Md5 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
    }
}

/// Moduli from 1,024 bits, as in Go; SHA-384 from 2,048, which is what the library has.
fn pkcs1(hash: Hash) -> Option<&'static RsaParameters> {
    match hash {
        Hash::Md5 => None,
        Hash::Sha1 => Some(&aws::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY),
        Hash::Sha256 => Some(&aws::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY),
        Hash::Sha384 => Some(&aws::RSA_PKCS1_2048_8192_SHA384),
        Hash::Sha512 => Some(&aws::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY),
    }
}

fn pss(hash: Hash) -> Option<&'static RsaParameters> {
    match hash {
        Hash::Md5 | Hash::Sha1 => None,
        Hash::Sha256 => Some(&aws::RSA_PSS_2048_8192_SHA256),
        Hash::Sha384 => Some(&aws::RSA_PSS_2048_8192_SHA384),
        Hash::Sha512 => Some(&aws::RSA_PSS_2048_8192_SHA512),
    }
}

/// Whether it is a private key for ECDSA, in PKCS#8 or SEC 1, on one of the curves.
pub(in crate::msp) fn is_ecdsa_private_key(der: &[u8]) -> bool {
    use aws_lc_rs::signature::{
        ECDSA_P256_SHA256_ASN1_SIGNING, ECDSA_P384_SHA384_ASN1_SIGNING,
        ECDSA_P521_SHA512_ASN1_SIGNING, EcdsaKeyPair,
    };
    let algorithms = [
        &ECDSA_P256_SHA256_ASN1_SIGNING,
        &ECDSA_P384_SHA384_ASN1_SIGNING,
        &ECDSA_P521_SHA512_ASN1_SIGNING,
    ];
    algorithms.iter().any(|how| EcdsaKeyPair::from_private_key_der(how, der).is_ok())
        || is_p224_private_key(der)
}

fn is_p224_private_key(der: &[u8]) -> bool {
    use p224::pkcs8::DecodePrivateKey as _;
    p224::SecretKey::from_pkcs8_der(der).is_ok()
        || names_p224(der) && p224::SecretKey::from_sec1_der(der).is_ok()
}

/// SEC 1 names its curve in `[0]`; Go asks for it.
fn names_p224(der: &[u8]) -> bool {
    let read = || {
        let mut key = Der(der).enter(SEQUENCE)?;
        key.integer()?;
        key.content(der::OCTET_STRING)?;
        key.enter(der::constructed(0))?.content(OID)
    };
    read().is_some_and(|oid| oid.strip_prefix(SECP) == Some(&[33]))
}
