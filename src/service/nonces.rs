//! Nonces of signed requests that came to this process.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use crate::clock::Timestamp;
use crate::service::caller::Nonce;
use crate::service::error::{Error, Kind};

/// Nonces that are remembered at a time; more requests than these in two minutes are refused as busy.
const MAX_NONCES: usize = 1 << 20;

/// Nonces that this process has seen. Those of requests that write are taken in the database as well,
/// for other processes see them too.
#[derive(Debug, Default)]
pub(super) struct SeenNonces {
    // Held for a lookup; once in a while for the removal of those that are over.
    seen: Mutex<HashMap<[u8; 32], Timestamp>>,
}

impl SeenNonces {
    /// Takes a nonce; false when it was taken before.
    pub(super) fn take(&self, nonce: &Nonce, now: Timestamp) -> Result<bool, Error> {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.len() == seen.capacity() || seen.len() >= MAX_NONCES {
            seen.retain(|_, expires| *expires >= now);
        }
        if seen.len() >= MAX_NONCES {
            return Err(Error::new(Kind::Busy, "too many requests at once"));
        }
        Ok(seen.insert(nonce.digest, nonce.expires).is_none())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_taken_once_until_it_is_over() {
        let seen = SeenNonces::default();
        let at = Timestamp::from_unix(1_000);
        let nonce = Nonce { digest: [1; 32], expires: at.plus(120) };
        assert!(seen.take(&nonce, at).unwrap());
        assert!(!seen.take(&nonce, at.plus(119)).unwrap());
        for other in 2..200 {
            let nonce = Nonce { digest: [other; 32], expires: at.plus(240) };
            assert!(seen.take(&nonce, at.plus(121)).unwrap());
        }
        assert!(!seen.seen.lock().unwrap().contains_key(&[1; 32]));
    }
}
