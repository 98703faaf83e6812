//! All elements of a tree, one after another.

use super::names::{Element, Kind, is_legal_name};
use crate::wire::ConfigGroup;

/// Looks at the name of each element below the root.
///
/// # Errors
/// With the first element whose name is not legal.
pub(super) fn check_names(root: &ConfigGroup) -> Result<(), Element> {
    check_below(root, &mut Vec::new())
}

/// Trees come out of `wire`, which bounds how deep they nest.
fn check_below<'a>(group: &'a ConfigGroup, way: &mut Vec<&'a str>) -> Result<(), Element> {
    let values = group.values.keys().map(|name| (Kind::Value, name));
    let policies = group.policies.keys().map(|name| (Kind::Policy, name));
    let groups = group.groups.keys().map(|name| (Kind::Group, name));
    for (kind, name) in values.chain(policies).chain(groups) {
        if !is_legal_name(name) {
            return Err(Element::new(kind, way, Some(name)));
        }
    }
    for (name, below) in &group.groups {
        way.push(name);
        check_below(below, way)?;
        way.pop();
    }
    Ok(())
}
