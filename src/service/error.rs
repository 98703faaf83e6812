//! What a deed answers when it does not do what was asked: the only error that faces see.

use std::error::Error as StdError;

use crate::{hsm, pki, store};

/// What went wrong, as far as the one who asked can act upon it. Each face has its own table from
/// kind to its codes; those of the Fabric CA facade stand beside the variants.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// The request is not what the deed takes.
    Malformed,
    /// The certification request is no PEM, no PKCS#10 or not signed by its key. 400/31
    BadCsr,
    /// The key to be certified is weak or of a kind that is not certified.
    BadKey,
    /// A subject field of the certification request is too long. 400/80
    SubjectTooLong,
    /// No certificate profile has this name.
    UnknownProfile,
    /// An attribute that was required is not held.
    MissingAttribute,
    /// A CA certificate that the profile or the issuer does not allow.
    CaRefused,
    /// A maximum of enrollments that this CA does not allow. 400/82
    BadMaxEnrollments,
    /// The range of revocation times ends before it starts. 400/36
    BadRevokedRange,
    /// The range of expiry times ends before it starts. 400/37
    BadExpiryRange,
    /// The certificate belongs to another identity than the one named. 400/9
    WrongOwner,
    /// Neither an identity nor a certificate was named. 400/15
    NothingNamed,
    /// Identities use the affiliation, and force was not given. 400/64
    AffiliationInUse,
    /// The caller's own attribute, which should hold a boolean, holds none. 400/79
    AuthorityNotBoolean,
    /// The caller did not prove who they are. 401/20
    Unauthenticated,
    /// Too many wrong secrets. 401/73
    LockedOut,
    /// Whether the caller's certificate is revoked could not be found out. 401/29
    RevocationUnchecked,
    /// The caller may not do this. 403/71
    Forbidden,
    /// The common name is not the enrollment ID. 403/77
    NameMismatch,
    /// This CA does not remove identities, or not oneself without force. 403/56
    RemovalDisabled,
    /// This server has no CA of this name. 404/19
    UnknownCa,
    /// This server does not know the channel.
    UnknownChannel,
    /// There is no such proposal.
    UnknownProposal,
    /// There is no such application for admission.
    UnknownApplication,
    /// The channel has no such document.
    UnknownDocument,
    /// An application for admission lacks something; the details tell what.
    Lacking,
    /// This server has no organization with this MSP ID.
    UnknownOrganization,
    /// This CA has no such identity. 404/63, when revoking 404/10
    UnknownIdentity,
    /// This CA has issued no such certificate. 404/8
    UnknownCertificate,
    /// This CA has no such affiliation. 404/63, when an identity is modified 400/58
    UnknownAffiliation,
    /// There are no affiliations where the caller may look. 404/16
    NoAffiliations,
    /// The certificate was revoked before. 404/66
    AlreadyRevoked,
    /// The enrollment ID is taken. 409/74
    AlreadyRegistered,
    /// The affiliation exists. 409/60
    AffiliationExists,
    /// What was read has changed meanwhile, again and again.
    Conflict,
    /// The token or the store has no place free.
    Busy,
    /// The store or the token does not answer.
    Unavailable,
    /// A fault of ours.
    Internal,
}

/// A deed that was not done.
///
/// `detail` is one sentence for the caller, without secrets and without names of our types;
/// `source` is for the log.
#[derive(Debug, thiserror::Error)]
#[error("{detail}")]
pub struct Error {
    /// What went wrong.
    pub kind: Kind,
    /// What the caller reads.
    pub detail: String,
    /// More that the caller reads, one thing each; most errors have none.
    pub details: Vec<String>,
    /// What we read.
    #[source]
    pub source: Option<Box<dyn StdError + Send + Sync>>,
}

/// No detail is longer, in characters: what a caller sent is told back within bounds.
const LONGEST_DETAIL: usize = 1024;

impl Error {
    /// An error without a deeper cause. A detail is cut when it is very long, and control
    /// characters are left out: it may hold what the caller sent.
    pub fn new(kind: Kind, detail: impl AsRef<str>) -> Self {
        let detail = printable(detail.as_ref(), LONGEST_DETAIL);
        Self { kind, detail, details: Vec::new(), source: None }
    }

    /// The same error with the cause that the log shall show.
    #[must_use]
    pub fn because(mut self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.source = Some(Box::new(source));
        self
    }

    /// The same error with more that the caller reads, one thing each.
    #[must_use]
    pub(super) fn with_details(mut self, details: &[String]) -> Self {
        self.details = details.iter().map(|one| printable(one, LONGEST_DETAIL)).collect();
        self
    }

    /// The request is not what the deed takes.
    pub fn malformed(detail: impl AsRef<str>) -> Self {
        Self::new(Kind::Malformed, detail)
    }

    /// The caller may not do this.
    pub fn forbidden(detail: impl AsRef<str>) -> Self {
        Self::new(Kind::Forbidden, detail)
    }

    /// Who failed to prove themselves learns only that, whatever the reason was.
    pub fn unauthenticated() -> Self {
        Self::new(Kind::Unauthenticated, "authentication failure")
    }

