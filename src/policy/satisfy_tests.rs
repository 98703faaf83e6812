use proptest::prelude::*;

use super::*;
use crate::policy::ast::Named;
use crate::policy::language::read;
use crate::policy::testing::{Table, envelope, rules, tables};

fn sets(text: &str) -> Vec<String> {
    let policy = SignaturePolicy::from_written(&read(text).unwrap());
    let found = policy.minimal_sets();
    assert!(found.are_all);
    found.sets.iter().map(shown).collect()
}

fn shown(set: &BTreeMap<Described, usize>) -> String {
    let one = |(who, count): (&Described, &usize)| match count {
        1 => who.to_string(),
        count => format!("{count} {who}"),
    };
    set.iter().map(one).collect::<Vec<_>>().join(" + ")
}

#[test]
fn the_smallest_sets_are_named() {
    assert_eq!(sets("OR('A.peer', AND('B.peer', 'C.admin'))"), ["A.peer", "B.peer + C.admin"]);
    let two_of_three = sets("OutOf(2, 'A.peer', 'B.peer', 'C.peer')");
    assert_eq!(two_of_three, ["A.peer + B.peer", "A.peer + C.peer", "B.peer + C.peer"]);
    assert_eq!(sets("AND('A.member', 'A.member')"), ["2 A.member"]);
    assert_eq!(sets("OutOf(0, 'A.peer')"), [""]);
    assert_eq!(sets("OutOf(2, 'A.peer')"), Vec::<String>::new());
    // An administrator is a member, yet one signature does not count twice.
    assert_eq!(sets("AND('A.member', 'A.admin')"), ["A.member + A.admin"]);
}

#[test]
fn greed_is_reckoned_with() {
    // The first gate takes a member of A and one of B when both are there, and one is enough.
    let greedy = "AND(OutOf(1, 'A.member', 'B.member'), 'B.member')";
    assert_eq!(sets(greedy), ["2 B.member"]);
}

#[test]
fn a_search_that_is_too_long_says_so() {
    let names: Vec<String> = (0..40).map(|org| format!("'Org{org}.peer'")).collect();
    let text = format!("OutOf(20, {})", names.join(", "));
    let found = SignaturePolicy::from_written(&read(&text).unwrap()).minimal_sets();
    assert!(!found.are_all);
}

#[test]
fn expiry_is_told() {
    let day = |day: i64| Timestamp::from_unix(day * 86_400);
    let table = Table(vec![vec![true, false, false, false, false]; 6]);
    let rule = Rule::OutOf { n: 2, rules: vec![Rule::SignedBy(0), Rule::SignedBy(0)] };
    let policy = SignaturePolicy::from_envelope(&envelope(&rule)).unwrap();
    let holder = |who: u8, until: i64| Holder { identity: [who], not_after: day(until) };
    let holders = [holder(0, 10), holder(1, 30), holder(2, 20)];
    let until = |at| satisfiable_until(&table, &policy, &holders, day(at));
    assert_eq!(until(5), Until::Through(day(20)));
    assert_eq!(until(20), Until::Through(day(20)));
    assert_eq!(until(21), Until::NotNow);
    let nobody = Rule::OutOf { n: 0, rules: vec![] };
    let nobody = SignaturePolicy::from_envelope(&envelope(&nobody)).unwrap();
    assert_eq!(satisfiable_until(&table, &nobody, &[], day(1)), Until::Always);
}

/// A policy over five roles of five organizations, none of which implies another.
fn over_roles(rule: &Rule) -> SignaturePolicy {
    let principal = |org: u8| Named { msp_id: format!("Org{org}"), role: Role::Peer };
    let principals = (0..5).map(principal).collect();
    SignaturePolicy::from_written(&crate::policy::language::Written {
        rule: rule.clone(),
        principals,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn every_set_satisfies_and_no_smaller_one_is_missed(rule in rules()) {
        let policy = over_roles(&rule);
        let found = policy.minimal_sets();
        prop_assume!(found.are_all);
        let described: Vec<Described> = policy.principals().iter().map(Described::of).collect();
        let imagined = Imagined { principals: policy.principals(), described: &described };
        let number = |who: &Described| described.iter().position(|known| known == who).unwrap();
        let sets: Vec<Set> = found
            .sets
            .iter()
            .map(|set| set.iter().map(|(who, count)| (number(who), *count)).collect())
            .collect();
        for set in &sets {
            prop_assert!(size(set) > 5 || imagined.satisfy(&policy, set));
        }
        // Every set of up to three signers that satisfies contains one that was found.
        let numbers = [5, 0, 1, 2, 3, 4];
        for choice in 0..216_usize {
            let mut set = Set::new();
            for number in [choice % 6, choice / 6 % 6, choice / 36] {
                if numbers[number] < 5 {
                    *set.entry(numbers[number]).or_default() += 1;
                }
            }
            let known = sets.iter().any(|smaller| contains(&set, smaller));
            prop_assert!(known || !imagined.satisfy(&policy, &set), "{set:?} of {rule:?}: {sets:?}");
        }
    }

    #[test]
    fn the_last_instant_is_the_last(
        table in tables(),
        rule in rules(),
        ends in proptest::collection::vec(0..20_i64, 0..6),
    ) {
        let policy = SignaturePolicy::from_envelope(&envelope(&rule)).unwrap();
        let holders: Vec<Holder<[u8; 1]>> = ends
            .iter()
            .zip(0..)
            .map(|(end, who)| Holder { identity: [who], not_after: Timestamp::from_unix(*end) })
            .collect();
        let can = |at: i64| {
            let alive: Vec<&Holder<[u8; 1]>> =
                holders.iter().filter(|holder| holder.not_after.unix() >= at).collect();
            let is = |who: usize, principal: i32| {
                let asked = &policy.principals()[usize::try_from(principal).unwrap()];
                table.satisfies(&alive[who].identity, asked).is_ok()
            };
            assignment(&rule, alive.len(), &is) == Search::Exists
        };
        let last = (0..30).rev().find(|at| can(*at));
        let expected = match last {
            Some(29) => Until::Always,
            Some(at) => Until::Through(Timestamp::from_unix(at)),
            None => Until::NotNow,
        };
        let until = satisfiable_until(&table, &policy, &holders, Timestamp::from_unix(0));
        prop_assert_eq!(until, expected);
    }
}
