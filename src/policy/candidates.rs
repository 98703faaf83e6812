//! Sets of signers that could satisfy a policy, before anybody asks it.
//!
//! Parts of a gate that differ only in whom they name, and whose signers are nobody's concern elsewhere in the policy, are
//! interchangeable: of five of twenty such parts it does not matter which five. Only the first so many of them are ever
//! tried, and stand for all choices.

use std::collections::{BTreeMap, BTreeSet};
use std::mem::Discriminant;

use super::ast::{Role, Rule};
use super::implicit::Threshold;
use super::principal::Described;
use super::tree::{Kind, PolicyTree};

/// The most sets that are held at a time.
pub(super) const MAX_SETS: usize = 300;

/// A set by numbers of principals: how many of each.
pub(super) type Set = BTreeMap<usize, usize>;

pub(super) fn size(set: &Set) -> usize {
    set.values().sum()
}

pub(super) fn contains(set: &Set, smaller: &Set) -> bool {
    smaller.iter().all(|(number, count)| set.get(number).is_some_and(|have| have >= count))
}

/// Those that contain no other.
pub(super) fn minimal(sets: BTreeSet<Set>) -> BTreeSet<Set> {
    let mut sorted: Vec<Set> = sets.into_iter().collect();
    sorted.sort_by_key(size);
    if sorted.first().map(size) == sorted.last().map(size) {
        return sorted.into_iter().collect();
    }
    let mut kept: Vec<Set> = Vec::new();
    for set in sorted {
        if !kept.iter().any(|smaller| contains(&set, smaller)) {
            kept.push(set);
        }
    }
    kept.into_iter().collect()
}

/// A policy as far as sets matter, with the numbers of principals that say the same made one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    /// A signature of this principal.
    One(usize),
    /// Of somebody who does not exist.
    Nobody,
    /// So many of these.
    Of {
        needed: usize,
        parts: Vec<Part>,
        /// Whether a signer counts for each part, as below implicit policies.
        is_shared: bool,
    },
}

impl Part {
    pub(super) fn of_rule(rule: &Rule, own: &[Option<usize>]) -> Self {
        match rule {
            Rule::SignedBy(number) => {
                let own = usize::try_from(*number).ok().and_then(|number| own.get(number));
                own.copied().flatten().map_or(Self::Nobody, Self::One)
            }
            Rule::OutOf { n, rules } => Self::Of {
                needed: usize::try_from(*n).unwrap_or(0),
                parts: rules.iter().map(|rule| Self::of_rule(rule, own)).collect(),
                is_shared: false,
            },
        }
    }

    pub(super) fn of_tree(tree: &PolicyTree, place: usize, own: &[Option<usize>]) -> Self {
        match tree.kind(place) {
            None => Self::Nobody,
            Some(Kind::Signature(rule)) => Self::of_rule(rule, own),
            // One that holds when none below does: nobody has to sign.
            Some(Kind::Implicit { threshold: Threshold::None, .. }) => {
                Self::Of { needed: 0, parts: Vec::new(), is_shared: true }
            }
            Some(Kind::Implicit { threshold: Threshold::AtLeast(needed), below, .. }) => {
                let below = below.iter().map(|below| match below.policy {
                    Some(place) => Self::of_tree(tree, place, own),
                    None => Self::Nobody,
                });
                Self::Of { needed: *needed, parts: below.collect(), is_shared: true }
            }
        }
    }

    /// The principals that it names.
    pub(super) fn principals(&self) -> BTreeSet<usize> {
        let mut all = BTreeSet::new();
        self.visit(&mut |number| {
            all.insert(number);
        });
        all
    }

    fn visit(&self, see: &mut impl FnMut(usize)) {
        match self {
            Self::One(number) => see(*number),
            Self::Nobody => {}
            Self::Of { parts, .. } => parts.iter().for_each(|part| part.visit(see)),
        }
    }
}

/// For each principal the first that says the same; nothing for one that nobody can be.
pub(super) fn own_numbers(described: &[Described]) -> Vec<Option<usize>> {
    let mut first: BTreeMap<&Described, usize> = BTreeMap::new();
    let own = |(number, who)| {
        let known = *first.entry(who).or_insert(number);
        (*who != Described::Nobody).then_some(known)
    };
    described.iter().enumerate().map(own).collect()
}

/// Parts that are interchangeable: each is satisfied by one set, which has nobody in common with anything else.
pub(super) type Class = Vec<Set>;

/// What is known of a policy's parts.
#[derive(Debug)]
pub(super) struct Builder<'d> {
    described: &'d [Described],
    /// Principals of which one signer can be both have the same number here.
    kin: Vec<usize>,
    /// How often the policy asks for somebody of these.
    asked: Vec<usize>,
    pub(super) classes: Vec<Class>,
    /// Whether the search was given up.
    pub(super) is_cut: bool,
}

