//! Which attributes a registrar may give.

/// The value of `hf.Registrar.Attributes`: names and patterns between commas, all spaces taken
/// out. A pattern ends in `*` and matches what starts with what precedes it; there is no negation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patterns(String);

impl Patterns {
    /// Reads the value of an attribute; every text is a list.
    pub fn new(value: &str) -> Self {
        Self(value.replace(' ', ""))
    }

    /// Whether one element equals `name`, or is a pattern that it matches.
    pub fn allow(&self, name: &str) -> bool {
        self.elements().any(|element| match element.strip_suffix('*') {
            // All stars at the end count as one, so that whoever holds `a**` and may therefore
            // pass on `a*` gains nothing.
            Some(prefix) => name.starts_with(prefix.trim_end_matches('*')),
            None => element == name,
        })
    }

    /// The names and patterns.
    pub fn elements(&self) -> impl Iterator<Item = &str> {
        self.0.split(',')
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_spaces_are_removed() {
        let patterns = Patterns::new("a.b.*, x.y.z ,p q");
        assert!(patterns.allow("a.b.c"));
        assert!(patterns.allow("x.y.z"));
        assert!(patterns.allow("pq"));
        assert!(!patterns.allow("p q"));
    }

    #[test]
    fn one_element_equals_or_is_a_pattern_that_matches() {
        let patterns = Patterns::new("a.b.*,x");
        assert!(patterns.allow("a.b."));
        assert!(!patterns.allow("a.b"));
        assert!(!patterns.allow("xy"));
        assert!(!patterns.allow("X"), "attribute names are case sensitive");
        assert!(!Patterns::new("a*b").allow("aab"), "a star within is a letter");
        assert!(Patterns::new("a*b").allow("a*b"));
    }

    #[test]
    fn a_star_alone_matches_all() {
        assert!(Patterns::new("*").allow("anything"));
        assert!(Patterns::new("**").allow("hf.Revoker"));
        assert!(!Patterns::new("").allow("a"));
    }

    #[test]
    fn there_is_no_negation() {
        assert!(Patterns::new("!a,a").allow("a"));
        assert!(!Patterns::new("!b").allow("a"));
    }

    proptest! {
        #[test]
        fn an_element_that_is_allowed_allows_no_more(
            held in "[ab*,]{0,6}", element in "[ab*]{0,4}", name in "[ab*]{0,4}"
        ) {
            let (held, given) = (Patterns::new(&held), Patterns::new(&element));
            if held.allow(&element) && given.allow(&name) {
                prop_assert!(held.allow(&name));
            }
        }
    }
}
