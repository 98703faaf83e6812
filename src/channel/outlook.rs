//! Whether anybody can ever satisfy the policies of a channel, and until when.
//!
//! Fabric's nodes do not look at it: they let a channel lock itself out.

use std::collections::BTreeMap;

use super::crew::{Hand, can_satisfy};
use super::load::Channel;
use super::names::{Element, Kind};
use crate::clock::Timestamp;
use crate::msp::{Msps, Tenure};
use crate::policy::{Described, Lookup, PolicyTree, Reach, minimal_sets};
use crate::wire::{ConfigGroup, MspPrincipal, PrincipalClassification};

/// Names of policies that nodes ask for, whether or not an element is guarded by them.
const ASKED: [&str; 6] =
    ["Admins", "Readers", "Writers", "BlockValidation", "Endorsement", "LifecycleEndorsement"];
/// So many reasons are told.
const TOLD: usize = 3;

/// How a policy stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outlook {
    /// The policy's path.
    pub policy: String,
    /// How many elements it guards, and the first of them.
    pub guards: Option<(usize, Element)>,
    /// Whether it can be satisfied.
    pub standing: Standing,
}

/// Whether a policy can be satisfied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It can, whatever ends: it asks for nobody.
    Always,
    /// It can through this instant; then certificates end that it takes, the first of which is told. Nodes take signatures
    /// of expired certificates; but nobody gets a new one.
    Until(Timestamp, String),
    /// Nobody can satisfy it, and why.
    Locked(String),
    /// It was not found out: the policy is too large.
    Unknown,
}

/// An element whose mod policy leads to no policy: nobody can change it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Frozen {
    /// The element.
    pub element: Element,
    /// Its mod policy.
    pub mod_policy: String,
}

/// How the policies of a channel stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outlooks {
    /// Each policy that guards an element, or that nodes ask for by name.
    pub policies: Vec<Outlook>,
    /// What nobody can change.
    pub frozen: Vec<Frozen>,
}

impl Outlooks {
    /// The policies that nobody can satisfy.
    pub fn locked(&self) -> impl Iterator<Item = &Outlook> {
        self.policies.iter().filter(|outlook| matches!(outlook.standing, Standing::Locked(_)))
    }
}

/// How the policies of a channel stand from `now` on. `root` is the root group that the channel was loaded from.
pub fn outlooks(channel: &Channel, root: &ConfigGroup, now: Timestamp) -> Outlooks {
    let policies = channel.policies();
    let mut guards = Guards { policies, asked: BTreeMap::new(), frozen: Vec::new() };
    if let Some(place) = policies.root() {
        guards.group(root, place, &mut Vec::new());
    }
    let reach = Reach::new(policies);
    let supplies: Vec<Supply> = reach
        .principals()
        .map(|(described, principal)| supply(described, principal, channel.msps(), now))
        .collect();
    let outlook = |(place, asked): (usize, Asked)| Outlook {
        standing: standing(&reach, policies, Lookup::Found(place), &supplies),
        policy: asked.path,
        guards: asked.guards,
    };
    Outlooks { policies: guards.asked.into_iter().map(outlook).collect(), frozen: guards.frozen }
}

struct Asked {
    path: String,
    guards: Option<(usize, Element)>,
}

struct Guards<'p> {
    policies: &'p PolicyTree,
    /// By place of the policy.
    asked: BTreeMap<usize, Asked>,
    frozen: Vec<Frozen>,
}

