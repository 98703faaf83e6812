//! Why a verdict is what it is: computed when asked for, beside the verdict and never for it.

use std::fmt;

use super::assign::{Search, assignment};
use super::ast::Rule;
use super::compile::SignaturePolicy;
use super::evaluate::{Judge, Used};
use super::implicit::Threshold;
use super::members::Members;
use super::principal::Described;
use super::signatures::Signatures;
use super::tree::{Kind, Lookup, PolicyTree};
use crate::wire::MspPrincipal;

/// Why a set of signatures satisfies a policy, or not.
#[derive(Debug, Clone)]
pub struct Explanation<R> {
    /// Whether the policy is satisfied: the same as the verdict.
    pub is_satisfied: bool,
    /// For each signature, in order, why it does not count; nothing when it does.
    pub dropped: Vec<Option<Dropped<R>>>,
    /// The policy, and who satisfied which part of it.
    pub found: Found<R>,
    /// When the policy is not satisfied, whether the same identities could satisfy it if they were
    /// assigned to its principals otherwise than one after another. Nothing when the search for that
    /// was given up. Fabric does not look, nor do we.
    pub another_assignment: Option<bool>,
}

/// Why a signature does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Dropped<R> {
    /// The identity cannot be read: its MSP is unknown, its certificate malformed, its issuer unknown.
    Identity(R),
    /// The signature is not good.
    Signature(R),
    /// The signature at this place was by the same identity.
    Duplicate(usize),
}

/// How a part of a policy fared.
#[derive(Debug, Clone)]
pub enum Found<R> {
    /// One identity was asked for.
    Principal {
        /// Which.
        principal: Described,
        /// The place of the signature that was used for it.
        by: Option<usize>,
        /// The signatures that count but were used already, and would do.
        taken: Vec<usize>,
        /// The signatures that count but whose identity is another, and why.
        refused: Vec<(usize, R)>,
    },
    /// Some of several parts were asked for.
    Gate {
        /// How many; 0 or below always holds.
        needed: i32,
        /// How many held.
        held: usize,
        /// They, in order.
        rules: Vec<Found<R>>,
    },
    /// Some of the policies of one name one level below were asked for.
    Implicit(Outcome<R>),
    /// There is no such policy.
    Missing,
}

/// How the policies of one name fared.
#[derive(Debug, Clone)]
pub struct Outcome<R> {
    /// Their name.
    pub name: String,
    /// How many are needed; nothing when none may hold.
    pub needed: Option<usize>,
    /// How many held.
    pub held: usize,
    /// They, by group.
    pub below: Vec<(String, Found<R>)>,
}

/// What would still be needed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Need {
    /// A signature of this principal.
    Principal(Described),
    /// So many of these.
    Some(usize, Vec<Need>),
    /// Nothing helps.
    Impossible,
}

impl<R> Found<R> {
    /// Whether the part holds.
    pub fn holds(&self) -> bool {
        match self {
            Self::Principal { by, .. } => by.is_some(),
            Self::Gate { needed, held, .. } => {
                usize::try_from(*needed).map_or(true, |needed| *held >= needed)
            }
            Self::Implicit(outcome) => match outcome.needed {
                Some(needed) => outcome.held >= needed,
                None => outcome.held == 0,
            },
            Self::Missing => false,
        }
    }

    /// What would still be needed for it; nothing when it holds.
    pub fn need(&self) -> Option<Need> {
        if self.holds() {
            return None;
        }
        Some(match self {
            Self::Principal { principal, .. } => Need::Principal(principal.clone()),
            Self::Gate { needed, held, rules } => {
                let needed = usize::try_from(*needed).unwrap_or(0);
                some(needed - (*held).min(needed), rules.iter())
            }
            Self::Implicit(outcome) => match outcome.needed {
                Some(needed) => {
                    let below = outcome.below.iter().map(|(_, found)| found);
                    some(needed - outcome.held.min(needed), below)
                }
                None => Need::Impossible,
            },
            Self::Missing => Need::Impossible,
        })
    }
}

fn some<'f, R: 'f>(count: usize, parts: impl Iterator<Item = &'f Found<R>>) -> Need {
    let mut open: Vec<Need> =
        parts.filter_map(Found::need).filter(|need| *need != Need::Impossible).collect();
    if open.len() < count {
        return Need::Impossible;
    }
    if open.len() == 1 && count == 1 {
        return open.pop().unwrap_or(Need::Impossible);
    }
    Need::Some(count, open)
}

impl fmt::Display for Need {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Principal(principal) => write!(f, "a signature of {principal}"),
            Self::Some(count, needs) => {
                if *count == needs.len() {
                    f.write_str("(all of: ")?;
                } else {
                    write!(f, "({count} of: ")?;
                }
                for (index, need) in needs.iter().enumerate() {
                    write!(f, "{}{need}", if index > 0 { "; " } else { "" })?;
                }
                f.write_str(")")
            }
            Self::Impossible => f.write_str("nothing: no signature helps"),
        }
    }
}

impl SignaturePolicy {
    /// Why the signatures satisfy the policy, or not.
    pub fn explain<M: Members>(&self, signatures: &Signatures<'_, M>) -> Explanation<M::Rejection> {
        let explainer = Explainer::new(signatures, self.principals());
        let found = explainer.root(self.rule());
        let other = || explainer.assignable(self.rule());
        explainer.explanation(found, other)
    }
}

