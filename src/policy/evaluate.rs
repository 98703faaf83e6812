//! Greedy evaluation, in Fabric's order.
//!
//! Fabric verifies every signature first and then evaluates every rule of every gate. Both have the
//! same verdict as less: a signature is verified when its identity is about to be used, and a gate
//! stops as soon as nothing that follows can change the verdict. That is so when it cannot be
//! satisfied any more (what it used is given back), and when it is satisfied and nobody will ask which
//! identities it used. The properties in `evaluate_tests.rs` compare with the long way.

use super::ast::Rule;
use super::compile::SignaturePolicy;
use super::members::Members;
use super::signatures::Signatures;
use crate::wire::MspPrincipal;

/// What a set of signatures comes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// The policy is satisfied.
    Satisfied,
    /// It is not.
    Unsatisfied(Why),
}

impl Verdict {
    /// Whether the policy is satisfied.
    pub fn is_satisfied(self) -> bool {
        self == Self::Satisfied
    }

    pub(super) fn of(satisfied: bool, otherwise: Why) -> Self {
        if satisfied { Self::Satisfied } else { Self::Unsatisfied(otherwise) }
    }
}

/// Why a policy is not satisfied, in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    /// The signatures are not those that a signature policy asks for.
    NotSatisfied,
    /// Too few of the policies below hold.
    ImplicitNotSatisfied,
    /// There is no policy of that name.
    NoSuchPolicy,
    /// Fabric's nodes crash over the question.
    Crash,
}

impl Why {
    /// The stable word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NotSatisfied => "not-satisfied",
            Self::ImplicitNotSatisfied => "implicit-not-satisfied",
            Self::NoSuchPolicy => "no-such-policy",
            Self::Crash => "panic",
        }
    }
}

impl SignaturePolicy {
    /// Whether the signatures satisfy the policy.
    pub fn evaluate<M: Members>(&self, signatures: &Signatures<'_, M>) -> Verdict {
        let judge = Judge::new(signatures, self.principals());
        Verdict::of(judge.satisfies(self.rule()), Why::NotSatisfied)
    }
}

/// A set of identities by their place.
#[derive(Debug, Clone)]
pub(super) enum Used {
    Few(u64),
    Many(Vec<u64>),
}

impl Used {
    pub(super) fn none(count: usize) -> Self {
        if count <= 64 { Self::Few(0) } else { Self::Many(vec![0; count.div_ceil(64)]) }
    }

    pub(super) fn contains(&self, index: usize) -> bool {
        let word = match self {
            Self::Few(word) => *word,
            Self::Many(words) => words.get(index / 64).copied().unwrap_or(0),
        };
        word >> (index % 64) & 1 == 1
    }

    pub(super) fn insert(&mut self, index: usize) {
        let word = match self {
            Self::Few(word) => Some(word),
            Self::Many(words) => words.get_mut(index / 64),
        };
        if let Some(word) = word {
            *word |= 1 << (index % 64);
        }
    }
}

/// One evaluation: signatures, principals, and what is known of who is whom.
pub(super) struct Judge<'s, 'a, M: Members> {
    signatures: &'s Signatures<'a, M>,
    principals: &'s [MspPrincipal],
    /// For each principal and identity: not asked yet, no, yes.
    known: std::cell::RefCell<Vec<u8>>,
}

/// The largest such table, in octets; without one, who is whom is asked again.
const MAX_KNOWN: usize = 1 << 20;
const NOT_ASKED: u8 = 0;
const NO: u8 = 1;
const YES: u8 = 2;

impl<'s, 'a, M: Members> Judge<'s, 'a, M> {
    pub(super) fn new(signatures: &'s Signatures<'a, M>, principals: &'s [MspPrincipal]) -> Self {
        let cells = signatures.len().saturating_mul(principals.len());
        let cells = if cells > MAX_KNOWN { 0 } else { cells };
        Self { signatures, principals, known: vec![NOT_ASKED; cells].into() }
    }

    pub(super) fn signatures(&self) -> &'s Signatures<'a, M> {
        self.signatures
    }

    /// Whether the rule holds, whichever identities it uses.
    pub(super) fn satisfies(&self, rule: &Rule) -> bool {
        self.holds(rule, &mut Used::none(self.signatures.len()), true)
    }

    /// Whether the identity of this entry is the principal of this number.
    pub(super) fn is(&self, entry: usize, principal: i32) -> bool {
        let Some(number) = usize::try_from(principal).ok() else { return false };
        let Some(asked) = self.principals.get(number) else { return false };
        let cell = number * self.signatures.len() + entry;
        match self.known.borrow().get(cell) {
            Some(&YES) => return true,
            Some(&NO) => return false,
            _ => {}
        }
        let identity = self.signatures.identity(entry).and_then(Result::ok);
        let members = self.signatures.members();
        let is = identity.is_some_and(|identity| members.satisfies(identity, asked).is_ok());
        if let Some(known) = self.known.borrow_mut().get_mut(cell) {
            *known = if is { YES } else { NO };
        }
        is
    }

    /// Whether the rule holds with identities that are not used yet; those that it takes are marked.
    /// With `last`, nobody looks at the marks afterwards.
    fn holds(&self, rule: &Rule, used: &mut Used, last: bool) -> bool {
        match rule {
            Rule::SignedBy(principal) => {
                let free = |entry: &usize| {
                    !used.contains(*entry)
                        && self.is(*entry, *principal)
                        && self.signatures.counts(*entry)
                };
                let found = (0..self.signatures.len()).find(free);
                if let Some(entry) = found {
                    used.insert(entry);
                }
                found.is_some()
            }
            Rule::OutOf { n, rules } => {
                // A number of 0 or below asks for nothing, yet its rules take identities.
                let needed = usize::try_from(*n).unwrap_or(0);
                let mut held = 0;
                for (index, rule) in rules.iter().enumerate() {
                    let left = rules.len() - index;
                    if held + left < needed || (last && held >= needed) {
                        break;
                    }
                    let mut tried = used.clone();
                    let last_here = last && (left == 1 || held + 1 >= needed);
                    if self.holds(rule, &mut tried, last_here) {
                        *used = tried;
                        held += 1;
                    }
                }
                held >= needed
            }
        }
    }
}

#[cfg(test)]
#[path = "evaluate_tests.rs"]
mod tests;
