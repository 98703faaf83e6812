//! What policies ask of the MSPs of a channel.

use std::sync::Arc;

use crate::msp::{Epoch, Identity, Msps, Rejection};
use crate::wire::MspPrincipal;

/// The MSPs of a channel, as policies see them. Every answer is a function of its arguments: asked
/// twice, the same is answered.
pub trait Members {
    /// An identity that an MSP could read; not yet a valid one.
    type Identity: Clone;
    /// Why something was refused.
    type Rejection: Clone;

    /// Reads a serialized identity.
    ///
    /// # Errors
    /// When its MSP is unknown or cannot read it.
    fn identity(&self, serialized: &[u8]) -> Result<Self::Identity, Self::Rejection>;

    /// What tells an identity from others: its MSP ID, and its identifier within the MSP.
    fn key(identity: &Self::Identity) -> (&str, &[u8]);

    /// Checks a signature. Neither the validity of the identity nor its expiry is looked at.
    ///
    /// # Errors
    /// When the signature is not that of the identity over `data`.
    fn verify(
        &self,
        identity: &Self::Identity,
        data: &[u8],
        signature: &[u8],
    ) -> Result<(), Self::Rejection>;

    /// Whether the identity is the principal.
    ///
    /// # Errors
    /// When it is not, or the principal cannot be asked for.
    fn satisfies(
        &self,
        identity: &Self::Identity,
        principal: &MspPrincipal,
    ) -> Result<(), Self::Rejection>;
}

impl Members for Msps {
    type Identity = Arc<Identity>;
    type Rejection = Rejection;

    fn identity(&self, serialized: &[u8]) -> Result<Arc<Identity>, Rejection> {
        Self::identity(self, serialized).map(Arc::new)
    }

    fn key(identity: &Arc<Identity>) -> (&str, &[u8]) {
        (identity.msp_id(), identity.identifier())
    }

    fn verify(&self, who: &Arc<Identity>, data: &[u8], signature: &[u8]) -> Result<(), Rejection> {
        who.verify(data, signature)
    }

    fn satisfies(&self, who: &Arc<Identity>, principal: &MspPrincipal) -> Result<(), Rejection> {
        who.satisfies(principal)
    }
}

/// With its memory: the same answers, sooner.
impl Members for Epoch {
    type Identity = Arc<Identity>;
    type Rejection = Rejection;

    fn identity(&self, serialized: &[u8]) -> Result<Arc<Identity>, Rejection> {
        Self::identity(self, serialized)
    }

    fn key(identity: &Arc<Identity>) -> (&str, &[u8]) {
        <Msps as Members>::key(identity)
    }

    fn verify(&self, who: &Arc<Identity>, data: &[u8], signature: &[u8]) -> Result<(), Rejection> {
        who.verify(data, signature)
    }

    fn satisfies(&self, who: &Arc<Identity>, principal: &MspPrincipal) -> Result<(), Rejection> {
        who.satisfies(principal)
    }
}
