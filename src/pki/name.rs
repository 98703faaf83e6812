//! Names of subjects: which fields we know, how they are read, and how we write them.

use std::fmt;

use const_oid::ObjectIdentifier;
use const_oid::db::rfc4519;
use serde::{Deserialize, Serialize};

use super::asn1::{self, Element, Malformed, Reader};

/// The most attributes that a name is read with.
const MAX_ATTRIBUTES: usize = 64;

/// A field of a subject that we know, in the order in which Go writes them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Field {
    /// `C`: two letters.
    #[serde(rename = "C")]
    Country,
    /// `ST`.
    #[serde(rename = "ST")]
    StateOrProvince,
    /// `L`.
    #[serde(rename = "L")]
    Locality,
    /// `O`.
    #[serde(rename = "O")]
    Organization,
    /// `OU`.
    #[serde(rename = "OU")]
    OrganizationalUnit,
    /// `CN`.
    #[serde(rename = "CN")]
    CommonName,
    /// `serialNumber`, of the subject (not the certificate).
    #[serde(rename = "serialNumber")]
    SerialNumber,
}

impl Field {
    /// Every field, in the order in which they are written.
    pub const ALL: [Self; 7] = [
        Self::Country,
        Self::StateOrProvince,
        Self::Locality,
        Self::Organization,
        Self::OrganizationalUnit,
        Self::CommonName,
        Self::SerialNumber,
    ];

    /// The short name, e.g. `OU`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Country => "C",
            Self::StateOrProvince => "ST",
            Self::Locality => "L",
            Self::Organization => "O",
            Self::OrganizationalUnit => "OU",
            Self::CommonName => "CN",
            Self::SerialNumber => "serialNumber",
        }
    }

    /// The most octets of its text. [RFC 5280 appendix A.1](https://www.rfc-editor.org/rfc/rfc5280#appendix-A.1)
    pub fn max_octets(self) -> usize {
        match self {
            Self::Country => 2,
            Self::StateOrProvince | Self::Locality => 128,
            Self::Organization
            | Self::OrganizationalUnit
            | Self::CommonName
            | Self::SerialNumber => 64,
        }
    }

    pub(super) fn oid(self) -> ObjectIdentifier {
        match self {
            Self::Country => rfc4519::C,
            Self::StateOrProvince => rfc4519::ST,
            Self::Locality => rfc4519::L,
            Self::Organization => rfc4519::O,
            Self::OrganizationalUnit => rfc4519::OU,
            Self::CommonName => rfc4519::CN,
            Self::SerialNumber => rfc4519::SERIAL_NUMBER,
        }
    }

    fn from_oid(oid: ObjectIdentifier) -> Option<Self> {
        Self::ALL.into_iter().find(|field| field.oid() == oid)
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// The fields of a subject that we know, as texts. Of several common names the last is taken, as Go
/// does; the other fields may repeat and keep their order.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Subject {
    /// `CN`.
    pub common_name: Option<String>,
    /// All other fields.
    pub fields: Vec<(Field, String)>,
}

/// Why a subject cannot be written.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum SubjectError {
    /// The field's text has more octets than it may.
    #[error("the subject's {0} is longer than {max} octets", max = .0.max_octets())]
    TooLong(Field),
    /// The field's text cannot stand in a certificate.
    #[error("the subject's {0} {1}")]
    Invalid(Field, &'static str),
    /// Nothing is left of it.
    #[error("the subject is empty")]
    Empty,
}

impl Subject {
    /// A subject of a common name alone.
    pub fn named(common_name: impl Into<String>) -> Self {
        Self { common_name: Some(common_name.into()), fields: Vec::new() }
    }

    /// The texts of one field.
    pub fn values(&self, field: Field) -> impl Iterator<Item = &str> {
        let common_name = self.common_name.as_deref().filter(|_| field == Field::CommonName);
        let others = self.fields.iter().filter(move |(f, _)| *f == field).map(|(_, v)| v.as_str());
        common_name.into_iter().chain(others)
    }

    /// This subject with every field that `other` has taken from `other` instead.
    #[must_use]
    pub fn overridden_by(&self, other: &Self) -> Self {
        let has = |field| other.fields.iter().any(|(theirs, _)| *theirs == field);
        let kept = self.fields.iter().filter(|(field, _)| !has(*field));
        Self {
            common_name: other.common_name.clone().or_else(|| self.common_name.clone()),
            fields: kept.chain(&other.fields).cloned().collect(),
        }
    }

    /// Reads a `Name`. Attributes that we do not know are left out.
    ///
    /// # Errors
    /// When it is no DER, or a field that we know holds no text, or a control character.
    pub(super) fn read(name: &[u8]) -> Result<Self, Malformed> {
        let mut subject = Self::default();
        for (oid, value) in attributes(name)? {
            let Some(field) = Field::from_oid(oid) else { continue };
            let text = text(&value).ok_or(Malformed("a field of the subject"))?;
            if text.chars().any(char::is_control) {
                return Err(Malformed("a field of the subject"));
            }
            match field {
                Field::CommonName => subject.common_name = Some(text),
                Field::Country
                | Field::StateOrProvince
                | Field::Locality
                | Field::Organization
                | Field::OrganizationalUnit
                | Field::SerialNumber => subject.fields.push((field, text)),
            }
        }
        Ok(subject)
    }

