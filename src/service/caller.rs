//! Who is calling. Stands in for the lead's.

use crate::id::{KeyId, SerialNumber};
use crate::store::Identity;

/// An identity that has proved possession of an enrolled key.
#[derive(Debug, Clone)]
pub struct Caller {
    pub(super) identity: Identity,
    pub(super) issuer: KeyId,
    pub(super) serial: SerialNumber,
}

impl Caller {
    /// A caller that did not come by a request, for tests of the deeds.
    #[cfg(test)]
    pub(super) fn for_test(identity: Identity, issuer: KeyId, serial: SerialNumber) -> Self {
        Self { identity, issuer, serial }
    }
}
