//! Functions of lists and maps.

use std::collections::BTreeMap;

use super::super::error::{LanguageError, type_error};
use super::super::value::Value;
use super::convert::int;
use super::members::{index, member};
use super::operators::equal;
use super::predicates::sort_by;

type Evaluated = Result<Value, LanguageError>;

/// The function of this name of a list; nothing when there is none.
pub(super) fn of_list(name: &str, items: &[Value], rest: &[Value]) -> Option<Evaluated> {
    let list = |items: Vec<Value>| Ok(Value::List(items));
    Some(match (name, rest) {
        ("len", []) => Ok(int(items.len())),
        ("first", []) => Ok(items.first().cloned().unwrap_or(Value::Nil)),
        ("last", []) => Ok(items.last().cloned().unwrap_or(Value::Nil)),
        ("get", [which]) => Ok(member(&Value::List(items.to_vec()), which).unwrap_or(Value::Nil)),
        ("take", [count]) => index(count).and_then(|count| {
            let count = usize::try_from(count).map_err(|_| type_error("a negative number"))?;
            list(items.iter().take(count).cloned().collect())
        }),
        ("reverse", []) => list(items.iter().rev().cloned().collect()),
        ("uniq", []) => {
            let mut kept: Vec<Value> = Vec::new();
            for item in items.iter().take(1000) {
                if !kept.iter().any(|known| equal(known, item)) {
                    kept.push(item.clone());
                }
            }
            list(kept)
        }
        ("sort", _) => {
            let mut items = items.to_vec();
            let descending = matches!(rest.first(), Some(Value::Text(word)) if word == "desc");
            sort_by(&mut items, |item| item, descending).map(|()| Value::List(items))
        }
        ("concat", _) => {
            let mut all = items.to_vec();
            for other in rest {
                let Value::List(other) = other else { return None };
                all.extend(other.iter().cloned());
            }
            list(all)
        }
        ("flatten", []) => {
            let mut flat = Vec::new();
            flatten(items, &mut flat);
            list(flat)
        }
        ("join", _) => join(items, rest),
        ("fromPairs", []) => from_pairs(items),
        ("max" | "min" | "mean" | "median", _) => {
            let mut all = items.to_vec();
            all.extend(rest.iter().cloned());
            statistic(name, &all)
        }
        _ => return None,
    })
}

fn flatten(items: &[Value], flat: &mut Vec<Value>) {
    for item in items {
        match item {
            Value::List(inner) => flatten(inner, flat),
            other => flat.push(other.clone()),
        }
    }
}

fn join(items: &[Value], rest: &[Value]) -> Evaluated {
    let by = match rest.first() {
        Some(Value::Text(by)) => by.as_str(),
        _ => "",
    };
    let parts: Option<Vec<&str>> = items
        .iter()
        .map(|item| match item {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    parts.map(|parts| Value::Text(parts.join(by))).ok_or_else(|| type_error("`join` takes texts"))
}

fn from_pairs(items: &[Value]) -> Evaluated {
    let mut map = BTreeMap::new();
    for item in items {
        let Value::List(pair) = item else { return Err(type_error("a pair is a list of two")) };
        let [Value::Text(key), value] = pair.as_slice() else {
            return Err(type_error("a pair is a text and a value"));
        };
        map.insert(key.clone(), value.clone());
    }
    Ok(Value::Map(map))
}

/// The function of this name of a map; nothing when there is none.
pub(super) fn of_map(
    name: &str,
    map: &BTreeMap<String, Value>,
    rest: &[Value],
) -> Option<Evaluated> {
    let text = |key: &String| Value::Text(key.clone());
    Some(Ok(match (name, rest) {
        ("len", []) => int(map.len()),
        ("keys", []) => Value::List(map.keys().map(text).collect()),
        ("values", []) => Value::List(map.values().cloned().collect()),
        ("toPairs", []) => {
            let pair =
                |(key, value): (&String, &Value)| Value::List(vec![text(key), value.clone()]);
            Value::List(map.iter().map(pair).collect())
        }
        ("get", [Value::Text(key)]) => map.get(key).cloned().unwrap_or(Value::Nil),
        _ => return None,
    }))
}

pub(super) fn statistic(name: &str, arguments: &[Value]) -> Evaluated {
    let mut numbers = Vec::new();
    flatten(arguments, &mut numbers);
    sort_by(&mut numbers, |number| number, false)?;
    if numbers.iter().any(|number| number.as_float().is_none()) {
        return Err(type_error(format!("`{name}` takes numbers")));
    }
    let floats: Vec<f64> = numbers.iter().filter_map(Value::as_float).collect();
    #[expect(clippy::cast_precision_loss, reason = "a count of numbers")]
    let count = floats.len() as f64;
    let value = match name {
        "min" => numbers.first().cloned(),
        "max" => numbers.last().cloned(),
        "mean" => Some(Value::Float(floats.iter().sum::<f64>() / count.max(1.0))),
        _ => {
            let (low, high) =
                (floats.get((floats.len().max(1) - 1) / 2), floats.get(floats.len() / 2));
            low.zip(high).map(|(low, high)| Value::Float(f64::midpoint(*low, *high)))
        }
    };
    value.ok_or_else(|| type_error(format!("`{name}` takes at least one number")))
}
