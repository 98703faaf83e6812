//! Keys: what is asked for, what is known of one, what one is bound by.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use super::custody::{Custody, CustodyLevel};
use super::purpose::Purpose;
use crate::id::KeyLabel;
use crate::pki::{KeyAlgorithm, PublicKey};

/// What kind of key a token makes for us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Algorithm {
    /// ECDSA on NIST P-256.
    P256,
    /// ECDSA on NIST P-384.
    P384,
    /// Ed25519, where the token can.
    Ed25519,
    /// RSA with PKCS#1 v1.5, where the token can.
    Rsa {
        /// 3072 or 4096.
        bits: u32,
    },
    /// A secret of 32 octets for HMAC with SHA-256.
    HmacSha256,
}

/// Why a text names no kind of key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no kind of key: p256, p384, ed25519, rsa3072, rsa4096 or hmac-sha256")]
pub struct UnknownAlgorithm(String);

impl Algorithm {
    /// The kind of the public key; `None` for a secret key.
    pub fn public(self) -> Option<KeyAlgorithm> {
        match self {
            Self::P256 => Some(KeyAlgorithm::P256),
            Self::P384 => Some(KeyAlgorithm::P384),
            Self::Ed25519 => Some(KeyAlgorithm::Ed25519),
            Self::Rsa { bits } => Some(KeyAlgorithm::Rsa { bits }),
            Self::HmacSha256 => None,
        }
    }

    /// Whether it is a secret key, with nothing public about it.
    pub fn is_secret(self) -> bool {
        self.public().is_none()
    }
}

impl From<KeyAlgorithm> for Algorithm {
    fn from(algorithm: KeyAlgorithm) -> Self {
        match algorithm {
            KeyAlgorithm::P256 => Self::P256,
            KeyAlgorithm::P384 => Self::P384,
            KeyAlgorithm::Ed25519 => Self::Ed25519,
            KeyAlgorithm::Rsa { bits } => Self::Rsa { bits },
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::P256 => f.write_str("p256"),
            Self::P384 => f.write_str("p384"),
            Self::Ed25519 => f.write_str("ed25519"),
            Self::Rsa { bits } => write!(f, "rsa{bits}"),
            Self::HmacSha256 => f.write_str("hmac-sha256"),
        }
    }
}

impl FromStr for Algorithm {
    type Err = UnknownAlgorithm;

