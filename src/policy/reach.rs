//! Who matters to a policy, told by its form alone: no search, and so no bound.
//!
//! When everybody of a kind may sign as often as need be, whatever asks for that kind always finds somebody who is
//! free. So a rule can hold exactly when enough of its parts can, and the order of signatures does not matter.

use std::collections::BTreeSet;

use super::ast::Rule;
use super::implicit::Threshold;
use super::principal::Described;
use super::tree::{Kind, Lookup, PolicyTree};
use crate::wire::MspPrincipal;

/// A tree of policies, and its principals in words.
#[derive(Debug)]
pub struct Reach<'t> {
    tree: &'t PolicyTree,
    described: Vec<Described>,
}

/// How many of how many policies below an implicit one have to hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    /// So many have to.
    pub needed: usize,
    /// Of so many.
    pub of: usize,
}

impl<'t> Reach<'t> {
    /// Of these policies.
    pub fn new(tree: &'t PolicyTree) -> Self {
        let described = tree.principals().iter().map(Described::of).collect();
        Self { tree, described }
    }

    /// The principals that the policies name, each once.
    pub fn principals(&self) -> impl Iterator<Item = (&Described, &MspPrincipal)> {
        self.described.iter().zip(self.tree.principals())
    }

    /// Whether a policy can hold when those may sign for whom `may` says so: any number of each.
    pub fn can_hold(&self, found: Lookup, may: impl Fn(&Described) -> bool) -> bool {
        let may: Vec<bool> =
            self.described.iter().map(|who| *who != Described::Nobody && may(who)).collect();
        self.can_hold_by(found, &may)
    }

    /// As [`Reach::can_hold`], with one answer for each of the [`Reach::principals`], in their order.
    pub fn can_hold_by(&self, found: Lookup, may: &[bool]) -> bool {
        let Lookup::Found(place) = found else { return false };
        // A policy that asks for none of those below holds, if ever, when nobody signs.
        self.holds(place, may) || self.holds(place, &[])
    }

    /// Whether nobody has to sign for a policy to hold.
    pub fn holds_for_nobody(&self, found: Lookup) -> bool {
        let Lookup::Found(place) = found else { return false };
        self.holds(place, &[])
    }

    fn holds(&self, place: usize, may: &[bool]) -> bool {
        match self.tree.kind(place) {
            None => false,
            Some(Kind::Signature(rule)) => rule_holds(rule, may),
            Some(Kind::Implicit { threshold, below, .. }) => {
                let held = |at: Option<usize>| at.is_some_and(|at| self.holds(at, may));
                threshold.met(below.iter().map(|below| held(below.policy)))
            }
        }
    }

    /// The places among the [`Reach::principals`] of those that a policy, or one below it, names.
    pub fn named(&self, found: Lookup) -> BTreeSet<usize> {
        let mut numbers = BTreeSet::new();
        if let Lookup::Found(place) = found {
            self.collect(place, &mut numbers);
        }
        numbers
    }

    /// The MSP IDs that a policy names, and those below it.
    pub fn organizations(&self, found: Lookup) -> BTreeSet<&str> {
        let named = self.named(found).into_iter().filter_map(|number| self.described.get(number));
        named.filter_map(Described::msp_id).collect()
    }

    fn collect(&self, place: usize, numbers: &mut BTreeSet<usize>) {
        match self.tree.kind(place) {
            None => {}
            Some(Kind::Signature(rule)) => collect_rule(rule, numbers),
            Some(Kind::Implicit { below, .. }) => {
                below
                    .iter()
                    .filter_map(|below| below.policy)
                    .for_each(|at| self.collect(at, numbers));
            }
        }
    }

    /// How many signatures a policy, and those below it, can take at most.
    pub fn most_taken(&self, found: Lookup) -> usize {
        let Lookup::Found(place) = found else { return 0 };
        match self.tree.kind(place) {
            None => 0,
            Some(Kind::Signature(rule)) => leaves(rule),
            Some(Kind::Implicit { below, .. }) => {
                let below = below.iter().filter_map(|below| below.policy);
                below.map(|at| self.most_taken(Lookup::Found(at))).sum()
            }
        }
    }

