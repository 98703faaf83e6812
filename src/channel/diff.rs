//! What differs between two configurations, as people think of it.

use std::collections::BTreeMap;

use super::change::{Change, What};
use super::diff_msp::msp_changes;
use super::diff_values::value_changes;
use super::names::{Element, Kind};
use super::policy_text::{is_same_policy, policy_text};
use crate::wire::{ConfigGroup, ConfigPolicy, ConfigValue, FabricMspConfig, MspConfig, decode};

/// What differs between two root groups, versions aside. Nothing is told exactly when nothing differs.
pub fn diff(before: &ConfigGroup, after: &ConfigGroup) -> Vec<Change> {
    let mut differ = Differ { way: Vec::new(), changes: Vec::new() };
    differ.group(before, after);
    differ.changes
}

struct Differ<'g> {
    way: Vec<&'g str>,
    changes: Vec<Change>,
}

impl<'g> Differ<'g> {
    fn tell(&mut self, kind: Kind, name: Option<&str>, what: What) {
        self.changes.push(Change { element: Element::new(kind, &self.way, name), what });
    }

    fn group(&mut self, before: &'g ConfigGroup, after: &'g ConfigGroup) {
        self.mod_policy(Kind::Group, None, &before.mod_policy, &after.mod_policy);
        for (name, pair) in pairs(&before.values, &after.values) {
            match pair {
                Pair::Gone(value) => {
                    let text = value_text(name, value);
                    self.tell(Kind::Value, Some(name), What::Removed { text });
                }
                Pair::New(value) => {
                    let text = value_text(name, value);
                    self.tell(Kind::Value, Some(name), What::Added { text });
                }
                Pair::Both(before, after) => self.value(name, before, after),
            }
        }
        for (name, pair) in pairs(&before.policies, &after.policies) {
            match pair {
                Pair::Gone(policy) => {
                    let text = Some(policy_text(policy));
                    self.tell(Kind::Policy, Some(name), What::Removed { text });
                }
                Pair::New(policy) => {
                    let text = Some(policy_text(policy));
                    self.tell(Kind::Policy, Some(name), What::Added { text });
                }
                Pair::Both(before, after) => self.policy(name, before, after),
            }
        }
        for (name, pair) in pairs(&before.groups, &after.groups) {
            self.way.push(name);
            match pair {
                Pair::Gone(group) => {
                    let what = if self.is_org() {
                        What::Leaves { msp_id: msp_id(group) }
                    } else {
                        What::Removed { text: None }
                    };
                    self.tell(Kind::Group, None, what);
                }
                Pair::New(group) => {
                    let what = if self.is_org() {
                        What::Joins { msp_id: msp_id(group) }
                    } else {
                        What::Added { text: None }
                    };
                    self.tell(Kind::Group, None, what);
                }
                Pair::Both(before, after) => self.group(before, after),
            }
            self.way.pop();
        }
    }

    fn is_org(&self) -> bool {
        matches!(self.way.as_slice(), ["Application" | "Orderer", _] | ["Consortiums", _, _])
    }

    fn mod_policy(&mut self, kind: Kind, name: Option<&str>, from: &str, to: &str) {
        if from != to {
            let (from, to) = (from.to_owned(), to.to_owned());
            self.tell(kind, name, What::ModPolicy { from, to });
        }
    }

    fn value(&mut self, name: &str, before: &ConfigValue, after: &ConfigValue) {
        self.mod_policy(Kind::Value, Some(name), &before.mod_policy, &after.mod_policy);
        if before.value == after.value {
            return;
        }
        let changes = if name == "MSP" {
            msp_changes(&before.value, &after.value)
        } else {
            value_changes(name, &before.value, &after.value)
        };
        for what in changes {
            self.tell(Kind::Value, Some(name), what);
        }
    }

    fn policy(&mut self, name: &str, before: &ConfigPolicy, after: &ConfigPolicy) {
        self.mod_policy(Kind::Policy, Some(name), &before.mod_policy, &after.mod_policy);
        if before.policy == after.policy {
            return;
        }
        let (from, to) = (policy_text(before), policy_text(after));
        let what = if is_same_policy(before, after) {
            What::Rewritten
        } else if from == to {
            What::Contents
        } else {
            What::Policy { from, to }
        };
        self.tell(Kind::Policy, Some(name), what);
    }
}

/// What a value says, where that is a few words.
fn value_text(name: &str, value: &ConfigValue) -> Option<String> {
    if name == "MSP" {
        return None;
    }
    let changes = value_changes(name, &[], &value.value);
    let said = changes.iter().filter_map(|what| {
        if let What::Setting { name, to: Some(to), .. } = what {
            return Some(format!("{name} {to}"));
        }
        let What::List { added, .. } = what else { return None };
        (!added.is_empty()).then(|| added.join(", "))
    });
    let text = said.collect::<Vec<_>>().join(", ");
    (!text.is_empty()).then_some(text)
}

fn msp_id(org: &ConfigGroup) -> Option<String> {
    let msp: MspConfig = decode(&org.values.get("MSP")?.value).ok()?;
    decode::<FabricMspConfig>(&msp.config).ok().map(|config| config.name)
}

enum Pair<'a, T> {
    Gone(&'a T),
    New(&'a T),
    Both(&'a T, &'a T),
}

/// Members by name: those before, then those that are new.
fn pairs<'a, T>(
    before: &'a BTreeMap<String, T>,
    after: &'a BTreeMap<String, T>,
) -> impl Iterator<Item = (&'a str, Pair<'a, T>)> {
    let old = before.iter().map(|(name, before)| match after.get(name) {
        Some(after) => (name.as_str(), Pair::Both(before, after)),
        None => (name.as_str(), Pair::Gone(before)),
    });
    let new = after.iter().filter(|(name, _)| !before.contains_key(*name));
    old.chain(new.map(|(name, after)| (name.as_str(), Pair::New(after))))
}
