//! The gates, as functions of an expression language.
//!
//! Fabric reads a policy in three passes over an expression evaluator. The first turns every gate
//! into a text of one form, `outof(n, …)`, in which quoted principals stay quoted and any other text
//! is inserted as it is, so that a text which is itself an expression takes effect in the next pass.
//! The second adds a first argument to each gate; the third numbers principals and builds the rule.
//! Both of Fabric's evaluators, the one of today and the older one, are used in this way.

use std::collections::BTreeMap;

use super::error::{Fault, LanguageError, shortened, syntax};
use super::value::{Function, Value, to_integer};
use crate::policy::ast::{Named, Rule};

/// The longest text of a pass, in octets. Fabric has no such limit.
pub(super) const MAX_TEXT: usize = 1 << 18;

/// A pass: which names there are, and the principals so far.
#[derive(Debug)]
pub(super) struct Pass {
    names: &'static [(&'static str, Function)],
    has_context: bool,
    principals: Vec<Named>,
}

const FIRST: &[(&str, Function)] = &[
    ("And", Function::And),
    ("AND", Function::And),
    ("and", Function::And),
    ("Or", Function::Or),
    ("OR", Function::Or),
    ("or", Function::Or),
    ("OutOf", Function::OutOf),
    ("OUTOF", Function::OutOf),
    ("outof", Function::OutOf),
];

impl Pass {
    pub(super) fn first() -> Self {
        Self { names: FIRST, has_context: false, principals: Vec::new() }
    }

    fn second() -> Self {
        let names = &[("outof", Function::Context)];
        Self { names, has_context: false, principals: Vec::new() }
    }

    fn third() -> Self {
        let names = &[("outof", Function::Build)];
        Self { names, has_context: true, principals: Vec::new() }
    }

    pub(super) fn function(&self, name: &str) -> Option<Function> {
        self.names.iter().find(|(known, _)| *known == name).map(|(_, function)| *function)
    }

    /// What a name that is no function stands for.
    pub(super) fn variable(&self, name: &str) -> Option<Value> {
        (self.has_context && name == "ID").then_some(Value::Context)
    }

    /// All names at once.
    pub(super) fn all(&self) -> BTreeMap<String, Value> {
        let functions =
            self.names.iter().map(|(name, function)| (*name, Value::Function(*function)));
        let context = self.variable("ID").map(|context| ("ID", context));
        functions.chain(context).map(|(name, value)| (name.to_owned(), value)).collect()
    }

    pub(super) fn call(
        &mut self,
        function: Function,
        arguments: &[Value],
    ) -> Result<Value, LanguageError> {
        match function {
            Function::And => {
                let count = i64::try_from(arguments.len()).unwrap_or(i64::MAX);
                out_of(&Value::Int(count), arguments)
            }
            Function::Or => out_of(&Value::Int(1), arguments),
            Function::OutOf => match arguments {
                [number, rest @ ..] => out_of(number, rest),
                [] => Err(too_few("a gate takes a number and at least one argument")),
            },
            Function::Context => add_context(arguments),
            Function::Build => self.build(arguments),
        }
    }

    fn build(&mut self, arguments: &[Value]) -> Result<Value, LanguageError> {
        let [context, number, rest @ ..] = arguments else {
            return Err(too_few("a gate takes a number and at least one argument"));
        };
        if rest.is_empty() {
            return Err(too_few("a gate takes at least one argument beside its number"));
        }
        if *context != Value::Context {
            return Err(bad_argument("the first argument of a gate is reserved", context));
        }
        let number = whole(number)
            .ok_or_else(|| bad_argument("the first argument of a gate is a number", number))?;
        let count = i64::try_from(rest.len()).unwrap_or(i64::MAX);
        if number < 0 || number > count.saturating_add(1) {
            let detail = format!("a gate over {count} arguments cannot ask for {number}");
            return Err(LanguageError::new(Fault::BadThreshold, detail));
        }
        let mut rules = Vec::with_capacity(rest.len());
        for argument in rest {
            rules.push(match argument {
                Value::Text(text) => self.signed_by(text)?,
                Value::Policy(rule) => rule.clone(),
                other => return Err(bad_argument("a gate takes principals and gates", other)),
            });
        }
        let n = i32::try_from(number).map_err(|_| syntax("the number of a gate is too large"))?;
        Ok(Value::Policy(Rule::OutOf { n, rules }))
    }

