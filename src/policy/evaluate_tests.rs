use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::policy::testing::{
    Entries, IDENTITIES, PRINCIPALS, Table, entries, envelope, naive, rules, signed, survivors,
    tables,
};
use crate::policy::tree::{Lookup, PolicyTree};
use crate::wire::{
    ConfigGroup, ConfigPolicy, ImplicitMetaPolicy, Message as _, Policy, PolicyType,
};

fn judged(table: &Table, rule: &Rule, entries: &Entries) -> (bool, usize) {
    let signed = signed(entries);
    let policy = SignaturePolicy::from_envelope(&envelope(rule)).unwrap();
    let signatures = Signatures::new(table, &signed);
    (policy.evaluate(&signatures).is_satisfied(), signatures.verifications())
}

fn naively(table: &Table, rule: &Rule, entries: &Entries) -> bool {
    let who: Vec<u8> =
        survivors(table, &signed(entries)).into_iter().map(|at| entries[at].0).collect();
    naive(table, &who, rule, &mut vec![false; who.len()])
}

/// Whether some assignment exists: every way to give each identity to a principal, or to none.
fn assignable(table: &Table, rule: &Rule, who: &[u8]) -> bool {
    fn enough(rule: &Rule, given: &[usize]) -> BTreeSet<Vec<usize>> {
        // The ways to satisfy the rule, each by how many of every principal it takes.
        match rule {
            Rule::SignedBy(principal) => {
                let mut takes = vec![0; given.len()];
                takes[usize::try_from(*principal).unwrap()] = 1;
                [takes].into()
            }
            Rule::OutOf { n, rules } => {
                let mut ways: Vec<(usize, Vec<usize>)> = vec![(0, vec![0; given.len()])];
                for rule in rules {
                    let parts = enough(rule, given);
                    for (held, takes) in ways.clone() {
                        for part in &parts {
                            let sum = takes.iter().zip(part).map(|(a, b)| a + b).collect();
                            ways.push((held + 1, sum));
                        }
                    }
                    ways.sort();
                    ways.dedup();
                }
                let needed = usize::try_from(*n).unwrap_or(0);
                ways.into_iter()
                    .filter(|(held, _)| *held >= needed)
                    .map(|(_, takes)| takes)
                    .collect()
            }
        }
    }
    let ways = enough(rule, &[0; PRINCIPALS as usize]);
    let options = usize::from(PRINCIPALS) + 1;
    (0..options.pow(u32::try_from(who.len()).unwrap())).any(|mut number| {
        let mut given = vec![0; usize::from(PRINCIPALS)];
        for identity in who {
            let principal = number % options;
            number /= options;
            if principal < given.len() {
                if !table.0[usize::from(*identity)][principal] {
                    return false;
                }
                given[principal] += 1;
            }
        }
        ways.iter().any(|takes| takes.iter().zip(&given).all(|(take, given)| take <= given))
    })
}