impl Guards<'_> {
    fn group<'g>(&mut self, group: &'g ConfigGroup, place: usize, way: &mut Vec<&'g str>) {
        self.guard(place, &group.mod_policy, || Element::new(Kind::Group, way, None));
        for (name, value) in &group.values {
            let element = || Element::new(Kind::Value, way, Some(name));
            self.guard(place, &value.mod_policy, element);
        }
        for (name, policy) in &group.policies {
            let element = || Element::new(Kind::Policy, way, Some(name));
            self.guard(place, &policy.mod_policy, element);
            if ASKED.contains(&name.as_str())
                && let Lookup::Found(found) = self.policies.lookup(place, name)
            {
                self.ask(found, || Element::new(Kind::Policy, way, Some(name)).path);
            }
        }
        for (name, below) in &group.groups {
            let Some(place) = self.policies.below(place, name) else { continue };
            way.push(name);
            self.group(below, place, way);
            way.pop();
        }
    }

    fn guard(&mut self, place: usize, mod_policy: &str, element: impl FnOnce() -> Element) {
        let is_absolute = mod_policy.starts_with('/');
        let place = if is_absolute { self.policies.root().unwrap_or(place) } else { place };
        let Lookup::Found(found) = self.policies.lookup(place, mod_policy) else {
            let mod_policy = mod_policy.to_owned();
            self.frozen.push(Frozen { element: element(), mod_policy });
            return;
        };
        let group = if is_absolute { None } else { self.policies.path(place) };
        self.ask(found, || match group {
            Some(group) => format!("{group}/{mod_policy}"),
            None => mod_policy.to_owned(),
        });
        if let Some(asked) = self.asked.get_mut(&found) {
            let (count, first) = asked.guards.take().unwrap_or_else(|| (0, element()));
            asked.guards = Some((count + 1, first));
        }
    }

    fn ask(&mut self, found: usize, path: impl FnOnce() -> String) {
        self.asked.entry(found).or_insert_with(|| Asked { path: path(), guards: None });
    }
}

/// Who there is for a principal.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Supply {
    /// Nobody, and why.
    Nobody(String),
    /// So many, through this instant.
    Some(usize, Timestamp, String),
    /// Any number, through this instant.
    Any(Timestamp, String),
}

fn supply(who: &Described, principal: &MspPrincipal, msps: &Msps, now: Timestamp) -> Supply {
    let tenure = if let Some(id) = who.msp_id() {
        match msps.get(id) {
            Some(msp) => msp.tenure(principal, now),
            None => Tenure::Vacant(format!("the MSP `{}` is not there", id.escape_debug())),
        }
    } else {
        // Anyone of any MSP will do.
        let each = msps.iter().map(|msp| msp.tenure(principal, now));
        let longest = each.max_by_key(|tenure| match tenure {
            Tenure::Vacant(_) => i64::MIN,
            Tenure::Through(end, _) => end.unix(),
        });
        longest.unwrap_or_else(|| Tenure::Vacant("there is no MSP".to_owned()))
    };
    let (end, what) = match tenure {
        Tenure::Vacant(why) => return Supply::Nobody(why),
        Tenure::Through(end, what) => (end, what),
    };
    match most(who, principal, msps) {
        Some(count) => Supply::Some(count, end, what),
        None => Supply::Any(end, what),
    }
}

/// How many there can be; nothing when a CA can issue as many as are asked for.
fn most(who: &Described, principal: &MspPrincipal, msps: &Msps) -> Option<usize> {
    if principal.principal_classification == i32::from(PrincipalClassification::Identity) {
        return Some(1);
    }
    let Described::Role(named) = who else { return None };
    let msp = msps.get(&named.msp_id)?;
    // Without a unit of their own, administrators are those who are listed.
    let is_listed = named.role == crate::policy::Role::Admin
        && !(msp.enforces_roles() && msp.role_units().admin.is_some());
    is_listed.then(|| msp.admins().count())
}

