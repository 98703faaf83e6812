//! Why a text is no policy.

use std::fmt;

/// The kind of fault, coarse and stable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Fault {
    /// It does not follow the grammar, or is beyond our limits.
    Syntax,
    /// It names something that is not there, e.g. a role that does not exist.
    UnknownName,
    /// An operator or function was given a value of a kind that it does not take.
    Type,
    /// A gate was given something that is neither a principal nor a gate.
    BadArgument,
    /// A gate was given fewer arguments than one.
    TooFewArguments,
    /// The number of a gate is negative or above the number of its arguments by more than one.
    BadThreshold,
    /// A quoted text that is no principal.
    BadPrincipal,
    /// An expression whose value is no policy.
    NotAPolicy,
}

impl Fault {
    /// The stable word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::UnknownName => "unknown-name",
            Self::Type => "type",
            Self::BadArgument => "bad-argument",
            Self::TooFewArguments => "too-few-arguments",
            Self::BadThreshold => "bad-threshold",
            Self::BadPrincipal => "bad-principal",
            Self::NotAPolicy => "not-a-policy",
        }
    }
}

/// Why a text is no policy, and where that was noticed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LanguageError {
    fault: Fault,
    detail: String,
}

impl LanguageError {
    pub(super) fn new(fault: Fault, detail: impl Into<String>) -> Self {
        Self { fault, detail: detail.into() }
    }

    /// What kind of fault it is.
    pub fn fault(&self) -> Fault {
        self.fault
    }
}

impl fmt::Display for LanguageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl std::error::Error for LanguageError {}

pub(super) fn syntax(detail: impl Into<String>) -> LanguageError {
    LanguageError::new(Fault::Syntax, detail)
}

pub(super) fn type_error(detail: impl Into<String>) -> LanguageError {
    LanguageError::new(Fault::Type, detail)
}

pub(super) fn unknown(name: &str) -> LanguageError {
    LanguageError::new(Fault::UnknownName, format!("unknown name `{}`", shortened(name)))
}

/// What is shown of a text that may be long.
pub(super) fn shortened(text: &str) -> String {
    let mut shown: String = text.chars().take(60).collect();
    if shown.len() < text.len() {
        shown.push('…');
    }
    shown
}
