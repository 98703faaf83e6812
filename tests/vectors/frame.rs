//! Reading vectors, and counting what is right.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

/// A family's name, and what prepares it from its tables.
pub(super) type Family = (&'static str, Prepare);
pub(super) type Prepare = fn(&Tables) -> Judge;
/// Judges a case.
pub(super) type Judge = Box<dyn Fn(&Case, &mut Told)>;

/// Wrong cases of a family that are shown.
const SHOWN: usize = 25;

/// Where the vectors are, if they are.
pub(super) fn folder() -> Option<PathBuf> {
    let named = std::env::var_os("CHANCERY_MSP_VECTORS").map(PathBuf::from);
    let beside = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/vectors/msp");
    let folder = named.clone().unwrap_or_else(beside);
    let exists = folder.is_dir();
    assert!(exists || named.is_none(), "CHANCERY_MSP_VECTORS names no folder");
    exists.then_some(folder)
}

/// The tables of a family: name, then id, then value.
#[derive(Debug, Default)]
pub(super) struct Tables(BTreeMap<String, BTreeMap<String, Value>>);

impl Tables {
    /// A table's entries; none when there is no such table.
    pub(super) fn entries(&self, table: &str) -> impl Iterator<Item = (&String, &Value)> {
        self.0.get(table).into_iter().flatten()
    }

    /// A table of base64 octets.
    pub(super) fn octets(&self, table: &str) -> BTreeMap<String, Vec<u8>> {
        self.entries(table).map(|(id, value)| (id.clone(), octets(value))).collect()
    }

    /// A table of objects, one field of which is base64 octets.
    pub(super) fn octets_in(&self, table: &str, field: &str) -> BTreeMap<String, Vec<u8>> {
        self.entries(table).map(|(id, value)| (id.clone(), octets(&value[field]))).collect()
    }
}

/// Standard base64.
pub(super) fn octets(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_else(|| panic!("no text: {value}"));
    STANDARD.decode(text).unwrap_or_else(|e| panic!("no base64: {e}"))
}

/// One case.
#[derive(Debug)]
pub(super) struct Case(Value);

impl Case {
    /// A field, null when absent.
    pub(super) fn get(&self, field: &str) -> &Value {
        &self.0[field]
    }

    /// A field that is text.
    pub(super) fn text(&self, field: &str) -> &str {
        self.0[field].as_str().unwrap_or_else(|| panic!("{}: no `{field}`", self.0["id"]))
    }

    /// What Fabric answered.
    pub(super) fn expect(&self) -> &Value {
        &self.0["expect"]
    }
}

/// What was wrong with a case, and how its reasons compare.
#[derive(Debug, Default)]
pub(super) struct Told {
    wrong: Vec<String>,
    other_reasons: Vec<String>,
    reasons: usize,
}

impl Told {
    /// Something that must be the same as Fabric's.
    pub(super) fn same<T: PartialEq + fmt::Debug>(&mut self, what: &str, ours: &T, fabrics: &T) {
        if ours != fabrics {
            self.wrong.push(format!("{what}: ours {ours:?}, Fabric's {fabrics:?}"));
        }
    }

    /// A verdict with its reason, of which `expected` is `{ok, category}` or `{ok, category_any_of}`.
    pub(super) fn verdict<E: fmt::Display>(
        &mut self,
        what: &str,
        ours: Result<(), E>,
        category: impl Fn(&E) -> &'static str,
        expected: &Value,
    ) {
        let ok = expected["ok"].as_bool().unwrap_or_else(|| panic!("no verdict: {expected}"));
        if ours.is_ok() != ok {
            let said = ours
                .as_ref()
                .map_or_else(|why| format!("{} ({why})", category(why)), |()| "yes".into());
            self.wrong.push(format!("{what}: ours {said}, Fabric's {expected}"));
            return;
        }
        let Err(why) = ours else { return };
        let category = category(&why);
        let fabrics: Vec<&str> = match expected["category_any_of"].as_array() {
            Some(any) => any.iter().filter_map(Value::as_str).collect(),
            None => expected["category"].as_str().into_iter().collect(),
        };
        // Where Fabric crashes, there is no reason to compare.
        if fabrics.is_empty() || fabrics == ["panic"] {
            return;
        }
        self.reasons += 1;
        if !fabrics.contains(&category) {
            self.other_reasons
                .push(format!("{what}: ours {category} ({why}), Fabric's {fabrics:?}"));
        }
    }
}

/// How many cases of a family were right.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) passed: usize,
    pub(super) failed: usize,
    pub(super) categories: usize,
    pub(super) categories_right: usize,
    /// What was wrong with the first of the wrong ones.
    pub(super) findings: Vec<String>,
}

impl Tally {
    pub(super) fn add(&mut self, other: &Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.categories += other.categories;
        self.categories_right += other.categories_right;
    }

    fn count(&mut self, case: &Case, told: Told) {
        if told.wrong.is_empty() {
            self.passed += 1;
        } else {
            self.failed += 1;
        }
        self.categories += told.reasons;
        self.categories_right += told.reasons - told.other_reasons.len();
        let named = |kind: &str, line: String| {
            format!(
                "{kind} {} {} [{}]: {line}",
                case.get("id"),
                case.get("name"),
                case.get("version")
            )
        };
        let wrong = told.wrong.into_iter().map(|line| named("WRONG", line));
        self.findings
            .extend(wrong.chain(told.other_reasons.into_iter().map(|line| named("reason", line))));
        self.findings.truncate(SHOWN);
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} of {} verdicts, {} of {} categories",
            self.passed,
            self.passed + self.failed,
            self.categories_right,
            self.categories
        )
    }
}

/// Runs all cases of a family, with those of its further parts.
pub(super) fn run(folder: &Path, family: &str, prepare: Prepare) -> Tally {
    let read = |path: &Path| -> Value {
        let text = std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
        serde_json::from_slice(&text).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
    };
    let mut first = read(&folder.join(format!("{family}.json")));
    let tables: Option<_> = serde_json::from_value(first["tables"].take()).unwrap();
    let tables = tables.map_or_else(Tables::default, Tables);
    let parts = first["parts"].as_u64().unwrap_or(1);
    let check = prepare(&tables);
    let mut tally = Tally::default();
    for part in 1..=parts {
        let mut cases = match part {
            1 => first["cases"].take(),
            _ => read(&folder.join(format!("{family}.{part}.json")))["cases"].take(),
        };
        for case in cases.as_array_mut().unwrap_or_else(|| panic!("{family}: no cases")) {
            let case = Case(case.take());
            let mut told = Told::default();
            check(&case, &mut told);
            tally.count(&case, told);
        }
    }
    assert!(tally.passed + tally.failed > 0, "{family} has no cases");
    tally
}
