//! Values of a tree by their kinds: what a key may hold, and how loosely Fabric's tools take it.

use std::collections::BTreeMap;

use super::error::{ConfigtxError, Origin};
use super::node::{Entries, Node, Value};
use super::number::{parse_signed, parse_size, parse_unsigned};
use crate::channel::duration::parse_nanoseconds;

/// A value and its path.
#[derive(Debug)]
pub(super) struct At<'a> {
    path: String,
    node: &'a Node,
}

impl<'a> At<'a> {
    pub(super) fn root(node: &'a Node) -> Self {
        Self { path: String::new(), node }
    }

    pub(super) fn origin(&self) -> Origin {
        Origin { place: self.node.place.clone(), path: self.path.clone() }
    }

    fn wrong(&self, what: impl Into<String>) -> ConfigtxError {
        ConfigtxError::Value { origin: self.origin(), what: what.into() }
    }

    fn below(&self, key: &str, node: &'a Node) -> Self {
        let path = match self.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        };
        Self { path, node }
    }

    /// A section whose keys are known.
    pub(super) fn fields(&self) -> Result<Fields<'a>, ConfigtxError> {
        match &self.node.value {
            Value::Map(entries) => Ok(Fields::new(self.origin(), entries)),
            Value::Null
            | Value::Truth(_)
            | Value::Integer(_)
            | Value::Float(_)
            | Value::Text(_)
            | Value::List(_) => Err(self.wrong("is no section with keys")),
        }
    }

    /// Names that are free, and what they stand for. A list of maps is taken as one.
    pub(super) fn map(&self) -> Result<BTreeMap<String, At<'a>>, ConfigtxError> {
        match &self.node.value {
            Value::Null => Ok(BTreeMap::new()),
            Value::Map(entries) => {
                let named = entries.iter().map(|(key, node)| (key.clone(), self.below(key, node)));
                Ok(named.collect())
            }
            Value::List(items) => {
                let mut all = BTreeMap::new();
                for item in self.items(items) {
                    all.append(&mut item.map()?);
                }
                Ok(all)
            }
            Value::Truth(_) | Value::Integer(_) | Value::Float(_) | Value::Text(_) => {
                Err(self.wrong("is no map of names"))
            }
        }
    }

    /// A list of sections; one alone may stand without its hyphen.
    pub(super) fn sections(&self) -> Result<Vec<At<'a>>, ConfigtxError> {
        match &self.node.value {
            Value::Null => Ok(Vec::new()),
            Value::List(items) => Ok(self.items(items)),
            Value::Map(entries) if entries.is_empty() => Ok(Vec::new()),
            Value::Map(_) => Ok(vec![Self { path: self.path.clone(), node: self.node }]),
            Value::Truth(_) | Value::Integer(_) | Value::Float(_) | Value::Text(_) => {
                Err(self.wrong("is no list"))
            }
        }
    }

    fn items(&self, items: &'a [Node]) -> Vec<At<'a>> {
        let named = |(index, node)| Self { path: format!("{}[{index}]", self.path), node };
        items.iter().enumerate().map(named).collect()
    }

    /// A list of texts; one alone may stand without its hyphen, and `[a, b]` in quotes is two.
    pub(super) fn texts(&self) -> Result<Vec<String>, ConfigtxError> {
        match &self.node.value {
            Value::Null => Ok(Vec::new()),
            Value::List(items) => self.items(items).iter().map(At::text).collect(),
            Value::Map(entries) if entries.is_empty() => Ok(Vec::new()),
            Value::Text(text) => Ok(match bracketed(text) {
                Some(listed) => listed.split(',').map(|item| item.trim().to_owned()).collect(),
                None => vec![text.clone()],
            }),
            Value::Map(_) | Value::Truth(_) | Value::Integer(_) | Value::Float(_) => {
                Ok(vec![self.text()?])
            }
        }
    }

    /// A text; numbers are taken for what they read as.
    pub(super) fn text(&self) -> Result<String, ConfigtxError> {
        match &self.node.value {
            Value::Null => Ok(String::new()),
            Value::Text(text) if bracketed(text).is_some() => {
                Err(self.wrong("is in brackets, which Fabric's tools take for a list"))
            }
            Value::Text(text) => Ok(text.clone()),
            Value::Truth(truth) => Ok(u8::from(*truth).to_string()),
            Value::Integer(number) => Ok(number.to_string()),
            Value::Float(number) => Ok(number.to_string()),
            Value::List(_) | Value::Map(_) => Err(self.wrong("is no text")),
        }
    }

    pub(super) fn truth(&self) -> Result<bool, ConfigtxError> {
        match &self.node.value {
            Value::Null => Ok(false),
            Value::Truth(truth) => Ok(*truth),
            Value::Integer(number) => Ok(*number != 0),
            Value::Float(number) => Ok(*number != 0.0),
            Value::Text(text) => match text.as_str() {
                "1" | "t" | "T" | "true" | "True" | "TRUE" => Ok(true),
                "" | "0" | "f" | "F" | "false" | "False" | "FALSE" => Ok(false),
                other => Err(self.wrong(format!("is `{}`, neither true nor false", shown(other)))),
            },
            Value::List(_) | Value::Map(_) => Err(self.wrong("is neither true nor false")),
        }
    }

    /// A number from `least` to `most`. Fabric's tools would cut one that is outside to the bits that they keep, which
    /// nobody means.
    fn number(
        &self,
        text: impl Fn(&str) -> Option<i128>,
        least: i128,
        most: i128,
    ) -> Result<i128, ConfigtxError> {
        let number = match &self.node.value {
            Value::Null => Some(0),
            Value::Truth(truth) => Some(i128::from(*truth)),
            Value::Integer(number) => Some(*number),
            Value::Float(number) => whole(*number),
            Value::Text(empty) if empty.is_empty() => Some(0),
            Value::Text(number) => text(number),
            Value::List(_) | Value::Map(_) => return Err(self.wrong("is no number")),
        };
        let Some(number) = number else {
            let text = self.text().unwrap_or_default();
            return Err(self.wrong(format!("is `{}`, no number", shown(&text))));
        };
        if (least..=most).contains(&number) {
            return Ok(number);
        }
        Err(self.wrong(format!("is {number}, and may be {least} to {most}")))
    }

    /// A number of 32 bits without sign, which may be a size such as `99 MB`.
    pub(super) fn size(&self) -> Result<u32, ConfigtxError> {
        let parse = |text: &str| parse_size(text).or_else(|| parse_unsigned(text)).map(i128::from);
        let number = self.number(parse, 0, u32::MAX.into())?;
        Ok(u32::try_from(number).unwrap_or(u32::MAX))
    }

    /// A number of 64 bits without sign.
    pub(super) fn unsigned(&self) -> Result<u64, ConfigtxError> {
        let parse = |text: &str| parse_unsigned(text).map(i128::from);
        let number = self.number(parse, 0, u64::MAX.into())?;
        Ok(u64::try_from(number).unwrap_or(u64::MAX))
    }

    /// A number of 32 bits.
    pub(super) fn signed(&self) -> Result<i32, ConfigtxError> {
        let number = self.number(parse_signed, i32::MIN.into(), i32::MAX.into())?;
        Ok(i32::try_from(number).unwrap_or(i32::MAX))
    }

    /// A duration in nanoseconds, as which a bare number counts.
    pub(super) fn duration(&self) -> Result<i64, ConfigtxError> {
        if let Value::Text(text) = &self.node.value {
            let wrong =
                || self.wrong(format!("is `{}`, no duration such as `2s` or `1m30s`", shown(text)));
            return parse_nanoseconds(text).ok_or_else(wrong);
        }
        let number = self.number(|_| None, i64::MIN.into(), i64::MAX.into())?;
        Ok(i64::try_from(number).unwrap_or(i64::MAX))
    }
}

