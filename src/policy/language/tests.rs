use proptest::prelude::*;

use super::{Fault, Written, print, read, read_legacy};
use crate::policy::ast::{Named, Role, Rule};

/// A policy as it is thought of: gates over names.
#[derive(Debug, Clone)]
enum Thought {
    Name(Named),
    Gate(i32, Vec<Thought>),
}

fn thoughts() -> impl Strategy<Value = Thought> {
    let role = (0..5_usize).prop_map(|index| Role::ALL[index]);
    let name = ("[A-Za-z0-9.-]{1,8}", role)
        .prop_map(|(msp_id, role)| Thought::Name(Named { msp_id, role }));
    let gate = |inner| {
        proptest::collection::vec(inner, 1..5).prop_flat_map(|parts| {
            let most = i32::try_from(parts.len()).unwrap() + 1;
            (0..=most).prop_map(move |n| Thought::Gate(n, parts.clone()))
        })
    };
    let part = name.prop_recursive(4, 24, 4, gate);
    proptest::collection::vec(part, 1..4).prop_flat_map(|parts| {
        let most = i32::try_from(parts.len()).unwrap() + 1;
        (0..=most).prop_map(move |n| Thought::Gate(n, parts.clone()))
    })
}

/// Fabric's numbering: gates within a gate are finished before its own principals are numbered.
fn number(thought: &Thought, principals: &mut Vec<Named>) -> Rule {
    match thought {
        Thought::Name(named) => {
            principals.push(named.clone());
            Rule::SignedBy(i32::try_from(principals.len()).unwrap() - 1)
        }
        Thought::Gate(n, parts) => {
            let mut rules: Vec<Option<Rule>> = parts
                .iter()
                .map(|part| match part {
                    Thought::Gate(..) => Some(number(part, principals)),
                    Thought::Name(_) => None,
                })
                .collect();
            for (rule, part) in rules.iter_mut().zip(parts) {
                rule.get_or_insert_with(|| number(part, principals));
            }
            Rule::OutOf { n: *n, rules: rules.into_iter().flatten().collect() }
        }
    }
}

fn written(thought: &Thought) -> Written {
    let mut principals = Vec::new();
    let rule = number(thought, &mut principals);
    Written { rule, principals }
}

proptest! {
    #[test]
    fn what_is_printed_reads_the_same(thought in thoughts()) {
        let written = written(&thought);
        let text = print(&written).unwrap();
        let (today, before) = (read(&text), read_legacy(&text));
        prop_assert_eq!(today.as_ref(), Ok(&written));
        prop_assert_eq!(before.as_ref(), Ok(&written));
        prop_assert_eq!(print(&written), Some(text));
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in ".{0,60}") {
        let _ = (read(&text), read_legacy(&text));
    }

    #[test]
    fn no_expression_makes_the_parsers_panic(
        parts in proptest::collection::vec(
            prop::sample::select(vec![
                "OR(", "AND(", "OutOf(", "outof(", ")", ",", "'A.member'", "\"x\"", "1", "2.5", "-", "+", "*",
                "/", "%", "**", "?", ":", "??", "let x = ", ";", "x", "[", "]", "{", "}", "|", "..", ".", "#",
                "map(", "filter(", "len(", "if ", " else ", "not ", " in ", "true", "nil", "'\\x41'", "`", "?.",
                "repeat(", "1e308", "0x", "$env", "ID", "upper(", "replace(", "get(", " == ", " < ",
            ]),
            0..16,
        ),
    ) {
        let text = parts.concat();
        let _ = (read(&text), read_legacy(&text));
    }
}

fn fault(text: &str) -> Fault {
    read(text).unwrap_err().fault()
}

