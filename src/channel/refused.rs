//! Why an update is refused.

use super::bad::ChannelError;
use super::names::Element;
use super::transition::TransitionError;

/// Why an update is not taken, by itself.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UpdateError {
    /// The envelope holds no update.
    #[error("the envelope holds no update of a configuration: {0}")]
    Envelope(&'static str),
    /// It is for another channel.
    #[error("the update is for the channel `{}`, this one is `{here}`", .asked.escape_debug())]
    ChannelMismatch {
        /// Whom it is for.
        asked: String,
        /// This channel.
        here: String,
    },
    /// An element's name is not legal.
    #[error("the {0} has a name that is not legal: letters, digits, dots and hyphens, 249 at most")]
    IllegalKey(Element),
    /// It was made from an element that is not there.
    #[error("the update was made from the {0}, which is not there")]
    ReadUnknown(Element),
    /// It was made from another version of an element.
    #[error(
        "the update was made from version {asked} of the {element}, which is at version {here}"
    )]
    ReadVersion {
        /// The element.
        element: Element,
        /// The version that it was made from.
        asked: u64,
        /// The version now.
        here: u64,
    },
    /// It changes nothing.
    #[error("the update changes no version, so nothing")]
    EmptyDelta,
    /// An element would have no mod policy.
    #[error("the {0} would have no mod_policy, so nobody could change it")]
    ModPolicyMissing(Element),
    /// An element would have a mod policy that is no path.
    #[error("the {element} would have the mod_policy `{}`, which is no path of legal names", .path.escape_debug())]
    ModPolicyIllegal {
        /// The element.
        element: Element,
        /// Its mod policy.
        path: String,
    },
    /// The mod policy that an element has leads to no policy.
    #[error("the {element} cannot be changed by anyone: its mod_policy `{}` leads to no policy", .path.escape_debug())]
    ModPolicyUnresolved {
        /// The element.
        element: Element,
        /// Its mod policy.
        path: String,
    },
    /// A new element begins with another version than 0.
    #[error("the {element} is new, so its version must be 0, not {asked}")]
    NewWithVersion {
        /// The element.
        element: Element,
        /// The version that is asked for.
        asked: u64,
    },
    /// A changed element skips versions, or keeps its own.
    #[error(
        "the {element} is at version {here}, so a change of it must have the next version, not {asked}"
    )]
    WriteVersion {
        /// The element.
        element: Element,
        /// The version that is asked for.
        asked: u64,
        /// The version now.
        here: u64,
    },
    /// The signatures do not satisfy the mod policy of an element.
    #[error("the signatures do not satisfy the policy {policy} that guards the {element}")]
    Unauthorised {
        /// The element.
        element: Element,
        /// The policy's path.
        policy: String,
    },
    /// A configuration is not the next one.
    #[error("the configuration has the sequence {asked}, the next one is {next}")]
    Sequence {
        /// The sequence that it has.
        asked: u64,
        /// The one that comes next.
        next: u64,
    },
    /// A configuration is not what its update leads to.
    #[error("the configuration is not what its last update leads to")]
    ResultDiffers,
}

impl UpdateError {
    /// The stable word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Envelope(_) => "envelope",
            Self::ChannelMismatch { .. } => "channel-mismatch",
            Self::IllegalKey(_) => "illegal-key",
            Self::ReadUnknown(_) => "read-unknown",
            Self::ReadVersion { .. } => "read-version",
            Self::EmptyDelta => "empty-delta",
            Self::ModPolicyMissing(_) => "mod-policy-missing",
            Self::ModPolicyIllegal { .. } => "mod-policy-illegal",
            Self::ModPolicyUnresolved { .. } => "mod-policy-unresolved",
            Self::NewWithVersion { .. } => "new-with-version",
            Self::WriteVersion { .. } => "write-version",
            Self::Unauthorised { .. } => "unauthorised",
            Self::Sequence { .. } => "sequence",
            Self::ResultDiffers => "result-differs",
        }
    }

    /// The element that it is about, where it is about one.
    pub fn element(&self) -> Option<&Element> {
        match self {
            Self::IllegalKey(element)
            | Self::ReadUnknown(element)
            | Self::ModPolicyMissing(element)
            | Self::ReadVersion { element, .. }
            | Self::ModPolicyIllegal { element, .. }
            | Self::ModPolicyUnresolved { element, .. }
            | Self::NewWithVersion { element, .. }
            | Self::WriteVersion { element, .. }
            | Self::Unauthorised { element, .. } => Some(element),
            Self::Envelope(_)
            | Self::ChannelMismatch { .. }
            | Self::EmptyDelta
            | Self::Sequence { .. }
            | Self::ResultDiffers => None,
        }
    }
}

/// Where an update failed, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// By itself: its form, its versions, its signatures.
    #[error(transparent)]
    Propose(#[from] UpdateError),
    /// What it leads to cannot be loaded.
    #[error("what the update leads to cannot be loaded: {0}")]
    Bundle(ChannelError),
    /// What it leads to asks for what nodes cannot do.
    #[error("what the update leads to stops nodes: {0}")]
    Capabilities(ChannelError),
    /// What it leads to may not follow what is.
    #[error("what the update leads to may not follow: {0}")]
    Transition(#[from] TransitionError),
}

impl Refusal {
    /// The stable word for where it failed.
    pub fn stage(&self) -> &'static str {
        match self {
            Self::Propose(_) => "propose",
            Self::Bundle(_) => "bundle",
            Self::Capabilities(_) => "capabilities",
            Self::Transition(_) => "transition",
        }
    }

    /// The stable word for the reason.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Propose(why) => why.word(),
            Self::Bundle(why) | Self::Capabilities(why) => why.word(),
            Self::Transition(why) => why.word(),
        }
    }
}
