//! Attributes of an identity, as a certificate carries them for chaincode to read.

use std::collections::BTreeMap;

use const_oid::ObjectIdentifier;
use serde::{Deserialize, Serialize};

/// Fabric's extension for attributes: 1.2.3.4.5.6.7.8.1, not critical. Its value is the bare JSON
/// text, without an ASN.1 string around it.
pub const ATTRIBUTES_OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.3.4.5.6.7.8.1");

/// The most octets that an attribute extension may have.
const MAX_JSON: usize = 16 * 1024;

/// Names and values, sorted by name.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Attributes {
    /// The values by their names.
    #[serde(rename = "attrs", default)]
    pub values: BTreeMap<String, String>,
}

/// Why octets are no attribute extension, or attributes make none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AttributesError {
    /// Not `{"attrs":{"name":"value",…}}`.
    #[error("the attribute extension is no JSON object of texts")]
    Malformed,
    /// More than 16 KiB.
    #[error("the attributes are longer than 16384 octets together")]
    TooLong,
}

impl Attributes {
    /// The value of an attribute.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(String::as_str)
    }

    /// The text of the extension: `{"attrs":{…}}`, names sorted, written as Go writes JSON, with
    /// `<`, `>`, `&`, U+2028 and U+2029 as `\u003c` and so on.
    ///
    /// # Errors
    /// When it is longer than 16 KiB.
    pub fn to_json(&self) -> Result<String, AttributesError> {
        let plain = serde_json::to_string(self).map_err(|_| AttributesError::Malformed)?;
        let mut text = String::with_capacity(plain.len());
        for c in plain.chars() {
            // None of these stands outside a JSON string, so no structure is touched.
            match c {
                '<' => text.push_str("\\u003c"),
                '>' => text.push_str("\\u003e"),
                '&' => text.push_str("\\u0026"),
                '\u{2028}' => text.push_str("\\u2028"),
                '\u{2029}' => text.push_str("\\u2029"),
                other => text.push(other),
            }
        }
        if text.len() > MAX_JSON { Err(AttributesError::TooLong) } else { Ok(text) }
    }

    /// Reads the value of the extension.
    ///
    /// # Errors
    /// When it is longer than 16 KiB, or no JSON object of that form.
    pub fn from_json(octets: &[u8]) -> Result<Self, AttributesError> {
        if octets.len() > MAX_JSON {
            return Err(AttributesError::TooLong);
        }
        // serde would take an array of the fields for the object.
        match octets.trim_ascii_start().first() {
            Some(b'{') => serde_json::from_slice(octets).map_err(|_| AttributesError::Malformed),
            _ => Err(AttributesError::Malformed),
        }
    }
}

impl FromIterator<(String, String)> for Attributes {
    fn from_iter<I: IntoIterator<Item = (String, String)>>(pairs: I) -> Self {
        Self { values: pairs.into_iter().collect() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_text_is_gos() {
        let attributes: Attributes = [("b", "<&>\u{2028}\n\u{1}\"é"), ("a", "")]
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .into_iter()
            .collect();
        assert_eq!(
            attributes.to_json().unwrap(),
            r#"{"attrs":{"a":"","b":"\u003c\u0026\u003e\u2028\n\u0001\"é"}}"#
        );
        assert_eq!(Attributes::default().to_json().unwrap(), r#"{"attrs":{}}"#);
    }

    #[test]
    fn what_is_no_object_of_texts_is_refused() {
        for text in ["", "[]", r#"{"attrs":{"a":1}}"#, r#"{"attrs":[]}"#, "{} x"] {
            assert_eq!(Attributes::from_json(text.as_bytes()), Err(AttributesError::Malformed));
        }
        let long: Attributes = [("a".to_owned(), "x".repeat(MAX_JSON))].into_iter().collect();
        assert_eq!(long.to_json(), Err(AttributesError::TooLong));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(values: BTreeMap<String, String>) {
            let attributes = Attributes { values };
            if let Ok(text) = attributes.to_json() {
                prop_assert_eq!(Attributes::from_json(text.as_bytes()), Ok(attributes));
            }
        }
    }
}
