//! A member of a channel in whose name this server may act there: whoever holds the key.

use std::fmt;

use futures_util::future::BoxFuture;

use crate::service::error::Error;

/// A member of a channel whose key this server, or whoever runs a command, may use.
///
/// Orderers answer to signatures alone: blocks are read by whoever satisfies `/Channel/Readers`, updates are sent by
/// whoever satisfies `/Channel/Writers`.
pub trait Deputy: fmt::Debug + Send + Sync {
    /// The MSP's ID.
    fn msp_id(&self) -> &str;

    /// Who it is on the wire: a `msp.SerializedIdentity`.
    fn creator(&self) -> Vec<u8>;

    /// Signs the SHA-256 of `octets` with ECDSA: a signature in DER, its S in the lower half of the order.
    ///
    /// # Errors
    /// When the key does not answer.
    fn sign<'a>(&'a self, octets: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, Error>>;
}
