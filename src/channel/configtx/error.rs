//! Why a `configtx.yaml` does not read, and where.

use std::fmt;

/// Where a value is from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Place {
    /// A line of the file.
    Line(u64),
    /// A variable of the environment.
    Variable(String),
}

/// A value's place and its path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    pub(super) place: Place,
    pub(super) path: String,
}

impl Origin {
    /// A line of a file, and what stands there.
    pub(in crate::channel) fn at(line: u64, path: impl Into<String>) -> Self {
        Self { place: Place::Line(line), path: path.into() }
    }

    /// The line, where it is one.
    pub(in crate::channel) fn line(&self) -> Option<u64> {
        match self.place {
            Place::Line(line) => Some(line),
            Place::Variable(_) => None,
        }
    }

    /// What stands there.
    pub(in crate::channel) fn path(&self) -> &str {
        &self.path
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.place {
            Place::Line(line) => write!(f, "line {line}: ")?,
            Place::Variable(name) => write!(f, "variable {}: ", name.escape_debug())?,
        }
        match self.path.as_str() {
            "" => f.write_str("the file"),
            path => write!(f, "`{}`", path.escape_debug()),
        }
    }
}

/// Why a `configtx.yaml` does not read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConfigtxError {
    /// It is no YAML.
    #[error("it is no YAML: {0}")]
    Yaml(String),
    /// A section has a key that nobody knows.
    #[error("{section} has no key `{}`; it may have {}", .key.escape_debug(), .known.join(", "))]
    UnknownKey {
        /// The section, at the line of the key.
        section: Origin,
        /// The key.
        key: String,
        /// Those that it may have.
        known: Vec<&'static str>,
    },
    /// A value is none that its key may have.
    #[error("{origin} {what}")]
    Value {
        /// The value.
        origin: Origin,
        /// What is wrong with it.
        what: String,
    },
    /// There is no such profile.
    #[error("there is no profile `{}` (upper and lower case differ); there is {}", .name.escape_debug(), listed(.known))]
    NoProfile {
        /// The one asked for.
        name: String,
        /// Those there are.
        known: Vec<String>,
    },
}

fn listed(names: &[String]) -> String {
    if names.is_empty() {
        return "none".to_owned();
    }
    let shown: Vec<String> =
        names.iter().map(|name| format!("`{}`", name.escape_debug())).collect();
    shown.join(", ")
}

impl ConfigtxError {
    /// The stable word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::Yaml(_) => "yaml",
            Self::UnknownKey { .. } => "unknown-key",
            Self::Value { .. } => "value",
            Self::NoProfile { .. } => "no-profile",
        }
    }
}
