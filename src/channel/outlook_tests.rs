use proptest::prelude::*;

use super::*;
use crate::channel::testing::{Spelled, policy};
use crate::policy::{Signatures, SignedData};

/// Administrators of three organizations are counted; of members there are any number.
const COUNTED: [&str; 3] = ["A.admin", "B.admin", "C.admin"];
const ANY: [&str; 3] = ["A.member", "B.member", "D.member"];

fn tree(texts: &[String], rule: &str) -> PolicyTree {
    let group = |text: &String| ConfigGroup {
        policies: [("P".to_owned(), policy(text))].into(),
        ..ConfigGroup::default()
    };
    let groups = texts.iter().enumerate().map(|(at, text)| (format!("G{at}"), group(text)));
    let policies = [("P".to_owned(), policy(&format!("{rule} P")))].into();
    let root = ConfigGroup { groups: groups.collect(), policies, ..ConfigGroup::default() };
    PolicyTree::load(&root).unwrap()
}

/// Whether any signers, in any order, satisfy it: all that there are, each at most once.
fn by_force(tree: &PolicyTree, who: &[String], chosen: &mut Vec<usize>, most: usize) -> bool {
    let signed: Vec<SignedData<'_>> = chosen
        .iter()
        .map(|at| SignedData {
            identity: who[*at].as_bytes().into(),
            data: b"".into(),
            signature: b"good".into(),
        })
        .collect();
    if tree.evaluate("P", &Signatures::new(&Spelled, &signed)).is_satisfied() {
        return true;
    }
    if chosen.len() == most {
        return false;
    }
    (0..who.len()).any(|next| {
        // Of two who hold the same, the first signs first.
        let twin = next > 0 && who[next - 1].split('/').eq_by_role(&who[next]);
        if chosen.contains(&next) || (twin && !chosen.contains(&(next - 1))) {
            return false;
        }
        chosen.push(next);
        let found = by_force(tree, who, chosen, most);
        chosen.pop();
        found
    })
}

trait EqByRole {
    fn eq_by_role(self, other: &str) -> bool;
}

impl<'a, I: Iterator<Item = &'a str>> EqByRole for I {
    fn eq_by_role(mut self, other: &str) -> bool {
        self.next() == other.split('/').next()
    }
}

/// Gates of up to three leaves.
fn texts() -> impl Strategy<Value = String> {
    let leaf = proptest::sample::select([&COUNTED[..], &ANY[..]].concat());
    let leaves = proptest::collection::vec(leaf.clone(), 1..4);
    let flat = (leaves, 0..4_usize).prop_map(|(leaves, n)| {
        let n = n.min(leaves.len());
        let quoted: Vec<String> = leaves.iter().map(|leaf| format!("'{leaf}'")).collect();
        format!("OutOf({n}, {})", quoted.join(", "))
    });
    let pair = (leaf.clone(), leaf.clone(), leaf)
        .prop_map(|(a, b, c)| format!("AND(OR('{a}', '{b}'), '{c}')"));
    prop_oneof![flat, pair]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn who_is_locked_out_is_what_trying_all_finds(
        text in texts(),
        other in proptest::option::weighted(0.3, proptest::sample::select([&COUNTED[..], &ANY[..]].concat())),
        rule in proptest::sample::select(&["ANY", "ALL", "MAJORITY"][..]),
        counts in proptest::collection::vec(0..3_usize, 3),
    ) {
        let texts: Vec<String> =
            std::iter::once(text).chain(other.map(|leaf| format!("OR('{leaf}')"))).collect();
        let tree = tree(&texts, rule);
        let reach = Reach::new(&tree);
        let end = Timestamp::from_unix(0);
        let supplies: Vec<Supply> = reach
            .principals()
            .map(|(who, _)| match COUNTED.iter().position(|it| *it == who.to_string()) {
                Some(at) if counts[at] == 0 => Supply::Nobody(String::new()),
                Some(at) => Supply::Some(counts[at], end, String::new()),
                None => Supply::Any(end, String::new()),
            })
            .collect();
        // Each leaf takes one at most.
        let leaves = texts.iter().map(|text| text.matches('\'').count() / 2).sum::<usize>();
        let mut who: Vec<String> = Vec::new();
        for (named, count) in COUNTED.iter().zip(&counts) {
            who.extend((0..*count).map(|copy| format!("{named}/{copy}")));
        }
        for named in ANY {
            let asked = texts.iter().map(|text| text.matches(named).count()).sum::<usize>();
            who.extend((0..asked).map(|copy| format!("{named}/{copy}")));
        }
        let found = tree.lookup(tree.root().unwrap(), "P");
        let force = by_force(&tree, &who, &mut Vec::new(), leaves);
        let expected = if force { Possible::Yes } else { Possible::No };
        prop_assert_eq!(can_be(&reach, &tree, found, &supplies), expected, "{:?}", texts);
    }
}
