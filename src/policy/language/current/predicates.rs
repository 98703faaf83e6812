//! Functions that go through a list with an expression: `all`, `filter`, `map` and their like.

use std::cmp::Ordering;

use super::super::error::{LanguageError, type_error};
use super::super::value::Value;
use super::kind::Kind;
use super::operators::equal;

/// Name, fewest and most arguments.
const PREDICATES: [(&str, usize, usize); 14] = [
    ("all", 2, 2),
    ("none", 2, 2),
    ("any", 2, 2),
    ("one", 2, 2),
    ("filter", 2, 2),
    ("map", 2, 2),
    ("count", 1, 2),
    ("sum", 1, 2),
    ("find", 2, 2),
    ("findIndex", 2, 2),
    ("findLast", 2, 2),
    ("findLastIndex", 2, 2),
    ("sortBy", 2, 3),
    ("reduce", 2, 3),
];

pub(super) fn is_predicate(name: &str) -> bool {
    PREDICATES.iter().any(|(known, ..)| *known == name)
}

pub(super) fn arity(name: &str) -> (usize, usize) {
    let found = PREDICATES.iter().find(|(known, ..)| *known == name);
    found.map_or((2, 2), |(_, least, most)| (*least, *most))
}

/// Whether its expression has to be a boolean.
pub(super) fn judges(name: &str) -> bool {
    !matches!(name, "map" | "sum" | "sortBy" | "reduce")
}

pub(super) fn gives(name: &str) -> Kind {
    match name {
        "all" | "none" | "any" | "one" => Kind::Bool,
        "filter" | "map" | "sortBy" => Kind::List,
        "count" | "findIndex" | "findLastIndex" => Kind::Int,
        _ => Kind::Any,
    }
}

type Evaluated = Result<Value, LanguageError>;

fn truth(value: &Value) -> Result<bool, LanguageError> {
    match value {
        Value::Bool(value) => Ok(*value),
        _ => Err(type_error("a predicate is a boolean")),
    }
}

/// Runs `name` over `items`; `with` is the expression for an item, its index and, for `reduce`, what
/// was gathered so far.
pub(super) fn run(
    name: &str,
    items: Vec<Value>,
    last: Option<Value>,
    mut with: impl FnMut(&Value, usize, Option<&Value>) -> Evaluated,
) -> Evaluated {
    let integer = |index: usize| Value::Int(i64::try_from(index).unwrap_or(i64::MAX));
    match name {
        "map" => {
            let values = items.iter().enumerate().map(|(index, item)| with(item, index, None));
            return values.collect::<Result<_, _>>().map(Value::List);
        }
        "sum" => {
            let mut sum = Value::Int(0);
            for (index, item) in items.iter().enumerate() {
                let value = with(item, index, None)?;
                sum = super::operators::binary(super::node::Binary::Add, &sum, &value)?;
            }
            return Ok(sum);
        }
        "reduce" => {
            let mut items = items.into_iter().enumerate();
            let mut gathered = match last {
                Some(start) => start,
                None => items
                    .next()
                    .map(|(_, first)| first)
                    .ok_or_else(|| type_error("nothing to reduce"))?,
            };
            for (index, item) in items {
                gathered = with(&item, index, Some(&gathered))?;
            }
            return Ok(gathered);
        }
        "sortBy" => {
            let mut keyed = Vec::with_capacity(items.len());
            for (index, item) in items.into_iter().enumerate() {
                keyed.push((with(&item, index, None)?, item));
            }
            let descending = matches!(&last, Some(Value::Text(word)) if word == "desc");
            sort_by(&mut keyed, |(key, _)| key, descending)?;
            return Ok(Value::List(keyed.into_iter().map(|(_, item)| item).collect()));
        }
        _ => {}
    }
    let mut hits = Vec::with_capacity(items.len());
    for (index, item) in items.iter().enumerate() {
        hits.push(truth(&with(item, index, None)?)?);
    }
    let count = hits.iter().filter(|hit| **hit).count();
    let first = hits.iter().position(|hit| *hit);
    let final_hit = hits.iter().rposition(|hit| *hit);
    let item = |index: Option<usize>| {
        index.and_then(|index| items.get(index)).cloned().unwrap_or(Value::Nil)
    };
    Ok(match name {
        "all" => Value::Bool(count == items.len()),
        "none" => Value::Bool(count == 0),
        "any" => Value::Bool(count > 0),
        "one" => Value::Bool(count == 1),
        "count" => integer(count),
        "filter" => {
            let kept = items.into_iter().zip(hits).filter(|(_, hit)| *hit);
            Value::List(kept.map(|(item, _)| item).collect())
        }
        "find" => item(first),
        "findLast" => item(final_hit),
        "findIndex" => first.map_or(Value::Int(-1), integer),
        "findLastIndex" => final_hit.map_or(Value::Int(-1), integer),
        _ => return Err(type_error("an unknown function")),
    })
}

/// Sorts numbers or texts; a list of both, or of anything else, cannot be sorted.
pub(super) fn sort_by<T>(
    items: &mut [T],
    key: impl Fn(&T) -> &Value,
    descending: bool,
) -> Result<(), LanguageError> {
    let texts = items.iter().all(|item| matches!(key(item), Value::Text(_)));
    let numbers = items.iter().all(|item| key(item).as_float().is_some());
    if !texts && !numbers {
        return Err(type_error("only numbers, or only texts, can be sorted"));
    }
    items.sort_by(|left, right| {
        let order = match (key(left), key(right)) {
            (Value::Text(left), Value::Text(right)) => left.as_bytes().cmp(right.as_bytes()),
            (left, right) if equal(left, right) => Ordering::Equal,
            (left, right) => {
                left.as_float().partial_cmp(&right.as_float()).unwrap_or(Ordering::Equal)
            }
        };
        if descending { order.reverse() } else { order }
    });
    Ok(())
}