/// What stands between brackets, when a text has them.
fn bracketed(text: &str) -> Option<&str> {
    text.strip_prefix('[')?.strip_suffix(']')
}

/// No more of a text than fits a line.
fn shown(text: &str) -> String {
    text.chars().take(60).flat_map(char::escape_debug).collect()
}

/// A number without what follows its point.
#[expect(clippy::cast_possible_truncation, reason = "as Go cuts; what is too large is refused")]
fn whole(number: f64) -> Option<i128> {
    number.is_finite().then_some(number as i128)
}

/// The keys of a section, taken one by one.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    section: Origin,
    left: Vec<(&'a str, &'a Node)>,
    known: Vec<&'static str>,
}

impl<'a> Fields<'a> {
    fn new(section: Origin, entries: &'a Entries) -> Self {
        let left = entries.iter().map(|(key, node)| (key.as_str(), node)).collect();
        Self { section, left, known: Vec::new() }
    }

    pub(super) fn origin(&self) -> Origin {
        self.section.clone()
    }

    /// The value of a key, whose upper and lower case do not matter; nothing when it says nothing.
    pub(super) fn take(&mut self, key: &'static str) -> Option<At<'a>> {
        self.known.push(key);
        let exact = self.left.iter().position(|(name, _)| *name == key);
        let alike = || self.left.iter().position(|(name, _)| name.eq_ignore_ascii_case(key));
        let (name, node) = self.left.remove(exact.or_else(alike)?);
        let path = match self.section.path.as_str() {
            "" => name.to_owned(),
            path => format!("{path}.{name}"),
        };
        (node.value != Value::Null).then_some(At { path, node })
    }

    /// A value as `read` takes it; what is usual when the key says nothing.
    pub(super) fn read<T: Default>(
        &mut self,
        key: &'static str,
        read: impl FnOnce(&At<'a>) -> Result<T, ConfigtxError>,
    ) -> Result<T, ConfigtxError> {
        self.take(key).map_or_else(|| Ok(T::default()), |at| read(&at))
    }

    /// Each of a list of sections.
    pub(super) fn each<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&At<'a>) -> Result<T, ConfigtxError>,
    ) -> Result<Vec<T>, ConfigtxError> {
        self.read(key, |at| at.sections()?.iter().map(read).collect())
    }

    /// Each of a map of names.
    pub(super) fn named<T>(
        &mut self,
        key: &'static str,
        read: impl Fn(&At<'a>) -> Result<T, ConfigtxError>,
    ) -> Result<BTreeMap<String, T>, ConfigtxError> {
        self.read(key, |at| {
            at.map()?.into_iter().map(|(name, at)| Ok((name, read(&at)?))).collect()
        })
    }

    /// Refuses what nobody took.
    pub(super) fn finish(self) -> Result<(), ConfigtxError> {
        let Some((key, node)) = self.left.first() else { return Ok(()) };
        let section = Origin { place: node.place.clone(), path: self.section.path };
        Err(ConfigtxError::UnknownKey { section, key: (*key).to_owned(), known: self.known })
    }
}
