//! The functions that the expression language brings along, without those about time.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::error::{LanguageError, type_error};
use super::super::value::{Value, to_integer};
use super::check::Kind;
use super::operators::equal;
use super::predicates::sort_by;

/// The longest text that `repeat` makes, in octets.
const MAX_REPEATED: usize = 1 << 18;

/// Name, what it takes (`?` begins what may be left out, `*` repeats), what it gives. Letters: a any,
/// n number, i whole number, s text, l list, m map, L text, list or map.
const BUILTINS: &[(&str, &str, Kind)] = &[
    ("len", "L", Kind::Int),
    ("type", "a", Kind::Text),
    ("abs", "n", Kind::Any),
    ("ceil", "n", Kind::Float),
    ("floor", "n", Kind::Float),
    ("round", "n", Kind::Float),
    ("int", "a", Kind::Int),
    ("float", "a", Kind::Float),
    ("string", "a", Kind::Text),
    ("trim", "s?s", Kind::Text),
    ("trimPrefix", "s?s", Kind::Text),
    ("trimSuffix", "s?s", Kind::Text),
    ("upper", "s", Kind::Text),
    ("lower", "s", Kind::Text),
    ("split", "ss?i", Kind::List),
    ("splitAfter", "ss?i", Kind::List),
    ("replace", "sss?i", Kind::Text),
    ("repeat", "si", Kind::Text),
    ("join", "l?s", Kind::Text),
    ("indexOf", "ss", Kind::Int),
    ("lastIndexOf", "ss", Kind::Int),
    ("hasPrefix", "ss", Kind::Bool),
    ("hasSuffix", "ss", Kind::Bool),
    ("max", "a*", Kind::Any),
    ("min", "a*", Kind::Any),
    ("mean", "a*", Kind::Float),
    ("median", "a*", Kind::Float),
    ("first", "l", Kind::Any),
    ("last", "l", Kind::Any),
    ("get", "aa", Kind::Any),
    ("take", "li", Kind::List),
    ("keys", "m", Kind::List),
    ("values", "m", Kind::List),
    ("toPairs", "m", Kind::List),
    ("fromPairs", "l", Kind::Map),
    ("reverse", "l", Kind::List),
    ("uniq", "l", Kind::List),
    ("concat", "l*", Kind::List),
    ("flatten", "l", Kind::List),
    ("sort", "l?s", Kind::List),
    ("toJSON", "a", Kind::Text),
    ("fromJSON", "s", Kind::Any),
    ("toBase64", "s", Kind::Text),
    ("fromBase64", "s", Kind::Text),
    ("bitand", "ii", Kind::Int),
    ("bitor", "ii", Kind::Int),
    ("bitxor", "ii", Kind::Int),
    ("bitnand", "ii", Kind::Int),
    ("bitnot", "i", Kind::Int),
    ("now", "-", Kind::Any),
    ("date", "-", Kind::Any),
    ("duration", "-", Kind::Any),
    ("timezone", "-", Kind::Any),
    ("groupBy", "-", Kind::Any),
];

pub(super) fn is_builtin(name: &str) -> bool {
    BUILTINS.iter().any(|(known, ..)| *known == name)
}

/// What a value costs beside its step.
pub(super) fn size(value: &Value) -> usize {
    match value {
        Value::Text(text) => text.len() / 16,
        Value::Octets(octets) => octets.len() / 16,
        Value::List(items) => items.len(),
        Value::Map(map) => map.len(),
        _ => 0,
    }
}

fn takes(letter: char, kind: Kind) -> bool {
    let wanted: &[Kind] = match letter {
        'n' => &[Kind::Int, Kind::Float],
        'i' => &[Kind::Int],
        's' => &[Kind::Text],
        'l' => &[Kind::List],
        'm' => &[Kind::Map],
        'L' => &[Kind::Text, Kind::List, Kind::Map, Kind::Octets],
        _ => return letter == 'a',
    };
    kind == Kind::Any || wanted.contains(&kind)
}

