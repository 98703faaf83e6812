//! YAML as a tree of values that know their lines.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde::{Deserialize, de};
use serde_saphyr::Spanned;

use super::error::{ConfigtxError, Place};

/// Deeper than any profile nests.
const MAX_DEPTH: usize = 64;
/// Keys and values that may be said by referring to others: thousands of organizations, each in three places.
const MAX_REPEATED: usize = 300_000;

/// A value and where it is from.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) place: Place,
    pub(super) value: Value,
}

/// A value of YAML, with the kind that its spelling gives it.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Null,
    Truth(bool),
    Integer(i128),
    Float(f64),
    Text(String),
    List(Vec<Node>),
    Map(Entries),
}

/// Keys and values, in the order of the file.
pub(super) type Entries = Vec<(String, Node)>;

impl Node {
    /// Reads the first document.
    pub(super) fn read(text: &[u8]) -> Result<Self, ConfigtxError> {
        let mut reader = text;
        let options = serde_saphyr::options! {
            budget: serde_saphyr::budget! { max_depth: MAX_DEPTH },
            alias_limits: serde_saphyr::alias_limits! { max_total_replayed_events: MAX_REPEATED },
            // `yes` and `on` are texts to Fabric's tools, `010` is eight.
            strict_booleans: true,
            legacy_octal_numbers: true,
            with_snippet: false,
        };
        let mut documents = serde_saphyr::read_with_options::<_, Self>(&mut reader, options);
        match documents.next() {
            Some(Ok(node)) => Ok(node),
            Some(Err(why)) => Err(ConfigtxError::Yaml(why.to_string())),
            None => Err(ConfigtxError::Yaml("there is nothing in it".to_owned())),
        }
    }
}

/// Variables of the environment, and which of them were put in.
pub(super) struct Variables<'a> {
    values: &'a BTreeMap<String, String>,
    used: BTreeSet<&'a str>,
}

impl<'a> Variables<'a> {
    pub(super) fn new(values: &'a BTreeMap<String, String>) -> Self {
        Self { values, used: BTreeSet::new() }
    }

    /// Puts in what is said of keys that the file mentions, and drops those that say nothing. Lists stay as they are.
    pub(super) fn settle(&mut self, entries: Entries, prefix: &str) -> Entries {
        let mut settled = Vec::with_capacity(entries.len());
        for (key, mut node) in entries {
            let name = format!("{prefix}_{}", key.to_uppercase().replace('.', "_"));
            if let Some((name, value)) = self.values.get_key_value(&name)
                && !value.is_empty()
            {
                self.used.insert(name);
                let value = Value::Text(value.clone());
                settled.push((key, Node { place: Place::Variable(name.clone()), value }));
                continue;
            }
            node.value = match node.value {
                Value::Null => continue,
                Value::Map(entries) => Value::Map(self.settle(entries, &name)),
                other @ (Value::Truth(_)
                | Value::Integer(_)
                | Value::Float(_)
                | Value::Text(_)
                | Value::List(_)) => other,
            };
            settled.push((key, node));
        }
        settled
    }

    /// Those that say something and stand for no key of the file.
    pub(super) fn unused(&self) -> Vec<String> {
        let said = self.values.iter().filter(|(_, value)| !value.is_empty());
        let names = said.map(|(name, _)| name).filter(|name| !self.used.contains(name.as_str()));
        names.cloned().collect()
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Value>::deserialize(deserializer)?;
        Ok(Self { place: Place::Line(spanned.defined.line()), value: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_none<E: de::Error>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E: de::Error>(self, value: bool) -> Result<Value, E> {
        Ok(Value::Truth(value))
    }

    fn visit_i64<E: de::Error>(self, value: i64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_u64<E: de::Error>(self, value: u64) -> Result<Value, E> {
        Ok(Value::Integer(value.into()))
    }

    fn visit_f64<E: de::Error>(self, value: f64) -> Result<Value, E> {
        Ok(Value::Float(value))
    }

    fn visit_str<E: de::Error>(self, value: &str) -> Result<Value, E> {
        Ok(Value::Text(value.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Value::List(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut entries = Vec::new();
        while let Some((Key(key), node)) = map.next_entry()? {
            entries.push((key, node));
        }
        Ok(Value::Map(entries))
    }
}

/// A key, which is a text: `1` and `true` are none to Fabric's tools.
struct Key(String);

impl<'de> Deserialize<'de> for Key {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl Visitor<'_> for Reader {
            type Value = Key;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text as key, in quotes if it looks like a number")
            }

            fn visit_str<E: de::Error>(self, value: &str) -> Result<Key, E> {
                Ok(Key(value.to_owned()))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}
