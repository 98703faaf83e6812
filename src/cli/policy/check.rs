//! `chancery policy check`: what a policy is, and what people stumble over in it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::super::exit::Failure;
use super::super::output::Output;
use super::asked::{Asked, ChannelFile, Placed, Subject};
use super::text::{Older, Signatures};
use crate::policy::{Described, SignaturePolicy, advise, print_implicit};
use crate::wire::{ImplicitMetaPolicy, Message as _};

pub(super) fn run(asked: &Asked, out: &Output) -> Result<(), Failure> {
    match &asked.subject {
        Subject::Signatures(signatures) => signature(signatures, out),
        Subject::Implicit(policy) => implicit(policy, out),
        Subject::Placed(policy) => placed(policy, out),
        Subject::Unplaced(unplaced) => unplaced.tell(out),
        Subject::Everything => match &asked.channel {
            Some(file) => everything(file, out),
            None => Err(Failure::usage("no policy is given")),
        },
    }
}

fn signature(signatures: &Signatures, out: &Output) -> Result<(), Failure> {
    let Signatures { policy, text, envelope, older } = signatures;
    let notes: Vec<String> = advise(policy).into_iter().map(|advice| advice.text).collect();
    let value = json!({
        "kind": "signature",
        "text": text,
        "envelope": STANDARD.encode(envelope),
        "principals": principals(policy),
        "older_parser": older.as_ref().map(Older::tell),
        "notes": notes,
    });
    let mut lines = vec![in_words(policy, text.as_deref())];
    lines.push(format!("envelope: {}", STANDARD.encode(envelope)));
    lines.extend(older.iter().map(|older| format!("note: {}", older.tell())));
    lines.extend(notes.iter().map(|note| format!("note: {note}")));
    out.result(&value, &lines.join("\n"))
}

fn implicit(policy: &ImplicitMetaPolicy, out: &Output) -> Result<(), Failure> {
    let text = print_implicit(policy);
    let value = json!({
        "kind": "implicit-meta",
        "text": text,
        "policy": STANDARD.encode(policy.encode_to_vec()),
    });
    let line = format!("an implicit meta policy: {}", text.unwrap_or_default());
    out.result(&value, &line)
}

fn placed(policy: &Placed, out: &Output) -> Result<(), Failure> {
    let notes = policy.notes();
    let mut lines = vec![format!("{}: {}", policy.head(), text_of(policy))];
    lines.extend(notes.iter().map(|note| format!("note: {note}")));
    out.result(&json_of(policy, &notes), &lines.join("\n"))
}

/// Every policy of a channel with its text.
fn everything(file: &ChannelFile, out: &Output) -> Result<(), Failure> {
    let read = &file.read;
    let (mut values, mut lines) = (Vec::new(), Vec::new());
    if let (Some(id), Some(number)) = (&read.channel_id, read.block) {
        lines.push(format!(
            "channel `{id}`, block {number}, configuration {}",
            read.config.sequence
        ));
    }
    for policy in file.policies() {
        let notes = policy.notes();
        lines.push(format!("{}: {}", policy.name, text_of(&policy)));
        lines.extend(notes.iter().map(|note| format!("note: {note}")));
        values.push(json_of(&policy, &notes));
    }
    let value = json!({
        "channel_id": read.channel_id,
        "block": read.block,
        "sequence": read.config.sequence,
        "policies": values,
    });
    out.result(&value, &lines.join("\n"))
}

fn text_of(placed: &Placed) -> String {
    match (placed.tree.text(placed.found), placed.tree.signature_policy(placed.found)) {
        (Some(text), _) => text,
        (None, Some(policy)) => in_words(&policy, None),
        (None, None) => "denied: there is no such policy".to_owned(),
    }
}

fn json_of(placed: &Placed, notes: &[String]) -> Value {
    let policy = placed.tree.signature_policy(placed.found);
    json!({
        "policy": placed.name,
        "resource": placed.resource,
        "kind": if policy.is_some() { "signature" } else { "implicit-meta" },
        "text": placed.tree.text(placed.found),
        "principals": policy.as_ref().map(principals),
        "notes": notes,
    })
}

fn in_words(policy: &SignaturePolicy, text: Option<&str>) -> String {
    let count = policy.principals().len();
    let text = text.unwrap_or("which the language has no text for");
    format!("a signature policy of {count} principals: {text}")
}

fn principals(policy: &SignaturePolicy) -> Vec<String> {
    policy.principals().iter().map(|principal| Described::of(principal).to_string()).collect()
}
