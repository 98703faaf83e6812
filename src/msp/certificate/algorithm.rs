//! Which signature algorithm an identifier names.

use super::der::{Der, INTEGER, SEQUENCE, constructed};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::msp) enum Hash {
    Md5,
    Sha1,
    Sha256,
    Sha384,
    Sha512,
}

/// How a certificate or a list is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::msp) enum SignatureAlgorithm {
    Ecdsa(Hash),
    Rsa(Hash),
    RsaPss(Hash),
    Dsa,
    Ed25519,
    Unknown,
}

// The contents of object identifiers.
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01];
const ISO_SHA1_RSA: &[u8] = &[0x2b, 0x0e, 0x03, 0x02, 0x1d];
const DSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x38, 0x04, 0x03];
const DSA_SHA256: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, 0x02];
const ECDSA_SHA1: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x01];
const ECDSA_SHA2: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03];
const SHA2: &[u8] = &[0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02];
pub(super) const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const NULL: &[u8] = &[5, 0];

impl SignatureAlgorithm {
    /// From the content of an `AlgorithmIdentifier`; `None` when that does not read.
    pub(super) fn read(identifier: &[u8]) -> Option<Self> {
        let (oid, parameters) = parts(identifier)?;
        Some(Self::of(oid, parameters))
    }

    pub(in crate::msp) fn of(oid: &[u8], parameters: &[u8]) -> Self {
        match oid {
            ED25519 if parameters.is_empty() => Self::Ed25519,
            ISO_SHA1_RSA => Self::Rsa(Hash::Sha1),
            DSA_SHA1 | DSA_SHA256 => Self::Dsa,
            ECDSA_SHA1 => Self::Ecdsa(Hash::Sha1),
            _ => Self::family(oid, parameters),
        }
    }

    fn family(oid: &[u8], parameters: &[u8]) -> Self {
        if let Some([last]) = oid.strip_prefix(ECDSA_SHA2) {
            return match last {
                2 => Self::Ecdsa(Hash::Sha256),
                3 => Self::Ecdsa(Hash::Sha384),
                4 => Self::Ecdsa(Hash::Sha512),
                _ => Self::Unknown,
            };
        }
        match oid.strip_prefix(RSA) {
            Some([4]) => Self::Rsa(Hash::Md5),
            Some([5]) => Self::Rsa(Hash::Sha1),
            Some([10]) => pss(parameters).map_or(Self::Unknown, Self::RsaPss),
            Some([11]) => Self::Rsa(Hash::Sha256),
            Some([12]) => Self::Rsa(Hash::Sha384),
            Some([13]) => Self::Rsa(Hash::Sha512),
            _ => Self::Unknown,
        }
    }

    /// Whether certificates signed so are brought to the low S.
    pub(in crate::msp) fn is_ecdsa(self) -> bool {
        matches!(self, Self::Ecdsa(_))
    }
}

/// Object identifier and parameters, which are empty where there are none.
pub(super) fn parts(identifier: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut identifier = Der(identifier);
    let oid = identifier.oid()?;
    if identifier.is_empty() {
        return Some((oid, &[]));
    }
    identifier.any().map(|parameters| (oid, parameters.whole))
}

/// The three forms that Go takes: one hash function throughout, and salt of its length.
/// [RFC 4055 section 3.1](https://www.rfc-editor.org/rfc/rfc4055#section-3.1)
fn pss(parameters: &[u8]) -> Option<Hash> {
    let mut fields = Der(parameters).enter(SEQUENCE)?;
    let hash = fields.enter(constructed(0))?.content(SEQUENCE)?;
    let mask = fields.enter(constructed(1))?.content(SEQUENCE)?;
    let salt = fields.enter(constructed(2))?.int64(INTEGER)?;
    let trailer = match fields.optional(constructed(3))? {
        Some(trailer) => Der(trailer).int64(INTEGER)?,
        None => 1,
    };
    let (hash, hash_parameters) = parts(hash)?;
    let (mask, mask_parameters) = parts(mask)?;
    let (mask_hash, mask_hash_parameters) = parts(Der(mask_parameters).content(SEQUENCE)?)?;
    let empty = |parameters: &[u8]| parameters.is_empty() || parameters == NULL;
    let same = mask.strip_prefix(RSA) == Some(&[8]) && mask_hash == hash;
    if !same || !empty(hash_parameters) || !empty(mask_hash_parameters) || trailer != 1 {
        return None;
    }
    match (hash.strip_prefix(SHA2)?, salt) {
        ([1], 32) => Some(Hash::Sha256),
        ([2], 48) => Some(Hash::Sha384),
        ([3], 64) => Some(Hash::Sha512),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ed25519_has_no_parameters() {
        assert_eq!(SignatureAlgorithm::of(ED25519, &[]), SignatureAlgorithm::Ed25519);
        assert_eq!(SignatureAlgorithm::of(ED25519, NULL), SignatureAlgorithm::Unknown);
    }

    #[test]
    fn families_end_in_a_number() {
        let of =
            |prefix: &[u8], last: u8| SignatureAlgorithm::of(&[prefix, &[last]].concat(), NULL);
        assert_eq!(of(ECDSA_SHA2, 2), SignatureAlgorithm::Ecdsa(Hash::Sha256));
        assert_eq!(of(ECDSA_SHA2, 1), SignatureAlgorithm::Unknown);
        assert_eq!(of(RSA, 13), SignatureAlgorithm::Rsa(Hash::Sha512));
        assert_eq!(of(RSA, 10), SignatureAlgorithm::Unknown);
    }
}
