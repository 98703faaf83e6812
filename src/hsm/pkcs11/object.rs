//! Reading what a token says about a key.

use cryptoki::error::Error as TokenError;
use cryptoki::object::{Attribute, AttributeType, KeyType, ObjectClass};
use cryptoki::session::Session;

use super::epoch::{Handle, OpenEpoch};
use super::template::{ED25519_NAME, ED25519_OID, P256_OID, P384_OID};
use crate::hsm::custody::Custody;
use crate::hsm::fault::{Class, Fault, classify};
use crate::hsm::key::Algorithm;
use crate::pki::{KeyAlgorithm, PublicKey};

const OPERATION: &str = "read a key's attributes";

/// Reads the attributes of one object, each by itself: tokens differ in which ones they know, and
/// some fail a whole request for one that they do not.
pub(in crate::hsm) struct Reader<'a, 'e> {
    pub(in crate::hsm) epoch: &'a OpenEpoch<'e>,
    pub(in crate::hsm) session: &'a Session,
}

impl<'e> Reader<'_, 'e> {
    /// The objects that match.
    pub(in crate::hsm) fn find(&self, template: &[Attribute]) -> Result<Vec<Handle<'e>>, Fault> {
        let found = self.session.find_objects(template).map_err(Fault::at("find a key"))?;
        Ok(found.into_iter().map(|raw| Handle::new(self.epoch, raw)).collect())
    }

    /// One attribute; `None` when the token does not know or tell it.
    pub(in crate::hsm) fn attribute(
        &self,
        object: Handle<'e>,
        kind: AttributeType,
    ) -> Result<Option<Attribute>, Fault> {
        match self.session.get_attributes(object.raw(self.epoch), &[kind]) {
            Ok(attributes) => Ok(attributes.into_iter().next()),
            Err(TokenError::NotSupported) => Ok(None),
            Err(error) if classify(&error) == Class::Request => Ok(None),
            Err(error) => Err(Fault::token(OPERATION, error)),
        }
    }

    /// One attribute that is octets; empty when the token does not tell it.
    pub(in crate::hsm) fn octets(
        &self,
        object: Handle<'e>,
        kind: AttributeType,
    ) -> Result<Vec<u8>, Fault> {
        Ok(match self.attribute(object, kind)? {
            Some(
                Attribute::Label(octets)
                | Attribute::Id(octets)
                | Attribute::EcPoint(octets)
                | Attribute::EcParams(octets)
                | Attribute::Modulus(octets)
                | Attribute::PublicExponent(octets)
                | Attribute::PublicKeyInfo(octets),
            ) => octets,
            _ => Vec::new(),
        })
    }

    fn flag(&self, object: Handle<'e>, kind: AttributeType) -> Result<Option<bool>, Fault> {
        Ok(match self.attribute(object, kind)? {
            Some(
                Attribute::Private(is)
                | Attribute::Sensitive(is)
                | Attribute::AlwaysSensitive(is)
                | Attribute::Extractable(is)
                | Attribute::NeverExtractable(is)
                | Attribute::Local(is)
                | Attribute::Modifiable(is)
                | Attribute::Sign(is)
                | Attribute::Decrypt(is)
                | Attribute::Encrypt(is)
                | Attribute::Unwrap(is)
                | Attribute::Wrap(is)
                | Attribute::Derive(is)
                | Attribute::Verify(is)
                | Attribute::SignRecover(is),
            ) => Some(is),
            _ => None,
        })
    }

    /// What is proven about the protection of a private or secret key.
    pub(in crate::hsm) fn custody(&self, key: Handle<'e>) -> Result<Custody, Fault> {
        let mut sign_only = self.flag(key, AttributeType::Sign)?;
        for other in [
            AttributeType::Decrypt,
            AttributeType::Encrypt,
            AttributeType::Unwrap,
            AttributeType::Wrap,
            AttributeType::Derive,
            AttributeType::SignRecover,
        ] {
            if self.flag(key, other)? == Some(true) {
                sign_only = Some(false);
            }
        }
        let made_by = match self.attribute(key, AttributeType::KeyGenMechanism)? {
            Some(Attribute::KeyGenMechanism(mechanism)) => Some(mechanism.to_string()),
            _ => None,
        };
        Ok(Custody {
            private: self.flag(key, AttributeType::Private)?,
            sensitive: self.flag(key, AttributeType::Sensitive)?,
            always_sensitive: self.flag(key, AttributeType::AlwaysSensitive)?,
            extractable: self.flag(key, AttributeType::Extractable)?,
            never_extractable: self.flag(key, AttributeType::NeverExtractable)?,
            local: self.flag(key, AttributeType::Local)?,
            modifiable: self.flag(key, AttributeType::Modifiable)?,
            sign_only,
            made_by,
        })
    }

    /// What kind of key it is, from a private, public or secret key.
    pub(in crate::hsm) fn algorithm(&self, key: Handle<'e>) -> Result<Option<Algorithm>, Fault> {
        let Some(Attribute::KeyType(kind)) = self.attribute(key, AttributeType::KeyType)? else {
            return Ok(None);
        };
        if kind == KeyType::GENERIC_SECRET || kind == KeyType::SHA256_HMAC {
            return Ok(Some(Algorithm::HmacSha256));
        }
        if kind == KeyType::RSA {
            let modulus = self.octets(key, AttributeType::Modulus)?;
            return Ok(modulus_bits(&modulus).map(|bits| Algorithm::Rsa { bits }));
        }
        let params = self.octets(key, AttributeType::EcParams)?;
        Ok(match params.as_slice() {
            P256_OID => Some(Algorithm::P256),
            P384_OID => Some(Algorithm::P384),
            ED25519_OID | ED25519_NAME => Some(Algorithm::Ed25519),
            _ => None,
        })
    }

    /// The public key of a public key object, or of a private one where the token keeps the public
    /// part with it; `None` when it does not tell, an error when what it tells is no key.
    pub(in crate::hsm) fn public_key(
        &self,
        object: Handle<'e>,
        algorithm: Algorithm,
    ) -> Result<Option<PublicKey>, Fault> {
        let refused =
            |error: crate::pki::KeyError| Fault::new(Class::Alarm, OPERATION, error.to_string());
        let Some(algorithm) = algorithm.public() else { return Ok(None) };
        let key = match algorithm {
            KeyAlgorithm::P256 | KeyAlgorithm::P384 => {
                let point = self.octets(object, AttributeType::EcPoint)?;
                if point.is_empty() {
                    return self.public_key_info(object);
                }
                PublicKey::from_ec_point(algorithm, &point).map_err(refused)?
            }
            KeyAlgorithm::Ed25519 => {
                let point = self.octets(object, AttributeType::EcPoint)?;
                let bits = match point.as_slice() {
                    [] => return self.public_key_info(object),
                    [0x04, 0x20, bits @ ..] | [0x03, 0x21, 0x00, bits @ ..] if bits.len() == 32 => {
                        bits
                    }
                    bits => bits,
                };
                PublicKey::from_spki(&[ED25519_SPKI, bits].concat()).map_err(refused)?
            }
            KeyAlgorithm::Rsa { .. } => {
                let modulus = self.octets(object, AttributeType::Modulus)?;
                let exponent = self.octets(object, AttributeType::PublicExponent)?;
                if modulus.is_empty() || exponent.is_empty() {
                    return self.public_key_info(object);
                }
                PublicKey::from_spki(&rsa_spki(&modulus, &exponent)).map_err(refused)?
            }
        };
        Ok(Some(key))
    }

    fn public_key_info(&self, object: Handle<'e>) -> Result<Option<PublicKey>, Fault> {
        let spki = self.octets(object, AttributeType::PublicKeyInfo)?;
        if spki.is_empty() {
            return Ok(None);
        }
        PublicKey::from_spki(&spki)
            .map(Some)
            .map_err(|error| Fault::new(Class::Alarm, OPERATION, error.to_string()))
    }

    /// The public key that stands beside the private key of this `CKA_ID`.
    pub(in crate::hsm) fn public_key_beside(
        &self,
        id: &[u8],
        private: Handle<'e>,
        algorithm: Algorithm,
    ) -> Result<Option<PublicKey>, Fault> {
        let beside = self.find(&[
            Attribute::Class(ObjectClass::PUBLIC_KEY),
            Attribute::Token(true),
            Attribute::Id(id.to_vec()),
        ])?;
        match beside.as_slice() {
            [] => self.public_key(private, algorithm),
            [one] => self.public_key(*one, algorithm),
            many => Err(Fault::new(
                Class::Alarm,
                OPERATION,
                format!("{} public keys have its CKA_ID", many.len()),
            )),
        }
    }
}