    /// Writes the `Name`: fields in Go's order, empty ones left out. With `grouped`, all values of
    /// a field stand in one RDN, a DER SET, hence sorted by encoding, as Fabric CA does it; else
    /// each has its own.
    pub(super) fn write(&self, grouped: bool) -> Result<Vec<u8>, SubjectError> {
        let mut names = Vec::new();
        for field in Field::ALL {
            let mut values = Vec::new();
            for value in self.values(field).filter(|value| !value.is_empty()) {
                values.push(attribute(field, value)?);
            }
            if grouped && !values.is_empty() {
                values.sort();
                names.push(asn1::wrap(asn1::SET, &slices(&values)));
            } else {
                names.extend(values.iter().map(|value| asn1::wrap(asn1::SET, &[value])));
            }
        }
        if names.is_empty() {
            return Err(SubjectError::Empty);
        }
        Ok(asn1::wrap(asn1::SEQUENCE, &slices(&names)))
    }
}

fn slices(parts: &[Vec<u8>]) -> Vec<&[u8]> {
    parts.iter().map(Vec::as_slice).collect()
}

/// An `AttributeTypeAndValue`.
fn attribute(field: Field, value: &str) -> Result<Vec<u8>, SubjectError> {
    if value.len() > field.max_octets() {
        return Err(SubjectError::TooLong(field));
    }
    if value.chars().any(char::is_control) {
        return Err(SubjectError::Invalid(field, "holds a control character"));
    }
    let printable = value.bytes().all(is_printable);
    // RFC 5280 appendix A.1: X520countryName is a PrintableString of two.
    if field == Field::Country && !(printable && value.len() == 2) {
        return Err(SubjectError::Invalid(field, "is not two letters"));
    }
    let tag = if printable { asn1::PRINTABLE_STRING } else { asn1::UTF8_STRING };
    let value = asn1::wrap(tag, &[value.as_bytes()]);
    Ok(asn1::wrap(asn1::SEQUENCE, &[&asn1::oid(field.oid()), &value]))
}

/// X.680's `PrintableString`.
pub(super) fn is_printable(octet: u8) -> bool {
    octet.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(&octet)
}

/// The attributes of a `Name`, from the first RDN to the last.
pub(super) fn attributes(name: &[u8]) -> Result<Vec<(ObjectIdentifier, Element<'_>)>, Malformed> {
    let mut found = Vec::new();
    let mut names = Reader::inside(name, asn1::SEQUENCE, "a name")?;
    while !names.is_empty() {
        // Go neither sorts nor compares a SET that it reads, and writes the same value twice when
        // an affiliation repeats a part; so neither order nor difference is asked for.
        let mut relative = names.enter(asn1::SET, "a name")?;
        if relative.is_empty() {
            return relative.fail();
        }
        while !relative.is_empty() {
            let mut pair = relative.enter(asn1::SEQUENCE, "a name")?;
            found.push((pair.oid()?, pair.any()?));
            pair.end()?;
            if found.len() > MAX_ATTRIBUTES {
                return names.fail();
            }
        }
    }
    Ok(found)
}

/// The text of a `DirectoryString` or `IA5String`; `None` for what is no text. Of a `TeletexString`,
/// whose letters nobody agrees on, only ASCII is taken.
pub(super) fn text(value: &Element<'_>) -> Option<String> {
    let octets = value.content;
    match value.tag {
        asn1::UTF8_STRING => String::from_utf8(octets.to_vec()).ok(),
        // Go takes `*`, `&` and `@` in a PrintableString too, since others write them.
        asn1::PRINTABLE_STRING | asn1::NUMERIC_STRING | asn1::IA5_STRING | asn1::TELETEX_STRING => {
            String::from_utf8(octets.to_vec()).ok().filter(|text| text.is_ascii())
        }
        asn1::BMP_STRING if octets.len().is_multiple_of(2) => {
            let units = octets.chunks(2).map(|pair| match pair {
                [high, low] => u16::from_be_bytes([*high, *low]),
                _ => 0,
            });
            char::decode_utf16(units).collect::<Result<String, _>>().ok()
        }
        _ => None,
    }
}

/// The name as people read it, e.g. `CN=peer0, OU=peer + OU=org1`, last RDN first as in
/// [RFC 4514](https://www.rfc-editor.org/rfc/rfc4514), for display only.
pub(super) fn display(name: &[u8]) -> String {
    let read = || -> Result<Vec<String>, Malformed> {
        let mut parts = Vec::new();
        let mut names = Reader::inside(name, asn1::SEQUENCE, "a name")?;
        while !names.is_empty() {
            let relative = names.expect(asn1::SET)?;
            let relative = asn1::wrap(asn1::SEQUENCE, &[relative.whole]);
            let pairs = attributes(&relative)?.into_iter().map(|(oid, value)| {
                let key = Field::from_oid(oid).map_or(oid.to_string(), |f| f.as_str().to_owned());
                let value =
                    text(&value).unwrap_or_else(|| format!("#{}", hex::encode(value.whole)));
                format!("{key}={}", escape(&value))
            });
            parts.push(pairs.collect::<Vec<_>>().join("+"));
        }
        parts.reverse();
        Ok(parts)
    };
    read().map_or_else(|_| String::from("?"), |parts| parts.join(","))
}

fn escape(value: &str) -> String {
    let mut out = String::with_capacity(value.len());
    for c in value.chars() {
        match c {
            ',' | '+' | '"' | '\\' | '<' | '>' | ';' | '=' => out.extend(['\\', c]),
            c if c.is_control() => out.extend(c.escape_default()),
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
#[path = "name_tests.rs"]
mod tests;
