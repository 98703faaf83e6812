//! Elements of a configuration, and how they may be called.

use std::fmt;

/// The longest name of an element or a channel.
const MAX_NAME: usize = 249;

/// The name of the root group, which appears in paths only.
pub const ROOT: &str = "Channel";

/// What an element is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// A node of the tree.
    Group,
    /// A value.
    Value,
    /// A policy.
    Policy,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Group => "group",
            Self::Value => "value",
            Self::Policy => "policy",
        })
    }
}

/// An element of a configuration: what it is, and where.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Element {
    /// What it is.
    pub kind: Kind,
    /// Its path from the root, e.g. `/Channel/Application/Org1/MSP`.
    pub path: String,
}

impl Element {
    /// The element at the end of a way of names below the root; a group where the way is all there is.
    pub(super) fn new(kind: Kind, way: &[&str], name: Option<&str>) -> Self {
        let names = way.iter().copied().chain(name);
        let mut path = format!("/{ROOT}");
        for name in names {
            path.push('/');
            // What is shown of a name that is not legal neither breaks a line nor fills a page.
            path.extend(name.chars().take(MAX_NAME).flat_map(char::escape_debug));
        }
        Self { kind, path }
    }
}

impl fmt::Display for Element {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.path)
    }
}

/// Whether an element may be called so: 1 to 249 of `[a-zA-Z0-9.-]`, and neither `.` nor `..`.
pub fn is_legal_name(name: &str) -> bool {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'.' || octet == b'-';
    (1..=MAX_NAME).contains(&name.len()) && name != "." && name != ".." && name.bytes().all(plain)
}

/// Whether a channel may be called so: a lower-case letter, then `[a-z0-9.-]`, 249 at most in all.
pub fn is_legal_channel_id(id: &str) -> bool {
    let plain = |octet: u8| matches!(octet, b'a'..=b'z' | b'0'..=b'9' | b'.' | b'-');
    id.len() <= MAX_NAME
        && id.starts_with(|first: char| first.is_ascii_lowercase())
        && id.bytes().all(plain)
}

/// Whether a mod policy has the form of a path: after one slash, which may be missing, legal names with slashes
/// between them.
pub(super) fn is_legal_path(path: &str) -> bool {
    path.strip_prefix('/').unwrap_or(path).split('/').all(is_legal_name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_have_no_underscore_and_an_end() {
        let longest = "a".repeat(249);
        for name in ["a", "Org1", "a.b-c", "...", "-", &longest] {
            assert!(is_legal_name(name), "{name}");
        }
        for name in ["", ".", "..", "a_b", "a/b", "a b", "ä", &"a".repeat(250)] {
            assert!(!is_legal_name(name), "{name}");
        }
    }

    #[test]
    fn channels_begin_with_a_letter() {
        for id in ["a", "a1", "a.b-c", &"a".repeat(249)] {
            assert!(is_legal_channel_id(id), "{id}");
        }
        for id in ["", "A", "1a", "-a", ".", "a_b", "aB", "ä", &"a".repeat(250)] {
            assert!(!is_legal_channel_id(id), "{id}");
        }
    }

    #[test]
    fn mod_policies_are_paths_without_a_slash_at_their_end() {
        for path in ["Admins", "/Channel/Application/Admins", "Org1/Admins", "/Channel"] {
            assert!(is_legal_path(path), "{path}");
        }
        for path in ["", "/", "//A", "A/", "A//B", "a_b", "A/.."] {
            assert!(!is_legal_path(path), "{path}");
        }
    }

    #[test]
    fn a_strange_name_is_shown_on_one_line() {
        let element = Element::new(Kind::Value, &["Application"], Some("a\nb"));
        assert_eq!(element.to_string(), "value /Channel/Application/a\\nb");
    }
}
