//! Affiliations: dotted paths of departments.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// Why a text is no affiliation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("affiliation {0}")]
pub struct BadAffiliation(&'static str);

/// A dotted path such as `org1.department1`, or the root, written as the empty text.
/// At most 512 octets and 32 parts; no part is empty or holds a control character.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Affiliation(String);

impl Affiliation {
    /// The root: above all others.
    pub const ROOT: Self = Self(String::new());

    /// Whether this is the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The path as text; empty at the root.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The parts from the top; none at the root.
    pub fn parts(&self) -> impl Iterator<Item = &str> {
        self.0.split('.').filter(|part| !part.is_empty())
    }

    /// The path without its last part; `None` at the root.
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        Some(self.0.rsplit_once('.').map_or(Self::ROOT, |(above, _)| Self(above.to_owned())))
    }

    /// Whether `other` is this path or below it. A common prefix of letters is not enough:
    /// `org1` does not cover `org10`.
    pub fn covers(&self, other: &Self) -> bool {
        self.is_root()
            || other
                .0
                .strip_prefix(&self.0)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    }

    /// The same path after `from` was renamed to `to`; `None` when it is not covered by `from`.
    pub fn moved(&self, from: &Self, to: &Self) -> Option<Self> {
        if from.is_root() || !from.covers(self) {
            return None;
        }
        self.0.strip_prefix(&from.0).map(|rest| Self(format!("{}{rest}", to.0)))
    }
}

impl FromStr for Affiliation {
    type Err = BadAffiliation;

    fn from_str(text: &str) -> Result<Self, BadAffiliation> {
        if text.is_empty() {
            return Ok(Self::ROOT);
        }
        if text.len() > 512 {
            return Err(BadAffiliation("is longer than 512 octets"));
        }
        if text.chars().any(char::is_control) {
            return Err(BadAffiliation("holds a control character"));
        }
        if text.split('.').any(|part| part.is_empty() || part.trim() != part) {
            return Err(BadAffiliation("has an empty part or a part with spaces around it"));
        }
        if text.split('.').count() > 32 {
            return Err(BadAffiliation("has more than 32 parts"));
        }
        Ok(Self(text.to_owned()))
    }
}

impl TryFrom<String> for Affiliation {
    type Error = BadAffiliation;

    fn try_from(text: String) -> Result<Self, BadAffiliation> {
        text.parse()
    }
}

impl From<Affiliation> for String {
    fn from(affiliation: Affiliation) -> String {
        affiliation.0
    }
}

impl fmt::Display for Affiliation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a(text: &str) -> Affiliation {
        text.parse().unwrap()
    }

    #[test]
    fn an_affiliation_covers_itself_and_what_is_below() {
        assert!(a("org1").covers(&a("org1")));
        assert!(a("org1").covers(&a("org1.d")));
        assert!(!a("org1").covers(&a("org10")));
        assert!(!a("org1.d").covers(&a("org1")));
        assert!(!a("org1").covers(&a("Org1")));
        assert!(Affiliation::ROOT.covers(&a("org1")));
        assert!(!a("org1").covers(&Affiliation::ROOT));
    }

    #[test]
    fn renaming_moves_the_subtree_only() {
        assert_eq!(a("org1.d.e").moved(&a("org1.d"), &a("x")), Some(a("x.e")));
        assert_eq!(a("org1").moved(&a("org1"), &a("org2")), Some(a("org2")));
        assert_eq!(a("org10").moved(&a("org1"), &a("org2")), None);
    }

    #[test]
    fn malformed_paths_are_refused() {
        for bad in [".", "a..b", "a.", ".a", "a\nb", " a"] {
            assert!(bad.parse::<Affiliation>().is_err(), "{bad}");
        }
        assert_eq!(a("org1.d").parent(), Some(a("org1")));
        assert_eq!(a("org1").parent(), Some(Affiliation::ROOT));
        assert_eq!(Affiliation::ROOT.parent(), None);
    }
}