fn modulus_bits(modulus: &[u8]) -> Option<u32> {
    let start = modulus.iter().position(|octet| *octet != 0)?;
    let rest = modulus.get(start..)?;
    let zeros = rest.first()?.leading_zeros();
    u32::try_from(rest.len()).ok()?.checked_mul(8)?.checked_sub(zeros)
}

/// What stands before the 32 octets of an Ed25519 key. RFC 8410 section 4
const ED25519_SPKI: &[u8] = b"\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00";

/// A `SubjectPublicKeyInfo` of RSA. RFC 8017 appendix A.1.1, RFC 3279 section 2.3.1
fn rsa_spki(modulus: &[u8], exponent: &[u8]) -> Vec<u8> {
    let key = der(0x30, &[integer(modulus), integer(exponent)].concat());
    let algorithm = b"\x30\x0d\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01\x05\x00";
    let bits = der(0x03, &[&[0], key.as_slice()].concat());
    der(0x30, &[&algorithm[..], &bits].concat())
}

fn integer(magnitude: &[u8]) -> Vec<u8> {
    let start = magnitude.iter().position(|octet| *octet != 0).unwrap_or(magnitude.len());
    let rest = magnitude.get(start..).unwrap_or_default();
    let sign: &[u8] = if rest.first().is_none_or(|first| *first >= 0x80) { &[0] } else { &[] };
    der(0x02, &[sign, rest].concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len().to_be_bytes();
    let start = length.iter().position(|octet| *octet != 0).unwrap_or(length.len() - 1);
    let length = length.get(start..).unwrap_or_default();
    let mut out = vec![tag];
    if content.len() >= 0x80 {
        out.push(0x80 | u8::try_from(length.len()).unwrap_or_default());
    }
    out.extend_from_slice(length);
    out.extend_from_slice(content);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use aws_lc_rs::encoding::AsDer as _;
    use aws_lc_rs::signature::{KeyPair as _, RsaKeyPair};

    #[test]
    fn an_rsa_key_is_written_as_others_write_it() {
        let pair = RsaKeyPair::generate(aws_lc_rs::rsa::KeySize::Rsa2048).unwrap();
        // RSAPublicKey: SEQUENCE and INTEGER take 4 octets each, the sign one.
        let modulus = pair.public_key().as_ref()[9..9 + 256].to_vec();
        let spki = rsa_spki(&[&[0], modulus.as_slice()].concat(), &[1, 0, 1]);
        assert_eq!(spki, pair.public_key().as_der().unwrap().as_ref());
        assert_eq!(modulus_bits(&modulus), Some(2048));
        assert!(PublicKey::from_spki(&spki).is_ok());
    }
}
