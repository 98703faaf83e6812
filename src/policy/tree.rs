//! The policies of a channel, by group and path.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use super::ast::Rule;
use super::compile::{BadPolicy, SignaturePolicy, number};
use super::evaluate::{Judge, Verdict, Why};
use super::implicit::{Threshold, print_implicit};
use super::language;
use super::members::Members;
use super::signatures::Signatures;
use crate::wire::{ConfigGroup, ImplicitMetaPolicy, MspPrincipal, Policy, PolicyType, decode};

/// The name of the root group, which appears in paths only.
const ROOT: &str = "Channel";

/// The policies of a tree of groups, ready to be judged. Immutable once loaded.
#[derive(Debug, Clone, Default)]
pub struct PolicyTree {
    groups: Vec<Group>,
    policies: Vec<Kind>,
    /// Each principal that any policy names, once.
    principals: Vec<MspPrincipal>,
}

#[derive(Debug, Clone)]
struct Group {
    /// From the root, e.g. `Channel/Application`.
    path: String,
    /// Groups below by name, which has no slash in any channel that loads.
    children: BTreeMap<String, usize>,
    /// Its own policies by name.
    policies: BTreeMap<String, usize>,
}

#[derive(Debug, Clone)]
pub(super) enum Kind {
    Signature(Rule),
    /// A policy below that is missing counts, and never holds.
    Implicit {
        threshold: Threshold,
        below: Vec<Below>,
        name: String,
        /// As on the wire.
        rule: i32,
    },
}

/// A policy below an implicit one: the group it was asked in, and the policy when it is there.
#[derive(Debug, Clone)]
pub(super) struct Below {
    pub(super) group: String,
    pub(super) policy: Option<usize>,
}

/// What a name led to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Lookup {
    /// A policy; the number is its place in the tree.
    Found(usize),
    /// Nothing: judged, it refuses.
    Missing,
    /// A path over which Fabric's nodes crash: a group's own.
    Crash,
}

impl PolicyTree {
    /// Loads the policies of a tree; `root` is the group `Channel`.
    ///
    /// # Errors
    /// When a policy is missing, of an unknown kind, or wrong; with the path of its group and its
    /// name.
    pub fn load(root: &ConfigGroup) -> Result<Self, (String, BadPolicy)> {
        let mut loader = Loader { tree: Self::default(), numbers: BTreeMap::new() };
        loader.group(ROOT.to_owned(), root)?;
        Ok(loader.tree)
    }

    /// The tree with one more policy, as if it stood in this group, and where it is found. It has no name, so that
    /// nothing that was there means something else.
    ///
    /// # Errors
    /// When the policy is of an unknown kind, or wrong.
    pub fn with(&self, group: usize, policy: &Policy) -> Result<(Self, Lookup), BadPolicy> {
        let principals = self.principals.iter().zip(0..);
        let numbers =
            principals.map(|(principal, number)| (key_of(principal.clone()), number)).collect();
        let mut loader = Loader { tree: self.clone(), numbers };
        let children = self.groups.get(group).map(|group| group.children.clone());
        let kind = loader.kind(policy, &children.unwrap_or_default())?;
        let mut tree = loader.tree;
        tree.policies.push(kind);
        let place = Lookup::Found(tree.policies.len() - 1);
        Ok((tree, place))
    }

    /// The paths of all groups, e.g. `/Channel/Application`, the root first.
    pub fn paths(&self) -> Vec<String> {
        let mut paths: Vec<String> =
            (0..self.groups.len()).filter_map(|at| self.path(at)).collect();
        paths.sort();
        paths
    }

    /// The signature policy that a lookup led to, by itself; nothing when it is none.
    pub fn signature_policy(&self, found: Lookup) -> Option<SignaturePolicy> {
        let Lookup::Found(place) = found else { return None };
        match self.kind(place)? {
            Kind::Signature(rule) => Some(SignaturePolicy::of_rule(rule, &self.principals)),
            Kind::Implicit { .. } => None,
        }
    }

