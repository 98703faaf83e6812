//! What the words of a document cannot say, element by element.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::at::At;
use super::error::{DocumentError, shown};
use super::shape::ChannelDocument;
use crate::channel::names::{Kind, ROOT};
use crate::wire::{ConfigGroup, ConfigPolicy, ConfigValue, Policy, canonical, decode};

/// Who may change an element, unless it is said.
const ADMINS: &str = "Admins";

/// An element's kind and the names that lead to it from the root.
#[derive(Debug, Clone, Copy)]
struct Named<'a> {
    kind: Kind,
    /// Without the root's name: `Application/Org1`; empty for the root.
    way: &'a str,
}

impl<'a> Named<'a> {
    fn parse(text: &'a str) -> Result<Self, String> {
        let wrong = || {
            let shown = shown(text);
            format!(
                "`{shown}` names no element: `group`, `value` or `policy`, a space, and a path such as \
                 /Channel/Orderer/BatchSize"
            )
        };
        let (kind, path) = text.split_once(' ').ok_or_else(wrong)?;
        let kinds = [Kind::Group, Kind::Value, Kind::Policy];
        let kind = kinds.into_iter().find(|known| known.to_string() == kind).ok_or_else(wrong)?;
        let way = path.strip_prefix('/').and_then(|path| path.strip_prefix(ROOT));
        match way {
            Some("") if kind == Kind::Group => Ok(Self { kind, way: "" }),
            Some(way) => {
                let way = way.strip_prefix('/').filter(|way| !way.is_empty()).ok_or_else(wrong)?;
                Ok(Self { kind, way })
            }
            None => Err(wrong()),
        }
    }

    /// The way of its group, and its own name.
    fn parts(self) -> (&'a str, &'a str) {
        self.way.rsplit_once('/').unwrap_or(("", self.way))
    }
}

/// As a document names an element.
fn name_of(kind: Kind, way: &[&str], name: &str) -> String {
    let mut text = format!("{kind} /{ROOT}");
    for step in way.iter().copied().chain([name]).filter(|step| !step.is_empty()) {
        text.push('/');
        text.push_str(step);
    }
    text
}

fn group_at<'g>(root: &'g mut ConfigGroup, way: &str) -> Option<&'g mut ConfigGroup> {
    let mut steps = way.split('/').filter(|step| !step.is_empty());
    steps.try_fold(root, |group, step| group.groups.get_mut(step))
}

/// Makes the tree say what the document says of its elements one by one.
pub(super) fn impose(
    document: &ChannelDocument,
    root: &mut ConfigGroup,
) -> Result<(), DocumentError> {
    for (number, at) in document.without.iter().enumerate() {
        let path = format!("without[{number}]");
        impose_one(at, path, &at.value, |named| remove(root, named))?;
    }
    for (text, at) in &document.raw {
        impose_one(at, format!("raw.{text}"), text, |named| put(root, named, &at.value))?;
    }
    for (text, at) in &document.mod_policies {
        impose_one(at, format!("mod_policies.{text}"), text, |named| {
            let Held { mod_policy, .. } = held(root, named)?;
            mod_policy.clone_from(&at.value);
            Ok(())
        })?;
    }
    for (text, at) in &document.versions {
        impose_one(at, format!("versions.{text}"), text, |named| {
            *held(root, named)?.version = at.value;
            Ok(())
        })?;
    }
    Ok(())
}

fn impose_one<T>(
    at: &At<T>,
    path: String,
    text: &str,
    impose: impl FnOnce(Named<'_>) -> Result<(), String>,
) -> Result<(), DocumentError> {
    Named::parse(text).and_then(impose).map_err(|why| DocumentError::at(at, path, why))
}

fn missing(named: Named<'_>) -> String {
    format!("the channel has no {} /{ROOT}/{}", named.kind, shown(named.way))
}

fn remove(root: &mut ConfigGroup, named: Named<'_>) -> Result<(), String> {
    let (way, name) = named.parts();
    let group = group_at(root, way).ok_or_else(|| missing(named))?;
    let removed = match named.kind {
        Kind::Group => group.groups.remove(name).is_some(),
        Kind::Value => group.values.remove(name).is_some(),
        Kind::Policy => group.policies.remove(name).is_some(),
    };
    if removed { Ok(()) } else { Err(missing(named)) }
}

fn put(root: &mut ConfigGroup, named: Named<'_>, text: &str) -> Result<(), String> {
    let octets = STANDARD.decode(text).map_err(|why| format!("it is no base64: {why}"))?;
    let (way, name) = named.parts();
    let group = group_at(root, way).ok_or_else(|| missing(named))?;
    let (name, mod_policy) = (name.to_owned(), ADMINS.to_owned());
    match named.kind {
        Kind::Group => {
            let below: ConfigGroup =
                decode(&octets).map_err(|why| format!("it is no `ConfigGroup`: {why}"))?;
            group.groups.insert(name, below);
        }
        Kind::Value => {
            group.values.insert(name, ConfigValue { version: 0, value: octets, mod_policy });
        }
        Kind::Policy => {
            let policy: Policy =
                decode(&octets).map_err(|why| format!("it is no `Policy`: {why}"))?;
            group
                .policies
                .insert(name, ConfigPolicy { version: 0, policy: Some(policy), mod_policy });
        }
    }
    Ok(())
}

/// What every element has.
struct Held<'g> {
    version: &'g mut u64,
    mod_policy: &'g mut String,
}

