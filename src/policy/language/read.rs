//! Text to policy.

use super::error::LanguageError;
use super::gates::three_passes;
use super::{current, legacy};
use crate::policy::ast::{Named, Rule};

/// A policy as the language writes it: one principal for each that the text names, in the order in
/// which gates are finished.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Written {
    /// The rule.
    pub rule: Rule,
    /// The principals that it numbers.
    pub principals: Vec<Named>,
}

/// Reads a policy as Fabric's main branch does.
///
/// # Errors
/// When the text is no policy: of which kind and why.
pub fn read(text: &str) -> Result<Written, LanguageError> {
    let (rule, principals) = three_passes(text, current::evaluate)?;
    Ok(Written { rule, principals })
}

/// Reads a policy as releases up to 3.1 and fabric-config do.
///
/// # Errors
/// When the text is no policy: of which kind and why.
pub fn read_legacy(text: &str) -> Result<Written, LanguageError> {
    let (rule, principals) = three_passes(text, legacy::evaluate)?;
    Ok(Written { rule, principals })
}
