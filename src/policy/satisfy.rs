//! Who can satisfy a policy: the smallest sets of principals.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::candidates::{
    Builder, Class, MAX_SETS, Part, Set, contains, minimal, own_numbers, size,
};
use super::compile::SignaturePolicy;
use super::imagined::Imagined;
use super::principal::Described;
use super::signatures::Signatures;
use super::tree::{Lookup, PolicyTree};
use crate::wire::MspPrincipal;

/// The most sets that are tried.
const MAX_TRIED: usize = 1_000;

/// Signers: who, and how many of that kind.
pub type SignerSet = BTreeMap<Described, usize>;

/// The smallest sets of signers that satisfy a policy.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct MinimalSets {
    /// The sets. Smaller ones first. An empty set: the policy holds without any signature.
    pub sets: Vec<SignerSet>,
    /// Whether these are all. When not, there are too many to be named one by one, or the search was given up.
    pub are_all: bool,
    /// The same sets, those told in one that differ only in which of several interchangeable signers they name.
    pub choices: Vec<Choice>,
    /// Whether the choices are all. When not, the search was given up: the policy is too large.
    pub choices_are_all: bool,
    /// The message of each principal that is named.
    pub principals: BTreeMap<Described, MspPrincipal>,
}

/// Sets of signers that differ only in which of interchangeable ones they name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Who is in each.
    pub fixed: SignerSet,
    /// And so many of these.
    pub any: Vec<AnyOf>,
}

/// So many of several, whichever.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AnyOf {
    /// How many.
    pub count: usize,
    /// Of whom.
    pub of: Vec<SignerSet>,
}

/// The smallest sets of signers, each of whom holds one principal (and is a member of its
/// organization), with which the policy is satisfied in some order of the signatures.
pub fn minimal_sets(tree: &PolicyTree, found: Lookup) -> MinimalSets {
    let place = match found {
        Lookup::Found(place) => place,
        Lookup::Missing | Lookup::Crash => {
            return MinimalSets { are_all: true, choices_are_all: true, ..MinimalSets::default() };
        }
    };
    let holds = |signatures: &Signatures<'_, Imagined<'_>>| {
        tree.evaluate_found(Lookup::Found(place), signatures).is_satisfied()
    };
    search(tree.principals(), |own| Part::of_tree(tree, place, own), holds)
}

impl SignaturePolicy {
    /// As [`minimal_sets`], of this policy alone.
    pub fn minimal_sets(&self) -> MinimalSets {
        let holds =
            |signatures: &Signatures<'_, Imagined<'_>>| self.evaluate(signatures).is_satisfied();
        search(self.principals(), |own| Part::of_rule(self.rule(), own), holds)
    }
}

fn search(
    principals: &[MspPrincipal],
    part: impl Fn(&[Option<usize>]) -> Part,
    holds: impl Fn(&Signatures<'_, Imagined<'_>>) -> bool,
) -> MinimalSets {
    let described: Vec<Described> = principals.iter().map(Described::of).collect();
    let part = part(&own_numbers(&described));
    let mut builder = Builder::new(&part, &described);
    let mut queue: VecDeque<Set> = builder.candidates(&part).into_iter().collect();
    queue.make_contiguous().sort_by_key(size);
    let largest = queue.iter().map(size).max().unwrap_or(0) + 2;
    // Everybody whom the policy names: one whom no smallest set has may be the one whom greed takes instead.
    let used = part.principals();

    let imagined = Imagined::new(principals, &described);
    let satisfy = |set: &Set| imagined.satisfy(set, &holds);
    let (mut tried, mut seen) = (0, BTreeSet::new());
    let mut found: BTreeSet<Set> = BTreeSet::new();
    while let Some(set) = queue.pop_front() {
        if !seen.insert(set.clone()) || found.iter().any(|smaller| contains(&set, smaller)) {
            continue;
        }
        tried += 1;
        if tried > MAX_TRIED {
            builder.is_cut = true;
            break;
        }
        if satisfy(&set) {
            found.insert(standing(&shrunk(set, &satisfy), &builder.classes));
        } else if size(&set) < largest {
            // Greed spoils an assignment that there is: one more signer may mend it.
            for principal in &used {
                let mut more = set.clone();
                *more.entry(*principal).or_default() += 1;
                queue.push_back(more);
            }
        }
    }
    let mut sets: Vec<Set> = minimal(found).into_iter().collect();
    sets.sort_by_key(size);
    told(&sets, &builder, principals, &described)
}

