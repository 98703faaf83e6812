//! Whose data a collection holds.

use std::fmt;

use serde::de::{self, SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Whose data it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Members {
    /// Any member of these MSPs.
    Organizations(Vec<String>),
    /// Whom a policy names.
    Policy(String),
}

impl Serialize for Members {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Organizations(ids) => ids.serialize(serializer),
            Self::Policy(rule) => rule.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Reader;

        impl<'de> Visitor<'de> for Reader {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of MSP IDs, or a policy")
            }

            fn visit_str<E: de::Error>(self, rule: &str) -> Result<Members, E> {
                Ok(Members::Policy(rule.to_owned()))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Members, A::Error> {
                let mut ids = Vec::new();
                while let Some(id) = seq.next_element()? {
                    ids.push(id);
                }
                Ok(Members::Organizations(ids))
            }
        }

        deserializer.deserialize_any(Reader)
    }
}

#[cfg(feature = "service")]
impl schemars::JsonSchema for Members {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Members".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "description": "MSP IDs whose members are meant, or a policy that is a choice.",
            "anyOf": [
                { "type": "array", "items": { "type": "string" }, "minItems": 1 },
                { "type": "string" },
            ],
        })
    }
}