fn standing(reach: &Reach<'_>, tree: &PolicyTree, found: Lookup, supplies: &[Supply]) -> Standing {
    let named = reach.named(found);
    let supply = |number: &usize| supplies.get(*number);
    let possible = |supplies: &[Supply]| match can_be(reach, tree, found, supplies) {
        Possible::Yes => Some(true),
        Possible::No => Some(false),
        Possible::Unknown => None,
    };
    match possible(supplies) {
        Some(true) => {}
        Some(false) => {
            let who: Vec<&Described> = reach.principals().map(|(who, _)| who).collect();
            let why = named.iter().filter_map(|number| match supply(number)? {
                Supply::Nobody(why) => Some(format!("{}: {why}", who.get(*number)?)),
                Supply::Some(count, ..) => {
                    Some(format!("{}: there are only {count}", who.get(*number)?))
                }
                Supply::Any(..) => None,
            });
            let why: Vec<String> = why.take(TOLD).collect();
            let why = if why.is_empty() {
                "it asks for more than it names".into()
            } else {
                why.join("; ")
            };
            return Standing::Locked(why);
        }
        None => return Standing::Unknown,
    }
    if reach.holds_for_nobody(found) {
        return Standing::Always;
    }
    // Ends in their order: the first after which too few are left.
    let mut ends: Vec<(Timestamp, &str)> = named
        .iter()
        .filter_map(|number| match supply(number)? {
            Supply::Nobody(_) => None,
            Supply::Some(_, end, what) | Supply::Any(end, what) => Some((*end, what.as_str())),
        })
        .collect();
    ends.sort_unstable();
    ends.dedup_by_key(|(end, _)| *end);
    // What is left grows less with each: the first end after which it is too little is found by halving.
    let fails = |end: Timestamp| {
        let left: Vec<Supply> = supplies.iter().map(|supply| supply.after(end)).collect();
        possible(&left) != Some(true)
    };
    let at = ends.partition_point(|(end, _)| !fails(*end));
    match ends.get(at) {
        Some((end, what)) => Standing::Until(*end, (*what).to_owned()),
        None => Standing::Always,
    }
}

impl Supply {
    fn after(&self, end: Timestamp) -> Self {
        match self {
            Self::Some(_, ends, _) | Self::Any(ends, _) if *ends <= end => {
                Self::Nobody(String::new())
            }
            Self::Nobody(_) | Self::Some(..) | Self::Any(..) => self.clone(),
        }
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Possible {
    Yes,
    No,
    Unknown,
}

/// Whether the policy can be satisfied by so many of each.
fn can_be(reach: &Reach<'_>, tree: &PolicyTree, found: Lookup, supplies: &[Supply]) -> Possible {
    let some: Vec<bool> = supplies.iter().map(|it| !matches!(it, Supply::Nobody(_))).collect();
    if !reach.can_hold_by(found, &some) {
        return Possible::No;
    }
    let any: Vec<bool> = supplies.iter().map(|it| matches!(it, Supply::Any(..))).collect();
    if reach.can_hold_by(found, &any) {
        return Possible::Yes;
    }
    // It takes some of whom there is a number: then greed may matter, and all orders are tried.
    let most = reach.most_taken(found);
    let named = reach.named(found);
    let hand = |(number, ((who, principal), supply)): (usize, (_, &Supply))| {
        let count = match supply {
            Supply::Nobody(_) => 0,
            Supply::Some(count, ..) => *count,
            Supply::Any(..) => most,
        };
        (named.contains(&number) && count > 0).then_some(Hand { who, principal, count })
    };
    let hands: Vec<Hand<'_>> =
        reach.principals().zip(supplies).enumerate().filter_map(hand).collect();
    match can_satisfy(tree, found, &hands, most) {
        Some(true) => Possible::Yes,
        Some(false) => Possible::No,
        None => sets_can_be(reach, tree, found, supplies),
    }
}

/// As [`can_be`], by the smallest sets of signers, when there are too many orders. That none of them will do says little:
/// others may.
fn sets_can_be(
    reach: &Reach<'_>,
    tree: &PolicyTree,
    found: Lookup,
    supplies: &[Supply],
) -> Possible {
    let counts: BTreeMap<&Described, &Supply> =
        reach.principals().map(|(who, _)| who).zip(supplies).collect();
    let has = |who: &Described, count: usize| match counts.get(who) {
        None | Some(Supply::Nobody(_)) => false,
        Some(Supply::Some(most, ..)) => count <= *most,
        Some(Supply::Any(..)) => true,
    };
    let sets = minimal_sets(tree, found).sets;
    let will_do = sets.iter().any(|set| set.iter().all(|(who, count)| has(who, *count)));
    if will_do { Possible::Yes } else { Possible::Unknown }
}

#[cfg(test)]
#[path = "outlook_tests.rs"]
mod tests;
