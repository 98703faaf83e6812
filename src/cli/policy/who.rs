//! `chancery policy who-can-satisfy`: the smallest sets of signers, and until when they can be had.

use serde_json::{Value, json};

use super::super::exit::Failure;
use super::super::output::Output;
use super::asked::{Asked, Subject};
use crate::clock::Timestamp;
use crate::msp::Msps;
use crate::policy::{
    Lasting, MinimalSets, SignerSet, Tenures, Until, choice_in_words, minimal_sets, set_in_words,
};

/// More sets than these are told as choices.
const MAX_LISTED: usize = 20;

/// What the dates mean, beside them.
const NODES_DO_NOT_LOOK: &str = "nodes do not look at expiry in policies: what was enrolled before goes on counting there; \
     but when a CA has ended nobody is enrolled or reenrolled by it";

pub(super) fn run(
    asked: &Asked,
    msps: Option<&Msps>,
    now: Timestamp,
    out: &Output,
) -> Result<(), Failure> {
    let (head, sets) = match &asked.subject {
        Subject::Signatures(signatures) => (None, signatures.policy.minimal_sets()),
        Subject::Placed(placed) => (Some(placed.head()), minimal_sets(&placed.tree, placed.found)),
        Subject::Implicit(_) => {
            let why =
                "who can satisfy an implicit meta policy depends on the channel's organizations";
            return Err(Failure::usage(why).hint("name the channel with `--channel`"));
        }
        Subject::Everything => {
            return Err(Failure::usage("no policy is given")
                .hint("`chancery policy check --channel FILE` lists those of the channel"));
        }
        Subject::Unplaced(unplaced) => return unplaced.tell(out),
    };
    let tenures = asked.msps().or(msps).map(|msps| Tenures::new(&sets, msps, now));
    let told = Told { sets: &sets, tenures: tenures.as_ref() };
    let mut lines: Vec<String> = head.into_iter().map(|head| format!("{head}:")).collect();
    lines.extend(told.lines());
    out.result(&told.json(), &lines.join("\n"))
}

struct Told<'s> {
    sets: &'s MinimalSets,
    tenures: Option<&'s Tenures>,
}

impl Told<'_> {
    fn lines(&self) -> Vec<String> {
        let MinimalSets { sets, are_all, choices, choices_are_all, .. } = self.sets;
        let mut lines = Vec::new();
        if *are_all && sets.len() <= MAX_LISTED {
            for set in sets {
                let lasting = self.tenures.map(|tenures| tenures.of_set(set));
                lines.push(with_end(set_in_words(set), lasting));
            }
            lines.push(match sets.len() {
                0 => "nobody can satisfy it".to_owned(),
                1 => "this is the only smallest set".to_owned(),
                count => format!("these {count} are all the smallest sets"),
            });
        } else {
            for choice in choices {
                let lasting = self.tenures.map(|tenures| tenures.of_choice(choice));
                lines.push(with_end(choice_in_words(choice), lasting));
            }
            lines.push(match (choices_are_all, are_all) {
                (true, true) => format!("these are all {} smallest sets", sets.len()),
                (true, false) => {
                    format!("these are all the smallest sets, more than {} of them", sets.len())
                }
                (false, _) => {
                    format!("{} so far; there may be more: the search was given up", choices.len())
                }
            });
        }
        if let Some(tenures) = self.tenures.filter(|_| !choices.is_empty()) {
            lines.push(overall(&tenures.of_all(self.sets)));
            lines.push(format!("note: {NODES_DO_NOT_LOOK}"));
        }
        lines
    }

    fn json(&self) -> Value {
        let MinimalSets { sets, are_all, choices, choices_are_all, .. } = self.sets;
        let listed = sets.iter().map(|set| {
            let lasting = self.tenures.map(|tenures| tenures.of_set(set));
            with_json(json!({ "signers": signers(set) }), lasting)
        });
        let listed: Vec<Value> = listed.collect();
        let chosen = choices.iter().map(|choice| {
            let any = choice.any.iter().map(|any| {
                let of: Vec<Value> = any.of.iter().map(signers).collect();
                json!({ "count": any.count, "of": of })
            });
            let any: Vec<Value> = any.collect();
            let lasting = self.tenures.map(|tenures| tenures.of_choice(choice));
            with_json(json!({ "signers": signers(&choice.fixed), "any": any }), lasting)
        });
        let chosen: Vec<Value> = chosen.collect();
        let value = json!({
            "sets": listed,
            "are_all": are_all,
            "choices": chosen,
            "choices_are_all": choices_are_all,
        });
        with_json(value, self.tenures.map(|tenures| tenures.of_all(self.sets)))
    }
}

fn with_end(words: String, lasting: Option<Lasting>) -> String {
    let Some(lasting) = lasting else { return words };
    let who = lasting.limit.map(|(who, why)| format!("{who}: {why}")).unwrap_or_default();
    match lasting.until {
        Until::Always => words,
        Until::Through(end) => format!("{words}; until {end} ({who})"),
        Until::NotNow => format!("{words}; not possible ({who})"),
        Until::Unknown => format!("{words}; until when is not known"),
    }
}

fn overall(lasting: &Lasting) -> String {
    match lasting.until {
        Until::Always => "satisfiable whoever there is".to_owned(),
        Until::Through(end) => format!("satisfiable today, not after {end}"),
        Until::NotNow => "nobody can satisfy it today".to_owned(),
        Until::Unknown => "until when it is satisfiable is not known".to_owned(),
    }
}

fn signers(set: &SignerSet) -> Value {
    let one =
        set.iter().map(|(who, count)| json!({ "principal": who.to_string(), "count": count }));
    one.collect()
}

fn with_json(mut value: Value, lasting: Option<Lasting>) -> Value {
    if let (Value::Object(fields), Some(lasting)) = (&mut value, lasting) {
        let until = match lasting.until {
            Until::Through(end) => Value::from(end.to_string()),
            Until::NotNow | Until::Always | Until::Unknown => Value::Null,
        };
        let is_possible = matches!(lasting.until, Until::Through(_) | Until::Always);
        fields.insert("satisfiable".to_owned(), is_possible.into());
        fields.insert("until".to_owned(), until);
        if let Some((who, why)) = lasting.limit {
            let limit = json!({ "principal": who.to_string(), "why": why });
            fields.insert("limit".to_owned(), limit);
        }
    }
    value
}
