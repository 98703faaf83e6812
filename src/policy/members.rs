//! What policies ask of the MSPs of a channel.

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
