//! `chancery policy explain`: a policy as a tree, in words.

use serde_json::{Map, Value, json};

use super::super::exit::Failure;
use super::super::output::Output;
use super::asked::{Asked, ChannelFile, Placed, Subject};
use crate::channel::Channel;
use crate::policy::{Outline, advise};
use crate::wire::{ImplicitMetaPolicy, ImplicitRule};

pub(super) fn run(asked: &Asked, out: &Output) -> Result<(), Failure> {
    match &asked.subject {
        Subject::Implicit(implicit) => {
            let meaning = meaning(implicit);
            out.result(&json!({ "kind": "implicit-meta", "meaning": meaning }), &meaning)
        }
        Subject::Signatures(signatures) => {
            let outline = signatures.policy.outline();
            let notes: Vec<String> =
                advise(&signatures.policy).into_iter().map(|advice| advice.text).collect();
            let mut lines = lines(&outline);
            lines.extend(notes.iter().map(|note| format!("note: {note}")));
            let value = json!({ "kind": "signature", "tree": tree(&outline), "notes": notes });
            out.result(&value, &lines.join("\n"))
        }
        Subject::Placed(placed) => {
            let (value, text) = explained(placed);
            out.result(&value, &text.join("\n"))
        }
        Subject::Unplaced(unplaced) => unplaced.tell(out),
        Subject::Everything => everything(asked.channel.as_ref(), out),
    }
}

fn explained(placed: &Placed) -> (Value, Vec<String>) {
    let outline = placed.tree.outline(placed.found);
    let notes = placed.notes();
    let mut text = vec![format!("{}:", placed.head())];
    text.extend(lines(&outline).into_iter().map(|line| format!("  {line}")));
    text.extend(notes.iter().map(|note| format!("note: {note}")));
    let value = json!({
        "policy": placed.name,
        "resource": placed.resource,
        "tree": tree(&outline),
        "notes": notes,
    });
    (value, text)
}

/// What a policy of a channel asks for, in its first line; nothing where there is no such policy.
pub(super) fn first_line(channel: &Channel, path: &str) -> Option<String> {
    let tree = channel.policies();
    let found = tree.lookup(tree.root().unwrap_or_default(), path);
    tree.text(found).or_else(|| lines(&tree.outline(found)).into_iter().next())
}

/// Every policy of the channel.
fn everything(channel: Option<&ChannelFile>, out: &Output) -> Result<(), Failure> {
    let Some(file) = channel else { return Err(Failure::usage("no policy is given")) };
    let (mut values, mut texts) = (Vec::new(), Vec::new());
    for placed in file.policies() {
        let (value, text) = explained(&placed);
        values.push(value);
        texts.extend(text);
    }
    out.result(&json!({ "policies": values }), &texts.join("\n"))
}

/// What an implicit rule asks for, in words.
fn meaning(implicit: &ImplicitMetaPolicy) -> String {
    let name = &implicit.sub_policy;
    let below = "of the groups one level below (organizations, below Application)";
    match ImplicitRule::try_from(implicit.rule) {
        Ok(ImplicitRule::Any) => format!("the policy `{name}` of at least one {below} holds"),
        Ok(ImplicitRule::All) => format!("the policy `{name}` of each {below} holds"),
        Ok(ImplicitRule::Majority) => {
            format!("the policy `{name}` of more than half {below} holds")
        }
        Err(_) => format!("the policy `{name}` of none {below} holds"),
    }
}

/// What a gate asks for, in words.
fn gate(n: i32, count: usize) -> String {
    match usize::try_from(n) {
        Err(_) | Ok(0) => format!("always holds ({n} of {count}):"),
        Ok(n) if n > count => format!("never holds ({n} of {count}):"),
        Ok(1) => format!("any of these {count}:"),
        Ok(n) if n == count => format!("all of these {count}:"),
        Ok(n) => format!("{n} of these {count}:"),
    }
}

/// How many groups have to agree, in words.
fn groups(name: &str, needed: Option<usize>, count: usize) -> String {
    match needed {
        None => format!("the policy `{name}` of none of these {count}:"),
        Some(0) => format!("always holds (no group below has a policy `{name}`)"),
        Some(1) if count == 1 => format!("the policy `{name}` of this one:"),
        Some(needed) if needed == count => format!("the policy `{name}` of each of these {count}:"),
        Some(1) => format!("the policy `{name}` of any of these {count}:"),
        Some(needed) => format!("the policy `{name}` of {needed} of these {count}:"),
    }
}

/// The tree, a line for each part, those below others indented.
fn lines(outline: &Outline) -> Vec<String> {
    let indented = |lines: Vec<String>| lines.into_iter().map(|line| format!("  {line}"));
    match outline {
        Outline::Principal(who) => vec![who.to_string()],
        Outline::Missing => vec!["never holds: there is no such policy".to_owned()],
        Outline::Gate { needed, parts } => match (needed, parts.as_slice()) {
            // One of one says no more than the one.
            (1, [part]) => lines(part),
            (needed, parts) => {
                let mut all = vec![gate(*needed, parts.len())];
                all.extend(parts.iter().flat_map(|part| indented(lines(part))));
                all
            }
        },
        Outline::Implicit { name, needed, below } => {
            let mut all = vec![groups(name, *needed, below.len())];
            for (group, outline) in below {
                let mut part = lines(outline).into_iter();
                let first = part.next().unwrap_or_default();
                all.push(format!("  {group}: {first}"));
                all.extend(indented(part.collect()));
            }
            all
        }
    }
}

fn tree(outline: &Outline) -> Value {
    match outline {
        Outline::Principal(who) => json!({ "principal": who.to_string() }),
        Outline::Missing => json!({ "missing": true }),
        Outline::Gate { needed, parts } => {
            let of: Vec<Value> = parts.iter().map(tree).collect();
            json!({ "n": needed, "of": of })
        }
        Outline::Implicit { name, needed, below } => {
            let groups: Map<String, Value> =
                below.iter().map(|(group, outline)| (group.clone(), tree(outline))).collect();
            json!({ "policy": name, "n": needed, "groups": groups })
        }
    }
}
