//! What people stumble over in a policy that reads well.

use std::collections::BTreeSet;

use super::ast::{Role, Rule};
use super::compile::SignaturePolicy;
use super::outline::Outline;
use super::principal::Described;
use super::tree::{Lookup, PolicyTree};

/// Something about a policy that works otherwise than somebody may expect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Advice {
    /// A stable word for it.
    pub code: &'static str,
    /// What is so, and what follows.
    pub text: String,
}

/// Looks at a signature policy for gates that decide nothing, and for principals that take
/// signatures from one another.
pub fn advise(policy: &SignaturePolicy) -> Vec<Advice> {
    let mut advice = Vec::new();
    of_gates(policy.rule(), &mut advice);
    let mut numbers = BTreeSet::new();
    collect(policy.rule(), &mut numbers);
    let asked = numbers.into_iter().filter_map(|number| policy.principals().get(number));
    let described: Vec<Described> = asked.map(Described::of).collect();
    of_principals(&described, &mut advice);
    advice
}

/// As [`advise`], of what a lookup led to; for implicit policies, what is missing below them.
pub fn advise_at(tree: &PolicyTree, found: Lookup) -> Vec<Advice> {
    if let Some(policy) = tree.signature_policy(found) {
        return advise(&policy);
    }
    let mut advice = Vec::new();
    of_groups(&tree.outline(found), &mut advice);
    advice
}

fn of_groups(outline: &Outline, advice: &mut Vec<Advice>) {
    let Outline::Implicit { name, needed, below } = outline else { return };
    let missing = below.iter().filter(|(_, part)| *part == Outline::Missing);
    let missing: Vec<&str> = missing.map(|(group, _)| group.as_str()).collect();
    if !missing.is_empty() {
        let text = format!(
            "no policy `{name}` in {}: each counts as one that never holds",
            missing.join(", ")
        );
        advice.push(Advice { code: "missing-below", text });
    }
    let there = below.len() - missing.len();
    match needed {
        Some(needed) if *needed > there => {
            let text = format!(
                "`{name}` is there {there} times and asked for {needed} times: it never holds"
            );
            advice.push(Advice { code: "never-holds", text });
        }
        Some(0) => {
            let text = format!("there is no group below, so `{name}` always holds");
            advice.push(Advice { code: "always-holds", text });
        }
        Some(_) | None => {}
    }
    for (_, part) in below {
        of_groups(part, advice);
    }
}

fn of_gates(rule: &Rule, advice: &mut Vec<Advice>) {
    let Rule::OutOf { n, rules } = rule else { return };
    let count = rules.len();
    if usize::try_from(*n).is_ok_and(|n| n > count) {
        let text = format!("a gate asks for {n} of {count} and never holds");
        advice.push(Advice { code: "never-holds", text });
    } else if *n <= 0 {
        let text = format!("a gate asks for {n} of {count} and always holds");
        advice.push(Advice { code: "always-holds", text });
    }
    for rule in rules {
        of_gates(rule, advice);
    }
}

fn collect(rule: &Rule, numbers: &mut BTreeSet<usize>) {
    match rule {
        Rule::SignedBy(number) => numbers.extend(usize::try_from(*number).ok()),
        Rule::OutOf { rules, .. } => rules.iter().for_each(|rule| collect(rule, numbers)),
    }
}

fn of_principals(described: &[Described], advice: &mut Vec<Advice>) {
    let named = described.iter().filter_map(|who| match who {
        Described::Role(named) => Some((named.msp_id.as_str(), named.role)),
        Described::Unit(..)
        | Described::Identity(..)
        | Described::Anyone
        | Described::All(_)
        | Described::Nobody => None,
    });
    let named: BTreeSet<(&str, Role)> = named.collect();
    for (msp_id, role) in &named {
        if *role != Role::Member && named.contains(&(*msp_id, Role::Member)) {
            let text = format!(
                "`{msp_id}.member` may use up the signature that `{msp_id}.{role}` needs: \
                 signatures are given away in their order, and never given back"
            );
            advice.push(Advice { code: "member-takes-role", text });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::compile::to_envelope;
    use crate::policy::implicit::parse_implicit;
    use crate::policy::language::read;
    use crate::wire::{ConfigGroup, ConfigPolicy, Message as _, Policy};

    fn codes(text: &str) -> Vec<&'static str> {
        let policy = SignaturePolicy::from_written(&read(text).unwrap());
        advise(&policy).into_iter().map(|advice| advice.code).collect()
    }

    #[test]
    fn gates_that_decide_nothing_are_told_wherever_they_stand() {
        assert_eq!(codes("AND('A.peer', 'B.peer')"), [""; 0]);
        assert_eq!(codes("OR('A.peer', OutOf(0, 'B.peer'))"), ["always-holds"]);
        assert_eq!(codes("OutOf(2, OutOf(2, 'A.peer'))"), ["never-holds", "never-holds"]);
        assert_eq!(codes("OutOf(0, OutOf(2, 'A.peer'))"), ["always-holds", "never-holds"]);
    }

    #[test]
    fn implicit_policies_whose_parts_are_missing_are_told() {
        let codes = |named: usize, unnamed: usize| {
            let mut root = ConfigGroup::default();
            for org in 0..named + unnamed {
                let mut group = ConfigGroup::default();
                if org < named {
                    let peer = to_envelope(&read("OR('A.peer')").unwrap()).encode_to_vec();
                    group.policies.insert("Endorsement".into(), policy(1, peer));
                }
                root.groups.insert(format!("Org{org}"), group);
            }
            let majority = parse_implicit("MAJORITY Endorsement").unwrap().encode_to_vec();
            root.policies.insert("Endorsement".into(), policy(3, majority));
            let tree = PolicyTree::load(&root).unwrap();
            let advice = advise_at(&tree, tree.lookup(tree.root().unwrap(), "Endorsement"));
            advice.into_iter().map(|advice| advice.code).collect::<Vec<_>>()
        };
        assert_eq!(codes(3, 0), [""; 0]);
        assert_eq!(codes(2, 1), ["missing-below"]);
        assert_eq!(codes(1, 1), ["missing-below", "never-holds"]);
        assert_eq!(codes(0, 0), ["always-holds"]);
    }

    fn policy(kind: i32, value: Vec<u8>) -> ConfigPolicy {
        let policy = Some(Policy { r#type: kind, value });
        ConfigPolicy { policy, ..ConfigPolicy::default() }
    }

    #[test]
    fn a_member_beside_a_role_of_its_organization_is_told() {
        assert_eq!(codes("AND('A.member', 'B.admin')"), [""; 0]);
        assert_eq!(codes("AND('A.member', 'A.member')"), [""; 0]);
        let told = codes("OutOf(2, 'A.member', 'A.admin', 'A.peer')");
        assert_eq!(told, ["member-takes-role", "member-takes-role"]);
        let policy = read("AND('A.admin', OR('B.peer', 'A.member'))").unwrap();
        let advice = advise(&SignaturePolicy::from_written(&policy));
        assert!(advice[0].text.starts_with("`A.member` may use up the signature that `A.admin`"));
    }
}
