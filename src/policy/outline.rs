//! A policy as people read it: gates and principals, and the whole tree below implicit policies.

use super::ast::Rule;
use super::compile::SignaturePolicy;
use super::implicit::Threshold;
use super::principal::Described;
use super::tree::{Kind, Lookup, PolicyTree};
use crate::wire::MspPrincipal;

/// A policy, or a part of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outline {
    /// A signature of this principal.
    Principal(Described),
    /// So many of several parts; 0 or below always holds.
    Gate {
        /// How many.
        needed: i32,
        /// Of which.
        parts: Vec<Outline>,
    },
    /// So many of the policies of one name one level below.
    Implicit {
        /// Their name.
        name: String,
        /// How many are needed; nothing when none may hold.
        needed: Option<usize>,
        /// They, by group.
        below: Vec<(String, Outline)>,
    },
    /// There is no such policy: it never holds.
    Missing,
}

impl Outline {
    fn of_rule(rule: &Rule, principals: &[MspPrincipal]) -> Self {
        match rule {
            Rule::SignedBy(number) => {
                let asked = usize::try_from(*number).ok().and_then(|number| principals.get(number));
                Self::Principal(asked.map_or(Described::Nobody, Described::of))
            }
            Rule::OutOf { n, rules } => {
                let parts = rules.iter().map(|rule| Self::of_rule(rule, principals)).collect();
                Self::Gate { needed: *n, parts }
            }
        }
    }
}

impl SignaturePolicy {
    /// The policy as people read it.
    pub fn outline(&self) -> Outline {
        Outline::of_rule(self.rule(), self.principals())
    }
}

impl PolicyTree {
    /// What a lookup led to, as people read it.
    pub fn outline(&self, found: Lookup) -> Outline {
        let kind = match found {
            Lookup::Found(place) => self.kind(place),
            Lookup::Missing | Lookup::Crash => None,
        };
        match kind {
            None => Outline::Missing,
            Some(Kind::Signature(rule)) => Outline::of_rule(rule, self.principals()),
            Some(Kind::Implicit { threshold, below, name, .. }) => {
                let below = below.iter().map(|below| {
                    let found = below.policy.map_or(Lookup::Missing, Lookup::Found);
                    (below.group.clone(), self.outline(found))
                });
                let needed = match threshold {
                    Threshold::AtLeast(needed) => Some(*needed),
                    Threshold::None => None,
                };
                Outline::Implicit { name: name.clone(), needed, below: below.collect() }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::compile::to_envelope;
    use crate::policy::implicit::parse_implicit;
    use crate::policy::language::read;
    use crate::wire::{ConfigGroup, ConfigPolicy, Message as _, Policy, PolicyType};

    fn policy(text: &str) -> Policy {
        let (kind, value) = if let Ok(implicit) = parse_implicit(text) {
            (PolicyType::ImplicitMeta, implicit.encode_to_vec())
        } else {
            (PolicyType::Signature, to_envelope(&read(text).unwrap()).encode_to_vec())
        };
        Policy { r#type: kind.into(), value }
    }

    fn group(policies: &[(&str, &str)], groups: Vec<(&str, ConfigGroup)>) -> ConfigGroup {
        let policies = policies.iter().map(|(name, text)| {
            let policy = ConfigPolicy { policy: Some(policy(text)), ..ConfigPolicy::default() };
            ((*name).to_owned(), policy)
        });
        ConfigGroup {
            policies: policies.collect(),
            groups: groups.into_iter().map(|(name, group)| (name.to_owned(), group)).collect(),
            ..ConfigGroup::default()
        }
    }

    fn channel() -> PolicyTree {
        let org1 = group(&[("Admins", "OR('Org1MSP.admin')")], Vec::new());
        let org2 = group(&[("Admins", "OR('Org2MSP.admin', 'Org2MSP.peer')")], Vec::new());
        let org3 = group(&[], Vec::new());
        let orgs = vec![("Org1", org1), ("Org2", org2), ("Org3", org3)];
        let application = group(&[("Admins", "MAJORITY Admins")], orgs);
        let root = group(&[("Admins", "ANY Admins")], vec![("Application", application)]);
        PolicyTree::load(&root).unwrap()
    }

    #[test]
    fn what_is_below_implicit_policies_is_shown_and_what_is_missing_too() {
        let tree = channel();
        let found = tree.lookup(tree.root().unwrap(), "/Channel/Admins");
        let Outline::Implicit { name, needed: Some(1), below } = tree.outline(found) else {
            panic!("it is an implicit policy");
        };
        assert_eq!((name.as_str(), below.len()), ("Admins", 1));
        let Outline::Implicit { needed: Some(2), below, .. } = &below[0].1 else {
            panic!("so is the one below");
        };
        let shown: Vec<&str> = below.iter().map(|(group, _)| group.as_str()).collect();
        assert_eq!(shown, ["Org1", "Org2", "Org3"]);
        assert!(matches!(&below[1].1, Outline::Gate { needed: 1, parts } if parts.len() == 2));
        assert_eq!(below[2].1, Outline::Missing);
        assert_eq!(tree.outline(Lookup::Missing), Outline::Missing);
    }

    #[test]
    fn a_policy_has_the_text_that_it_was_read_from() {
        let tree = channel();
        let text = |id: &str| tree.text(tree.lookup(tree.root().unwrap(), id));
        assert_eq!(text("Admins").as_deref(), Some("ANY Admins"));
        let org2 = text("/Channel/Application/Org2/Admins");
        assert_eq!(org2.as_deref(), Some("OR('Org2MSP.admin', 'Org2MSP.peer')"));
        assert_eq!(text("Nobody"), None);
        let paths = ["/Channel", "/Channel/Application", "/Channel/Application/Org1"];
        assert_eq!(tree.paths()[..3], paths);
    }

    #[test]
    fn a_policy_may_be_asked_for_that_is_not_there() {
        let tree = channel();
        let application = tree.group(["Application"]).unwrap();
        let (with, found) = tree.with(application, &policy("ALL Admins")).unwrap();
        let Outline::Implicit { needed, below, .. } = with.outline(found) else {
            panic!("it is an implicit policy");
        };
        assert_eq!((needed, below.len()), (Some(3), 3));
        let (with, found) = tree.with(0, &policy("AND('Org2MSP.peer', 'Org9MSP.peer')")).unwrap();
        let text = with.text(found);
        assert_eq!(text.as_deref(), Some("AND('Org2MSP.peer', 'Org9MSP.peer')"));
        assert_eq!(with.names(0), tree.names(0));
        let unknown = Policy { r#type: 2, value: Vec::new() };
        assert!(tree.with(0, &unknown).is_err());
    }
}
