//! What an update changes, and which policies guard it.
//!
//! Fabric lays read set, write set and configuration out as flat tables by path. A path leads to one place in each of
//! the trees, so here they are walked side by side, which comes to the same.

use super::names::{Element, Kind};
use super::refused::UpdateError;
use crate::policy::{Lookup, PolicyTree};
use crate::wire::{ConfigGroup, ConfigPolicy, ConfigValue};

/// An element that an update changes, and the policy that the signatures have to satisfy for it. New elements are not
/// among these: they come with the change of their group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Demand {
    /// The element.
    pub element: Element,
    /// The path of the policy from the root, e.g. `/Channel/Application/Admins`.
    pub policy: String,
    /// Where the policy is.
    pub found: Lookup,
}

/// What elements of every kind have.
trait Versioned {
    fn version(&self) -> u64;
    fn mod_policy(&self) -> &str;
}

macro_rules! versioned {
    ($($name:ty),*) => {$(
        impl Versioned for $name {
            fn version(&self) -> u64 {
                self.version
            }

            fn mod_policy(&self) -> &str {
                &self.mod_policy
            }
        }
    )*};
}

versioned!(ConfigGroup, ConfigValue, ConfigPolicy);

/// Whether an element of a write set is part of the delta: it is not in the read set with the same version.
fn is_changed<T: Versioned>(write: &T, read: Option<&T>) -> bool {
    read.is_none_or(|read| read.version() != write.version())
}

/// Compares the versions of a read set with those of a configuration.
///
/// # Errors
/// With the first element that is not there, or at another version.
pub(super) fn check_read_set(read: &ConfigGroup, current: &ConfigGroup) -> Result<(), UpdateError> {
    check_read(read, current, &mut Vec::new())
}

fn check_read<'a>(
    read: &'a ConfigGroup,
    current: &ConfigGroup,
    way: &mut Vec<&'a str>,
) -> Result<(), UpdateError> {
    same_version(read, Some(current), || Element::new(Kind::Group, way, None))?;
    for (name, value) in &read.values {
        let element = || Element::new(Kind::Value, way, Some(name));
        same_version(value, current.values.get(name), element)?;
    }
    for (name, policy) in &read.policies {
        let element = || Element::new(Kind::Policy, way, Some(name));
        same_version(policy, current.policies.get(name), element)?;
    }
    for (name, group) in &read.groups {
        let Some(current) = current.groups.get(name) else {
            return Err(UpdateError::ReadUnknown(Element::new(Kind::Group, way, Some(name))));
        };
        way.push(name);
        check_read(group, current, way)?;
        way.pop();
    }
    Ok(())
}

fn same_version<T: Versioned>(
    read: &T,
    current: Option<&T>,
    element: impl FnOnce() -> Element,
) -> Result<(), UpdateError> {
    let Some(current) = current else { return Err(UpdateError::ReadUnknown(element())) };
    let (asked, here) = (read.version(), current.version());
    if asked == here {
        return Ok(());
    }
    Err(UpdateError::ReadVersion { element: element(), asked, here })
}

/// The policies that guard what a write set changes. Form and versions are looked at for the whole delta.
///
/// # Errors
/// When nothing is changed; or with the first element that has a wrong mod policy or version, or whose mod policy leads
/// nowhere.
pub(super) fn demands(
    write: &ConfigGroup,
    read: Option<&ConfigGroup>,
    current: &ConfigGroup,
    policies: &PolicyTree,
) -> Result<Vec<Demand>, UpdateError> {
    let mut walk = Walk { policies, way: Vec::new(), is_empty: true, demands: Vec::new() };
    walk.group(write, read, Some((current, policies.root())))?;
    if walk.is_empty {
        return Err(UpdateError::EmptyDelta);
    }
    Ok(walk.demands)
}

struct Walk<'w, 'p> {
    policies: &'p PolicyTree,
    way: Vec<&'w str>,
    is_empty: bool,
    demands: Vec<Demand>,
}

/// A group as it is, and the place of its policies.
type Current<'c> = Option<(&'c ConfigGroup, Option<usize>)>;