#[test]
fn the_parsers_differ_where_fabrics_do() {
    let both = "OR('A.member', AND('B.peer', 'C.admin'))";
    assert_eq!(read(both), read_legacy(both));
    assert_eq!(print(&read(both).unwrap()).as_deref(), Some(both));
    for only_today in [
        "OR(`A.member`)",
        "OR('A.member',)",
        "OR('A.member') // a comment",
        "let x = 'A.member'; OR(x)",
        "OR(['A.member', 'B.member'][1])",
        "OR({'a': 'A.member'}.a)",
        "OR(join(map(['A', 'member'], #), '.'))",
        "'A.member' | OR('B.member')",
        "OR(filter(['A.b', 'A.peer'], # endsWith 'peer')[0])",
        "OR('xA.member'[1:])",
        "OR(trim(' A.member '))",
        "OR(nil ?? 'A.member')",
        "OR('A.member'); OR('B.member')",
        "OutOf(sum([1, 1]), 'A.member', 'B.member')",
        "OutOf(2 > 1 ? 1 : 2, 'A.member', 'B.member') | AND('C.member')",
        "$env.OR('A.member')",
        "OR(toJSON('A.member'))",
        "OR('a' not in ['b'] ? 'A.member' : 'B.member')",
    ] {
        assert!(read(only_today).is_ok(), "{only_today}: {:?}", read(only_today));
        assert!(read_legacy(only_today).is_err(), "{only_today}");
    }
    for only_before in ["or('A.member')", "OR('A.member\")", "OR('A\\.member')", "OR('A.member')x"]
    {
        assert_eq!(fault(only_before), Fault::Syntax, "{only_before}");
        assert!(read_legacy(only_before).is_ok(), "{only_before}");
    }
}

#[test]
fn faults_are_told_apart() {
    assert_eq!(fault("OR('A_x.member')"), Fault::UnknownName);
    assert_eq!(fault("OR('A.user')"), Fault::UnknownName);
    assert_eq!(fault("OutOf(3, 'A.member')"), Fault::BadThreshold);
    assert_eq!(fault("OutOf(-1, 'A.member')"), Fault::BadThreshold);
    assert_eq!(fault("OR(1)"), Fault::BadArgument);
    assert_eq!(fault("OR()"), Fault::TooFewArguments);
    assert_eq!(fault("'A.member'"), Fault::UnknownName);
    assert_eq!(fault("1 + 1"), Fault::NotAPolicy);
    assert_eq!(fault("!OR('A.member')"), Fault::Type);
    assert_eq!(fault("OR(\"'x y'\")"), Fault::Syntax);
    assert_eq!(fault("OR(\"\\\"'x y'\\\"\")"), Fault::BadPrincipal);
    assert_eq!(fault("true ? OR('A.member') : OR(1 + 'x')"), Fault::Type);
    assert_eq!(fault("OR('A.member'"), Fault::Syntax);
    assert_eq!(fault("let len = 'A.member'; OR(len)"), Fault::Type);
    assert_eq!(fault("OR($env)"), Fault::BadArgument);
}

#[test]
fn what_a_text_costs_is_bounded() {
    let deep = format!("{}'A.member'{}", "OR(".repeat(500), ")".repeat(500));
    assert_eq!(fault(&deep), Fault::Syntax);
    assert_eq!(read_legacy(&deep).unwrap_err().fault(), Fault::Syntax);
    let signs = format!("OutOf({}1, 'A.member')", "-".repeat(5000));
    assert_eq!(fault(&signs), Fault::Syntax);
    let long = format!("OutOf({}1, 'A.member')", "1 + ".repeat(5000));
    assert_eq!(fault(&long), Fault::Syntax);
    assert_eq!(read_legacy(&long).unwrap_err().fault(), Fault::Syntax);
    let wide = format!("OR({})", vec!["'A.member'"; 3000].join(", "));
    assert_eq!(read(&wide).unwrap().principals.len(), 3000);
    assert_eq!(read_legacy(&wide).unwrap().principals.len(), 3000);
    let work = "OutOf(sum(map(1..10000, sum(map(1..10000, #)))), 'A.member')";
    assert_eq!(fault(work), Fault::Type);
    let growth = "let a = repeat('x', 200000); let b = replace(a, 'x', a); OR(b)";
    assert_eq!(fault(growth), Fault::Type);
}

#[test]
fn what_the_language_cannot_say_is_not_printed() {
    let named = |msp_id: &str| Named { msp_id: msp_id.to_owned(), role: Role::Peer };
    let gate = |n, rules| Rule::OutOf { n, rules };
    for (rule, principals) in [
        (Rule::SignedBy(0), vec![named("A")]),
        (gate(1, vec![]), vec![]),
        (gate(1, vec![Rule::SignedBy(0)]), vec![named("A_1")]),
        (gate(1, vec![Rule::SignedBy(1)]), vec![named("A")]),
        (gate(-1, vec![Rule::SignedBy(0)]), vec![named("A")]),
        (gate(3, vec![Rule::SignedBy(0)]), vec![named("A")]),
    ] {
        assert_eq!(print(&Written { rule, principals }), None);
    }
}
