//! Why a change of a configuration cannot be made.

use crate::policy::language::LanguageError;

/// Why a change cannot be made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// There is no application section.
    #[error("the channel has no application section")]
    NoApplication,
    /// There is no orderer section.
    #[error("the channel has no orderer section")]
    NoOrderer,
    /// The orderers agree in a way that has no consenters.
    #[error("the kind of consensus is `{0}`, which names no consenters")]
    Consensus(String),
    /// There is no such consenter.
    #[error("the channel has no consenter at `{0}`")]
    UnknownConsenter(String),
    /// A consenter of BFT has an identity.
    #[error("a consenter of BFT has an MSP ID and a certificate beside those of TLS")]
    NoIdentity,
    /// It is no duration.
    #[error("`{0}` is no duration above zero, such as `2s`")]
    Timeout(String),
    /// There is none.
    #[error("the channel has no consortium")]
    NoConsortium,
    /// A name that elements cannot have.
    #[error("`{0}` is no name of a group: 1 to 249 of `[a-zA-Z0-9.-]`")]
    Name(String),
    /// The group is there.
    #[error("the organization `{0}` is in the channel already")]
    Known(String),
    /// There is no such group.
    #[error("the channel has no organization `{0}`")]
    Unknown(String),
    /// The MSP does not parse.
    #[error("the MSP is no `MSPConfig`: {0}")]
    Msp(String),
    /// No organization has this MSP.
    #[error("no organization of the channel has the MSP `{0}`")]
    UnknownMsp(String),
    /// The MSP is another organization's already.
    #[error("the organization `{1}` has the MSP `{0}` already")]
    KnownMsp(String, String),
    /// The path leads to no group.
    #[error("`{0}` is no path of a policy: its group is not there")]
    Path(String),
    /// The rule is none.
    #[error("the rule is none: {0}")]
    Rule(LanguageError),
    /// A value does not parse.
    #[error("the value {0} does not parse")]
    Malformed(String),
}
