//! Why the token's face could not do what a deed asked of it.

use std::error::Error as StdError;
use std::time::Duration;

use super::protocol::Refusal;
use super::purpose::Purpose;
use crate::id::KeyLabel;

/// Why a signature, a code or a key was not to be had.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Every place is taken. Nothing was asked of the token.
    #[error("the token is busy")]
    Busy,
    /// The signer or its token is down; it comes back by itself.
    #[error("the signer is not available")]
    Unavailable {
        /// When to ask again.
        retry_after: Duration,
        /// Why, where it is known.
        source: Option<Box<dyn StdError + Send + Sync>>,
    },
    /// No answer within the deadline. A signature may have been made all the same.
    #[error("the signer did not {operation} in time")]
    Timeout {
        /// What was asked.
        operation: &'static str,
    },
    /// The token refused the PIN. It is not tried again: an operator must act.
    #[error("the token refused the PIN; it is not tried again")]
    WrongPin,
    /// The signer knows no such key.
    #[error("the signer has no key {}", hex::encode(key))]
    UnknownKey {
        /// The key's reference.
        key: [u8; 32],
    },
    /// The key is not for this.
    #[error("the key `{label}` does not serve `{purpose}`")]
    WrongPurpose {
        /// The key.
        label: KeyLabel,
        /// What was asked.
        purpose: Purpose,
    },
    /// A key of this label exists.
    #[error("a key `{label}` exists already")]
    LabelTaken {
        /// The label.
        label: KeyLabel,
    },
    /// The key is missing, doubled, another one, or kept worse than it must be. An operator must
    /// act.
    #[error("the key `{label}` must not be used")]
    Alarm {
        /// The key.
        label: KeyLabel,
        /// What is wrong.
        source: Refusal,
    },
    /// The signer or its token refused.
    #[error("could not {operation}")]
    Refused {
        /// What was asked.
        operation: &'static str,
        /// Why.
        source: Refusal,
    },
    /// The signer says something that we do not understand.
    #[error("the signer gave an unexpected answer")]
    Protocol,
    /// A blocking call from a runtime of one thread, which could never be answered.
    #[error("a blocking signature needs a runtime of several threads")]
    WouldDeadlock,
}

impl Error {
    /// Whether asking again later may help.
    pub fn is_temporary(&self) -> bool {
        match self {
            Self::Busy | Self::Unavailable { .. } | Self::Timeout { .. } => true,
            Self::WrongPin
            | Self::UnknownKey { .. }
            | Self::WrongPurpose { .. }
            | Self::LabelTaken { .. }
            | Self::Alarm { .. }
            | Self::Refused { .. }
            | Self::Protocol
            | Self::WouldDeadlock => false,
        }
    }

    /// Whether a signature may have been made although there is none to show.
    pub fn may_have_signed(&self) -> bool {
        match self {
            Self::Unavailable { .. }
            | Self::Timeout { .. }
            | Self::Alarm { .. }
            | Self::Refused { .. }
            | Self::Protocol => true,
            Self::Busy
            | Self::WrongPin
            | Self::UnknownKey { .. }
            | Self::WrongPurpose { .. }
            | Self::LabelTaken { .. }
            | Self::WouldDeadlock => false,
        }
    }

    /// What a refusal of the signer is to a deed.
    pub(crate) fn refused(
        operation: &'static str,
        key: Option<[u8; 32]>,
        refusal: Refusal,
    ) -> Self {
        match refusal {
            Refusal::Busy => Self::Busy,
            Refusal::Late => Self::Timeout { operation },
            Refusal::UnknownKey => match key {
                Some(key) => Self::UnknownKey { key },
                None => Self::Refused { operation, source: refusal },
            },
            Refusal::WrongPurpose { label, purpose } => Self::WrongPurpose { label, purpose },
            Refusal::LabelTaken { label } => Self::LabelTaken { label },
            Refusal::Pin(_) => Self::WrongPin,
            Refusal::Alarm { ref label, .. } => {
                Self::Alarm { label: label.clone(), source: refusal }
            }
            Refusal::Unavailable { retry_after_ms, .. } => Self::Unavailable {
                retry_after: Duration::from_millis(retry_after_ms.into()),
                source: Some(Box::new(refusal)),
            },
            Refusal::NotServed(_)
            | Refusal::Malformed(_)
            | Refusal::Token { .. }
            | Refusal::Ledger(_) => Self::Refused { operation, source: refusal },
        }
    }

    /// The link to the signer is down.
    pub(crate) fn down(retry_after: Duration, why: &str) -> Self {
        Self::Unavailable { retry_after, source: Some(why.to_owned().into()) }
    }
}
