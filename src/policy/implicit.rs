//! Policies over the policies of one name one level below.

use crate::wire::{ImplicitMetaPolicy, ImplicitRule};

/// Why a text is no implicit rule.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ImplicitRuleError {
    /// It has not two words with one space between them.
    #[error("an implicit rule is `ANY`, `ALL` or `MAJORITY`, one space, and a name")]
    TokenCount,
    /// Its first word is none of the three.
    #[error("`{0}` is none of `ANY`, `ALL`, `MAJORITY`")]
    UnknownRule(String),
}

impl ImplicitRuleError {
    /// The stable word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::TokenCount => "token-count",
            Self::UnknownRule(_) => "unknown-rule",
        }
    }
}

/// Reads `ANY Readers` and its like.
///
/// # Errors
/// When it is not two words with one space between them, or the first is unknown.
pub fn parse_implicit(text: &str) -> Result<ImplicitMetaPolicy, ImplicitRuleError> {
    let mut words = text.split(' ');
    let (Some(rule), Some(name), None) = (words.next(), words.next(), words.next()) else {
        return Err(ImplicitRuleError::TokenCount);
    };
    let rule = match rule {
        "ANY" => ImplicitRule::Any,
        "ALL" => ImplicitRule::All,
        "MAJORITY" => ImplicitRule::Majority,
        other => {
            let shown = other.chars().take(60).collect();
            return Err(ImplicitRuleError::UnknownRule(shown));
        }
    };
    Ok(ImplicitMetaPolicy { sub_policy: name.to_owned(), rule: rule.into() })
}

/// The text that [`parse_implicit`] reads again; nothing for a rule that does not exist and a name
/// with a space.
pub fn print_implicit(policy: &ImplicitMetaPolicy) -> Option<String> {
    let word = match ImplicitRule::try_from(policy.rule).ok()? {
        ImplicitRule::Any => "ANY",
        ImplicitRule::All => "ALL",
        ImplicitRule::Majority => "MAJORITY",
    };
    (!policy.sub_policy.contains(' ')).then(|| format!("{word} {}", policy.sub_policy))
}

/// How many of so many policies below have to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Threshold {
    /// At least so many.
    AtLeast(usize),
    /// Not one: what Fabric makes of a rule whose number it does not know.
    None,
}

impl Threshold {
    pub(super) fn of(rule: i32, below: usize) -> Self {
        if below == 0 {
            return Self::AtLeast(0);
        }
        match ImplicitRule::try_from(rule) {
            Ok(ImplicitRule::Any) => Self::AtLeast(1),
            Ok(ImplicitRule::All) => Self::AtLeast(below),
            Ok(ImplicitRule::Majority) => Self::AtLeast(below / 2 + 1),
            Err(_) => Self::None,
        }
    }

    /// Whether it is met, by answers that are asked for only as long as they matter.
    pub(super) fn met(self, mut answers: impl ExactSizeIterator<Item = bool>) -> bool {
        let needed = match self {
            Self::None => return !answers.any(|held| held),
            Self::AtLeast(needed) => needed,
        };
        let mut held = 0;
        while held < needed && held + answers.len() >= needed {
            match answers.next() {
                Some(answer) => held += usize::from(answer),
                None => break,
            }
        }
        held >= needed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_read_and_printed() {
        for text in ["ANY Readers", "ALL Org1/Admins", "MAJORITY 'x'", "ANY "] {
            assert_eq!(print_implicit(&parse_implicit(text).unwrap()).as_deref(), Some(text));
        }
        for text in ["", "ANY", "ANY  Admins", "ANY Admins ", "ANY a b"] {
            assert_eq!(parse_implicit(text), Err(ImplicitRuleError::TokenCount), "{text}");
        }
        assert_eq!(parse_implicit("Any A").unwrap_err().word(), "unknown-rule");
    }

    #[test]
    fn no_more_is_asked_than_matters() {
        let asked = |rule: i32, answers: &[bool]| {
            let count = std::cell::Cell::new(0);
            let answers = answers.iter().map(|answer| {
                count.set(count.get() + 1);
                *answer
            });
            (Threshold::of(rule, answers.len()).met(answers), count.get())
        };
        assert_eq!(asked(2, &[true, true, true, true]), (true, 3));
        assert_eq!(asked(2, &[false, false, true, true]), (false, 2));
        assert_eq!(asked(1, &[false, true]), (false, 1));
        assert_eq!(asked(0, &[]), (true, 0));
        assert_eq!(asked(7, &[]), (true, 0));
        assert_eq!(asked(7, &[false, false]), (true, 2));
        assert_eq!(asked(7, &[false, true, false]), (false, 2));
    }
}
