//! The plan of the house holds: no `use` runs up a floor or sideways, no two files import each
//! other, and what one room alone may do is done nowhere else.

mod plan;
mod source;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use source::{Crate, File};

fn ours() -> Crate {
    Crate::read(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"))
}

fn sample(files: &[(&'static str, &str)]) -> Crate {
    Crate::parse(files.iter().map(|(path, text)| (*path, (*text).to_owned())))
}

fn assert_none(findings: &[String]) {
    assert!(findings.is_empty(), "{} finding(s):\n  {}", findings.len(), findings.join("\n  "));
}

/// The room of a module; the crate's root is no room.
fn room(module: &[String]) -> Option<&str> {
    module.first().map(String::as_str)
}

fn upward_or_sideways(house: &Crate) -> Vec<String> {
    let mut findings = BTreeSet::new();
    for (module, file) in &house.files {
        let Some(from) = room(module) else { continue };
        if plan::floor(from).is_none() {
            findings.insert(format!("src/{}: `{from}` is not in tests/house/plan.rs", file.path));
        }
        for name in file.names.iter().filter(|name| name.ours) {
            let Some(to) = room(&name.path).filter(|to| *to != from) else { continue };
            let taken = name.path.get(1).map(String::as_str);
            if let Some(why) = plan::refusal(from, to, taken) {
                findings.insert(format!("src/{}: `{}`: {why}", file.path, name.path.join("::")));
            }
        }
    }
    findings.into_iter().collect()
}

/// Which files each file imports, tests aside.
fn imports(house: &Crate) -> BTreeMap<&str, BTreeSet<&str>> {
    let edges = |file: &File| {
        let names = file.names.iter().filter(|name| name.ours && !name.in_tests);
        let owners = names.map(|name| house.files[&house.owner(&name.path)].path.as_str());
        owners.filter(|path| *path != file.path).collect()
    };
    // The binary's `crate` is another one.
    let with_root = house.files.values().filter(|file| file.path != "main.rs");
    with_root.map(|file| (file.path.as_str(), edges(file))).collect()
}

/// For each file that reaches itself, the shortest way.
fn circles(house: &Crate) -> Vec<String> {
    let imports = imports(house);
    let mut seen = BTreeSet::new();
    let mut findings = Vec::new();
    for start in imports.keys() {
        let Some(way) = way_back(start, &imports) else { continue };
        if seen.insert(way.iter().copied().collect::<BTreeSet<_>>()) {
            findings.push(format!("{} -> {start}", way.join(" -> ")));
        }
    }
    findings
}

fn way_back<'a>(
    start: &'a str,
    imports: &BTreeMap<&'a str, BTreeSet<&'a str>>,
) -> Option<Vec<&'a str>> {
    let mut before: BTreeMap<&str, &str> = BTreeMap::new();
    let mut queue = std::collections::VecDeque::from([start]);
    while let Some(at) = queue.pop_front() {
        for next in imports.get(at).into_iter().flatten().copied() {
            if next == start {
                let mut way = vec![at];
                while let Some(previous) = before.get(way[way.len() - 1]) {
                    way.push(previous);
                }
                way.reverse();
                return Some(way);
            }
            if !before.contains_key(next) {
                before.insert(next, at);
                queue.push_back(next);
            }
        }
    }
    None
}

fn naming(house: &Crate, word: &str, may: impl Fn(&str) -> bool) -> Vec<String> {
    let files = house.files.values().filter(|file| file.words.contains(word) && !may(&file.path));
    files.map(|file| format!("src/{} names `{word}`", file.path)).collect()
}

fn printing(house: &Crate) -> Vec<String> {
    let prints = ["println", "print", "eprintln", "eprint", "dbg"];
    let mut findings = Vec::new();
    for file in house.files.values().filter(|file| file.path != "cli/output.rs") {
        for name in file.macros.iter().filter(|name| !name.in_tests) {
            let word = name.path.last().map_or("", String::as_str);
            if prints.contains(&word) {
                findings.push(format!("src/{} prints with `{word}!`", file.path));
            }
        }
    }
    findings
}

fn clocks(house: &Crate) -> Vec<String> {
    let reads = |path: &[String]| {
        path.windows(2).any(|pair| pair[0] == "SystemTime" && pair[1] == "now")
            || path.windows(2).any(|pair| pair[0] == "UNIX_EPOCH" && pair[1] == "elapsed")
    };
    let others = house.files.values().filter(|file| file.path != "clock.rs");
    let found = others.filter(|file| file.names.iter().any(|name| reads(&name.path)));
    found.map(|file| format!("src/{} reads the clock", file.path)).collect()
}

fn impure(house: &Crate) -> Vec<String> {
    let mut findings = BTreeSet::new();
    for (module, file) in &house.files {
        let pure = room(module).and_then(plan::floor).is_some_and(|floor| floor < 2);
        let names = file.names.iter().filter(|name| pure && !name.ours && !name.in_tests);
        for name in names {
            let starts = |with: &&[&str]| {
                with.len() <= name.path.len() && with.iter().zip(&name.path).all(|(a, b)| a == b)
            };
            if plan::IMPURE.iter().any(starts) {
                findings.insert(format!("src/{}: `{}`", file.path, name.path.join("::")));
            }
        }
    }
    findings.into_iter().collect()
}

#[test]
fn no_import_runs_up_a_floor_or_sideways() {
    assert_none(&upward_or_sideways(&ours()));
}

#[test]
fn no_two_files_import_each_other() {
    assert_none(&circles(&ours()));
}

#[test]
fn only_the_store_says_that_an_intent_is_recorded() {
    let may = |path: &str| path == "audit.rs" || path.starts_with("store/");
    assert_none(&naming(&ours(), "after_commit", may));
}

#[test]
fn only_the_token_vouches_for_a_signature() {
    let may = |path: &str| path == "pki/signature.rs" || path.starts_with("hsm/");
    assert_none(&naming(&ours(), "vouched_for", may));
}

#[test]
fn only_the_clock_reads_the_time() {
    assert_none(&clocks(&ours()));
}

#[test]
fn only_the_output_prints() {
    assert_none(&printing(&ours()));
}

#[test]
fn words_and_rules_touch_nothing_outside() {
    assert_none(&impure(&ours()));
}

#[test]
fn nothing_is_imported_by_star() {
    let house = ours();
    let stars = |file: &File| {
        let names = file.names.iter().filter(|name| !name.in_tests);
        names.filter(|name| name.path.last().is_some_and(|word| word == "*")).count()
    };
    let found = house.files.values().filter(|file| stars(file) > 0);
    assert_none(&found.map(|file| format!("src/{}", file.path)).collect::<Vec<_>>());
}

#[test]
fn a_face_holds_no_logic() {
    let house = ours();
    let mut findings = Vec::new();
    for file in house.files.values().filter(|file| file.is_face) {
        let items = file.items.iter().filter(|item| *item != "mod" && *item != "use");
        findings.extend(items.map(|item| format!("src/{} holds {item}", file.path)));
    }
    assert_none(&findings);
}

#[test]
fn the_plan_is_kept_by_these_rules() {
    let house = sample(&[
        ("pki/mod.rs", "mod key; mod draft; pub use key::PublicKey;"),
        ("pki/key.rs", "use crate::service::{self, enroll::{Enroll as E}}; pub struct PublicKey;"),
        ("pki/draft.rs", "use super::PublicKey; fn f() { let _ = crate::id::CaName::x(); }"),
        ("id/mod.rs", "pub struct CaName;"),
        ("hsm/mod.rs", "use crate::pki::{Certificate, PublicKey}; use crate::store::Store;"),
        ("store/mod.rs", "fn f() { log!(\"{}\", crate::cli::run()); println!() }"),
        ("service/mod.rs", "mod enroll; use enroll::Enroll;"),
        ("service/enroll.rs", "#[cfg(test)] mod tests { use super::super::Enroll; }"),
        ("cli/mod.rs", "fn f() { std::time::SystemTime::now(); }"),
        ("lib.rs", "pub mod pki;"),
    ]);
    let expected = [
        "src/hsm/mod.rs: `pki::Certificate`: `hsm` takes only",
        "src/hsm/mod.rs: `store::Store`: `hsm` runs sideways to `store`",
        "src/pki/key.rs: `service::enroll::Enroll`: `pki` runs up a floor to `service`",
        "src/pki/key.rs: `service`: `pki` runs up a floor to `service`",
        "src/store/mod.rs: `cli::run`: `store` runs up a floor to `cli`",
    ];
    let found = upward_or_sideways(&house);
    assert_eq!(found.len(), expected.len(), "{found:#?}");
    for (found, expected) in found.iter().zip(expected) {
        assert!(found.starts_with(expected), "{found}");
    }
    // Two files: the face takes `PublicKey` from `key`, and `key` reaches back over `service`? No:
    // only what truly returns is a circle.
    assert_eq!(circles(&house), Vec::<String>::new());
    assert_eq!(printing(&house), ["src/store/mod.rs prints with `println!`"]);
    assert_eq!(clocks(&house), ["src/cli/mod.rs reads the clock"]);
}

#[test]
fn a_circle_is_found_with_its_way() {
    let house = sample(&[
        ("pki/mod.rs", "mod a; mod b; mod c; pub use a::A;"),
        ("pki/a.rs", "use super::b::B; pub struct A;"),
        ("pki/b.rs", "fn f() { m!(x => super::c::C) } pub struct B;"),
        ("pki/c.rs", "use crate::pki::A; pub struct C;"),
        ("lib.rs", ""),
    ]);
    assert_eq!(circles(&house), ["pki/a.rs -> pki/b.rs -> pki/c.rs -> pki/mod.rs -> pki/a.rs"]);
}
