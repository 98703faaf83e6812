//! What a change of a configuration means for who decides.

use std::collections::BTreeSet;
use std::fmt;

use crate::policy::{Lookup, PolicyTree, Reach, Share};

/// A change of who decides over a policy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The policy's path, e.g. `/Channel/Application/Admins`.
    pub policy: String,
    /// What changes.
    pub what: Power,
}

/// What changes over a policy. Organizations are told by MSP ID.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Power {
    /// Without one of these it cannot be satisfied any more.
    GainVeto(BTreeSet<String>),
    /// It can be satisfied without these now.
    LoseVeto(BTreeSet<String>),
    /// Each of these can satisfy it alone now.
    GainAlone(BTreeSet<String>),
    /// None of these can satisfy it alone any more.
    LoseAlone(BTreeSet<String>),
    /// So many of the policies below have to hold now.
    Share {
        /// Before.
        from: Share,
        /// And after.
        to: Share,
    },
    /// Nobody can satisfy it any more.
    Impossible,
    /// It can be satisfied, which it could not.
    Possible,
    /// Nobody has to sign any more.
    Free,
    /// Somebody has to sign, which was not so.
    Guarded,
}

/// What the change from one tree of policies to another means: for each policy of the root, the application and the
/// orderers that both have. Who can satisfy a policy is told by its form: whether CAs issue the roles that it names is
/// another question.
pub fn effects(before: &PolicyTree, after: &PolicyTree) -> Vec<Effect> {
    let (a, b) = (Reach::new(before), Reach::new(after));
    let mut effects = Vec::new();
    for way in [&[][..], &["Application"], &["Orderer"]] {
        let groups = before.group(way.iter().copied()).zip(after.group(way.iter().copied()));
        let Some((group, next)) = groups else { continue };
        let names = before.names(group);
        for name in names.iter().filter(|name| !name.contains('/')) {
            let (from, to) = (before.lookup(group, name), after.lookup(next, name));
            if to == Lookup::Missing {
                continue;
            }
            let policy = format!("{}/{name}", before.path(group).unwrap_or_default());
            let powers = compare((&a, from), (&b, to));
            effects.extend(powers.into_iter().map(|what| Effect { policy: policy.clone(), what }));
        }
    }
    effects
}

type Place<'r, 't> = (&'r Reach<'t>, Lookup);

fn compare(from: Place<'_, '_>, to: Place<'_, '_>) -> Vec<Power> {
    let mut powers = Vec::new();
    let possible = |(reach, found): Place<'_, '_>| reach.can_hold(found, |_| true);
    let free = |(reach, found): Place<'_, '_>| reach.holds_for_nobody(found);
    match (possible(from), possible(to)) {
        (true, false) => return vec![Power::Impossible],
        (false, true) => powers.push(Power::Possible),
        (true, true) | (false, false) => {}
    }
    match (free(from), free(to)) {
        (false, true) => powers.push(Power::Free),
        (true, false) => powers.push(Power::Guarded),
        (true, true) | (false, false) => {}
    }
    let shares = from.0.share(from.1).zip(to.0.share(to.1));
    // One of any number is one.
    let says_more = |(from, to): &(Share, Share)| from != to && (from.needed, to.needed) != (1, 1);
    if let Some((from, to)) = shares.filter(says_more) {
        powers.push(Power::Share { from, to });
    }
    let (veto, alone) = (vetoes(from), alone(from));
    let (next_veto, next_alone) = (vetoes(to), self::alone(to));
    let mut tell = |before: &BTreeSet<String>,
                    after: &BTreeSet<String>,
                    power: fn(BTreeSet<String>) -> Power| {
        let new: BTreeSet<String> = after.difference(before).cloned().collect();
        if !new.is_empty() {
            powers.push(power(new));
        }
    };
    tell(&veto, &next_veto, Power::GainVeto);
    tell(&next_veto, &veto, Power::LoseVeto);
    tell(&alone, &next_alone, Power::GainAlone);
    tell(&next_alone, &alone, Power::LoseAlone);
    powers
}

/// The organizations without which the policy cannot be satisfied.
pub fn vetoes((reach, found): (&Reach<'_>, Lookup)) -> BTreeSet<String> {
    if !reach.can_hold(found, |_| true) {
        return BTreeSet::new();
    }
    let without = |id: &&str| !reach.can_hold(found, |who| who.msp_id() != Some(*id));
    reach.organizations(found).into_iter().filter(without).map(str::to_owned).collect()
}

/// The organizations that can satisfy the policy alone.
pub fn alone((reach, found): (&Reach<'_>, Lookup)) -> BTreeSet<String> {
    if reach.holds_for_nobody(found) {
        return BTreeSet::new();
    }
    let only = |id: &&str| reach.can_hold(found, |who| who.msp_id() == Some(*id));
    reach.organizations(found).into_iter().filter(only).map(str::to_owned).collect()
}

impl fmt::Display for Effect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let policy = &self.policy;
        match &self.what {
            Power::GainVeto(who) => write!(f, "{} a veto over {policy}", did(who, "gains", "gain")),
            Power::LoseVeto(who) => {
                write!(f, "{} the veto over {policy}", did(who, "loses", "lose"))
            }
            Power::GainAlone(who) => {
                write!(f, "{} now satisfy {policy} alone", did(who, "can", "can each"))
            }
            Power::LoseAlone(who) => {
                write!(f, "{} no longer satisfy {policy} alone", did(who, "can", "can"))
            }
            Power::Share { from, to } => write!(
                f,
                "{policy} now asks for {} of {}; it was {} of {}",
                to.needed, to.of, from.needed, from.of
            ),
            Power::Impossible => write!(f, "nobody can satisfy {policy} any more"),
            Power::Possible => write!(f, "{policy} can be satisfied now, which it could not"),
            Power::Free => write!(f, "nobody has to sign for {policy} any more"),
            Power::Guarded => write!(f, "{policy} now asks for signatures, which it did not"),
        }
    }
}

/// Who, and what they do.
fn did(who: &BTreeSet<String>, one: &str, several: &str) -> String {
    let mut names: Vec<&str> = who.iter().map(String::as_str).collect();
    match names.pop() {
        Some(last) if !names.is_empty() => format!("{} and {last} {several}", names.join(", ")),
        Some(last) => format!("{last} {one}"),
        None => String::new(),
    }
}
