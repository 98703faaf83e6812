//! An update that was made from an older configuration, moved onto a newer one.

use std::collections::BTreeMap;

use super::change::Change;
use super::compute::{ComputeError, Leaf, compute_update, is_same_group, is_same_leaf};
use super::current::Current;
use super::delta::overlay_as_asked;
use super::diff::diff;
use super::names::{Element, Kind};
use super::refused::UpdateError;
use super::update::Update;
use crate::wire::{Config, ConfigGroup, ConfigUpdate};

/// Why an update cannot be moved.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RebaseError {
    /// It was not made from the older configuration.
    #[error("the update does not fit the configuration that it was made from: {0}")]
    NotOfOld(UpdateError),
    /// An element that it touches has changed in the meantime.
    #[error("the update touches the {0}, which has changed in the meantime")]
    Moved(Element),
    /// Nothing is left of it.
    #[error("the update changes nothing: {0}")]
    Nothing(ComputeError),
}

/// An update that says the same on the newer configuration. It is another update, so it has to be signed anew.
#[derive(Debug, Clone)]
pub struct Rebased {
    /// The update.
    pub update: ConfigUpdate,
    /// What others have changed in the meantime, which whoever signs anew may want to know.
    pub meanwhile: Vec<Change>,
}

/// Moves an update from the configuration that it was made from onto a newer one of the same channel. What it adds must
/// not be there, what it changes or removes must say what it said; then its changes are the same changes.
///
/// # Errors
/// When the update does not fit the older configuration, or with the element that has changed in the meantime.
pub fn rebase(update: &Update, old: &Current, new: &Current) -> Result<Rebased, RebaseError> {
    old.demands(update).map_err(RebaseError::NotOfOld)?;
    let message = update.message();
    let asked = match &message.write_set {
        Some(write) => overlay_as_asked(old.root(), write, message.read_set.as_ref()),
        None => old.root().clone(),
    };
    let merged = merge(old.root(), &asked, new.root(), &mut Vec::new())?;
    let target = Config { sequence: 0, channel_group: Some(merged) };
    let mut moved =
        compute_update(new.channel_id(), new.config(), &target).map_err(RebaseError::Nothing)?;
    moved.isolated_data.clone_from(&message.isolated_data);
    Ok(Rebased { update: moved, meanwhile: diff(old.root(), new.root()) })
}

/// Makes in `new` the changes that lead from `old` to `asked`.
pub(super) fn merge<'g>(
    old: &'g ConfigGroup,
    asked: &'g ConfigGroup,
    new: &ConfigGroup,
    way: &mut Vec<&'g str>,
) -> Result<ConfigGroup, RebaseError> {
    let moved =
        |kind, name: Option<&str>, way: &[&str]| RebaseError::Moved(Element::new(kind, way, name));
    let mut merged = new.clone();
    if old.mod_policy != asked.mod_policy {
        if old.mod_policy != new.mod_policy {
            return Err(moved(Kind::Group, None, way));
        }
        merged.mod_policy.clone_from(&asked.mod_policy);
    }
    merge_leaves(&old.values, &asked.values, &mut merged.values)
        .map_err(|name| moved(Kind::Value, Some(name), way))?;
    merge_leaves(&old.policies, &asked.policies, &mut merged.policies)
        .map_err(|name| moved(Kind::Policy, Some(name), way))?;
    for (name, before) in &old.groups {
        let here = new.groups.get(name);
        match asked.groups.get(name) {
            None => {
                if !here.is_some_and(|here| is_same_group(here, before)) {
                    return Err(moved(Kind::Group, Some(name), way));
                }
                merged.groups.remove(name);
            }
            Some(after) if is_same_group(before, after) => {}
            Some(after) => {
                let here = here.ok_or_else(|| moved(Kind::Group, Some(name), way))?;
                way.push(name);
                let below = merge(before, after, here, way)?;
                way.pop();
                merged.groups.insert(name.clone(), below);
            }
        }
    }
    for (name, added) in asked.groups.iter().filter(|(name, _)| !old.groups.contains_key(*name)) {
        if merged.groups.insert(name.clone(), added.clone()).is_some() {
            return Err(moved(Kind::Group, Some(name), way));
        }
    }
    Ok(merged)
}

/// As [`merge`], of values or policies; fails with the name of the one that moved.
fn merge_leaves<'g, T: Leaf>(
    old: &'g BTreeMap<String, T>,
    asked: &'g BTreeMap<String, T>,
    merged: &mut BTreeMap<String, T>,
) -> Result<(), &'g str> {
    for (name, before) in old {
        let after = asked.get(name);
        if after.is_some_and(|after| is_same_leaf(before, after)) {
            continue;
        }
        if !merged.get(name).is_some_and(|here| is_same_leaf(here, before)) {
            return Err(name);
        }
        match after {
            Some(after) => merged.insert(name.clone(), after.clone()),
            None => merged.remove(name),
        };
    }
    for (name, added) in asked.iter().filter(|(name, _)| !old.contains_key(*name)) {
        if merged.insert(name.clone(), added.clone()).is_some() {
            return Err(name);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::testing::{trees, without_versions};
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(3000))]

        #[test]
        fn moving_keeps_the_meaning(old in trees(), asked in trees(), new in trees(), near in any::<bool>()) {
            // Trees that have little to do with one another conflict nearly always.
            let (mut asked, mut new) = (asked, new);
            if near {
                asked.groups.clone_from(&old.groups);
                new.values.clone_from(&old.values);
                new.policies.clone_from(&old.policies);
                new.mod_policy.clone_from(&old.mod_policy);
            }
            let Ok(merged) = merge(&old, &asked, &new, &mut Vec::new()) else { return Ok(()) };
            prop_assert_eq!(diff(&new, &merged), diff(&old, &asked));
            // The other way about it comes to the same.
            let other = merge(&old, &new, &asked, &mut Vec::new()).map(|it| without_versions(&it));
            prop_assert_eq!(other, Ok(without_versions(&merged)));
        }

        #[test]
        fn nothing_moves_onto_itself(old in trees(), asked in trees()) {
            let merged = merge(&old, &asked, &old, &mut Vec::new()).unwrap();
            prop_assert_eq!(without_versions(&merged), without_versions(&asked));
        }

        #[test]
        fn a_diff_is_empty_exactly_when_nothing_differs(a in trees(), b in trees(), same in any::<bool>()) {
            let b = if same { without_versions(&a) } else { b };
            let config = |group: &ConfigGroup| {
                Config { sequence: 1, channel_group: Some(group.clone()) }
            };
            let computed = compute_update("a", &config(&a), &config(&b));
            prop_assert_eq!(diff(&a, &b).is_empty(), computed.is_err());
            prop_assert_eq!(is_same_group(&a, &b), computed.is_err());
            for change in diff(&a, &b) {
                prop_assert!(!change.to_string().contains('\n'), "{}", change);
            }
        }
    }
}
