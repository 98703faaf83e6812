//! Functions of texts.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::error::{LanguageError, type_error};
use super::super::value::Value;
use super::convert::{from_json, int};
use super::members::index;

/// The longest text that `repeat` makes, in octets.
const MAX_REPEATED: usize = 1 << 18;

type Evaluated = Result<Value, LanguageError>;

/// The function of this name of a text; nothing when there is none.
pub(super) fn of_text(name: &str, text: &str, rest: &[&str], all: &[Value]) -> Option<Evaluated> {
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
