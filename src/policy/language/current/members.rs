//! Members and slices of lists, texts and maps.

use super::super::error::{LanguageError, type_error};
use super::super::value::{Value, to_integer};

type Evaluated = Result<Value, LanguageError>;

pub(super) fn index(index: &Value) -> Result<i64, LanguageError> {
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
