//! The update that leads from one configuration to another.

use std::collections::BTreeMap;

use crate::wire::{Config, ConfigGroup, ConfigPolicy, ConfigUpdate, ConfigValue};

/// Why there is no update between two configurations.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, thiserror::Error)]
pub enum ComputeError {
    /// One of them has no root group.
    #[error("a configuration has no channel group")]
    NoChannelGroup,
    /// They say the same.
    #[error("the two configurations say the same: sequences and versions aside, nothing differs")]
    NoDifferences,
}

impl ComputeError {
    /// The stable word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::NoChannelGroup => "no-channel-group",
            Self::NoDifferences => "no-differences",
        }
    }
}

/// The update of a channel that leads from `original` to `updated`. Sequences, and the versions of `updated`, are not
/// looked at. Applied to the original it gives the updated one, with versions of its own.
///
/// # Errors
/// When a channel group is missing, or nothing differs.
pub fn compute_update(
    channel_id: &str,
    original: &Config,
    updated: &Config,
) -> Result<ConfigUpdate, ComputeError> {
    let group = |config: &'_ Config| config.channel_group.is_some();
    if !group(original) || !group(updated) {
        return Err(ComputeError::NoChannelGroup);
    }
    let (Some(original), Some(updated)) = (&original.channel_group, &updated.channel_group) else {
        return Err(ComputeError::NoChannelGroup);
    };
    let sets = of_groups(original, updated);
    if !sets.is_changed {
        return Err(ComputeError::NoDifferences);
    }
    Ok(ConfigUpdate {
        channel_id: channel_id.to_owned(),
        read_set: Some(sets.read),
        write_set: Some(sets.write),
        isolated_data: BTreeMap::new(),
    })
}

/// What to read and write for a group. Where nothing differs, both name its version alone.
struct Sets {
    read: ConfigGroup,
    write: ConfigGroup,
    is_changed: bool,
}

/// Values or policies.
pub(super) trait Leaf: Clone + Default {
    fn version(&self) -> u64;
    /// The same contents and mod policy, whatever the version.
    fn says_the_same(&self, other: &Self) -> bool;
    fn at(&self, version: u64) -> Self;
    /// Nothing but a version.
    fn bare(version: u64) -> Self;
}

impl Leaf for ConfigValue {
    fn version(&self) -> u64 {
        self.version
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.value == other.value && self.mod_policy == other.mod_policy
    }

    fn at(&self, version: u64) -> Self {
        Self { version, ..self.clone() }
    }

    fn bare(version: u64) -> Self {
        Self { version, ..Self::default() }
    }
}

impl Leaf for ConfigPolicy {
    fn version(&self) -> u64 {
        self.version
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.policy == other.policy && self.mod_policy == other.mod_policy
    }

    fn at(&self, version: u64) -> Self {
        Self { version, ..self.clone() }
    }

    fn bare(version: u64) -> Self {
        Self { version, ..Self::default() }
    }
}

/// What became of the values, policies or groups of a group.
struct Members<T> {
    /// Changed and read: groups only.
    read: BTreeMap<String, T>,
    /// Changed.
    write: BTreeMap<String, T>,
    /// Not changed: their versions.
    same: BTreeMap<String, T>,
    /// Whether some came or went.
    differ: bool,
}

impl<T: Clone> Members<T> {
    fn none() -> Self {
        let (read, write, same) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        Self { read, write, same, differ: false }
    }

    fn is_changed(&self) -> bool {
        self.differ || !self.write.is_empty()
    }

    /// A group that says which members it has lists those too that stay.
    fn with_same(mut self) -> Self {
        self.read.extend(self.same.clone());
        self.write.extend(std::mem::take(&mut self.same));
        self
    }
}

fn of_leaves<T: Leaf>(original: &BTreeMap<String, T>, updated: &BTreeMap<String, T>) -> Members<T> {
    let mut members = Members::none();
    for (name, before) in original {
        match updated.get(name) {
            None => members.differ = true,
            Some(after) if before.says_the_same(after) => {
                members.same.insert(name.clone(), T::bare(before.version()));
            }
            Some(after) => {
                let next = before.version().wrapping_add(1);
                members.write.insert(name.clone(), after.at(next));
            }
        }
    }
    for (name, new) in updated.iter().filter(|(name, _)| !original.contains_key(*name)) {
        members.differ = true;
        members.write.insert(name.clone(), new.at(0));
    }
    members
}

fn of_groups_below(
    original: &BTreeMap<String, ConfigGroup>,
    updated: &BTreeMap<String, ConfigGroup>,
) -> Members<ConfigGroup> {
    let mut members = Members::none();
    for (name, before) in original {
        let Some(after) = updated.get(name) else {
            members.differ = true;
            continue;
        };
        let sets = of_groups(before, after);
        if sets.is_changed {
            members.read.insert(name.clone(), sets.read);
            members.write.insert(name.clone(), sets.write);
        } else {
            members.same.insert(name.clone(), sets.read);
        }
    }
    for (name, new) in updated.iter().filter(|(name, _)| !original.contains_key(*name)) {
        members.differ = true;
        members.write.insert(name.clone(), afresh(new));
    }
    members
}

