//! Until when a policy can be satisfied.

use std::collections::BTreeMap;

use super::assign::{Search, assignment};
use super::compile::SignaturePolicy;
use super::members::Members;
use super::principal::Described;
use super::satisfy::{Choice, MinimalSets, SignerSet};
use crate::clock::Timestamp;
use crate::msp::{Msps, Tenure};
use crate::wire::MspPrincipal;

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

/// Until when each of the signers of a policy can be had.
#[derive(Debug, Clone, Default)]
pub struct Tenures(BTreeMap<Described, Tenure>);

/// Until when a set of signers can be had, and because of whom not longer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lasting {
    /// Until when.
    pub until: Until,
    /// Who is first to be missing, and why; nothing where nobody is needed.
    pub limit: Option<(Described, String)>,
}

impl Tenures {
    /// Asks the MSPs of all who are named.
    pub fn new(sets: &MinimalSets, msps: &Msps, now: Timestamp) -> Self {
        let asked = sets.principals.iter();
        let tenure = |(who, principal): (&Described, &MspPrincipal)| {
            (who.clone(), tenure(who, principal, msps, now))
        };
        Self(asked.map(tenure).collect())
    }

    /// Until when the set can be had.
    pub fn of_set(&self, set: &SignerSet) -> Lasting {
        first(set.keys().map(|who| self.of(who)))
    }

    /// Until when one of the sets of the choice can be had.
    pub fn of_choice(&self, choice: &Choice) -> Lasting {
        let any = choice.any.iter().map(|any| {
            let mut each: Vec<Lasting> = any.of.iter().map(|set| self.of_set(set)).collect();
            // Those who last longest are chosen: the last of them decides.
            each.sort_by_key(|lasting| std::cmp::Reverse(lasting.until.order()));
            let last = any.count.checked_sub(1).and_then(|last| each.into_iter().nth(last));
            last.unwrap_or(Lasting { until: Until::Always, limit: None })
        });
        first(any.chain([self.of_set(&choice.fixed)]))
    }

    /// Until when the policy can be satisfied, as far as its sets are known.
    pub fn of_all(&self, sets: &MinimalSets) -> Lasting {
        let each = sets.choices.iter().map(|choice| self.of_choice(choice));
        let longest = each.max_by_key(|lasting| lasting.until.order());
        longest.unwrap_or(Lasting { until: Until::NotNow, limit: None })
    }

    fn of(&self, who: &Described) -> Lasting {
        let (until, why) = match self.0.get(who) {
            Some(Tenure::Through(end, what)) => (Until::Through(*end), what.clone()),
            Some(Tenure::Vacant(why)) => (Until::NotNow, why.clone()),
            None => (Until::Unknown, "it was not asked for".to_owned()),
        };
        Lasting { until, limit: Some((who.clone(), why)) }
    }
}

fn first(each: impl Iterator<Item = Lasting>) -> Lasting {
    let shortest = each.min_by_key(|lasting| lasting.until.order());
    shortest.unwrap_or(Lasting { until: Until::Always, limit: None })
}

fn tenure(who: &Described, principal: &MspPrincipal, msps: &Msps, now: Timestamp) -> Tenure {
    let Some(id) = who.msp_id() else {
        // Anyone of any MSP will do.
        let each = msps.iter().map(|msp| msp.tenure(principal, now));
        let longest = each.max_by_key(|tenure| match tenure {
            Tenure::Vacant(_) => i64::MIN,
            Tenure::Through(end, _) => end.unix(),
        });
        return longest.unwrap_or_else(|| Tenure::Vacant("there is no MSP".to_owned()));
    };
    match msps.get(id) {
        Some(msp) => msp.tenure(principal, now),
        None => Tenure::Vacant(format!("the MSP `{id}` is not there")),
    }
}

impl Until {
    /// The sooner the smaller. What is unknown counts as nothing.
    fn order(self) -> (u8, i64) {
        match self {
            Self::NotNow => (0, 0),
            Self::Unknown => (1, 0),
            Self::Through(end) => (2, end.unix()),
            Self::Always => (3, 0),
        }
    }
}

#[cfg(test)]
#[path = "until_tests.rs"]
mod tests;
