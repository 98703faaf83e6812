//! A tree to its value.

use super::super::error::{LanguageError, type_error, unknown};
use super::super::gates::{MAX_TEXT, Pass, too_long};
use super::super::value::{Value, to_integer};
use super::lexer::tokens;
use super::plan::{Stage, plan};

/// The value of an expression.
pub(in crate::policy::language) fn evaluate(
    text: &str,
    pass: &mut Pass,
) -> Result<Value, LanguageError> {
    let stage = plan(&tokens(text, pass)?)?;
    value(&stage, pass)
}

type Evaluated = Result<Value, LanguageError>;

fn refused() -> LanguageError {
    type_error("an operator stands between values that it does not take")
}

fn value(stage: &Stage, pass: &mut Pass) -> Evaluated {
    match stage {
        Stage::Nothing => Ok(Value::Nil),
        Stage::Value(value) => Ok(value.clone()),
        Stage::Variable(name) => pass.variable(name).ok_or_else(|| unknown(name)),
        Stage::Accessor(name, arguments) => {
            if let Some(arguments) = arguments {
                value(arguments, pass)?;
            }
            match pass.variable(name) {
                Some(_) => Err(type_error(format!("`{name}` has no members"))),
                None => Err(unknown(name)),
            }
        }
        Stage::Prefix(word, operand) => prefix(word, &value(operand, pass)?),
        Stage::Call(function, arguments) => match value(arguments, pass)? {
            Value::Nil => pass.call(*function, &[]),
            Value::List(arguments) => pass.call(*function, &arguments),
            argument => pass.call(*function, &[argument]),
        },
        Stage::Separate(stages) => {
            let mut stages = stages.iter();
            let first = stages.next().map(|stage| value(stage, pass)).transpose()?;
            // A list on the left takes the others in; one on the right stays a list of its own.
            let mut items = match first {
                Some(Value::List(items)) => items,
                first => first.into_iter().collect(),
            };
            for stage in stages {
                items.push(value(stage, pass)?);
            }
            Ok(Value::List(items))
        }
        Stage::Binary(word, left, right) => binary(word, left, right, pass),
    }
}

fn prefix(word: &str, operand: &Value) -> Evaluated {
    match (word, operand) {
        ("-", Value::Float(number)) => Ok(Value::Float(-number)),
        ("!", Value::Bool(value)) => Ok(Value::Bool(!value)),
        ("~", Value::Float(number)) => Ok(float(!to_integer(*number))),
        _ => Err(refused()),
    }
}

#[expect(clippy::cast_precision_loss, reason = "as Go converts int64 to float64")]
fn float(number: i64) -> Value {
    Value::Float(number as f64)
}

fn binary(word: &str, left: &Stage, right: &Stage, pass: &mut Pass) -> Evaluated {
    let left = value(left, pass)?;
    match (word, &left) {
        ("&&", Value::Bool(false)) | ("||", Value::Bool(true)) => return Ok(left),
        ("?", Value::Bool(false)) => return Ok(Value::Nil),
        (":" | "??", left) if *left != Value::Nil => return Ok(left.clone()),
        _ => {}
    }
    let right = value(right, pass)?;
    match (word, &left, &right) {
        ("&&" | "||", Value::Bool(_), Value::Bool(_))
        | ("?", Value::Bool(true), _)
        | (":" | "??", Value::Nil, _) => Ok(right),
        ("==", left, right) => Ok(Value::Bool(left == right)),
        ("!=", left, right) => Ok(Value::Bool(left != right)),
        ("in", left, Value::List(items)) => Ok(Value::Bool(items.contains(left))),
        ("+", Value::Text(_), _) | ("+", _, Value::Text(_)) => {
            let text = format!("{}{}", shown(&left), shown(&right));
            if text.len() > MAX_TEXT { Err(too_long()) } else { Ok(Value::Text(text)) }
        }
        (">" | ">=" | "<" | "<=", Value::Text(left), Value::Text(right)) => {
            Ok(Value::Bool(ordered(word, left.as_bytes(), right.as_bytes())))
        }
        (_, Value::Float(left), Value::Float(right)) => numbers(word, *left, *right),
        _ => Err(refused()),
    }
}

fn ordered<T: PartialOrd + ?Sized>(word: &str, left: &T, right: &T) -> bool {
    match word {
        ">" => left > right,
        ">=" => left >= right,
        "<" => left < right,
        _ => left <= right,
    }
}

fn numbers(word: &str, left: f64, right: f64) -> Evaluated {
    let (a, b) = (to_integer(left), to_integer(right));
    let shift = u32::try_from(b).unwrap_or(u32::MAX);
    Ok(match word {
        "+" => Value::Float(left + right),
        "-" => Value::Float(left - right),
        "*" => Value::Float(left * right),
        "/" => Value::Float(left / right),
        "%" => Value::Float(left % right),
        "**" => Value::Float(left.powf(right)),
        "|" => float(a | b),
        "&" => float(a & b),
        "^" => float(a ^ b),
        "<<" => unsigned(a.cast_unsigned().checked_shl(shift).unwrap_or(0)),
        ">>" => unsigned(a.cast_unsigned().checked_shr(shift).unwrap_or(0)),
        ">" | ">=" | "<" | "<=" => Value::Bool(ordered(word, &left, &right)),
        // `=~` and `!~` take texts; regular expressions are not supported.
        _ => return Err(refused()),
    })
}

#[expect(clippy::cast_precision_loss, reason = "as Go converts uint64 to float64")]
fn unsigned(number: u64) -> Value {
    Value::Float(number as f64)
}

/// As Go prints a value.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Float(number) => number.to_string(),
        Value::List(items) => {
            format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" "))
        }
        _ => "<nil>".to_owned(),
    }
}