/// Without those whom the policy does not take.
fn shrunk(mut set: Set, satisfy: &impl Fn(&Set) -> bool) -> Set {
    let numbers: Vec<usize> = set.keys().copied().collect();
    for number in numbers {
        while let Some(count) = set.get(&number).copied() {
            let mut fewer = set.clone();
            if count > 1 {
                fewer.insert(number, count - 1);
            } else {
                fewer.remove(&number);
            }
            if !satisfy(&fewer) {
                break;
            }
            set = fewer;
        }
    }
    set
}

/// The set with the first so many of each class in place of those that it has.
fn standing(set: &Set, classes: &[Class]) -> Set {
    let mut standing = set.clone();
    for class in classes {
        let count = class.iter().filter(|member| contains(set, member)).count();
        for number in class.iter().flat_map(Set::keys) {
            standing.remove(number);
        }
        for member in class.iter().take(count) {
            standing.extend(member.iter().map(|(number, count)| (*number, *count)));
        }
    }
    standing
}

fn told(
    sets: &[Set],
    builder: &Builder<'_>,
    principals: &[MspPrincipal],
    described: &[Described],
) -> MinimalSets {
    let named = |set: &Set| -> SignerSet {
        let named = set
            .iter()
            .filter_map(|(number, count)| described.get(*number).map(|who| (who.clone(), *count)));
        named.collect()
    };
    let mut told = MinimalSets { choices_are_all: !builder.is_cut, ..MinimalSets::default() };
    let mut are_all = !builder.is_cut;
    for set in sets {
        let (mut fixed, mut any) = (set.clone(), Vec::new());
        for class in &builder.classes {
            let count = class.iter().filter(|member| contains(set, member)).count();
            if (1..class.len()).contains(&count) {
                for number in class.iter().flat_map(Set::keys) {
                    fixed.remove(number);
                }
                any.push(AnyOf { count, of: class.iter().map(named).collect() });
            }
        }
        let choice = Choice { fixed: named(&fixed), any };
        are_all &= choice.expand(&mut told.sets);
        told.choices.push(choice);
    }
    told.are_all = are_all;
    let asked = builder.classes.iter().flatten().chain(sets).flat_map(Set::keys);
    for number in asked {
        if let (Some(who), Some(principal)) = (described.get(*number), principals.get(*number)) {
            told.principals.insert(who.clone(), principal.clone());
        }
    }
    told
}

impl Choice {
    /// Names its sets one by one, as long as there is room; tells whether there was.
    fn expand(&self, sets: &mut Vec<SignerSet>) -> bool {
        let mut whole = vec![self.fixed.clone()];
        for any in &self.any {
            let mut next = Vec::new();
            for chosen in combinations(any.of.len(), any.count, MAX_SETS + 1) {
                for have in &whole {
                    let chosen = chosen.iter().filter_map(|place| any.of.get(*place)).flatten();
                    let mut set = have.clone();
                    set.extend(chosen.map(|(who, count)| (who.clone(), *count)));
                    next.push(set);
                }
            }
            next.truncate(MAX_SETS + 1);
            whole = next;
        }
        for set in whole {
            if sets.len() >= MAX_SETS {
                return false;
            }
            if !sets.contains(&set) {
                sets.push(set);
            }
        }
        true
    }
}

/// The ways to choose so many of so many places, in order, as far as `most`.
fn combinations(of: usize, count: usize, most: usize) -> Vec<Vec<usize>> {
    let mut chosen: Vec<usize> = (0..count).collect();
    let mut all = Vec::new();
    while count <= of && all.len() < most {
        all.push(chosen.clone());
        // The last place that can still move moves, and those behind it follow.
        let last = chosen.iter().enumerate().rev().find(|(at, place)| **place < of - count + at);
        let Some((at, place)) = last.map(|(at, place)| (at, *place)) else { break };
        for (place, moved) in chosen.iter_mut().skip(at).zip(place + 1..) {
            *place = moved;
        }
    }
    all
}

#[cfg(test)]
#[path = "satisfy_tests.rs"]
mod tests;
