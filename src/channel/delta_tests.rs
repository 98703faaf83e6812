//! The walk through three trees against the tables that Fabric makes, written straight from its rules.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::channel::names::is_legal_path;
use crate::channel::testing::{Spelled, trees};
use crate::policy::{Signatures, SignedData};

/// Any element, whatever its kind.
#[derive(Debug, Clone)]
enum Any {
    Group(ConfigGroup),
    Value(ConfigValue),
    Policy(ConfigPolicy),
}

impl Any {
    fn version(&self) -> u64 {
        match self {
            Self::Group(it) => it.version,
            Self::Value(it) => it.version,
            Self::Policy(it) => it.version,
        }
    }

    fn mod_policy(&self) -> &str {
        match self {
            Self::Group(it) => &it.mod_policy,
            Self::Value(it) => &it.mod_policy,
            Self::Policy(it) => &it.mod_policy,
        }
    }
}

/// By kind and way.
type Table = BTreeMap<(Kind, Vec<String>), Any>;

fn flat(group: &ConfigGroup) -> Table {
    fn below(group: &ConfigGroup, way: &[String], table: &mut Table) {
        table.insert((Kind::Group, way.to_vec()), Any::Group(group.clone()));
        let at = |name: &String| [way, std::slice::from_ref(name)].concat();
        for (name, value) in &group.values {
            table.insert((Kind::Value, at(name)), Any::Value(value.clone()));
        }
        for (name, policy) in &group.policies {
            table.insert((Kind::Policy, at(name)), Any::Policy(policy.clone()));
        }
        for (name, group) in &group.groups {
            below(group, &at(name), table);
        }
    }
    let mut table = Table::new();
    below(group, &[], &mut table);
    table
}

/// The tree of a table, by the names that groups list.
fn tree(table: &Table, way: &[String], mends: bool) -> ConfigGroup {
    let Some(Any::Group(group)) = table.get(&(Kind::Group, way.to_vec())) else {
        panic!("no group at {way:?}");
    };
    let at = |name: &String| [way, std::slice::from_ref(name)].concat();
    let mut made = group.clone();
    for (name, value) in &mut made.values {
        let Some(Any::Value(found)) = table.get(&(Kind::Value, at(name))) else { panic!("{name}") };
        value.clone_from(found);
        mend(&mut value.mod_policy, mends);
    }
    for (name, policy) in &mut made.policies {
        let Some(Any::Policy(found)) = table.get(&(Kind::Policy, at(name))) else {
            panic!("{name}")
        };
        policy.clone_from(found);
        mend(&mut policy.mod_policy, mends);
    }
    for (name, group) in &mut made.groups {
        *group = tree(table, &at(name), mends);
    }
    mend(&mut made.mod_policy, mends);
    made
}

/// Fabric's algorithm. The words of all that could be told, for its order is by chance; or the outcome.
fn by_tables(
    read: Option<&ConfigGroup>,
    write: &ConfigGroup,
    current: &ConfigGroup,
    signed: &[SignedData<'_>],
) -> Result<ConfigGroup, Vec<&'static str>> {
    let (read, write, current_table) =
        (read.map(flat).unwrap_or_default(), flat(write), flat(current));
    let mut words = Vec::new();
    for (key, element) in &read {
        match current_table.get(key) {
            None => words.push("read-unknown"),
            Some(here) if here.version() != element.version() => words.push("read-version"),
            Some(_) => {}
        }
    }
    if !words.is_empty() {
        return Err(words);
    }
    let mut delta = write;
    delta.retain(|key, it| read.get(key).is_none_or(|read| read.version() != it.version()));
    if delta.is_empty() {
        return Err(vec!["empty-delta"]);
    }
    let policies = PolicyTree::load(current).unwrap();
    let signatures = Signatures::new(&Spelled, signed);
    for (key, element) in &delta {
        let told = of_element(key, element, current_table.get(key), &policies, &signatures);
        words.extend(told.err());
    }
    if !words.is_empty() {
        return Err(words);
    }
    let mut all = current_table;
    all.extend(delta);
    let capabilities = ["Orderer", "Capabilities"].map(str::to_owned).to_vec();
    let mends = all.contains_key(&(Kind::Value, capabilities));
    Ok(tree(&all, &[], mends))
}