/// A group that is new: all of it, from version 0 on.
fn afresh(group: &ConfigGroup) -> ConfigGroup {
    let groups = group.groups.iter().map(|(name, group)| (name.clone(), afresh(group)));
    let values = group.values.iter().map(|(name, value)| (name.clone(), value.at(0)));
    let policies = group.policies.iter().map(|(name, policy)| (name.clone(), policy.at(0)));
    ConfigGroup {
        version: 0,
        groups: groups.collect(),
        values: values.collect(),
        policies: policies.collect(),
        mod_policy: group.mod_policy.clone(),
    }
}

/// Whether two groups say the same, versions aside.
pub(super) fn is_same_group(a: &ConfigGroup, b: &ConfigGroup) -> bool {
    a.mod_policy == b.mod_policy
        && are_same(&a.values, &b.values, is_same_leaf)
        && are_same(&a.policies, &b.policies, is_same_leaf)
        && are_same(&a.groups, &b.groups, is_same_group)
}

/// Whether two values or policies say the same, versions aside.
pub(super) fn is_same_leaf<T: Leaf>(a: &T, b: &T) -> bool {
    a.says_the_same(b)
}

fn are_same<T>(
    a: &BTreeMap<String, T>,
    b: &BTreeMap<String, T>,
    is_same: impl Fn(&T, &T) -> bool,
) -> bool {
    let same = |(name, a): (&String, &T)| b.get(name).is_some_and(|b| is_same(a, b));
    a.len() == b.len() && a.iter().all(same)
}

fn of_groups(original: &ConfigGroup, updated: &ConfigGroup) -> Sets {
    let values = of_leaves(&original.values, &updated.values);
    let policies = of_leaves(&original.policies, &updated.policies);
    let groups = of_groups_below(&original.groups, &updated.groups);
    let is_own = values.differ
        || policies.differ
        || groups.differ
        || original.mod_policy != updated.mod_policy;
    let is_changed = is_own || values.is_changed() || policies.is_changed() || groups.is_changed();
    let bare = ConfigGroup { version: original.version, ..ConfigGroup::default() };
    if !is_changed {
        return Sets { read: bare.clone(), write: bare, is_changed };
    }
    let (values, policies, groups) = if is_own {
        (values.with_same(), policies.with_same(), groups.with_same())
    } else {
        (values, policies, groups)
    };
    let read =
        ConfigGroup { groups: groups.read, values: values.read, policies: policies.read, ..bare };
    let (version, mod_policy) = if is_own {
        (original.version.wrapping_add(1), updated.mod_policy.clone())
    } else {
        (original.version, String::new())
    };
    let write = ConfigGroup {
        version,
        groups: groups.write,
        values: values.write,
        policies: policies.write,
        mod_policy,
    };
    Sets { read, write, is_changed }
}

#[cfg(test)]
mod tests {
    use super::super::delta::{check_read_set, demands, overlay};
    use super::super::testing::{trees, without_versions};
    use super::*;
    use crate::policy::PolicyTree;
    use proptest::prelude::*;

    fn config(group: &ConfigGroup) -> Config {
        Config { sequence: 7, channel_group: Some(group.clone()) }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        #[test]
        fn a_computed_update_leads_to_what_was_asked_for(original in trees(), updated in trees()) {
            let update = match compute_update("a", &config(&original), &config(&updated)) {
                Ok(update) => update,
                Err(why) => {
                    prop_assert_eq!(why, ComputeError::NoDifferences);
                    prop_assert_eq!(without_versions(&original), without_versions(&updated));
                    return Ok(());
                }
            };
            let (read, write) = (update.read_set.unwrap(), update.write_set.unwrap());
            prop_assert_eq!(check_read_set(&read, &original), Ok(()));
            let result = overlay(&original, &write, Some(&read));
            prop_assert_eq!(without_versions(&result), without_versions(&updated));
            // Versions are what an update has to have; its mod policies may still be none.
            let policies = PolicyTree::load(&original).unwrap();
            if let Err(why) = demands(&write, Some(&read), &original, &policies) {
                prop_assert!(why.word().starts_with("mod-policy"), "{}", why);
            }
            // From there to there is nothing.
            let again = compute_update("a", &config(&result), &config(&updated));
            prop_assert_eq!(again, Err(ComputeError::NoDifferences));
        }
    }

    #[test]
    fn what_stays_is_not_touched() {
        let leaf = |version, value: u8| ConfigValue {
            version,
            value: vec![value],
            mod_policy: "A".into(),
        };
        let original = ConfigGroup {
            version: 4,
            values: [("a".into(), leaf(2, 1)), ("b".into(), leaf(3, 1))].into(),
            mod_policy: "A".into(),
            ..ConfigGroup::default()
        };
        let mut updated = original.clone();
        updated.values.insert("b".into(), leaf(9, 2));
        let update = compute_update("a", &config(&original), &config(&updated)).unwrap();
        let (read, write) = (update.read_set.unwrap(), update.write_set.unwrap());
        assert_eq!((read.version, read.values.len(), write.version), (4, 0, 4));
        assert_eq!(write.values, [("b".to_owned(), leaf(4, 2))].into());
    }
}