/// The sets that satisfy a part, and whether some of them stand for others.
struct Family {
    sets: BTreeSet<Set>,
    stands_for_others: bool,
}

impl<'d> Builder<'d> {
    pub(super) fn new(part: &Part, described: &'d [Described]) -> Self {
        let kin = kin(described);
        let mut asked = vec![0; described.len()];
        part.visit(&mut |number| {
            let count = kin.get(number).and_then(|kin| asked.get_mut(*kin));
            if let Some(count) = count {
                *count += 1;
            }
        });
        Self { described, kin, asked, classes: Vec::new(), is_cut: false }
    }

    /// The sets that satisfy the policy if nobody's signature is wasted.
    pub(super) fn candidates(&mut self, part: &Part) -> BTreeSet<Set> {
        self.family(part).sets
    }

    fn family(&mut self, part: &Part) -> Family {
        let (needed, parts, is_shared) = match part {
            Part::One(number) => {
                let sets = BTreeSet::from([Set::from([(*number, 1)])]);
                return Family { sets, stands_for_others: false };
            }
            Part::Nobody => return Family { sets: BTreeSet::new(), stands_for_others: false },
            Part::Of { needed, parts, is_shared } => (*needed, parts, *is_shared),
        };
        if needed == 0 {
            return Family { sets: BTreeSet::from([Set::new()]), stands_for_others: false };
        }
        let mut stands_for_others = false;
        let mut alone = Vec::new();
        let mut alike: Vec<(Vec<Token>, Class)> = Vec::new();
        for part in parts {
            let family = self.family(part);
            stands_for_others |= family.stands_for_others;
            match (family.sets.first(), family.sets.len()) {
                (Some(set), 1) if !family.stands_for_others && self.is_apart(part) => {
                    let shape = self.shape(part);
                    match alike.iter_mut().find(|(known, _)| *known == shape) {
                        Some((_, class)) => class.push(set.clone()),
                        None => alike.push((shape, vec![set.clone()])),
                    }
                }
                _ => alone.push(family.sets),
            }
        }
        // The signers of one signature policy are distinct; below an implicit one they count for each.
        let join = if is_shared { usize::max } else { |have, more| have + more };
        let mut by_count: Vec<BTreeSet<Set>> = vec![BTreeSet::new(); needed + 1];
        if let Some(none) = by_count.first_mut() {
            none.insert(Set::new());
        }
        for (_, class) in alike {
            if class.len() > 1 {
                stands_for_others = true;
                self.add_some(&mut by_count, &class, join);
                self.classes.push(class);
            } else {
                self.add(&mut by_count, &class.into_iter().collect(), join);
            }
        }
        for sets in &alone {
            self.add(&mut by_count, sets, join);
        }
        let sets = by_count.pop().unwrap_or_default();
        Family { sets, stands_for_others }
    }

    /// One more part: the sets of each count, and those that one of the part's sets joins.
    fn add(
        &mut self,
        by_count: &mut [BTreeSet<Set>],
        part: &BTreeSet<Set>,
        join: impl Fn(usize, usize) -> usize + Copy,
    ) {
        for count in (0..by_count.len().saturating_sub(1)).rev() {
            let mut joined = BTreeSet::new();
            for have in by_count.get(count).into_iter().flatten() {
                joined.extend(part.iter().map(|more| union(have, more, join)));
                if joined.len() > MAX_SETS {
                    self.is_cut = true;
                    break;
                }
            }
            self.keep(by_count, count + 1, joined);
        }
    }

    /// A class of parts: of each count so many of its first.
    fn add_some(
        &mut self,
        by_count: &mut [BTreeSet<Set>],
        class: &Class,
        join: impl Fn(usize, usize) -> usize + Copy,
    ) {
        for count in (0..by_count.len().saturating_sub(1)).rev() {
            let mut have = by_count.get(count).cloned().unwrap_or_default();
            for (taken, next) in class.iter().enumerate() {
                have = have.iter().map(|have| union(have, next, join)).collect();
                if count + taken + 1 >= by_count.len() {
                    break;
                }
                self.keep(by_count, count + taken + 1, have.clone());
            }
        }
    }

    fn keep(&mut self, by_count: &mut [BTreeSet<Set>], count: usize, more: BTreeSet<Set>) {
        let Some(sets) = by_count.get_mut(count) else { return };
        sets.extend(more);
        *sets = minimal(std::mem::take(sets));
        while sets.len() > MAX_SETS {
            sets.pop_last();
            self.is_cut = true;
        }
    }

    /// Whether the rest of the policy asks for nobody who could sign for this part.
    fn is_apart(&self, part: &Part) -> bool {
        let mut here: BTreeMap<usize, usize> = BTreeMap::new();
        part.visit(&mut |number| {
            let kin = self.kin.get(number).copied().unwrap_or(number);
            *here.entry(kin).or_default() += 1;
        });
        here.iter().all(|(kin, count)| self.asked.get(*kin) == Some(count))
    }

