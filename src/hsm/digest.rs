//! Digests of what is signed.

use aws_lc_rs::digest;

/// SHA-256.
pub(crate) fn sha256(octets: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest::digest(&digest::SHA256, octets).as_ref());
    out
}

/// SHA-384, 48 octets.
pub(crate) fn sha384(octets: &[u8]) -> Vec<u8> {
    digest::digest(&digest::SHA384, octets).as_ref().to_vec()
}

/// SHA-256 of a `SubjectPublicKeyInfo`, as the inventory writes it: hexadecimal.
pub fn spki_hash(spki: &[u8]) -> String {
    hex::encode(sha256(spki))
}
