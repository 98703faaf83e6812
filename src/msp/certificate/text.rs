//! Names of subjects and issuers: their strings, and the few attributes that matter.

use std::borrow::Cow;

use super::der::{
    BIT_STRING, BOOLEAN, Der, GENERALIZED_TIME, INTEGER, OID, SEQUENCE, SET, UTC_TIME,
};

const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];
const ORGANIZATIONAL_UNIT: &[u8] = &[0x55, 0x04, 0x0b];

const UTF8_STRING: u8 = 0x0c;
const NUMERIC_STRING: u8 = 0x12;
const PRINTABLE_STRING: u8 = 0x13;
const T61_STRING: u8 = 0x14;
const IA5_STRING: u8 = 0x16;
const BMP_STRING: u8 = 0x1e;

/// What a subject tells.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::msp) struct Subject {
    /// The last one.
    pub(in crate::msp) common_name: String,
    /// In order of appearance.
    pub(in crate::msp) units: Vec<String>,
}

impl Subject {
    pub(in crate::msp) fn read(name: &[u8]) -> Option<Self> {
        let mut subject = Self::default();
        each_attribute(name, |oid, text| match oid {
            COMMON_NAME => subject.common_name = text.into_owned(),
            ORGANIZATIONAL_UNIT => subject.units.push(text.into_owned()),
            _ => {}
        })?;
        Some(subject)
    }
}

/// Whether it is a name that Go reads.
pub(in crate::msp) fn is_name(name: &[u8]) -> bool {
    each_attribute(name, |_, _| {}).is_some()
}

fn each_attribute<'a>(name: &'a [u8], mut take: impl FnMut(&[u8], Cow<'a, str>)) -> Option<()> {
    let mut sets = Der(name).enter(SEQUENCE)?;
    while !sets.is_empty() {
        let mut set = sets.enter(SET)?;
        while !set.is_empty() {
            let mut attribute = set.enter(SEQUENCE)?;
            let oid = attribute.oid()?;
            let value = attribute.any()?;
            take(oid, string(value.tag, value.content)?);
        }
    }
    Some(())
}

/// Whether Go's older parser takes a value: one of a known type must be well-formed, others may be anything.
pub(in crate::msp) fn is_value(whole: &[u8]) -> bool {
    let mut value = Der(whole);
    let read = match whole.first() {
        Some(&BOOLEAN) => value.boolean().map(drop),
        Some(&INTEGER) => value.int64(INTEGER).map(drop),
        Some(&BIT_STRING) => value.bits().map(drop),
        Some(&OID) => value.oid().map(drop),
        Some(&(UTC_TIME | GENERALIZED_TIME)) => super::lax::Lax(whole).time().map(drop),
        Some(
            &tag @ (UTF8_STRING | NUMERIC_STRING | PRINTABLE_STRING | T61_STRING | IA5_STRING
            | BMP_STRING),
        ) => value.content(tag).and_then(|content| string(tag, content)).map(drop),
        _ => Some(()),
    };
    read.is_some()
}

/// A string of one of the types that Go reads in names.
fn string(tag: u8, content: &[u8]) -> Option<Cow<'_, str>> {
    let ascii = |allowed: fn(&u8) -> bool| {
        content.iter().all(allowed).then(|| str::from_utf8(content).ok()).flatten().map(Cow::from)
    };
    match tag {
        UTF8_STRING => str::from_utf8(content).ok().map(Cow::from),
        PRINTABLE_STRING => ascii(|octet| is_printable(*octet)),
        IA5_STRING => ascii(u8::is_ascii),
        NUMERIC_STRING => ascii(|octet| octet.is_ascii_digit() || *octet == b' '),
        // Read as Latin-1, as everybody does.
        T61_STRING => Some(content.iter().copied().map(char::from).collect::<String>().into()),
        BMP_STRING => two_octets_each(content).map(Cow::from),
        _ => None,
    }
}

fn is_printable(octet: u8) -> bool {
    // `*` and `&` are not in the set, but in certificates.
    octet.is_ascii_alphanumeric() || b" '()+,-./:=?*&".contains(&octet)
}

fn two_octets_each(content: &[u8]) -> Option<String> {
    // A terminator is dropped.
    let content = content.strip_suffix(&[0, 0]).unwrap_or(content);
    let (pairs, []) = content.as_chunks::<2>() else { return None };
    let character = |pair: &[u8; 2]| match u16::from_be_bytes(*pair) {
        0xfffe | 0xffff | 0xfdd0..=0xfdef => None,
        point => char::from_u32(u32::from(point)),
    };
    pairs.iter().map(character).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn strings_keep_their_types() {
        let read = |tag, content: &[u8]| string(tag, content).map(Cow::into_owned);
        assert_eq!(read(PRINTABLE_STRING, b"a*&b").as_deref(), Some("a*&b"));
        assert_eq!(read(PRINTABLE_STRING, b"a@b"), None);
        assert_eq!(read(PRINTABLE_STRING, b"a_b"), None);
        assert_eq!(read(IA5_STRING, b"a@b").as_deref(), Some("a@b"));
        assert_eq!(read(IA5_STRING, b"\x80"), None);
        assert_eq!(read(UTF8_STRING, "ü".as_bytes()).as_deref(), Some("ü"));
        assert_eq!(read(UTF8_STRING, b"\xff"), None);
        assert_eq!(read(T61_STRING, b"\xfc").as_deref(), Some("ü"));
        assert_eq!(read(NUMERIC_STRING, b"1 2").as_deref(), Some("1 2"));
        assert_eq!(read(NUMERIC_STRING, b"1a"), None);
        assert_eq!(read(BMP_STRING, &[0, 65, 0, 0]).as_deref(), Some("A"));
        assert_eq!(read(BMP_STRING, &[0xd8, 0, 0, 0x41]), None);
        assert_eq!(read(BMP_STRING, &[0, 65, 0]), None);
        assert_eq!(read(0x1c, &[0, 0, 0, 65]), None);
    }
}
