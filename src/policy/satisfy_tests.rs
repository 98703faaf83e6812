use proptest::prelude::*;

use super::*;
use crate::policy::ast::{Named, Role, Rule};
use crate::policy::language::read;
use crate::policy::testing::rules;
use crate::policy::{parse_implicit, to_envelope};
use crate::wire::{ConfigGroup, ConfigPolicy, Message as _, Policy, PolicyType};

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
fn whom_no_smallest_set_names_may_be_taken_by_greed_instead() {
    // Below an implicit policy one signature counts for each: C's administrator and B's seem to be enough. But the first gate
    // looks at both of its choices, and takes B's administrator for the member unless another member is there.
    let group = |rule: &str| ConfigGroup {
        policies: [("P".to_owned(), signed_by(rule))].into(),
        ..ConfigGroup::default()
    };
    let below = [
        ("A".to_owned(), group("AND(OutOf(1, 'C.admin', 'B.member'), 'B.admin')")),
        ("B".to_owned(), group("OR('C.admin')")),
    ];
    let all = parse_implicit("ALL P").unwrap().encode_to_vec();
    let all = Policy { r#type: PolicyType::ImplicitMeta.into(), value: all };
    let all = ConfigPolicy { policy: Some(all), ..ConfigPolicy::default() };
    let root = ConfigGroup {
        groups: below.into(),
        policies: [("All".to_owned(), all)].into(),
        ..ConfigGroup::default()
    };
    let tree = PolicyTree::load(&root).unwrap();
    let found = minimal_sets(&tree, tree.lookup(tree.root().unwrap(), "All"));
    let sets: Vec<String> = found.sets.iter().map(shown).collect();
    assert_eq!(sets, ["B.member + B.admin + C.admin", "2 B.admin + C.admin"]);
}

fn signed_by(rule: &str) -> ConfigPolicy {
    let value = to_envelope(&read(rule).unwrap()).encode_to_vec();
    let policy = Some(Policy { r#type: PolicyType::Signature.into(), value });
    ConfigPolicy { policy, ..ConfigPolicy::default() }
}

#[test]
fn a_search_that_is_too_long_says_so() {
    // Nobody is interchangeable: each organization is asked for in two gates.
    let peers: Vec<String> = (0..12).map(|org| format!("'Org{org}.peer'")).collect();
    let peers = peers.join(", ");
    let text = format!("AND(OutOf(6, {peers}), OutOf(6, {peers}))");
    let found = SignaturePolicy::from_written(&read(&text).unwrap()).minimal_sets();
    assert!(!found.are_all && !found.choices_are_all);
}

fn choices(text: &str) -> (usize, bool, Vec<String>) {
    let found = SignaturePolicy::from_written(&read(text).unwrap()).minimal_sets();
    assert!(found.choices_are_all);
    let one = |choice: &Choice| {
        let any = choice.any.iter().map(|any| format!("{} of {}", any.count, any.of.len()));
        let fixed = (!choice.fixed.is_empty()).then(|| shown(&choice.fixed));
        fixed.into_iter().chain(any).collect::<Vec<_>>().join(" + ")
    };
    (found.sets.len(), found.are_all, found.choices.iter().map(one).collect())
}

#[test]
fn of_interchangeable_signers_one_choice_is_told() {
    let peers = |from: usize, to: usize| {
        let peers: Vec<String> = (from..to).map(|org| format!("'Org{org}.peer'")).collect();
        peers.join(", ")
    };
    let wide = format!("OutOf(5, {})", peers(0, 20));
    assert_eq!(choices(&wide), (300, false, vec!["5 of 20".to_owned()]));
    let text = format!("AND('Notary.admin', {wide})");
    assert_eq!(choices(&text).2, ["Notary.admin + 5 of 20"]);
    let two = format!("AND(OutOf(10, {}), OutOf(9, {}))", peers(0, 20), peers(20, 40));
    let (_, are_all, told) = choices(&two);
    assert!(!are_all);
    assert_eq!(told, ["10 of 20 + 9 of 20"]);
    // Few enough are named one by one as well.
    assert_eq!(
        choices(&format!("OutOf(2, {})", peers(0, 20))),
        (190, true, vec!["2 of 20".into()])
    );
    let mixed = format!("OutOf(3, 'A.admin', 'B.admin', {})", peers(0, 3));
    let told = choices(&mixed);
    assert_eq!((told.0, told.1), (10, true));
    assert_eq!(told.2.len(), 3);
}

#[test]
fn a_certificate_is_one_signer() {
    let identity = |id_bytes: &[u8]| {
        let named =
            crate::wire::SerializedIdentity { mspid: "A".to_owned(), id_bytes: id_bytes.to_vec() };
        let principal = crate::wire::Message::encode_to_vec(&named);
        MspPrincipal { principal_classification: 2, principal }
    };
    let policy = |n: i32, principals: Vec<MspPrincipal>| {
        let rules = (0..).take(principals.len()).map(Rule::SignedBy).collect();
        let rule = Some(crate::policy::compile::to_wire(&Rule::OutOf { n, rules }));
        let envelope =
            crate::wire::SignaturePolicyEnvelope { version: 0, rule, identities: principals };
        SignaturePolicy::from_envelope(&envelope).unwrap().minimal_sets()
    };
    // Two of three certificates of one organization are three sets, not one of two signers.
    let found = policy(2, vec![identity(b"1"), identity(b"2"), identity(b"3")]);
    assert_eq!((found.sets.len(), found.are_all), (3, true));
    assert!(found.sets.iter().all(|set| set.len() == 2));
    let found = policy(2, vec![identity(b"1"), identity(b"1")]);
    assert_eq!((found.sets.len(), found.are_all), (0, true));
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
        let imagined = Imagined::new(policy.principals(), &described);
        let satisfy = |set: &Set| {
            imagined.satisfy(set, |signatures| policy.evaluate(signatures).is_satisfied())
        };
        let number = |who: &Described| described.iter().position(|known| known == who).unwrap();
        let sets: Vec<Set> = found
            .sets
            .iter()
            .map(|set| set.iter().map(|(who, count)| (number(who), *count)).collect())
            .collect();
        for set in &sets {
            prop_assert!(size(set) > 5 || satisfy(set));
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
            prop_assert!(known || !satisfy(&set), "{set:?} of {rule:?}: {sets:?}");
        }
    }
}
