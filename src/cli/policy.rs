//! `chancery policy`: reads the policy language, explains it, and says who can satisfy it.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use serde_json::{Value, json};

use super::exit::Failure;
use super::input;
use super::output::Output;
use crate::policy::language::{self, Fault, LanguageError};
use crate::policy::{
    Described, MinimalSets, Rule, SignaturePolicy, advise, parse_implicit, print_implicit,
    to_envelope,
};
use crate::wire::{ImplicitMetaPolicy, ImplicitRule, Message as _};

/// Reads policies and says what they mean.
#[derive(Debug, clap::Args)]
pub(super) struct PolicyCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reads a policy and says what is wrong, or what it is on the wire.
    #[command(
        after_help = "Example:\n  chancery policy check \"AND('Org1MSP.peer', 'Org2MSP.peer')\""
    )]
    Check(Source),
    /// Prints the policy as a tree, in words.
    #[command(
        after_help = "Example:\n  chancery policy explain \"OutOf(2, 'A.peer', 'B.peer', 'C.peer')\""
    )]
    Explain(Source),
    /// Lists the smallest sets of organizations and roles whose signatures satisfy the policy.
    #[command(
        after_help = "Example:\n  chancery policy who-can-satisfy --envelope policy.pb --json"
    )]
    WhoCanSatisfy(Source),
}

/// Where the policy stands.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Source {
    /// The policy, in Fabric's language.
    #[arg(value_name = "POLICY")]
    text: Option<String>,
    /// A file with the policy, in Fabric's language; `-` is standard input.
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A file with a `SignaturePolicyEnvelope`, as channels and chaincode definitions hold it.
    #[arg(long, value_name = "FILE")]
    envelope: Option<PathBuf>,
}

/// A file is read up to here, in octets.
const LARGEST: u64 = 1 << 20;

/// A policy that was read.
enum Policy {
    Signatures {
        policy: SignaturePolicy,
        /// Its text, where the language has one.
        text: Option<String>,
        envelope: Vec<u8>,
        /// What releases up to 3.1 make of it; nothing when they read the same.
        older: Option<Older>,
    },
    Implicit(ImplicitMetaPolicy),
}

/// How the older parser differs.
enum Older {
    Refuses(LanguageError),
    ReadsOtherwise(Option<String>),
}

impl PolicyCommand {
    /// Runs the command; touches nothing.
    ///
    /// # Errors
    /// When there is no policy to be read, or it is none.
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        match self.command {
            Command::Check(source) => check(&source.read()?, out),
            Command::Explain(source) => explain(&source.read()?, out),
            Command::WhoCanSatisfy(source) => who_can_satisfy(&source.read()?, out),
        }
    }
}

impl Source {
    fn read(&self) -> Result<Policy, Failure> {
        if let Some(path) = &self.envelope {
            return of_envelope(input::read_argument(path, LARGEST)?);
        }
        let text = match (&self.text, &self.file) {
            (Some(text), _) => text.clone(),
            (None, Some(path)) => {
                let octets = input::read_argument(path, LARGEST)?;
                let text = String::from_utf8(octets).map_err(|error| {
                    Failure::usage(format!("`{}` is no text", path.display())).because(error)
                })?;
                text.trim_end_matches(['\n', '\r']).to_owned()
            }
            // clap asks for one of the three.
            (None, None) => return Err(Failure::usage("no policy is given")),
        };
        of_text(&text)
    }
}

fn of_envelope(envelope: Vec<u8>) -> Result<Policy, Failure> {
    let policy = SignaturePolicy::from_octets(&envelope)
        .map_err(|error| Failure::refused("a node would not load the policy").because(error))?;
    let text = policy.written().and_then(|written| language::print(&written));
    Ok(Policy::Signatures { policy, text, envelope, older: None })
}

fn of_text(text: &str) -> Result<Policy, Failure> {
    if let Ok(implicit) = parse_implicit(text) {
        return Ok(Policy::Implicit(implicit));
    }
    let older = language::read_legacy(text);
    let written = match language::read(text) {
        Ok(written) => written,
        Err(error) => {
            let failure = Failure::refused(format!("no policy ({})", error.fault().word()));
            let hint = match error.fault() {
                _ if older.is_ok() => {
                    "Fabric's releases up to 3.1 read it, its main branch does not: write AND, OR \
                     and OutOf in these spellings"
                }
                Fault::UnknownName | Fault::BadPrincipal => {
                    "quotes hold an MSP ID of letters, digits, `.` and `-`, a dot, and admin, \
                     member, client, peer or orderer; anything else is read as an expression"
                }
                Fault::Syntax
                | Fault::Type
                | Fault::BadArgument
                | Fault::TooFewArguments
                | Fault::BadThreshold
                | Fault::NotAPolicy => {
                    "a policy is AND(...), OR(...) or OutOf(number, ...) over gates and quoted \
                     principals such as 'Org1MSP.peer'; or ANY, ALL or MAJORITY and a name"
                }
            };
            return Err(failure.because(error).hint(hint));
        }
    };
    let older = match older {
        Ok(same) if same == written => None,
        Ok(other) => Some(Older::ReadsOtherwise(language::print(&other))),
        Err(error) => Some(Older::Refuses(error)),
    };
    Ok(Policy::Signatures {
        policy: SignaturePolicy::from_written(&written),
        text: language::print(&written),
        envelope: to_envelope(&written).encode_to_vec(),
        older,
    })
}