    /// The text of the policy that a lookup led to, where the language has one.
    pub fn text(&self, found: Lookup) -> Option<String> {
        let Lookup::Found(place) = found else { return None };
        if let Kind::Implicit { name, rule, .. } = self.kind(place)? {
            return print_implicit(&ImplicitMetaPolicy { sub_policy: name.clone(), rule: *rule });
        }
        language::print(&self.signature_policy(found)?.written()?)
    }

    /// The group at the end of this way of names from the root.
    pub fn group<'n>(&self, way: impl IntoIterator<Item = &'n str>) -> Option<usize> {
        let mut at = self.root()?;
        for name in way {
            at = *self.groups.get(at)?.children.get(name)?;
        }
        Some(at)
    }

    /// The group of this name right below another.
    pub fn below(&self, group: usize, name: &str) -> Option<usize> {
        self.groups.get(group)?.children.get(name).copied()
    }

    /// The root group, which a loaded tree has.
    pub fn root(&self) -> Option<usize> {
        // Groups are entered when they are finished: the root is the last.
        self.groups.len().checked_sub(1)
    }

    /// The path of a group, e.g. `/Channel/Application`.
    pub fn path(&self, group: usize) -> Option<String> {
        self.groups.get(group).map(|group| format!("/{}", group.path))
    }

    /// The names under which policies can be asked for in a group: its own, and paths to those below; sorted.
    pub fn names(&self, group: usize) -> Vec<String> {
        let mut names = Vec::new();
        self.names_below(group, "", &mut names);
        names.sort_unstable();
        names
    }

    fn names_below(&self, group: usize, path: &str, names: &mut Vec<String>) {
        let Some(group) = self.groups.get(group) else { return };
        names.extend(group.policies.keys().map(|name| format!("{path}{name}")));
        for (name, child) in &group.children {
            self.names_below(*child, &format!("{path}{name}/"), names);
        }
    }

    /// Looks a policy up in a group: a name, a path relative to the group, or one from the root that
    /// leads through the group.
    pub fn lookup(&self, group: usize, id: &str) -> Lookup {
        let Some(path) = self.groups.get(group).map(|group| group.path.as_str()) else {
            return Lookup::Missing;
        };
        let relative = if let Some(whole) = id.strip_prefix('/') {
            let Some(rest) = whole.strip_prefix(path) else { return Lookup::Missing };
            if rest.is_empty() {
                return Lookup::Crash;
            }
            // One octet follows the path, whichever it is; a cut character leads to no name.
            match rest.get(1..) {
                Some(relative) => relative,
                None => return Lookup::Missing,
            }
        } else {
            id
        };
        if id.is_empty() {
            return Lookup::Missing;
        }
        self.find(group, relative).map_or(Lookup::Missing, Lookup::Found)
    }

    /// The policy at the end of a path of names, the last of which is its own.
    fn find(&self, mut group: usize, path: &str) -> Option<usize> {
        let mut names = path;
        while let Some((name, rest)) = names.split_once('/') {
            group = self.below(group, name)?;
            names = rest;
        }
        self.groups.get(group)?.policies.get(names).copied()
    }

    /// Judges the policy that an id leads to from the root.
    pub fn evaluate<M: Members>(&self, id: &str, signatures: &Signatures<'_, M>) -> Verdict {
        let root = self.root().unwrap_or_default();
        self.evaluate_found(self.lookup(root, id), signatures)
    }

    /// Judges what a lookup led to.
    pub fn evaluate_found<M: Members>(
        &self,
        found: Lookup,
        signatures: &Signatures<'_, M>,
    ) -> Verdict {
        let place = match found {
            Lookup::Found(place) => place,
            Lookup::Missing => return Verdict::Unsatisfied(Why::NoSuchPolicy),
            Lookup::Crash => return Verdict::Unsatisfied(Why::Crash),
        };
        let why = match self.kind(place) {
            Some(Kind::Signature(_)) => Why::NotSatisfied,
            Some(Kind::Implicit { .. }) => Why::ImplicitNotSatisfied,
            None => return Verdict::Unsatisfied(Why::NoSuchPolicy),
        };
        // One table of who is whom for all policies below.
        let judge = Judge::new(signatures, &self.principals);
        Verdict::of(self.holds(place, &judge), why)
    }

    fn holds<M: Members>(&self, place: usize, judge: &Judge<'_, '_, M>) -> bool {
        match self.kind(place) {
            Some(Kind::Signature(rule)) => judge.satisfies(rule),
            Some(Kind::Implicit { threshold, below, .. }) => {
                let held = |below: &Below| below.policy.is_some_and(|at| self.holds(at, judge));
                threshold.met(below.iter().map(held))
            }
            None => false,
        }
    }

    pub(super) fn kind(&self, place: usize) -> Option<&Kind> {
        self.policies.get(place)
    }

    pub(super) fn principals(&self) -> &[MspPrincipal] {
        &self.principals
    }
}