    /// The part without whom it names: alike for parts that differ in that alone.
    fn shape(&self, part: &Part) -> Vec<Token> {
        let (mut msps, mut numbers, mut tokens) = (Vec::new(), Vec::new(), Vec::new());
        self.push_shape(part, &mut msps, &mut numbers, &mut tokens);
        tokens
    }

    fn push_shape<'a>(
        &'a self,
        part: &Part,
        msps: &mut Vec<Option<&'a str>>,
        numbers: &mut Vec<usize>,
        tokens: &mut Vec<Token>,
    ) {
        match part {
            Part::Nobody => tokens.push(Token::Nobody),
            Part::One(number) => {
                let Some(who) = self.described.get(*number) else { return };
                let role = match who {
                    Described::Role(named) => Some(named.role),
                    Described::Unit(..)
                    | Described::Identity(..)
                    | Described::Anyone
                    | Described::All(_)
                    | Described::Nobody => None,
                };
                let (msp, own) = (place(msps, who.msp_id()), place(numbers, *number));
                tokens.push(Token::One(std::mem::discriminant(who), role, msp, own));
            }
            Part::Of { needed, parts, is_shared } => {
                tokens.push(Token::Of(*needed, parts.len(), *is_shared));
                for part in parts {
                    self.push_shape(part, msps, numbers, tokens);
                }
            }
        }
    }
}

/// A piece of a part's shape: the kind and role of whom it asks for, with the places of organization and principal among
/// those that the part names; or a gate.
#[derive(Debug, PartialEq, Eq)]
enum Token {
    Nobody,
    One(Discriminant<Described>, Option<Role>, usize, usize),
    Of(usize, usize, bool),
}

/// The place of something in a list of what was seen, at its end when it is new.
fn place<T: PartialEq>(seen: &mut Vec<T>, what: T) -> usize {
    seen.iter().position(|known| *known == what).unwrap_or_else(|| {
        seen.push(what);
        seen.len() - 1
    })
}

fn union(have: &Set, more: &Set, join: impl Fn(usize, usize) -> usize) -> Set {
    let mut whole = have.clone();
    for (number, count) in more {
        let before = whole.get(number).copied().unwrap_or(0);
        whole.insert(*number, join(before, *count));
    }
    whole
}

/// Principals of which one signer can be both: the same ones, and the roles of an organization of which `member` is asked
/// for too. With `anyone`, all are.
fn kin(described: &[Described]) -> Vec<usize> {
    if described.contains(&Described::Anyone) {
        return vec![0; described.len()];
    }
    let is_member = |who: &Described| match who {
        Described::Role(named) => named.role == Role::Member,
        Described::Unit(..)
        | Described::Identity(..)
        | Described::Anyone
        | Described::All(_)
        | Described::Nobody => false,
    };
    let members: BTreeSet<&str> =
        described.iter().filter(|who| is_member(who)).filter_map(Described::msp_id).collect();
    let mut first: BTreeMap<Result<&str, &Described>, usize> = BTreeMap::new();
    let mut kin = Vec::with_capacity(described.len());
    for (number, who) in described.iter().enumerate() {
        let key = match who.msp_id() {
            Some(msp_id) if members.contains(msp_id) => Ok(msp_id),
            _ => Err(who),
        };
        kin.push(*first.entry(key).or_insert(number));
    }
    kin
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::compile::SignaturePolicy;
    use crate::policy::language::read;

    /// Sizes of the classes that are found.
    fn classes(text: &str) -> Vec<usize> {
        let policy = SignaturePolicy::from_written(&read(text).unwrap());
        let described: Vec<Described> = policy.principals().iter().map(Described::of).collect();
        let part = Part::of_rule(policy.rule(), &own_numbers(&described));
        let mut builder = Builder::new(&part, &described);
        builder.candidates(&part);
        builder.classes.iter().map(Vec::len).collect()
    }

    #[test]
    fn parts_are_interchangeable_when_nothing_else_asks_for_their_signers() {
        assert_eq!(classes("OutOf(2, 'A.peer', 'B.peer', 'C.peer')"), [3]);
        assert_eq!(classes("OutOf(2, 'A.peer', 'B.admin', 'C.peer')"), [2]);
        let pairs =
            "OutOf(2, AND('A.peer','A.admin'), AND('B.peer','B.admin'), AND('C.peer','D.admin'))";
        assert_eq!(classes(pairs), [2]);
        // Who is asked for twice is not as good as the others.
        assert_eq!(classes("AND('A.peer', OutOf(1, 'A.peer', 'B.peer', 'C.peer'))"), [2]);
        // A member's signature may be taken by another part of the policy.
        assert_eq!(classes("OutOf(2, 'A.peer', 'B.peer', 'C.peer', 'A.member')"), [2]);
        assert_eq!(classes("OR(AND('A.peer','B.peer'), AND('A.peer','C.peer'))"), [0; 0]);
    }
}
