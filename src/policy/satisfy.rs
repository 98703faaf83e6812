//! Who can satisfy a policy: the smallest sets of principals, and until when.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::assign::{Search, assignment};
use super::ast::{Role, Rule};
use super::compile::SignaturePolicy;
use super::implicit::Threshold;
use super::members::Members;
use super::principal::Described;
use super::signatures::{Signatures, SignedData};
use super::tree::{Kind, Lookup, PolicyTree};
use crate::clock::Timestamp;
use crate::wire::MspPrincipal;

/// The most sets that are held at a time, and the most that are tried.
const MAX_SETS: usize = 300;
const MAX_TRIED: usize = 1_000;
/// The largest set that is tried in every order.
const MAX_PERMUTED: usize = 5;

/// The smallest sets of signers that satisfy a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MinimalSets {
    /// Each set: who signs, and how many of that kind. Smaller sets first. An empty set: the policy
    /// holds without any signature.
    pub sets: Vec<BTreeMap<Described, usize>>,
    /// Whether these are all. When not, the search was given up: the policy is too large.
    pub are_all: bool,
}

/// A set by numbers of principals.
type Set = BTreeMap<usize, usize>;

/// What a policy is made of, as far as sets matter.
trait Policy {
    fn principals(&self) -> &[MspPrincipal];
    fn candidates(&self, builder: &mut Builder) -> BTreeSet<Set>;
    fn holds(&self, signatures: &Signatures<'_, Imagined<'_>>) -> bool;
}

/// The smallest sets of signers, each of whom holds one principal (and is a member of its
/// organization), with which the policy is satisfied in some order of the signatures.
pub fn minimal_sets(tree: &PolicyTree, found: Lookup) -> MinimalSets {
    let place = match found {
        Lookup::Found(place) => place,
        Lookup::Missing | Lookup::Crash => return MinimalSets { sets: Vec::new(), are_all: true },
    };
    search(&Placed { tree, place })
}

impl SignaturePolicy {
    /// As [`minimal_sets`], of this policy alone.
    pub fn minimal_sets(&self) -> MinimalSets {
        search(self)
    }
}

