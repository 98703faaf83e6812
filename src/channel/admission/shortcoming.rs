//! What an application lacks.

use std::fmt;

/// Something that an application lacks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shortcoming {
    /// A stable word for it.
    pub code: &'static str,
    /// What is amiss, and with which certificate or document.
    pub text: String,
}

impl Shortcoming {
    /// Something that is lacking, by its word and in words.
    pub fn new(code: &'static str, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

impl fmt::Display for Shortcoming {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// No more of a text that was given than fits a line.
pub(super) fn shown(text: &str) -> String {
    text.chars().take(100).flat_map(char::escape_debug).collect()
}