/// What a call gives, when it can be.
pub(super) fn kind(name: &str, arguments: &[Kind]) -> Result<Kind, LanguageError> {
    let wrong = || type_error(format!("`{name}` does not take these arguments"));
    let (_, pattern, gives) =
        BUILTINS.iter().find(|(known, ..)| *known == name).ok_or_else(wrong)?;
    if *pattern == "-" {
        return Err(type_error(format!("`{name}` is not supported")));
    }
    let mut letters = pattern.chars().filter(|letter| *letter != '?').peekable();
    let least = pattern.chars().take_while(|letter| *letter != '?').filter(|l| *l != '*').count();
    let mut last = 'a';
    for argument in arguments {
        let letter = match letters.peek() {
            Some('*') => last,
            Some(_) => letters.next().unwrap_or('a'),
            None => return Err(wrong()),
        };
        if !takes(letter, *argument) {
            return Err(wrong());
        }
        last = letter;
    }
    if arguments.len() < least { Err(wrong()) } else { Ok(*gives) }
}

type Evaluated = Result<Value, LanguageError>;

fn index(index: &Value) -> Result<i64, LanguageError> {
    match index {
        Value::Int(number) => Ok(*number),
        Value::Float(number) => Ok(to_integer(*number)),
        _ => Err(type_error("an index is a whole number")),
    }
}

/// The position that an index means; a negative one counts from the end.
fn position(index: i64, length: usize) -> Option<usize> {
    match usize::try_from(index) {
        Ok(index) => Some(index).filter(|index| *index < length),
        Err(_) => length.checked_sub(usize::try_from(index.unsigned_abs()).ok()?),
    }
}

pub(super) fn member(of: &Value, which: &Value) -> Evaluated {
    let missing = || type_error("no such member");
    match of {
        Value::List(items) => {
            let position = position(index(which)?, items.len()).ok_or_else(missing)?;
            items.get(position).cloned().ok_or_else(missing)
        }
        Value::Text(text) => {
            let position = position(index(which)?, text.len()).ok_or_else(missing)?;
            let octet = text.as_bytes().get(position).ok_or_else(missing)?;
            Ok(Value::Octets(vec![*octet]))
        }
        Value::Map(map) => match which {
            Value::Text(key) => Ok(map.get(key).cloned().unwrap_or(Value::Nil)),
            _ => Err(missing()),
        },
        _ => Err(missing()),
    }
}

pub(super) fn slice(of: &Value, from: Option<&Value>, to: Option<&Value>) -> Evaluated {
    let length = match of {
        Value::List(items) => items.len(),
        Value::Text(text) => text.len(),
        _ => return Err(type_error("only lists and texts have slices")),
    };
    let end = |value: Option<&Value>, otherwise: usize| -> Result<usize, LanguageError> {
        let Some(value) = value else { return Ok(otherwise) };
        let value = index(value)?;
        Ok(match usize::try_from(value) {
            Ok(value) => value.min(length),
            Err(_) => position(value, length).unwrap_or(0),
        })
    };
    let (from, to) = (end(from, 0)?, end(to, length)?);
    let range = from.min(to)..to;
    match of {
        Value::List(items) => Ok(Value::List(items.get(range).unwrap_or_default().to_vec())),
        Value::Text(text) => {
            let cut = text.get(range).ok_or_else(|| type_error("a slice cuts a character"))?;
            Ok(Value::Text(cut.to_owned()))
        }
        _ => Err(type_error("only lists and texts have slices")),
    }
}

