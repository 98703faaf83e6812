//! What operators make of values.

use super::super::error::{LanguageError, type_error};
use super::super::value::Value;
use super::node::{Binary, Unary};

/// The most numbers that a range makes.
const MAX_RANGE: i64 = 100_000;

type Evaluated = Result<Value, LanguageError>;

fn refused() -> LanguageError {
    type_error("an operator stands between values that it does not take")
}

pub(super) fn unary(operator: Unary, operand: Value) -> Evaluated {
    match (operator, operand) {
        (Unary::Not, Value::Bool(value)) => Ok(Value::Bool(!value)),
        (Unary::Minus, Value::Int(number)) => Ok(Value::Int(number.wrapping_neg())),
        (Unary::Minus, Value::Float(number)) => Ok(Value::Float(-number)),
        (Unary::Plus, number @ (Value::Int(_) | Value::Float(_))) => Ok(number),
        _ => Err(refused()),
    }
}

pub(super) fn binary(operator: Binary, left: &Value, right: &Value) -> Evaluated {
    use Binary as B;
    match operator {
        B::Equal => Ok(Value::Bool(equal(left, right))),
        B::NotEqual => Ok(Value::Bool(!equal(left, right))),
        B::Less => compare(left, right, std::cmp::Ordering::is_lt),
        B::Greater => compare(left, right, std::cmp::Ordering::is_gt),
        B::LessOrEqual => compare(left, right, std::cmp::Ordering::is_le),
        B::GreaterOrEqual => compare(left, right, std::cmp::Ordering::is_ge),
        B::In => within(left, right),
        B::Matches => matches(text(left)?, text(right)?),
        B::Contains => Ok(Value::Bool(text(left)?.contains(text(right)?))),
        B::StartsWith => Ok(Value::Bool(text(left)?.starts_with(text(right)?))),
        B::EndsWith => Ok(Value::Bool(text(left)?.ends_with(text(right)?))),
        B::Range => range(left, right),
        B::Add => match (left, right) {
            (Value::Text(left), Value::Text(right)) => Ok(Value::Text(format!("{left}{right}"))),
            _ => arithmetic(left, right, i64::wrapping_add, |a, b| a + b),
        },
        B::Subtract => arithmetic(left, right, i64::wrapping_sub, |a, b| a - b),
        B::Multiply => arithmetic(left, right, i64::wrapping_mul, |a, b| a * b),
        B::Divide => floats(left, right).map(|(a, b)| Value::Float(a / b)),
        B::Power => floats(left, right).map(|(a, b)| Value::Float(a.powf(b))),
        B::Modulo => match (left, right) {
            (Value::Int(left), Value::Int(right)) if *right != 0 => {
                Ok(Value::Int(left.wrapping_rem(*right)))
            }
            (Value::Int(_), Value::Int(_)) => Err(type_error("a division by zero")),
            _ => Err(refused()),
        },
        // These three look at their right side only when the left one lets them.
        B::Or | B::And | B::Coalesce => Err(refused()),
    }
}

pub(super) fn text(value: &Value) -> Result<&str, LanguageError> {
    match value {
        Value::Text(text) => Ok(text),
        _ => Err(refused()),
    }
}

fn floats(left: &Value, right: &Value) -> Result<(f64, f64), LanguageError> {
    left.as_float().zip(right.as_float()).ok_or_else(refused)
}

fn arithmetic(
    left: &Value,
    right: &Value,
    whole: impl Fn(i64, i64) -> i64,
    broken: impl Fn(f64, f64) -> f64,
) -> Evaluated {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => Ok(Value::Int(whole(*left, *right))),
        _ => floats(left, right).map(|(left, right)| Value::Float(broken(left, right))),
    }
}

/// Numbers are equal whatever their kinds, other values when they are of one kind.
pub(super) fn equal(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Int(left), Value::Int(right)) => left == right,
        (Value::List(left), Value::List(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(a, b)| equal(a, b))
        }
        _ => match (left.as_float(), right.as_float()) {
            #[expect(clippy::float_cmp, reason = "as Go compares them")]
            (Some(left), Some(right)) => left == right,
            _ => left == right,
        },
    }
}

fn compare(left: &Value, right: &Value, wanted: impl Fn(std::cmp::Ordering) -> bool) -> Evaluated {
    let order = match (left, right) {
        (Value::Int(left), Value::Int(right)) => Some(left.cmp(right)),
        (Value::Text(left), Value::Text(right)) => Some(left.as_bytes().cmp(right.as_bytes())),
        _ => {
            let (left, right) = floats(left, right)?;
            left.partial_cmp(&right)
        }
    };
    Ok(Value::Bool(order.is_some_and(wanted)))
}

fn within(left: &Value, right: &Value) -> Evaluated {
    Ok(Value::Bool(match right {
        Value::Nil => false,
        Value::List(items) => items.iter().any(|item| equal(left, item)),
        Value::Map(map) => map.contains_key(text(left)?),
        _ => return Err(refused()),
    }))
}

/// Regular expressions that are plain text, perhaps bound to an end with `^` or `$`.
fn matches(text: &str, pattern: &str) -> Evaluated {
    let (from_start, rest) = match pattern.strip_prefix('^') {
        Some(rest) => (true, rest),
        None => (false, pattern),
    };
    let (to_end, plain) = match rest.strip_suffix('$') {
        Some(plain) => (true, plain),
        None => (false, rest),
    };
    if plain.contains(['\\', '.', '+', '*', '?', '(', ')', '|', '[', ']', '{', '}', '^', '$']) {
        return Err(type_error("regular expressions other than plain text are not supported"));
    }
    Ok(Value::Bool(match (from_start, to_end) {
        (true, true) => text == plain,
        (true, false) => text.starts_with(plain),
        (false, true) => text.ends_with(plain),
        (false, false) => text.contains(plain),
    }))
}

fn range(left: &Value, right: &Value) -> Evaluated {
    let (Value::Int(from), Value::Int(to)) = (left, right) else { return Err(refused()) };
    if to.saturating_sub(*from) >= MAX_RANGE {
        return Err(type_error(format!("a range has at most {MAX_RANGE} numbers")));
    }
    Ok(Value::List((*from..=*to).map(Value::Int).collect()))
}