impl<'w> Walk<'w, '_> {
    fn group(
        &mut self,
        write: &'w ConfigGroup,
        read: Option<&ConfigGroup>,
        current: Current<'_>,
    ) -> Result<(), UpdateError> {
        let place = current.and_then(|(_, place)| place);
        let here = current.map(|(group, _)| group);
        self.element((Kind::Group, None), write, read, here, place)?;
        for (name, value) in &write.values {
            let read = read.and_then(|read| read.values.get(name));
            let here = here.and_then(|here| here.values.get(name));
            self.element((Kind::Value, Some(name)), value, read, here, place)?;
        }
        for (name, policy) in &write.policies {
            let read = read.and_then(|read| read.policies.get(name));
            let here = here.and_then(|here| here.policies.get(name));
            self.element((Kind::Policy, Some(name)), policy, read, here, place)?;
        }
        for (name, group) in &write.groups {
            let read = read.and_then(|read| read.groups.get(name));
            let below = place.and_then(|place| self.policies.below(place, name));
            let here = here.and_then(|here| here.groups.get(name)).map(|here| (here, below));
            self.way.push(name);
            self.group(group, read, here)?;
            self.way.pop();
        }
        Ok(())
    }

    /// `place` is that of the policies among which a mod policy without a slash before it is looked up: those of the group
    /// itself, or those of the group that a value or policy is in.
    fn element<T: Versioned>(
        &mut self,
        (kind, name): (Kind, Option<&'w str>),
        write: &T,
        read: Option<&T>,
        current: Option<&T>,
        place: Option<usize>,
    ) -> Result<(), UpdateError> {
        if !is_changed(write, read) {
            return Ok(());
        }
        self.is_empty = false;
        let element = || Element::new(kind, &self.way, name);
        let path = write.mod_policy();
        if path.is_empty() {
            return Err(UpdateError::ModPolicyMissing(element()));
        }
        if !super::names::is_legal_path(path) {
            let (element, path) = (element(), path.to_owned());
            return Err(UpdateError::ModPolicyIllegal { element, path });
        }
        let Some(current) = current else {
            return match write.version() {
                0 => Ok(()),
                asked => Err(UpdateError::NewWithVersion { element: element(), asked }),
            };
        };
        let (asked, here) = (write.version(), current.version());
        if asked != here.wrapping_add(1) {
            return Err(UpdateError::WriteVersion { element: element(), asked, here });
        }
        let demand = self.demand(element(), current.mod_policy(), place)?;
        self.demands.push(demand);
        Ok(())
    }

    fn demand(
        &self,
        element: Element,
        mod_policy: &str,
        place: Option<usize>,
    ) -> Result<Demand, UpdateError> {
        let place = if mod_policy.starts_with('/') { self.policies.root() } else { place };
        let found = place.map_or(Lookup::Missing, |place| self.policies.lookup(place, mod_policy));
        match found {
            Lookup::Found(_) => {}
            Lookup::Missing | Lookup::Crash => {
                let path = mod_policy.to_owned();
                return Err(UpdateError::ModPolicyUnresolved { element, path });
            }
        }
        let policy = if mod_policy.starts_with('/') {
            mod_policy.to_owned()
        } else {
            let group = place.and_then(|place| self.policies.path(place)).unwrap_or_default();
            format!("{group}/{mod_policy}")
        };
        Ok(Demand { element, policy, found })
    }
}

/// The configuration with a delta laid over it. A group has the members that it lists: a changed one those of the write
/// set, one that is not changed those that it had, whatever else the write set has for it.
pub(super) fn overlay(
    current: &ConfigGroup,
    write: &ConfigGroup,
    read: Option<&ConfigGroup>,
) -> ConfigGroup {
    // What channels of the first release lack is mended once orderers have capabilities.
    let has = |root: &ConfigGroup| {
        root.groups.get("Orderer").is_some_and(|group| group.values.contains_key("Capabilities"))
    };
    let mends = has(current) || has(write);
    laid_over(Some(current), Some(write), read, mends)
}

/// As [`overlay`], and nothing is mended: what the write set asks for, no more.
pub(super) fn overlay_as_asked(
    current: &ConfigGroup,
    write: &ConfigGroup,
    read: Option<&ConfigGroup>,
) -> ConfigGroup {
    laid_over(Some(current), Some(write), read, false)
}

fn laid_over(
    current: Option<&ConfigGroup>,
    write: Option<&ConfigGroup>,
    read: Option<&ConfigGroup>,
    mends: bool,
) -> ConfigGroup {
    let Some(group) = chosen(current, write, read) else { return ConfigGroup::default() };
    let groups = group.groups.keys().map(|name| {
        let current = current.and_then(|group| group.groups.get(name));
        let write = write.and_then(|group| group.groups.get(name));
        let read = read.and_then(|group| group.groups.get(name));
        (name.clone(), laid_over(current, write, read, mends))
    });
    let values = group.values.keys().map(|name| {
        let current = current.and_then(|group| group.values.get(name));
        let write = write.and_then(|group| group.values.get(name));
        let read = read.and_then(|group| group.values.get(name));
        let mut value = chosen(current, write, read).cloned().unwrap_or_default();
        mend(&mut value.mod_policy, mends);
        (name.clone(), value)
    });
    let policies = group.policies.keys().map(|name| {
        let current = current.and_then(|group| group.policies.get(name));
        let write = write.and_then(|group| group.policies.get(name));
        let read = read.and_then(|group| group.policies.get(name));
        let mut policy = chosen(current, write, read).cloned().unwrap_or_default();
        mend(&mut policy.mod_policy, mends);
        (name.clone(), policy)
    });
    let mut mod_policy = group.mod_policy.clone();
    mend(&mut mod_policy, mends);
    ConfigGroup {
        version: group.version,
        groups: groups.collect(),
        values: values.collect(),
        policies: policies.collect(),
        mod_policy,
    }
}

/// The element of the delta, else the one that is there. A member that a group lists is one or the other.
fn chosen<'g, T: Versioned>(
    current: Option<&'g T>,
    write: Option<&'g T>,
    read: Option<&T>,
) -> Option<&'g T> {
    match write {
        Some(write) if is_changed(write, read) => Some(write),
        Some(_) | None => current,
    }
}

fn mend(mod_policy: &mut String, mends: bool) {
    if mends && mod_policy.is_empty() {
        "Admins".clone_into(mod_policy);
    }
}

#[cfg(test)]
#[path = "delta_tests.rs"]
mod tests;
