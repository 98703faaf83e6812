//! Why a document is none, and reading one.

use std::fmt;

use serde::de::DeserializeOwned;

use super::at::At;

/// Deeper than any document nests.
const MAX_DEPTH: usize = 64;
/// Keys and values that may be said by referring to others.
const MAX_REPEATED: usize = 300_000;
/// The longest document, in octets: that of a channel whose lists of revoked certificates are long.
const MAX_TEXT: usize = 64 << 20;

/// What is wrong with a document, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DocumentError {
    /// The line, counted from 1, where it is known.
    pub line: Option<u64>,
    /// The path of the value, e.g. `organizations[0].msp`; empty for the document.
    pub path: String,
    /// What is wrong.
    pub why: String,
}

impl DocumentError {
    pub(super) fn new(line: u64, path: impl Into<String>, why: impl Into<String>) -> Self {
        Self { line: (line > 0).then_some(line), path: path.into(), why: why.into() }
    }

    /// At a value.
    pub(super) fn at<T>(at: &At<T>, path: impl Into<String>, why: impl Into<String>) -> Self {
        Self::new(at.line, path, why)
    }
}

impl fmt::Display for DocumentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(line) = self.line {
            write!(f, "line {line}: ")?;
        }
        match self.path.as_str() {
            "" | "." => {}
            path => write!(f, "`{}`: ", shown(path))?,
        }
        f.write_str(&self.why)
    }
}

impl std::error::Error for DocumentError {}

/// Something that nodes take and that is hardly meant, or that a node of today stops at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Concern {
    /// Where, and what.
    pub at: DocumentError,
    /// Whether it makes the document unfit for a new channel.
    pub is_serious: bool,
}

impl fmt::Display for Concern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.at.fmt(f)
    }
}

/// Reads the one document of a text.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, DocumentError> {
    if text.len() > MAX_TEXT {
        return Err(DocumentError::new(0, "", format!("longer than {MAX_TEXT} octets")));
    }
    let options = serde_saphyr::options! {
        budget: serde_saphyr::budget! {
            max_depth: MAX_DEPTH,
            max_total_scalar_bytes: MAX_TEXT,
            max_events: 4_000_000,
            max_nodes: 2_000_000,
        },
        alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_REPEATED },
        strict_booleans: true,
        with_snippet: false,
    };
    let mut path = String::new();
    let read = serde_saphyr::with_deserializer_from_str_with_options(text, options, |reader| {
        serde_path_to_error::deserialize::<_, T>(reader).map_err(|error| {
            path = plain(&error.path().to_string());
            error.into_inner()
        })
    });
    read.map_err(|error: serde_saphyr::Error| {
        let line = error.location().map_or(0, |location| location.line());
        DocumentError::new(line, path, words(&error))
    })
}

/// Without the steps that lines are known by.
fn plain(path: &str) -> String {
    let steps = path.split('.').filter(|step| *step != "value");
    steps.collect::<Vec<_>>().join(".")
}

/// What the reader says, without the place, which is told beside it.
fn words(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let place = error.location();
    let end = place.map(|at| format!(" at line {}, column {}", at.line(), at.column()));
    let bare = end.and_then(|end| text.strip_suffix(end.as_str()).map(str::to_owned));
    bare.unwrap_or(text)
}

/// A text that was given, bounded and on one line before it is told back.
pub(super) fn shown(text: &str) -> String {
    let mut shown = String::new();
    for c in text.chars().take(100) {
        if c.is_control() { shown.extend(c.escape_default()) } else { shown.push(c) }
    }
    shown
}