    fn from_str(text: &str) -> Result<Self, UnknownAlgorithm> {
        match text {
            "p256" => Ok(Self::P256),
            "p384" => Ok(Self::P384),
            "ed25519" => Ok(Self::Ed25519),
            "hmac-sha256" => Ok(Self::HmacSha256),
            _ => text
                .strip_prefix("rsa")
                .and_then(|bits| bits.parse().ok())
                // Keys that others made may be of any length that `pki` takes; see `is_makeable`.
                .filter(|bits| (2048..=8192).contains(bits))
                .map(|bits| Self::Rsa { bits })
                .ok_or_else(|| UnknownAlgorithm(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Algorithm {
    type Error = UnknownAlgorithm;

    fn try_from(text: String) -> Result<Self, UnknownAlgorithm> {
        text.parse()
    }
}

impl From<Algorithm> for String {
    fn from(algorithm: Algorithm) -> String {
        algorithm.to_string()
    }
}

/// A key that is to be made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewKey {
    /// Its `CKA_LABEL`; refused when the token or the register has it already.
    pub label: KeyLabel,
    /// What kind of key.
    pub algorithm: Algorithm,
    /// What it may be used for; see [`Purpose::check`].
    pub purposes: BTreeSet<Purpose>,
}

/// Which token it is: the two names that stay with it wherever it is plugged in. The number of its
/// slot is none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct TokenName {
    /// `CK_TOKEN_INFO.label`, without its padding.
    pub label: String,
    /// `CK_TOKEN_INFO.serialNumber`, without its padding.
    pub serial: String,
}

impl fmt::Display for TokenName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` (serial {})", self.label, self.serial)
    }
}

/// A key that the signer may use, and all that it is bound by.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeyInfo {
    /// Its `CKA_LABEL`.
    pub label: KeyLabel,
    /// What requests name it by: SHA-256 of its `SubjectPublicKeyInfo`, or of the check value of a
    /// secret key.
    #[serde(with = "super::hex_text")]
    pub reference: [u8; 32],
    /// What kind of key.
    pub algorithm: Algorithm,
    /// Its `SubjectPublicKeyInfo`; empty for a secret key.
    #[serde(with = "super::hex_text")]
    pub spki: Vec<u8>,
    /// The token that holds it.
    pub token: TokenName,
    /// Its `CKA_ID`.
    #[serde(with = "super::hex_text")]
    pub id: Vec<u8>,
    /// What it may be used for.
    pub purposes: BTreeSet<Purpose>,
    /// What was proven about its protection when it was bound.
    pub custody: Custody,
}

impl KeyInfo {
    /// Its public key; `None` for a secret key, or when the octets are none.
    pub fn public_key(&self) -> Option<PublicKey> {
        PublicKey::from_spki(&self.spki).ok()
    }
}

/// A registered key, ready for use: its public key is parsed.
#[derive(Debug, Clone)]
pub struct Binding {
    /// What is registered.
    pub info: KeyInfo,
    /// The key that every signature is verified with; `None` for a secret key.
    pub public: Option<PublicKey>,
}

/// Why a registered key cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadBinding {
    /// The `SubjectPublicKeyInfo` is none that we speak.
    #[error("the public key of `{0}` in the register is not usable")]
    PublicKey(KeyLabel),
    /// The reference is not the hash of the public key.
    #[error("the reference of `{0}` in the register is not the hash of its public key")]
    Reference(KeyLabel),
    /// The purposes are none that a key of this kind may have.
    #[error("the purposes of `{0}` in the register: {1}")]
    Purposes(KeyLabel, super::purpose::BadPurposes),
}

impl Binding {
    /// Checks what is registered against itself.
    ///
    /// # Errors
    /// When reference, kind, public key and purposes do not belong together.
    pub fn new(info: KeyInfo) -> Result<Self, BadBinding> {
        Purpose::check(&info.purposes, info.algorithm.is_secret())
            .map_err(|why| BadBinding::Purposes(info.label.clone(), why))?;
        let public = match info.algorithm.public() {
            None => None,
            Some(algorithm) => {
                let key = info
                    .public_key()
                    .filter(|key| key.algorithm() == algorithm)
                    .ok_or_else(|| BadBinding::PublicKey(info.label.clone()))?;
                if key.spki_hash() != info.reference {
                    return Err(BadBinding::Reference(info.label));
                }
                Some(key)
            }
        };
        Ok(Self { info, public })
    }
}

/// One key of a token, as the inventory shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct InventoryKey {
    /// Its `CKA_LABEL`, as it is; not every label is one of ours.
    pub label: String,
    /// Its `CKA_ID`, hexadecimal.
    pub id: String,
    /// What kind of key; `None` for one that we do not speak.
    pub algorithm: Option<Algorithm>,
    /// What the register allows it to be used for; empty when it is not registered.
    pub purposes: BTreeSet<Purpose>,
    /// SHA-256 of its `SubjectPublicKeyInfo`, hexadecimal; `None` when the token does not tell.
    pub spki_hash: Option<String>,
    /// What the token says about its protection now.
    pub custody: Custody,
    /// The best level that this proves.
    pub level: CustodyLevel,
    /// What an operator should know, e.g. `another key has the same CKA_ID`.
    pub warnings: Vec<String>,
}

/// All keys of a token and all keys of the register.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Inventory {
    /// The token.
    pub token: TokenName,
    /// Its private and secret keys.
    pub keys: Vec<InventoryKey>,
    /// Registered keys that the token does not hold: an alarm each.
    pub missing: Vec<KeyLabel>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds_of_keys_are_written_as_they_are_read() {
        for kind in [
            Algorithm::P256,
            Algorithm::P384,
            Algorithm::Ed25519,
            Algorithm::Rsa { bits: 3072 },
            Algorithm::HmacSha256,
        ] {
            assert_eq!(kind.to_string().parse::<Algorithm>().unwrap(), kind);
        }
        assert!("rsa1024".parse::<Algorithm>().is_err());
        assert!("P256".parse::<Algorithm>().is_err());
    }
}