fn search(policy: &impl Policy) -> MinimalSets {
    let described: Vec<Described> = policy.principals().iter().map(Described::of).collect();
    let mut builder = Builder { own: own_numbers(&described), is_cut: false };
    let mut queue: VecDeque<Set> = policy.candidates(&mut builder).into_iter().collect();
    queue.make_contiguous().sort_by_key(size);
    let largest = queue.iter().map(size).max().unwrap_or(0) + 2;
    let used: BTreeSet<usize> = queue.iter().flat_map(|set| set.keys().copied()).collect();

    let imagined = Imagined { principals: policy.principals(), described: &described };
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
        if imagined.satisfy(policy, &set) {
            found.insert(imagined.shrunk(policy, set));
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
    let name = |(number, count): (usize, usize)| {
        described.get(number).map(|described| (described.clone(), count))
    };
    let mut named: Vec<BTreeMap<Described, usize>> = Vec::new();
    for set in sets {
        let set = set.into_iter().filter_map(name).collect();
        if !named.contains(&set) {
            named.push(set);
        }
    }
    MinimalSets { sets: named, are_all: !builder.is_cut }
}

fn size(set: &Set) -> usize {
    set.values().sum()
}

fn contains(set: &Set, smaller: &Set) -> bool {
    smaller.iter().all(|(number, count)| set.get(number).is_some_and(|have| have >= count))
}

fn minimal(sets: BTreeSet<Set>) -> BTreeSet<Set> {
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

/// For each principal the first that says the same; nothing for one that nobody can be.
fn own_numbers(described: &[Described]) -> Vec<Option<usize>> {
    let own = |who: &Described| {
        let somebody = *who != Described::Nobody;
        described.iter().position(|known| known == who).filter(|_| somebody)
    };
    described.iter().map(own).collect()
}

struct Builder {
    own: Vec<Option<usize>>,
    is_cut: bool,
}

impl Builder {
    fn of_rule(&mut self, rule: &Rule) -> BTreeSet<Set> {
        match rule {
            Rule::SignedBy(number) => {
                let own = usize::try_from(*number).ok().and_then(|number| self.own.get(number));
                own.copied().flatten().map(|number| Set::from([(number, 1)])).into_iter().collect()
            }
            Rule::OutOf { n, rules } => {
                let needed = usize::try_from(*n).unwrap_or(0);
                let parts: Vec<_> = rules.iter().map(|rule| self.of_rule(rule)).collect();
                // The signers of one policy are distinct.
                self.some_of(needed, &parts, |have, more| have + more)
            }
        }
    }

    /// The smallest sets that contain a set of at least so many parts.
    fn some_of(
        &mut self,
        needed: usize,
        parts: &[BTreeSet<Set>],
        join: impl Fn(usize, usize) -> usize,
    ) -> BTreeSet<Set> {
        let mut by_count: Vec<BTreeSet<Set>> = vec![BTreeSet::new(); needed + 1];
        if needed > parts.len() {
            return BTreeSet::new();
        }
        if let Some(none) = by_count.first_mut() {
            none.insert(Set::new());
        }
        for part in parts {
            for count in (0..needed).rev() {
                let mut joined = BTreeSet::new();
                for have in by_count.get(count).into_iter().flatten() {
                    for more in part {
                        let mut whole = have.clone();
                        for (number, count) in more {
                            let before = whole.get(number).copied().unwrap_or(0);
                            whole.insert(*number, join(before, *count));
                        }
                        joined.insert(whole);
                    }
                    if joined.len() > MAX_SETS {
                        self.is_cut = true;
                        break;
                    }
                }
                if let Some(next) = by_count.get_mut(count + 1) {
                    next.extend(joined);
                    *next = minimal(std::mem::take(next));
                    while next.len() > MAX_SETS {
                        next.pop_last();
                        self.is_cut = true;
                    }
                }
            }
        }
        by_count.pop().unwrap_or_default()
    }
}

impl Policy for SignaturePolicy {
    fn principals(&self) -> &[MspPrincipal] {
        self.principals()
    }

    fn candidates(&self, builder: &mut Builder) -> BTreeSet<Set> {
        builder.of_rule(self.rule())
    }

    fn holds(&self, signatures: &Signatures<'_, Imagined<'_>>) -> bool {
        self.evaluate(signatures).is_satisfied()
    }
}

struct Placed<'t> {
    tree: &'t PolicyTree,
    place: usize,
}

impl Placed<'_> {
    fn below(&self, place: usize, builder: &mut Builder) -> BTreeSet<Set> {
        match self.tree.kind(place) {
            None => BTreeSet::new(),
            Some(Kind::Signature(rule)) => builder.of_rule(rule),
            Some(Kind::Implicit { threshold, below, .. }) => {
                let parts: Vec<_> = below
                    .iter()
                    .map(|below| match below.policy {
                        Some(place) => self.below(place, builder),
                        None => BTreeSet::new(),
                    })
                    .collect();
                match threshold {
                    // An identity counts for each policy below that it satisfies.
                    Threshold::AtLeast(needed) => builder.some_of(*needed, &parts, usize::max),
                    Threshold::None => BTreeSet::from([Set::new()]),
                }
            }
        }
    }
}

impl Policy for Placed<'_> {
    fn principals(&self) -> &[MspPrincipal] {
        self.tree.principals()
    }

    fn candidates(&self, builder: &mut Builder) -> BTreeSet<Set> {
        self.below(self.place, builder)
    }

    fn holds(&self, signatures: &Signatures<'_, Imagined<'_>>) -> bool {
        self.tree.evaluate_found(Lookup::Found(self.place), signatures).is_satisfied()
    }
}

/// MSPs in which every identity is one principal, and a member of its organization.
#[derive(Debug)]
struct Imagined<'p> {
    principals: &'p [MspPrincipal],
    described: &'p [Described],
}

/// The number of the principal that the identity is, and which of its kind it is.
#[derive(Debug, Clone)]
struct Signer {
    number: usize,
    key: [u8; 16],
}

impl Members for Imagined<'_> {
    type Identity = Signer;
    type Rejection = ();

    fn identity(&self, serialized: &[u8]) -> Result<Signer, ()> {
        let key: [u8; 16] = serialized.try_into().map_err(|_| ())?;
        let number = u128::from_be_bytes(key) >> 64;
        Ok(Signer { number: usize::try_from(number).map_err(|_| ())?, key })
    }

    fn key(identity: &Signer) -> (&str, &[u8]) {
        ("", &identity.key)
    }

    fn verify(&self, _: &Signer, _: &[u8], _: &[u8]) -> Result<(), ()> {
        Ok(())
    }

    fn satisfies(&self, identity: &Signer, principal: &MspPrincipal) -> Result<(), ()> {
        let own = self.described.get(identity.number).ok_or(())?;
        let number = self.principals.iter().position(|known| known == principal);
        let asked = number.and_then(|number| self.described.get(number)).ok_or(())?;
        let is_member = match asked {
            Described::Role(named) => {
                named.role == Role::Member && own.msp_id() == Some(&named.msp_id)
            }
            Described::Anyone => true,
            Described::Unit(..) | Described::Identity(_) | Described::All(_) => false,
            Described::Nobody => return Err(()),
        };
        if own == asked || is_member { Ok(()) } else { Err(()) }
    }
}