fn policy(kind: PolicyType, value: Vec<u8>) -> ConfigPolicy {
    let policy = Some(Policy { r#type: kind.into(), value });
    ConfigPolicy { version: 0, policy, mod_policy: String::new() }
}

/// Groups with one policy each, and an implicit policy above them.
fn tree(rules: &[Option<Rule>], implicit: i32) -> PolicyTree {
    let mut root = ConfigGroup::default();
    for (index, rule) in rules.iter().enumerate() {
        let mut group = ConfigGroup::default();
        if let Some(rule) = rule {
            let value = envelope(rule).encode_to_vec();
            group.policies.insert("P".into(), policy(PolicyType::Signature, value));
        }
        root.groups.insert(format!("G{index}"), group);
    }
    let above = ImplicitMetaPolicy { sub_policy: "P".into(), rule: implicit };
    root.policies.insert("All".into(), policy(PolicyType::ImplicitMeta, above.encode_to_vec()));
    PolicyTree::load(&root).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn the_short_way_has_the_verdict_of_the_long_one(
        table in tables(),
        rule in rules(),
        entries in entries(9),
    ) {
        let (satisfied, verifications) = judged(&table, &rule, &entries);
        prop_assert_eq!(satisfied, naively(&table, &rule, &entries));
        prop_assert!(verifications <= entries.len());
    }

    #[test]
    fn many_signatures_are_judged_like_few(
        table in tables(),
        rule in rules(),
        entries in entries(80),
    ) {
        prop_assert_eq!(judged(&table, &rule, &entries).0, naively(&table, &rule, &entries));
    }

    #[test]
    fn what_was_asked_before_changes_no_verdict(
        table in tables(),
        asked in proptest::collection::vec(rules(), 1..5),
        entries in entries(9),
    ) {
        let signed = signed(&entries);
        let shared = Signatures::new(&table, &signed);
        for rule in &asked {
            let policy = SignaturePolicy::from_envelope(&envelope(rule)).unwrap();
            let verdict = policy.evaluate(&shared).is_satisfied();
            prop_assert_eq!(verdict, judged(&table, rule, &entries).0);
        }
        prop_assert!(shared.verifications() <= entries.len());
        prop_assert_eq!(shared.counting(), survivors(&table, &signed));
    }

    #[test]
    fn the_explanation_agrees_with_the_verdict(
        table in tables(),
        rule in rules(),
        entries in entries(6),
    ) {
        let signed = signed(&entries);
        let policy = SignaturePolicy::from_envelope(&envelope(&rule)).unwrap();
        let explanation = policy.explain(&Signatures::new(&table, &signed));
        let satisfied = judged(&table, &rule, &entries).0;
        prop_assert_eq!(explanation.is_satisfied, satisfied);
        prop_assert_eq!(explanation.found.need().is_none(), satisfied);
        let counting: Vec<usize> =
            (0..entries.len()).filter(|at| explanation.dropped[*at].is_none()).collect();
        prop_assert_eq!(&counting, &survivors(&table, &signed));
        let who: Vec<u8> = counting.into_iter().map(|at| entries[at].0).collect();
        let assignable = assignable(&table, &rule, &who);
        prop_assert_eq!(explanation.another_assignment, Some(!satisfied && assignable));
        // Where greed is satisfied, an assignment is.
        prop_assert!(assignable || !satisfied);
    }

    #[test]
    fn an_implicit_policy_asks_each_policy_below_on_its_own(
        table in tables(),
        rules in proptest::collection::vec(proptest::option::weighted(0.8, rules()), 0..5),
        implicit in 0..5_i32,
        entries in entries(7),
    ) {
        let tree = tree(&rules, implicit);
        let held = |rule: &&Option<Rule>| {
            rule.as_ref().is_some_and(|rule| naively(&table, rule, &entries))
        };
        let held = rules.iter().filter(held).count();
        let expected = match (implicit, rules.len()) {
            (_, 0) => true,
            (0, _) => held >= 1,
            (1, all) => held == all,
            (2, all) => held > all / 2,
            _ => held == 0,
        };
        let signed = signed(&entries);
        let signatures = Signatures::new(&table, &signed);
        let verdict = tree.evaluate("/Channel/All", &signatures);
        prop_assert_eq!(verdict.is_satisfied(), expected);
        let found = tree.lookup(tree.root().unwrap(), "All");
        let explanation = crate::policy::explain::explain(&tree, found, &signatures);
        prop_assert_eq!(explanation.is_satisfied, expected);
        prop_assert_eq!(explanation.found.need().is_none(), expected);
        prop_assert!(signatures.verifications() <= entries.len());
    }
}

/// Principal n is identity n and nobody else.
fn own_principals() -> Table {
    let row = |who: u8| (0..PRINCIPALS).map(|principal| principal == who).collect();
    Table((0..IDENTITIES).map(row).collect())
}

#[test]
fn signatures_that_cannot_matter_are_not_verified() {
    let table = own_principals();
    let all: Entries = (0..PRINCIPALS).map(|who| (who, 0, true)).collect();
    let signed_by = |numbers: std::ops::Range<i32>| numbers.map(Rule::SignedBy).collect();
    // 3 of 5 with 5 signatures: three are enough.
    let three_of_five = Rule::OutOf { n: 3, rules: signed_by(0..5) };
    assert_eq!(judged(&table, &three_of_five, &all), (true, 3));
    // Those whose principal nobody asks for are never looked at.
    let last_two = Rule::OutOf { n: 2, rules: signed_by(3..5) };
    assert_eq!(judged(&table, &last_two, &all), (true, 2));
    // One of two is missing, so the other is not verified once that is known.
    let missing_first = Rule::OutOf { n: 2, rules: vec![Rule::SignedBy(0), Rule::SignedBy(1)] };
    assert_eq!(judged(&table, &missing_first, &vec![(1, 0, true)]), (false, 0));
    // A duplicate of a good signature is not verified.
    let twice = Rule::OutOf { n: 2, rules: vec![Rule::SignedBy(0), Rule::SignedBy(0)] };
    assert_eq!(judged(&table, &twice, &vec![(0, 0, true), (0, 1, true)]), (false, 1));
}

#[test]
fn a_gate_that_has_enough_still_takes_what_later_gates_would_need() {
    let table = own_principals();
    let first = Rule::OutOf { n: 1, rules: vec![Rule::SignedBy(0), Rule::SignedBy(1)] };
    let greedy = Rule::OutOf { n: 2, rules: vec![first, Rule::SignedBy(1)] };
    let both = vec![(0, 0, true), (1, 0, true)];
    assert!(!judged(&table, &greedy, &both).0);
    let signed = signed(&both);
    let policy = SignaturePolicy::from_envelope(&envelope(&greedy)).unwrap();
    let explanation = policy.explain(&Signatures::new(&table, &signed));
    assert_eq!(explanation.another_assignment, Some(true));
}

#[test]
fn lookups_follow_fabrics_paths() {
    let tree = tree(&[Some(Rule::SignedBy(0))], 0);
    let root = tree.root().unwrap();
    let group = tree.group(["G0"]).unwrap();
    assert_eq!(tree.path(group).as_deref(), Some("/Channel/G0"));
    for id in ["All", "/Channel/All", "/ChannelXAll", "G0/P", "/Channel/G0/P"] {
        assert!(matches!(tree.lookup(root, id), Lookup::Found(_)), "{id}");
    }
    for id in ["", "/", "/Channel/", "/Channe", "/Other/All", "/Channelö", "P", "All/P"] {
        assert_eq!(tree.lookup(root, id), Lookup::Missing, "{id}");
    }
    assert_eq!(tree.lookup(root, "/Channel"), Lookup::Crash);
    assert_eq!(tree.lookup(group, "/Channel/G0"), Lookup::Crash);
    assert!(matches!(tree.lookup(group, "/Channel/G0/P"), Lookup::Found(_)));
    assert_eq!(tree.lookup(group, "/Channel/All"), Lookup::Missing);
    assert_eq!(tree.group(["G1"]), None);
}