fn check(policy: &Policy, out: &Output) -> Result<(), Failure> {
    let value = match policy {
        Policy::Implicit(implicit) => json!({
            "kind": "implicit-meta",
            "text": print_implicit(implicit),
            "policy": STANDARD.encode(implicit.encode_to_vec()),
        }),
        Policy::Signatures { policy, text, envelope, older } => json!({
            "kind": "signature",
            "text": text,
            "envelope": STANDARD.encode(envelope),
            "principals": described(policy).iter().map(ToString::to_string).collect::<Vec<_>>(),
            "older_parser": older.as_ref().map(Older::tell),
            "notes": notes(policy),
        }),
    };
    let mut lines = vec![match policy {
        Policy::Implicit(implicit) => {
            format!("an implicit meta policy: {}", print_implicit(implicit).unwrap_or_default())
        }
        Policy::Signatures { policy, text, .. } => {
            let count = policy.principals().len();
            let text = text.clone().unwrap_or_else(|| "which the language has no text for".into());
            format!("a signature policy of {count} principals: {text}")
        }
    }];
    if let Policy::Signatures { policy, envelope, older, .. } = policy {
        lines.push(format!("envelope: {}", STANDARD.encode(envelope)));
        lines.extend(older.iter().map(|older| format!("note: {}", older.tell())));
        lines.extend(notes(policy).iter().map(|note| format!("note: {note}")));
    }
    out.result(&value, &lines.join("\n"))
}

fn explain(policy: &Policy, out: &Output) -> Result<(), Failure> {
    match policy {
        Policy::Implicit(implicit) => {
            let meaning = meaning(implicit);
            out.result(&json!({ "kind": "implicit-meta", "meaning": meaning }), &meaning)
        }
        Policy::Signatures { policy, .. } => {
            let (described, notes) = (described(policy), notes(policy));
            let mut lines = Vec::new();
            push_tree(policy.rule(), &described, 0, &mut lines);
            lines.extend(notes.iter().map(|note| format!("note: {note}")));
            let tree = tree(policy.rule(), &described);
            let value = json!({ "kind": "signature", "tree": tree, "notes": notes });
            out.result(&value, &lines.join("\n"))
        }
    }
}

fn who_can_satisfy(policy: &Policy, out: &Output) -> Result<(), Failure> {
    let Policy::Signatures { policy, .. } = policy else {
        let why = "who can satisfy an implicit meta policy depends on the channel's organizations";
        return Err(Failure::usage(why));
    };
    let MinimalSets { sets, are_all } = policy.minimal_sets();
    let lists: Vec<Vec<Value>> = sets
        .iter()
        .map(|set| {
            let who = set.iter();
            who.map(|(who, count)| json!({ "principal": who.to_string(), "count": count }))
                .collect()
        })
        .collect();
    let mut lines: Vec<String> = sets
        .iter()
        .map(|set| {
            let who = set.iter().map(|(who, count)| match count {
                1 => who.to_string(),
                count => format!("{count} x {who}"),
            });
            let who: Vec<String> = who.collect();
            if who.is_empty() { "nobody has to sign".to_owned() } else { who.join(" + ") }
        })
        .collect();
    lines.push(match (sets.len(), are_all) {
        (0, true) => "nobody can satisfy it".to_owned(),
        (1, true) => "this is the only smallest set".to_owned(),
        (count, true) => format!("these {count} are all the smallest sets"),
        (count, false) => format!("{count} sets; there may be more: the search was given up"),
    });
    out.result(&json!({ "sets": lists, "are_all": are_all }), &lines.join("\n"))
}

impl Older {
    fn tell(&self) -> String {
        match self {
            Self::Refuses(error) => {
                format!("Fabric's releases up to 3.1 refuse this text: {error}")
            }
            Self::ReadsOtherwise(Some(text)) => {
                format!("Fabric's releases up to 3.1 read this text as {text}")
            }
            Self::ReadsOtherwise(None) => {
                "Fabric's releases up to 3.1 read this text as another policy".to_owned()
            }
        }
    }
}

fn described(policy: &SignaturePolicy) -> Vec<Described> {
    policy.principals().iter().map(Described::of).collect()
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

fn principal(index: i32, described: &[Described]) -> String {
    let who = usize::try_from(index).ok().and_then(|index| described.get(index));
    who.map_or_else(|| "nobody".to_owned(), ToString::to_string)
}

/// What a gate asks for, in words.
fn gate(n: i32, count: usize) -> String {
    match usize::try_from(n) {
        Err(_) | Ok(0) => format!("always holds ({n} of {count}):"),
        Ok(n) if n > count => format!("never holds ({n} of {count}):"),
        Ok(1) if count > 1 => format!("any of these {count}:"),
        Ok(n) if n == count && count > 1 => format!("all of these {count}:"),
        Ok(n) if n == count => "this:".to_owned(),
        Ok(n) => format!("{n} of these {count}:"),
    }
}

fn push_tree(rule: &Rule, described: &[Described], depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    match rule {
        Rule::SignedBy(index) => lines.push(format!("{indent}{}", principal(*index, described))),
        Rule::OutOf { n, rules } => {
            lines.push(format!("{indent}{}", gate(*n, rules.len())));
            for rule in rules {
                push_tree(rule, described, depth + 1, lines);
            }
        }
    }
}

fn tree(rule: &Rule, described: &[Described]) -> Value {
    match rule {
        Rule::SignedBy(index) => json!({ "principal": principal(*index, described) }),
        Rule::OutOf { n, rules } => {
            let of: Vec<Value> = rules.iter().map(|rule| tree(rule, described)).collect();
            json!({ "n": n, "of": of })
        }
    }
}

/// What people stumble over.
fn notes(policy: &SignaturePolicy) -> Vec<String> {
    advise(policy).into_iter().map(|advice| advice.text).collect()
}