impl Imagined<'_> {
    /// Whether these signers satisfy the policy in some order: in every one when they are few, else
    /// in the two orders of the principals.
    fn satisfy(&self, policy: &impl Policy, set: &Set) -> bool {
        let mut signers: Vec<[u8; 16]> = Vec::new();
        for (number, count) in set {
            for copy in 0..*count {
                let key = (*number as u128) << 64 | copy as u128;
                signers.push(key.to_be_bytes());
            }
        }
        let holds = |signers: &[[u8; 16]]| {
            let signed: Vec<SignedData<'_>> = signers
                .iter()
                .map(|key| SignedData {
                    identity: key.as_slice().into(),
                    data: [].as_slice().into(),
                    signature: [].as_slice().into(),
                })
                .collect();
            policy.holds(&Signatures::new(self, &signed))
        };
        if holds(&signers) {
            return true;
        }
        if signers.len() <= MAX_PERMUTED {
            return permutations(&mut signers, 0, &holds);
        }
        signers.reverse();
        holds(&signers)
    }

    /// Without those whom it does not take.
    fn shrunk(&self, policy: &impl Policy, mut set: Set) -> Set {
        let numbers: Vec<usize> = set.keys().copied().collect();
        for number in numbers {
            while let Some(count) = set.get(&number).copied() {
                let mut fewer = set.clone();
                if count > 1 {
                    fewer.insert(number, count - 1);
                } else {
                    fewer.remove(&number);
                }
                if !self.satisfy(policy, &fewer) {
                    break;
                }
                set = fewer;
            }
        }
        set
    }
}

fn permutations<T>(items: &mut [T], from: usize, holds: &impl Fn(&[T]) -> bool) -> bool {
    if from + 1 >= items.len() {
        return holds(items);
    }
    for at in from..items.len() {
        items.swap(from, at);
        let found = permutations(items, from + 1, holds);
        items.swap(from, at);
        if found {
            return true;
        }
    }
    false
}

/// Someone who could sign, and until when their certificate is good.
#[derive(Debug, Clone)]
pub struct Holder<I> {
    /// Who.
    pub identity: I,
    /// The certificate's last instant.
    pub not_after: Timestamp,
}

/// Until when a policy can be satisfied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Until {
    /// Not even now.
    NotNow,
    /// Through this instant: then too few certificates are left.
    Through(Timestamp),
    /// It needs nobody.
    Always,
    /// The search was given up.
    Unknown,
}

/// Until when some of the holders can satisfy the policy, assigned as they need be. Verdicts on
/// channel policies do not look at expiry; people have to.
pub fn satisfiable_until<M: Members>(
    members: &M,
    policy: &SignaturePolicy,
    holders: &[Holder<M::Identity>],
    at: Timestamp,
) -> Until {
    let mut alive: Vec<&Holder<M::Identity>> =
        holders.iter().filter(|holder| holder.not_after >= at).collect();
    // Whoever lasts longest comes first: how many of them are needed tells until when.
    alive.sort_by_key(|holder| std::cmp::Reverse(holder.not_after));
    let is = |holder: usize, principal: i32| {
        let asked = usize::try_from(principal).ok().and_then(|n| policy.principals().get(n));
        alive
            .get(holder)
            .zip(asked)
            .is_some_and(|(holder, asked)| members.satisfies(&holder.identity, asked).is_ok())
    };
    let search = |count: usize| assignment(policy.rule(), count, &is);
    match search(0) {
        Search::Exists => return Until::Always,
        Search::TooLong => return Until::Unknown,
        Search::None => {}
    }
    match search(alive.len()) {
        Search::Exists => {}
        Search::TooLong => return Until::Unknown,
        Search::None => return Until::NotNow,
    }
    let (mut too_few, mut enough) = (0, alive.len());
    while enough - too_few > 1 {
        let middle = too_few.midpoint(enough);
        match search(middle) {
            Search::Exists => enough = middle,
            Search::None => too_few = middle,
            Search::TooLong => return Until::Unknown,
        }
    }
    let last = enough.checked_sub(1).and_then(|last| alive.get(last));
    last.map_or(Until::Unknown, |holder| Until::Through(holder.not_after))
}

#[cfg(test)]
#[path = "satisfy_tests.rs"]
mod tests;
