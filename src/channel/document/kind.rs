//! What a document is about.

use serde::Deserialize;
use serde_saphyr::Spanned;

use super::error::{DocumentError, read, shown};

/// What a document is about, as its `kind` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum DocumentKind {
    /// A channel.
    Channel,
    /// The collections of chaincodes.
    Collections,
    /// A certificate profile, which may leave its kind away.
    Profile,
    /// The rules by which organizations are admitted.
    Admission,
}

impl DocumentKind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Channel, Self::Collections, Self::Profile, Self::Admission];

    /// As `kind` names it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Channel => "channel",
            Self::Collections => "collections",
            Self::Profile => "profile",
            Self::Admission => "admission",
        }
    }
}

/// As much of a document as tells its kind.
#[derive(Deserialize)]
struct Head {
    kind: Option<Spanned<String>>,
}

/// What a document is about.
///
/// # Errors
/// When it is no YAML, or its kind is unknown.
pub fn kind_of(text: &str) -> Result<DocumentKind, DocumentError> {
    let Head { kind } = read(text)?;
    let Some(kind) = kind else { return Ok(DocumentKind::Profile) };
    let known = DocumentKind::ALL.into_iter().find(|known| known.word() == kind.value);
    known.ok_or_else(|| {
        let shown = shown(&kind.value);
        let words: Vec<&str> = DocumentKind::ALL.map(DocumentKind::word).to_vec();
        let why = format!("`{}` is none of {}", shown, words.join(", "));
        DocumentError::new(kind.defined.line(), "kind", why)
    })
}
