//! From one kind of value to another.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::super::error::{LanguageError, type_error};
use super::super::value::Value;

/// A count as a value.
pub(super) fn int(number: usize) -> Value {
    Value::Int(i64::try_from(number).unwrap_or(i64::MAX))
}

pub(super) fn parsed<T: std::str::FromStr>(text: &str) -> Result<T, LanguageError> {
    text.parse().map_err(|_| type_error("a text that is no number"))
}

pub(super) fn type_name(value: &Value) -> &'static str {
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
pub(super) fn shown(value: &Value) -> String {
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

pub(super) fn to_json(value: &Value) -> Option<serde_json::Value> {
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

pub(super) fn from_json(json: serde_json::Value) -> Value {
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
