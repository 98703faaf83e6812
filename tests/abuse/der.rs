//! Requests and certificates of any shape, written octet by octet and signed all the same.

use p256::ecdsa::signature::Signer as _;
use p256::ecdsa::{Signature, SigningKey};
use p256::pkcs8::EncodePublicKey as _;

pub(super) const ECDSA_SHA256: &[u8] = &[0x30, 10, 6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
pub(super) const RSA_SHA256: &[u8] =
    &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 0x0b, 5, 0];
const RSA: &[u8] = &[0x30, 13, 6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1, 5, 0];
const EC: &[u8] = &[6, 7, 0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
pub(super) const P256: &[u8] = &[6, 8, 0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];

/// An element of this tag around these parts.
pub(super) fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let mut element = vec![tag];
    let length = content.len().to_be_bytes();
    let digits: Vec<u8> = length.into_iter().skip_while(|digit| *digit == 0).collect();
    if content.len() >= 0x80 {
        element.push(0x80 | u8::try_from(digits.len()).unwrap());
        element.extend(digits);
    } else {
        element.push(u8::try_from(content.len()).unwrap());
    }
    element.extend(content);
    element
}

pub(super) fn integer(octets: &[u8]) -> Vec<u8> {
    wrap(2, &[octets])
}

pub(super) fn bits(octets: &[u8]) -> Vec<u8> {
    wrap(3, &[&[0], octets])
}

/// A name of one common name, its value an element of any tag.
pub(super) fn name(tag: u8, value: &[u8]) -> Vec<u8> {
    let pair = wrap(0x30, &[&[6, 3, 0x55, 4, 3], &wrap(tag, &[value])]);
    wrap(0x30, &[&wrap(0x31, &[&pair])])
}

/// A P-256 key in memory.
pub(super) struct Key(SigningKey);

impl Key {
    pub(super) fn of(number: u8) -> Self {
        Self(SigningKey::from_slice(&[number; 32]).unwrap())
    }

    pub(super) fn spki(&self) -> Vec<u8> {
        self.0.verifying_key().to_public_key_der().unwrap().into_vec()
    }

    pub(super) fn sign(&self, message: &[u8]) -> Vec<u8> {
        let signature: Signature = self.0.sign(message);
        signature.normalize_s().to_der().as_bytes().to_vec()
    }

    /// A request of this subject and public key with these attributes, signed by this key.
    pub(super) fn request_of(&self, subject: &[u8], spki: &[u8], attributes: &[u8]) -> Vec<u8> {
        let info = wrap(0x30, &[&[2, 1, 0], subject, spki, attributes]);
        wrap(0x30, &[&info, ECDSA_SHA256, &bits(&self.sign(&info))])
    }

    /// A good request for a common name.
    pub(super) fn request(&self, common_name: &str) -> Vec<u8> {
        self.request_of(&name(12, common_name.as_bytes()), &self.spki(), &wrap(0xa0, &[]))
    }

    /// A good request with one extension more.
    pub(super) fn request_with(&self, common_name: &str, oid: &[u8], value: &[u8]) -> Vec<u8> {
        let extension = wrap(0x30, &[&wrap(6, &[oid]), &wrap(4, &[value])]);
        let list = wrap(0x31, &[&wrap(0x30, &[&extension])]);
        let wanted = [6, 9, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 0x0e];
        let attributes = wrap(0xa0, &[&wrap(0x30, &[&wanted, &list])]);
        self.request_of(&name(12, common_name.as_bytes()), &self.spki(), &attributes)
    }

    /// A certificate that this key signs for itself, with a serial number of any octets.
    pub(super) fn certificate(&self, serial: &[u8], subject: &[u8]) -> Vec<u8> {
        let validity =
            [b"\x30\x1e\x17\x0d250101000000Z".as_slice(), b"\x17\x0d450101000000Z"].concat();
        let version = [0xa0, 3, 2, 1, 2];
        let serial = integer(serial);
        let tbs: [&[u8]; 7] =
            [&version, &serial, ECDSA_SHA256, subject, &validity, subject, &self.spki()];
        let tbs = wrap(0x30, &tbs);
        wrap(0x30, &[&tbs, ECDSA_SHA256, &bits(&self.sign(&tbs))])
    }
}

/// The public key of an RSA modulus of so many octets, all ones, and an exponent.
pub(super) fn rsa(modulus_octets: usize, exponent: &[u8]) -> Vec<u8> {
    let modulus = [vec![0], vec![0xff; modulus_octets]].concat();
    let key = wrap(0x30, &[&integer(&modulus), &integer(exponent)]);
    wrap(0x30, &[RSA, &bits(&key)])
}

/// The public key of a curve and a point, whatever they are.
pub(super) fn ec(curve: &[u8], point: &[u8]) -> Vec<u8> {
    wrap(0x30, &[&wrap(0x30, &[EC, curve]), &bits(point)])
}

/// PEM.
pub(super) fn pem(label: &str, der: &[u8]) -> String {
    chancery::pki::pem::encode(label, der)
}