fn key_of(principal: MspPrincipal) -> (i32, Vec<u8>) {
    (principal.principal_classification, principal.principal)
}

struct Loader {
    tree: PolicyTree,
    /// By classification and principal.
    numbers: BTreeMap<(i32, Vec<u8>), i32>,
}

impl Loader {
    fn group(&mut self, path: String, group: &ConfigGroup) -> Result<usize, (String, BadPolicy)> {
        let mut children = BTreeMap::new();
        for (name, child) in &group.groups {
            let place = self.group(format!("{path}/{name}"), child)?;
            children.insert(name.clone(), place);
        }
        let mut policies = BTreeMap::new();
        for (name, policy) in &group.policies {
            let at = |fault| (format!("/{path}/{name}"), fault);
            let policy = policy.policy.as_ref().ok_or_else(|| at(BadPolicy::Nil))?;
            let kind = self.kind(policy, &children).map_err(at)?;
            policies.insert(name.clone(), self.tree.policies.len());
            self.tree.policies.push(kind);
        }
        self.tree.groups.push(Group { path, children, policies });
        Ok(self.tree.groups.len() - 1)
    }

    fn kind(
        &mut self,
        policy: &Policy,
        children: &BTreeMap<String, usize>,
    ) -> Result<Kind, BadPolicy> {
        match PolicyType::try_from(policy.r#type) {
            Ok(PolicyType::Signature) => self.signature(&policy.value),
            Ok(PolicyType::ImplicitMeta) => self.implicit(&policy.value, children),
            Ok(PolicyType::Unknown | PolicyType::Msp) | Err(_) => {
                Err(BadPolicy::UnknownType(policy.r#type))
            }
        }
    }

    fn signature(&mut self, octets: &[u8]) -> Result<Kind, BadPolicy> {
        let (numbers, principals) = (&mut self.numbers, &mut self.tree.principals);
        let shared = |principal: MspPrincipal| match numbers.entry(key_of(principal)) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                let (principal_classification, principal) = new.key().clone();
                principals.push(MspPrincipal { principal_classification, principal });
                *new.insert(number(principals.len() - 1))
            }
        };
        SignaturePolicy::rule_with(octets, shared).map(Kind::Signature)
    }

    fn implicit(
        &mut self,
        octets: &[u8],
        children: &BTreeMap<String, usize>,
    ) -> Result<Kind, BadPolicy> {
        let policy: ImplicitMetaPolicy = decode(octets)?;
        let mut below = Vec::with_capacity(children.len());
        for (name, child) in children {
            let found = match self.tree.lookup(*child, &policy.sub_policy) {
                Lookup::Found(place) => Some(place),
                Lookup::Missing => None,
                Lookup::Crash => return Err(BadPolicy::Crash),
            };
            below.push(Below { group: name.clone(), policy: found });
        }
        let threshold = Threshold::of(policy.rule, below.len());
        Ok(Kind::Implicit { threshold, below, name: policy.sub_policy, rule: policy.rule })
    }
}