    fn signed_by(&mut self, text: &str) -> Result<Rule, LanguageError> {
        let named = Named::parse(text).ok_or_else(|| {
            let detail = format!("`{}` is no principal", shortened(text));
            LanguageError::new(Fault::BadPrincipal, detail)
        })?;
        let index = i32::try_from(self.principals.len())
            .map_err(|_| syntax("there are too many principals"))?;
        self.principals.push(named);
        Ok(Rule::SignedBy(index))
    }
}

fn too_few(detail: &str) -> LanguageError {
    LanguageError::new(Fault::TooFewArguments, detail)
}

fn bad_argument(rule: &str, found: &Value) -> LanguageError {
    let detail = format!("{rule}, this is {}", found.kind());
    LanguageError::new(Fault::BadArgument, detail)
}

fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Int(number) => Some(*number),
        Value::Float(number) => Some(to_integer(*number)),
        _ => None,
    }
}

fn push_text(text: &mut String, argument: &str) -> Result<(), LanguageError> {
    if Named::parse(argument).is_some() {
        text.push('\'');
        text.push_str(argument);
        text.push('\'');
    } else {
        text.push_str(argument);
    }
    if text.len() > MAX_TEXT { Err(too_long()) } else { Ok(()) }
}

pub(super) fn too_long() -> LanguageError {
    syntax(format!("the policy is longer than {MAX_TEXT} octets"))
}

fn out_of(number: &Value, arguments: &[Value]) -> Result<Value, LanguageError> {
    if arguments.is_empty() {
        return Err(too_few("a gate takes at least one argument"));
    }
    let mut text = String::from("outof(");
    match number {
        Value::Text(number) => text.push_str(number),
        other => {
            let number = whole(other)
                .ok_or_else(|| bad_argument("the first argument of a gate is a number", other))?;
            text.push_str(&number.to_string());
        }
    }
    for argument in arguments {
        text.push_str(", ");
        match argument {
            Value::Text(argument) => push_text(&mut text, argument)?,
            other => return Err(bad_argument("a gate takes principals and gates", other)),
        }
    }
    text.push(')');
    Ok(Value::Text(text))
}

fn add_context(arguments: &[Value]) -> Result<Value, LanguageError> {
    let mut text = String::from("outof(ID");
    for argument in arguments {
        text.push_str(", ");
        match argument {
            Value::Text(argument) => push_text(&mut text, argument)?,
            Value::Int(number) => text.push_str(&number.to_string()),
            Value::Float(number) => text.push_str(&to_integer(*number).to_string()),
            other => return Err(bad_argument("a gate takes principals and gates", other)),
        }
    }
    text.push(')');
    Ok(Value::Text(text))
}

/// Reads `text` in three passes of the evaluator.
pub(super) fn three_passes(
    text: &str,
    evaluate: impl Fn(&str, &mut Pass) -> Result<Value, LanguageError>,
) -> Result<(Rule, Vec<Named>), LanguageError> {
    let mut text = text.to_owned();
    for mut pass in [Pass::first(), Pass::second()] {
        if text.len() > MAX_TEXT {
            return Err(too_long());
        }
        match evaluate(&text, &mut pass)? {
            Value::Text(next) => text = next,
            other => return Err(not_a_policy(&other)),
        }
    }
    let mut pass = Pass::third();
    match evaluate(&text, &mut pass)? {
        Value::Policy(rule) => Ok((rule, pass.principals)),
        other => Err(not_a_policy(&other)),
    }
}

fn not_a_policy(value: &Value) -> LanguageError {
    let detail = format!("the text is no policy but {}", value.kind());
    LanguageError::new(Fault::NotAPolicy, detail)
}
