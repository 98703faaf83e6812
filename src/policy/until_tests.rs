use proptest::prelude::*;

use super::*;
use crate::policy::ast::Rule;
use crate::policy::testing::{Table, envelope, rules, tables};

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

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

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