fn held<'g>(root: &'g mut ConfigGroup, named: Named<'_>) -> Result<Held<'g>, String> {
    let found = if named.way.is_empty() {
        Some(Held { version: &mut root.version, mod_policy: &mut root.mod_policy })
    } else {
        let (way, name) = named.parts();
        group_at(root, way).and_then(|group| match named.kind {
            Kind::Group => group
                .groups
                .get_mut(name)
                .map(|it| Held { version: &mut it.version, mod_policy: &mut it.mod_policy }),
            Kind::Value => group
                .values
                .get_mut(name)
                .map(|it| Held { version: &mut it.version, mod_policy: &mut it.mod_policy }),
            Kind::Policy => group
                .policies
                .get_mut(name)
                .map(|it| Held { version: &mut it.version, mod_policy: &mut it.mod_policy }),
        })
    };
    found.ok_or_else(|| missing(named))
}

/// Writes into the document what it takes to come from `built`, which its words say, to `wanted`.
pub(super) fn tell(document: &mut ChannelDocument, built: &ConfigGroup, wanted: &ConfigGroup) {
    let mut way = Vec::new();
    heads(
        document,
        &way,
        "",
        Kind::Group,
        (0, &built.mod_policy),
        (wanted.version, &wanted.mod_policy),
    );
    groups(document, &mut way, built, wanted);
}

fn groups<'a>(
    document: &mut ChannelDocument,
    way: &mut Vec<&'a str>,
    built: &ConfigGroup,
    wanted: &'a ConfigGroup,
) {
    let gone = |document: &mut ChannelDocument, kind, way: &[&str], name: &str| {
        document.without.push(At::new(name_of(kind, way, name)));
    };
    for name in built.values.keys().filter(|name| !wanted.values.contains_key(*name)) {
        gone(document, Kind::Value, way, name);
    }
    for name in built.policies.keys().filter(|name| !wanted.policies.contains_key(*name)) {
        gone(document, Kind::Policy, way, name);
    }
    for name in built.groups.keys().filter(|name| !wanted.groups.contains_key(*name)) {
        gone(document, Kind::Group, way, name);
    }
    for (name, value) in &wanted.values {
        let known = built.values.get(name).filter(|known| known.value == value.value);
        if known.is_none() {
            raw(document, Kind::Value, way, name, &value.value);
        }
        let before = known.map_or(ADMINS, |known| &known.mod_policy);
        heads(document, way, name, Kind::Value, (0, before), (value.version, &value.mod_policy));
    }
    for (name, policy) in &wanted.policies {
        let known = built.policies.get(name).filter(|known| known.policy == policy.policy);
        if known.is_none() {
            let octets = policy.policy.as_ref().map(canonical).unwrap_or_default();
            raw(document, Kind::Policy, way, name, &octets);
        }
        let before = known.map_or(ADMINS, |known| &known.mod_policy);
        heads(document, way, name, Kind::Policy, (0, before), (policy.version, &policy.mod_policy));
    }
    for (name, group) in &wanted.groups {
        let Some(known) = built.groups.get(name) else {
            raw(document, Kind::Group, way, name, &canonical(group));
            continue;
        };
        let after = (group.version, group.mod_policy.as_str());
        heads(document, way, name, Kind::Group, (0, &known.mod_policy), after);
        way.push(name);
        groups(document, way, known, group);
        way.pop();
    }
}

fn raw(document: &mut ChannelDocument, kind: Kind, way: &[&str], name: &str, octets: &[u8]) {
    document.raw.insert(name_of(kind, way, name), At::new(STANDARD.encode(octets)));
}

/// Version and mod policy, where they are not as built.
fn heads(
    document: &mut ChannelDocument,
    way: &[&str],
    name: &str,
    kind: Kind,
    before: (u64, &str),
    after: (u64, &str),
) {
    if before.0 != after.0 {
        document.versions.insert(name_of(kind, way, name), At::new(after.0));
    }
    if before.1 != after.1 {
        document.mod_policies.insert(name_of(kind, way, name), At::new(after.1.to_owned()));
    }
}
