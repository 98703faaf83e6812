//! The functions that the expression language brings along, without those about time.

use super::super::error::{LanguageError, type_error};
use super::super::value::{Value, to_integer};
use super::convert::{int, parsed, shown, to_json, type_name};
use super::kind::Kind;
use super::lists::{of_list, of_map, statistic};
use super::texts::of_text;

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
        (_, [text, rest @ ..]) => of_text(name, text, rest, arguments),
        _ => None,
    };
    let result = result.or_else(|| of_any(name, arguments));
    result.unwrap_or_else(|| Err(type_error(format!("`{name}` does not take these arguments"))))
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