    /// A fault of ours: the caller learns nothing of it, the log its source.
    pub fn internal(source: impl StdError + Send + Sync + 'static) -> Self {
        Self::new(Kind::Internal, "the server failed").because(source)
    }

    /// What a write came to that would take a nonce: one that was taken before proves nothing.
    pub(super) fn from_spent(error: store::Error) -> Self {
        if matches!(error, store::Error::Lost("nonce")) {
            return Self::unauthenticated().because(error);
        }
        error.into()
    }

    /// What a write came to whose guard `what` may lose for a reason that the caller can mend.
    pub(super) fn from_lost(error: store::Error, what: &str, detail: &str) -> Self {
        if matches!(error, store::Error::Lost(lost) if lost == what) {
            return Self::new(Kind::Conflict, detail);
        }
        error.into()
    }

    /// Whether the caller was known and was refused, which the audit trail tells.
    pub(crate) fn is_refusal(&self) -> bool {
        matches!(self.kind, Kind::Forbidden | Kind::RemovalDisabled | Kind::AuthorityNotBoolean)
    }
}

/// A text of a caller that is to be one line of at most `most` characters, without the spaces around it.
///
/// # Errors
/// [`Kind::Malformed`] with the name of its field.
pub(super) fn one_line<'t>(field: &str, text: &'t str, most: usize) -> Result<&'t str, Error> {
    let text = text.trim();
    if text.is_empty() || text.chars().count() > most || text.contains(char::is_control) {
        let why = format!("`{field}` is not one line of 1 to {most} characters");
        return Err(Error::malformed(why));
    }
    Ok(text)
}

/// An error and its causes in one line, for the log and for those who operate the server.
pub fn causes(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let told = error.to_string();
        // Some tell their cause themselves.
        if !text.ends_with(&told) {
            text.push_str(": ");
            text.push_str(&told);
        }
        cause = error.source();
    }
    text
}

/// The first `longest` characters of `text`, but no control characters.
pub(super) fn printable(text: &str, longest: usize) -> String {
    text.chars().filter(|c| !c.is_control()).take(longest).collect()
}

impl From<store::Error> for Error {
    /// A lost guard is a conflict; a deed that knows better what was lost says so itself.
    fn from(error: store::Error) -> Self {
        let (kind, detail) = match &error {
            store::Error::Busy => (Kind::Busy, "the store is busy"),
            store::Error::Lost(_) => (Kind::Conflict, "what was read has changed meanwhile"),
            store::Error::Unavailable { .. } => (Kind::Unavailable, "the store does not answer"),
            store::Error::Corrupt { .. } | store::Error::InUse { .. } | store::Error::BadUrl(_) => {
                (Kind::Internal, "the server failed")
            }
        };
        Self::new(kind, detail).because(error)
    }
}

impl From<hsm::Error> for Error {
    fn from(error: hsm::Error) -> Self {
        let (kind, detail) = match &error {
            hsm::Error::Busy => (Kind::Busy, "the token is busy".to_owned()),
            // The operator's own console reads this one; a face hides it behind its kind.
            hsm::Error::LabelTaken { label } => {
                (Kind::Conflict, format!("the token has a key `{label}` already"))
            }
            hsm::Error::Unavailable { .. } | hsm::Error::Timeout { .. } | hsm::Error::WrongPin => {
                (Kind::Unavailable, "the token does not answer".to_owned())
            }
            hsm::Error::UnknownKey { .. }
            | hsm::Error::WrongPurpose { .. }
            | hsm::Error::Alarm { .. }
            | hsm::Error::Refused { .. }
            | hsm::Error::Protocol
            | hsm::Error::WouldDeadlock => (Kind::Unavailable, "the token refused".to_owned()),
        };
        Self::new(kind, detail).because(error)
    }
}

/// For what we stored or made ourselves and cannot read any more: a fault of ours.
macro_rules! internal {
    ($($source:ty),* $(,)?) => {
        $(impl From<$source> for Error {
            fn from(error: $source) -> Self {
                Self::internal(error)
            }
        })*
    };
}

internal!(pki::CertificateError, pki::CrlError, pki::SealError, pki::DraftCrlError);

#[cfg(test)]
mod tests {
    use std::error::Error as _;

    use super::*;

    #[test]
    fn the_detail_is_shown_and_the_source_is_kept_for_the_log() {
        let error = Error::internal(std::io::Error::other("disk"));
        assert_eq!(error.to_string(), "the server failed");
        assert_eq!(error.source().unwrap().to_string(), "disk");
        assert!(!error.is_refusal());
        assert!(Error::forbidden("no").is_refusal());
    }

    #[test]
    fn what_the_caller_sent_is_told_back_within_bounds() {
        let error = Error::malformed(format!("`a\n\0{}`", "b".repeat(5000)));
        assert_eq!(error.detail.chars().count(), LONGEST_DETAIL);
        assert!(!error.detail.contains(char::is_control));
    }

    #[test]
    fn a_lost_guard_is_a_conflict() {
        let error = Error::from(store::Error::Lost("identity"));
        assert_eq!(error.kind, Kind::Conflict);
    }
}