fn of_element(
    (kind, way): &(Kind, Vec<String>),
    element: &Any,
    current: Option<&Any>,
    policies: &PolicyTree,
    signatures: &Signatures<'_, Spelled>,
) -> Result<(), &'static str> {
    if element.mod_policy().is_empty() {
        return Err("mod-policy-missing");
    }
    if !is_legal_path(element.mod_policy()) {
        return Err("mod-policy-illegal");
    }
    let Some(current) = current else {
        return if element.version() == 0 { Ok(()) } else { Err("new-with-version") };
    };
    if element.version() != current.version() + 1 {
        return Err("write-version");
    }
    let named = if *kind == Kind::Group { way.len() } else { way.len() - 1 };
    let group = if current.mod_policy().starts_with('/') { &way[..0] } else { &way[..named] };
    let place = policies.group(group.iter().map(String::as_str)).unwrap();
    match policies.lookup(place, current.mod_policy()) {
        found @ Lookup::Found(_) if policies.evaluate_found(found, signatures).is_satisfied() => {
            Ok(())
        }
        Lookup::Found(_) => Err("unauthorised"),
        Lookup::Missing | Lookup::Crash => Err("mod-policy-unresolved"),
    }
}

/// Ours.
fn by_walk(
    read: Option<&ConfigGroup>,
    write: &ConfigGroup,
    current: &ConfigGroup,
    signed: &[SignedData<'_>],
) -> Result<ConfigGroup, &'static str> {
    read.map_or(Ok(()), |read| check_read_set(read, current)).map_err(|why| why.word())?;
    let policies = PolicyTree::load(current).unwrap();
    let signatures = Signatures::new(&Spelled, signed);
    for demand in demands(write, read, current, &policies).map_err(|why| why.word())? {
        // What people are told is the way to the policy that was found.
        assert_eq!(policies.lookup(policies.root().unwrap(), &demand.policy), demand.found);
        if !policies.evaluate_found(demand.found, &signatures).is_satisfied() {
            return Err("unauthorised");
        }
    }
    Ok(overlay(current, write, read))
}

/// What happens to an element on its way into a read or a write set; most stay as they are.
#[derive(Debug, Clone, Copy)]
struct Choices<'c>(&'c [u8], usize);

impl Choices<'_> {
    fn next(&mut self) -> u8 {
        self.1 += 1;
        self.0.get(self.1 % self.0.len().max(1)).copied().unwrap_or(0)
    }
}

fn raised(version: &mut u64, choices: &mut Choices<'_>) -> bool {
    match choices.next() % 8 {
        0..4 => {}
        4 | 5 => *version += 1,
        6 => *version = version.saturating_sub(1),
        _ => return false,
    }
    true
}

fn read_of(group: &ConfigGroup, choices: &mut Choices<'_>) -> ConfigGroup {
    let mut read = group.clone();
    let keeps = |choices: &mut Choices<'_>| !choices.next().is_multiple_of(3);
    read.values.retain(|_, _| keeps(choices));
    read.policies.retain(|_, _| keeps(choices));
    read.groups.retain(|_, _| keeps(choices));
    read.groups.values_mut().for_each(|below| *below = read_of(below, choices));
    if choices.next() == 0 {
        read.version += 1;
    }
    read
}

fn write_of(group: &ConfigGroup, other: &ConfigGroup, choices: &mut Choices<'_>) -> ConfigGroup {
    let mut write = group.clone();
    if choices.next().is_multiple_of(4) {
        write.mod_policy.clone_from(&other.mod_policy);
    }
    for (name, value) in &other.values {
        if choices.next().is_multiple_of(3) {
            write.values.insert(name.clone(), value.clone());
        }
    }
    for (name, below) in &other.groups {
        if choices.next().is_multiple_of(3) {
            write.groups.insert(name.clone(), below.clone());
        }
    }
    raised(&mut write.version, choices);
    write.values.retain(|_, it| raised(&mut it.version, choices));
    write.policies.retain(|_, it| raised(&mut it.version, choices));
    for (name, below) in &mut write.groups {
        let other = other.groups.get(name).cloned().unwrap_or_default();
        *below = write_of(below, &other, choices);
    }
    write
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn a_walk_is_what_tables_are(
        current in trees(),
        other in trees(),
        choices in proptest::collection::vec(any::<u8>(), 1..40),
        with_read in proptest::bool::weighted(0.9),
        as_is in proptest::bool::weighted(0.5),
        signs in proptest::bool::weighted(0.8),
    ) {
        let mut choices = Choices(&choices, 0);
        let read = read_of(&current, &mut choices);
        let read = with_read.then_some(if as_is { current.clone() } else { read });
        let write = write_of(&current, &other, &mut choices);
        let signed = SignedData {
            identity: b"X.admin".into(),
            data: b"".into(),
            signature: if signs { b"good".into() } else { b"bad".into() },
        };
        let signed = [signed];
        let ours = by_walk(read.as_ref(), &write, &current, &signed);
        match by_tables(read.as_ref(), &write, &current, &signed) {
            Ok(made) => prop_assert_eq!(ours, Ok(made)),
            Err(words) => {
                let word = ours.expect_err("refused by the tables");
                prop_assert!(words.contains(&word), "{} of {:?}", word, words);
            }
        }
    }
}
