//! Booleans as Go's `strconv.ParseBool` reads them.

use crate::store::Attribute;

use super::attributes::held;

/// What an attribute that should be a boolean holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// A true value.
    On,
    /// A false value.
    Off,
    /// There is no such attribute.
    Absent,
    /// A value that is no boolean; the empty one too.
    NotBoolean,
}

/// Reads `1 t T TRUE true True 0 f F FALSE false False`, and nothing else.
pub fn parse_boolean(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

/// What the boolean attribute `name` holds among `attributes`.
pub fn switch(attributes: &[Attribute], name: &str) -> Switch {
    match held(attributes, name).map(parse_boolean) {
        None => Switch::Absent,
        Some(None) => Switch::NotBoolean,
        Some(Some(true)) => Switch::On,
        Some(Some(false)) => Switch::Off,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_gos_twelve_spellings_are_booleans() {
        for yes in ["1", "t", "T", "TRUE", "true", "True"] {
            assert_eq!(parse_boolean(yes), Some(true), "{yes}");
        }
        for no in ["0", "f", "F", "FALSE", "false", "False"] {
            assert_eq!(parse_boolean(no), Some(false), "{no}");
        }
        for neither in ["", "yes", "tRUE", " true", "2", "-1", "on", "01"] {
            assert_eq!(parse_boolean(neither), None, "{neither}");
        }
    }
}