    /// How many of the policies below have to hold; nothing for a policy that has none below.
    pub fn share(&self, found: Lookup) -> Option<Share> {
        let Lookup::Found(place) = found else { return None };
        match self.tree.kind(place)? {
            Kind::Signature(_) | Kind::Implicit { threshold: Threshold::None, .. } => None,
            Kind::Implicit { threshold: Threshold::AtLeast(needed), below, .. } => {
                Some(Share { needed: *needed, of: below.len() })
            }
        }
    }
}

/// Rules nest as deep as messages may, which `wire` bounds.
fn rule_holds(rule: &Rule, may: &[bool]) -> bool {
    match rule {
        Rule::SignedBy(number) => {
            let number = usize::try_from(*number).ok();
            number.and_then(|number| may.get(number)).copied().unwrap_or(false)
        }
        Rule::OutOf { n, rules } => {
            let needed = usize::try_from(*n).unwrap_or(0);
            rules.iter().filter(|rule| rule_holds(rule, may)).take(needed).count() >= needed
        }
    }
}

fn leaves(rule: &Rule) -> usize {
    match rule {
        Rule::SignedBy(_) => 1,
        Rule::OutOf { rules, .. } => rules.iter().map(leaves).sum(),
    }
}

fn collect_rule(rule: &Rule, numbers: &mut BTreeSet<usize>) {
    match rule {
        Rule::SignedBy(number) => numbers.extend(usize::try_from(*number)),
        Rule::OutOf { rules, .. } => rules.iter().for_each(|rule| collect_rule(rule, numbers)),
    }
}

#[cfg(test)]
mod tests {
    use super::super::members::Members;
    use super::super::signatures::{Signatures, SignedData};
    use super::super::testing::{PRINCIPALS, envelope, rules};
    use super::*;
    use crate::wire::{ConfigGroup, ConfigPolicy, Message as _, MspPrincipal, Policy, PolicyType};
    use proptest::prelude::*;

    /// More than any of the rules has leaves.
    const COPIES: u8 = 80;

    /// Of each principal so many identities; the first octet says which.
    struct Crowd;

    impl Members for Crowd {
        type Identity = [u8; 2];
        type Rejection = ();

        fn identity(&self, serialized: &[u8]) -> Result<[u8; 2], ()> {
            serialized.try_into().map_err(|_| ())
        }

        fn key(identity: &[u8; 2]) -> (&str, &[u8]) {
            ("", identity)
        }

        fn verify(&self, _: &[u8; 2], _: &[u8], _: &[u8]) -> Result<(), ()> {
            Ok(())
        }

        fn satisfies(&self, identity: &[u8; 2], principal: &MspPrincipal) -> Result<(), ()> {
            if principal.principal[0] == identity[0] { Ok(()) } else { Err(()) }
        }
    }

    fn tree(rule: &Rule) -> PolicyTree {
        let value = envelope(rule).encode_to_vec();
        let policy = Some(Policy { r#type: PolicyType::Signature.into(), value });
        let policy = ConfigPolicy { policy, ..ConfigPolicy::default() };
        let policies = [("P".to_owned(), policy)].into();
        PolicyTree::load(&ConfigGroup { policies, ..ConfigGroup::default() }).unwrap()
    }

    proptest! {
        #[test]
        fn a_rule_can_hold_when_a_crowd_makes_it_hold(
            rule in rules(),
            may in proptest::collection::vec(any::<bool>(), usize::from(PRINCIPALS)),
        ) {
            let tree = tree(&rule);
            // The principals of these tests say nothing in words: each is told by its number.
            let number = |principal: &MspPrincipal| usize::from(principal.principal[0]);
            let numbered: Vec<bool> = tree.principals().iter().map(|it| may[number(it)]).collect();
            let Some(Kind::Signature(compiled)) = tree.kind(0) else { panic!("no rule") };
            let of = |who: u8| {
                (0..COPIES).map(move |copy| SignedData {
                    identity: vec![who, copy].into(),
                    data: b"".into(),
                    signature: b"".into(),
                })
            };
            let signing = (0..PRINCIPALS).filter(|who| may[usize::from(*who)]);
            let signed: Vec<SignedData<'_>> = signing.flat_map(of).collect();
            let signatures = Signatures::new(&Crowd, &signed);
            let greedy = tree.evaluate("P", &signatures).is_satisfied();
            prop_assert_eq!(rule_holds(compiled, &numbered), greedy, "{:?}", rule);
        }
    }
}
