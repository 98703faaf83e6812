//! What a key may be used for.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// What is signed. The signer keeps for every key which of these it serves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// A certificate that an issuer issues.
    Certificate,
    /// A certificate revocation list.
    Crl,
    /// An OCSP response.
    Ocsp,
    /// A checkpoint of the log.
    Checkpoint,
    /// A signature over a channel's config update.
    ConfigSignature,
    /// The handshake of a TLS server.
    Tls,
    /// A certification request (PKCS#10) of an issuer under another server.
    Request,
    /// A message authentication code.
    Mac,
}

/// Why a text names no purpose.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no purpose of a key")]
pub struct UnknownPurpose(String);

/// Why a set of purposes is none that a key may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPurposes {
    /// A key without a purpose serves nobody.
    #[error("a key needs a purpose")]
    Empty,
    /// Handshakes and MACs are not in the ledger: a key that also issues could issue off the record.
    #[error("a key for `{0}` has no other purpose")]
    NotAlone(Purpose),
    /// A key pair makes no MAC, and a secret key signs nothing.
    #[error("`{0}` does not go with this kind of key")]
    WrongKind(Purpose),
}

impl Purpose {
    /// All of them, in their order.
    pub const ALL: [Self; 8] = [
        Self::Certificate,
        Self::Crl,
        Self::Ocsp,
        Self::Checkpoint,
        Self::ConfigSignature,
        Self::Tls,
        Self::Request,
        Self::Mac,
    ];

    /// Whether a signature for this purpose must be in the ledger before it is handed out.
    pub fn is_ledgered(self) -> bool {
        match self {
            Self::Certificate
            | Self::Crl
            | Self::Ocsp
            | Self::Checkpoint
            | Self::ConfigSignature
            | Self::Request => true,
            Self::Tls | Self::Mac => false,
        }
    }

    /// Its spelling, e.g. `config-signature`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Certificate => "certificate",
            Self::Crl => "crl",
            Self::Ocsp => "ocsp",
            Self::Checkpoint => "checkpoint",
            Self::ConfigSignature => "config-signature",
            Self::Tls => "tls",
            Self::Request => "request",
            Self::Mac => "mac",
        }
    }

    /// Checks that `purposes` may be those of one key; `secret` tells a secret key from a key pair.
    ///
    /// # Errors
    /// When there is none, when one that is off the ledger stands beside others, or when one does
    /// not go with the kind of key.
    pub fn check(purposes: &BTreeSet<Self>, secret: bool) -> Result<(), BadPurposes> {
        if purposes.is_empty() {
            return Err(BadPurposes::Empty);
        }
        for purpose in purposes {
            if (*purpose == Self::Mac) != secret {
                return Err(BadPurposes::WrongKind(*purpose));
            }
            if !purpose.is_ledgered() && purposes.len() > 1 {
                return Err(BadPurposes::NotAlone(*purpose));
            }
        }
        Ok(())
    }
}

impl fmt::Display for Purpose {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Purpose {
    type Err = UnknownPurpose;

    fn from_str(text: &str) -> Result<Self, UnknownPurpose> {
        Self::ALL
            .into_iter()
            .find(|purpose| purpose.as_str() == text)
            .ok_or_else(|| UnknownPurpose(text.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_purpose_is_spelled_the_same_everywhere() {
        for purpose in Purpose::ALL {
            assert_eq!(purpose.as_str().parse::<Purpose>().unwrap(), purpose);
            assert_eq!(serde_json::to_string(&purpose).unwrap(), format!("\"{purpose}\""));
        }
        assert!("Certificate".parse::<Purpose>().is_err());
    }

    #[test]
    fn a_key_that_is_off_the_ledger_issues_nothing() {
        let set = |purposes: &[Purpose]| purposes.iter().copied().collect::<BTreeSet<_>>();
        assert!(Purpose::check(&set(&[Purpose::Certificate, Purpose::Crl]), false).is_ok());
        assert!(Purpose::check(&set(&[Purpose::Tls]), false).is_ok());
        assert!(Purpose::check(&set(&[Purpose::Mac]), true).is_ok());
        assert!(Purpose::check(&set(&[]), false).is_err());
        assert!(Purpose::check(&set(&[Purpose::Tls, Purpose::Certificate]), false).is_err());
        assert!(Purpose::check(&set(&[Purpose::Mac]), false).is_err());
        assert!(Purpose::check(&set(&[Purpose::Crl]), true).is_err());
    }
}