pub(super) fn call(name: &str, arguments: &[Value]) -> Evaluated {
    let texts: Vec<&str> = arguments
        .iter()
        .map_while(|argument| match argument {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let result = match (arguments, texts.as_slice()) {
        ([Value::List(items), rest @ ..], _) => of_list(name, items, rest),
        ([Value::Map(map), rest @ ..], _) => of_map(name, map, rest),
        (_, [text, rest @ ..]) => match of_text(name, text, rest, arguments) {
            Some(value) => Some(value),
            None => of_any(name, arguments),
        },
        _ => of_any(name, arguments),
    };
    result.unwrap_or_else(|| Err(type_error(format!("`{name}` does not take these arguments"))))
}

fn int(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

fn of_text(name: &str, text: &str, rest: &[&str], all: &[Value]) -> Option<Evaluated> {
    let found = |found: Option<usize>| found.map_or(Value::Int(-1), int);
    let set = rest.first().copied();
    Some(Ok(match (name, rest) {
        ("len", []) => int(text.chars().count()),
        ("upper", []) => Value::Text(text.to_uppercase()),
        ("lower", []) => Value::Text(text.to_lowercase()),
        ("trim", []) => Value::Text(text.trim().to_owned()),
        ("trim", [set]) => Value::Text(text.trim_matches(|c| set.contains(c)).to_owned()),
        ("trimPrefix", _) => {
            let prefix = set.unwrap_or(" ");
            Value::Text(text.strip_prefix(prefix).unwrap_or(text).to_owned())
        }
        ("trimSuffix", _) => {
            let suffix = set.unwrap_or(" ");
            Value::Text(text.strip_suffix(suffix).unwrap_or(text).to_owned())
        }
        ("hasPrefix", [other]) => Value::Bool(text.starts_with(other)),
        ("hasSuffix", [other]) => Value::Bool(text.ends_with(other)),
        ("indexOf", [other]) => found(text.find(other)),
        ("lastIndexOf", [other]) => found(text.rfind(other)),
        ("split" | "splitAfter", [by]) => return Some(split(name, text, by, all.get(2))),
        ("replace", [old, new]) => return Some(replace(text, old, new, all.get(3))),
        ("repeat", []) => return Some(repeat(text, all.get(1)?)),
        ("toBase64", []) => Value::Text(STANDARD.encode(text)),
        ("fromBase64", []) => {
            let octets = STANDARD.decode(text).ok().and_then(|o| String::from_utf8(o).ok());
            return Some(octets.map(Value::Text).ok_or_else(|| type_error("no base64 of a text")));
        }
        ("fromJSON", []) => {
            let json = serde_json::from_str(text).map_err(|_| type_error("no JSON"));
            return Some(json.map(|json: serde_json::Value| from_json(json)));
        }
        _ => return None,
    }))
}

fn split(name: &str, text: &str, by: &str, limit: Option<&Value>) -> Evaluated {
    let limit = limit.map(index).transpose()?.unwrap_or(-1);
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    if most == 0 {
        return Ok(Value::List(Vec::new()));
    }
    let parts: Vec<&str> = match (name, by.is_empty()) {
        (_, true) => text.split_inclusive(|_: char| true).collect(),
        ("split", _) => text.splitn(most, by).collect(),
        _ => {
            let mut parts: Vec<&str> = text.split_inclusive(by).collect();
            if text.is_empty() || text.ends_with(by) {
                parts.push("");
            }
            parts
        }
    };
    Ok(Value::List(parts.into_iter().map(|part| Value::Text(part.to_owned())).collect()))
}

fn replace(text: &str, old: &str, new: &str, times: Option<&Value>) -> Evaluated {
    let times = times.map(index).transpose()?.unwrap_or(-1);
    let most = usize::try_from(times).unwrap_or(usize::MAX);
    // The longest result: every character apart from its neighbours.
    let longest = (text.len() + 1).saturating_mul(new.len() + 1);
    if longest > MAX_REPEATED * 64 {
        return Err(type_error("`replace` makes too long a text"));
    }
    Ok(Value::Text(text.replacen(old, new, most)))
}

fn repeat(text: &str, times: &Value) -> Evaluated {
    let times = usize::try_from(index(times)?).map_err(|_| type_error("a negative number"))?;
    if text.len().saturating_mul(times) > MAX_REPEATED {
        return Err(type_error("`repeat` makes too long a text"));
    }
    Ok(Value::Text(text.repeat(times)))
}

fn of_list(name: &str, items: &[Value], rest: &[Value]) -> Option<Evaluated> {
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
        _ => return of_any(name, &[&[Value::List(items.to_vec())], rest].concat()),
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

fn of_map(name: &str, map: &BTreeMap<String, Value>, rest: &[Value]) -> Option<Evaluated> {
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
        _ => return of_any(name, &[&[Value::Map(map.clone())], rest].concat()),
    }))
}

fn statistic(name: &str, arguments: &[Value]) -> Evaluated {
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

fn of_any(name: &str, arguments: &[Value]) -> Option<Evaluated> {
    Some(Ok(match (name, arguments) {
        ("max" | "min" | "mean" | "median", _) => return Some(statistic(name, arguments)),
        ("string", [value]) => Value::Text(shown(value)),
        ("type", [value]) => Value::Text(type_name(value).to_owned()),
        ("len", [Value::Octets(octets)]) => int(octets.len()),
        ("get", [_, _]) => Value::Nil,
        ("toJSON", [value]) => {
            let text = serde_json::to_string_pretty(&to_json(value)?).ok()?;
            let text = text.replace('&', "\\u0026").replace('<', "\\u003c").replace('>', "\\u003e");
            Value::Text(text)
        }
        ("int", [Value::Int(number)]) => Value::Int(*number),
        ("int", [Value::Float(number)]) => Value::Int(to_integer(*number)),
        ("int", [Value::Text(text)]) => return Some(parsed(text).map(Value::Int)),
        ("float", [Value::Text(text)]) => return Some(parsed(text).map(Value::Float)),
        ("float", [number]) => Value::Float(number.as_float()?),
        ("abs", [Value::Int(number)]) => Value::Int(number.wrapping_abs()),
        ("abs", [Value::Float(number)]) => Value::Float(number.abs()),
        ("ceil", [number]) => Value::Float(number.as_float()?.ceil()),
        ("floor", [number]) => Value::Float(number.as_float()?.floor()),
        ("round", [number]) => Value::Float(number.as_float()?.round()),
        ("bitand", [Value::Int(left), Value::Int(right)]) => Value::Int(left & right),
        ("bitor", [Value::Int(left), Value::Int(right)]) => Value::Int(left | right),
        ("bitxor", [Value::Int(left), Value::Int(right)]) => Value::Int(left ^ right),
        ("bitnand", [Value::Int(left), Value::Int(right)]) => Value::Int(left & !right),
        ("bitnot", [Value::Int(number)]) => Value::Int(!number),
        _ => return None,
    }))
}

fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, LanguageError> {
    text.parse().map_err(|_| type_error("a text that is no number"))
}

fn type_name(value: &Value) -> &'static str {
    match value {
        Value::Nil => "nil",
        Value::Bool(_) => "bool",
        Value::Int(_) => "int",
        Value::Float(_) => "float",
        Value::Text(_) => "string",
        Value::List(_) | Value::Octets(_) => "array",
        Value::Map(_) => "map",
        Value::Function(_) => "func",
        Value::Context | Value::Policy(_) => "struct",
    }
}

/// As Go prints a value.
fn shown(value: &Value) -> String {
    match value {
        Value::Text(text) => text.clone(),
        Value::Bool(value) => value.to_string(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => number.to_string(),
        Value::List(items) => {
            format!("[{}]", items.iter().map(shown).collect::<Vec<_>>().join(" "))
        }
        Value::Map(map) => {
            let pairs = map.iter().map(|(key, value)| format!("{key}:{}", shown(value)));
            format!("map[{}]", pairs.collect::<Vec<_>>().join(" "))
        }
        Value::Octets(octets) => {
            let numbers: Vec<String> = octets.iter().map(u8::to_string).collect();
            format!("[{}]", numbers.join(" "))
        }
        Value::Nil | Value::Function(_) | Value::Context | Value::Policy(_) => "<nil>".to_owned(),
    }
}

fn to_json(value: &Value) -> Option<serde_json::Value> {
    use serde_json::Value as Json;
    Some(match value {
        Value::Nil => Json::Null,
        Value::Bool(value) => Json::Bool(*value),
        Value::Int(number) => Json::from(*number),
        Value::Float(number) => Json::from(*number),
        Value::Text(text) => Json::String(text.clone()),
        Value::List(items) => items.iter().map(to_json).collect::<Option<_>>()?,
        Value::Map(map) => {
            let pairs = map.iter().map(|(key, value)| Some((key.clone(), to_json(value)?)));
            Json::Object(pairs.collect::<Option<_>>()?)
        }
        Value::Octets(octets) => Json::String(STANDARD.encode(octets)),
        Value::Function(_) | Value::Context | Value::Policy(_) => return None,
    })
}

fn from_json(json: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    match json {
        Json::Null => Value::Nil,
        Json::Bool(value) => Value::Bool(value),
        Json::Number(number) => Value::Float(number.as_f64().unwrap_or(f64::NAN)),
        Json::String(text) => Value::Text(text),
        Json::Array(items) => Value::List(items.into_iter().map(from_json).collect()),
        Json::Object(map) => {
            Value::Map(map.into_iter().map(|(key, value)| (key, from_json(value))).collect())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slices_count_from_both_ends() {
        let text = Value::Text("A.member".into());
        let cut = |from: i64, to: i64| slice(&text, Some(&Value::Int(from)), Some(&Value::Int(to)));
        assert_eq!(cut(0, -1), Ok(Value::Text("A.membe".into())));
        assert_eq!(cut(-3, 100), Ok(Value::Text("ber".into())));
        assert_eq!(cut(5, 2), Ok(Value::Text(String::new())));
        assert_eq!(member(&text, &Value::Int(8)).ok(), None);
    }
}