/// Why the signatures satisfy the policy that a lookup led to, or not.
pub fn explain<M: Members>(
    tree: &PolicyTree,
    found: Lookup,
    signatures: &Signatures<'_, M>,
) -> Explanation<M::Rejection> {
    let explainer = Explainer::new(signatures, tree.principals());
    let place = match found {
        Lookup::Found(place) => Some(place),
        Lookup::Missing | Lookup::Crash => None,
    };
    let found = explainer.policy(tree, place);
    explainer.explanation(found, || explainer.policy_assignable(tree, place))
}

struct Explainer<'s, 'a, M: Members> {
    judge: Judge<'s, 'a, M>,
    principals: &'s [MspPrincipal],
    counting: Vec<usize>,
}

impl<'s, 'a, M: Members> Explainer<'s, 'a, M> {
    fn new(signatures: &'s Signatures<'a, M>, principals: &'s [MspPrincipal]) -> Self {
        let judge = Judge::new(signatures, principals);
        Self { judge, principals, counting: signatures.counting() }
    }

    fn explanation(
        &self,
        found: Found<M::Rejection>,
        another: impl FnOnce() -> Search,
    ) -> Explanation<M::Rejection> {
        let is_satisfied = found.holds();
        let signatures = self.judge.signatures();
        let dropped = (0..signatures.len()).map(|index| self.dropped(index)).collect();
        let another_assignment = if is_satisfied {
            Some(false)
        } else {
            match another() {
                Search::Exists => Some(true),
                Search::None => Some(false),
                Search::TooLong => None,
            }
        };
        Explanation { is_satisfied, dropped, found, another_assignment }
    }

    fn dropped(&self, index: usize) -> Option<Dropped<M::Rejection>> {
        let signatures = self.judge.signatures();
        if let Err(rejection) = signatures.identity(index)? {
            return Some(Dropped::Identity(rejection.clone()));
        }
        if let Some(earlier) = signatures.duplicate_of(index) {
            return Some(Dropped::Duplicate(earlier));
        }
        let verdict = signatures.verdict(index)?;
        verdict.as_ref().err().cloned().map(Dropped::Signature)
    }

    fn root(&self, rule: &Rule) -> Found<M::Rejection> {
        self.rule(rule, &mut Used::none(self.judge.signatures().len()))
    }

    /// Every rule of every gate, as Fabric goes through them.
    fn rule(&self, rule: &Rule, used: &mut Used) -> Found<M::Rejection> {
        match rule {
            Rule::SignedBy(number) => self.principal(*number, used),
            Rule::OutOf { n, rules } => {
                let (mut held, mut found) = (0, Vec::with_capacity(rules.len()));
                for rule in rules {
                    let mut tried = used.clone();
                    let part = self.rule(rule, &mut tried);
                    if part.holds() {
                        *used = tried;
                        held += 1;
                    }
                    found.push(part);
                }
                Found::Gate { needed: *n, held, rules: found }
            }
        }
    }

    fn principal(&self, number: i32, used: &mut Used) -> Found<M::Rejection> {
        let asked = usize::try_from(number).ok().and_then(|number| self.principals.get(number));
        let Some(asked) = asked else { return Found::Missing };
        let signatures = self.judge.signatures();
        let (mut by, mut taken, mut refused) = (None, Vec::new(), Vec::new());
        for entry in &self.counting {
            let Some(Ok(identity)) = signatures.identity(*entry) else { continue };
            match signatures.members().satisfies(identity, asked) {
                Ok(()) if used.contains(*entry) => taken.push(*entry),
                Ok(()) if by.is_none() => by = Some(*entry),
                Ok(()) => {}
                Err(rejection) => refused.push((*entry, rejection)),
            }
        }
        if let Some(entry) = by {
            used.insert(entry);
        }
        Found::Principal { principal: Described::of(asked), by, taken, refused }
    }

    fn policy(&self, tree: &PolicyTree, place: Option<usize>) -> Found<M::Rejection> {
        match place.and_then(|place| tree.kind(place)) {
            None => Found::Missing,
            Some(Kind::Signature(rule)) => self.root(rule),
            Some(Kind::Implicit { threshold, below, name, .. }) => {
                let below: Vec<_> = below
                    .iter()
                    .map(|below| (below.group.clone(), self.policy(tree, below.policy)))
                    .collect();
                let held = below.iter().filter(|(_, found)| found.holds()).count();
                let needed = match threshold {
                    Threshold::AtLeast(needed) => Some(*needed),
                    Threshold::None => None,
                };
                Found::Implicit(Outcome { name: name.clone(), needed, held, below })
            }
        }
    }

    fn assignable(&self, rule: &Rule) -> Search {
        let is = |place: usize, principal: i32| {
            self.counting.get(place).is_some_and(|entry| self.judge.is(*entry, principal))
        };
        assignment(rule, self.counting.len(), &is)
    }

    fn policy_assignable(&self, tree: &PolicyTree, place: Option<usize>) -> Search {
        match place.and_then(|place| tree.kind(place)) {
            Some(Kind::Signature(rule)) => self.assignable(rule),
            // Where none may hold, another assignment only makes more of them hold.
            None | Some(Kind::Implicit { threshold: Threshold::None, .. }) => Search::None,
            Some(Kind::Implicit { threshold: Threshold::AtLeast(needed), below, .. }) => {
                let (mut held, mut unknown) = (0, 0);
                for below in below {
                    match self.policy_assignable(tree, below.policy) {
                        Search::Exists => held += 1,
                        Search::TooLong => unknown += 1,
                        Search::None => {}
                    }
                }
                if held >= *needed {
                    Search::Exists
                } else if held + unknown >= *needed {
                    Search::TooLong
                } else {
                    Search::None
                }
            }
        }
    }
}
