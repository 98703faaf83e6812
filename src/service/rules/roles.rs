//! Lists of types.

/// The value of `hf.Registrar.Roles` or `hf.Registrar.DelegateRoles`: types between commas, spaces
/// being part of them, compared without regard to case; `*` stands for every type. Empty elements
/// name nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Roles<'a>(&'a str);

impl<'a> Roles<'a> {
    /// Reads the value of an attribute; every text is a list.
    pub fn new(value: &'a str) -> Self {
        Self(value)
    }

    /// Whether the list holds `*`.
    pub fn is_every(self) -> bool {
        self.elements().any(|element| element == "*")
    }

    /// Whether identities of type `kind` are in the list. No type at all counts as `client`.
    pub fn covers(self, kind: &str) -> bool {
        let kind = if kind.is_empty() { "client" } else { kind };
        self.is_every() || self.names(kind)
    }

    /// Whether every element of this list is in `other`, which holds all when it holds `*`.
    pub fn within(self, other: Roles<'_>) -> bool {
        other.is_every() || self.elements().all(|element| other.names(element))
    }

    fn names(self, kind: &str) -> bool {
        let kind = kind.to_lowercase();
        self.elements().any(|element| element.to_lowercase() == kind)
    }

    fn elements(self) -> impl Iterator<Item = &'a str> {
        self.0.split(',').filter(|element| !element.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_list_is_split_at_commas_without_trimming_spaces() {
        let roles = Roles::new("client, peer");
        assert!(roles.covers("client"));
        assert!(!roles.covers("peer"));
        assert!(roles.covers(" peer"));
        assert!(!Roles::new("client, *").is_every());
    }

    #[test]
    fn types_are_compared_without_regard_to_case() {
        assert!(Roles::new("Client,PEER").covers("cLIENT"));
        assert!(Roles::new("PEER,Client").within(Roles::new("client,peer")));
        assert!(Roles::new("Ä").covers("ä"));
    }

    #[test]
    fn a_star_stands_for_every_type() {
        assert!(Roles::new("*").covers("anything at all"));
        assert!(Roles::new("x,*").covers("y"));
        assert!(Roles::new("*").within(Roles::new("*")));
        assert!(!Roles::new("*").within(Roles::new("client,peer")));
        assert!(!Roles::new("pe*").covers("peer"));
    }

    #[test]
    fn empty_elements_name_nothing() {
        assert!(!Roles::new("").covers(""));
        assert!(!Roles::new("peer,,").covers(""));
        assert!(Roles::new("client").covers(""), "no type counts as client");
        assert!(Roles::new(",").within(Roles::new("")));
    }

    proptest! {
        #[test]
        fn what_lies_within_covers_no_more(
            small in "[cp, *X]{0,8}", big in "[cp, *X]{0,8}", kind in "[cp Xx]{0,2}"
        ) {
            let (small, big) = (Roles::new(&small), Roles::new(&big));
            if small.within(big) && small.covers(&kind) {
                prop_assert!(big.covers(&kind));
            }
        }

        #[test]
        fn every_list_lies_within_itself(list in "[a-zA-Z, *]{0,16}") {
            prop_assert!(Roles::new(&list).within(Roles::new(&list)));
        }
    }
}
