//! The part of DER that certificates need: reading over slices without copies, and writing.
//!
//! Reading is strict: definite lengths in their shortest form, tags below 31, no octet left over.
//! Nesting is the caller's, so no input makes this recurse.

use const_oid::ObjectIdentifier;

use super::calendar;
use crate::clock::Timestamp;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OID: u8 = 0x06;
pub(super) const ENUMERATED: u8 = 0x0a;
pub(super) const UTF8_STRING: u8 = 0x0c;
pub(super) const NUMERIC_STRING: u8 = 0x12;
pub(super) const PRINTABLE_STRING: u8 = 0x13;
pub(super) const TELETEX_STRING: u8 = 0x14;
pub(super) const IA5_STRING: u8 = 0x16;
pub(super) const UTC_TIME: u8 = 0x17;
pub(super) const GENERALIZED_TIME: u8 = 0x18;
pub(super) const BMP_STRING: u8 = 0x1e;
pub(super) const SEQUENCE: u8 = 0x30;
pub(super) const SET: u8 = 0x31;

/// `[number]` around something constructed.
pub(super) const fn constructed(number: u8) -> u8 {
    0xa0 | number
}

/// `[number]` in place of a primitive.
pub(super) const fn primitive(number: u8) -> u8 {
    0x80 | number
}

/// What is not the DER that it should be.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{0} is malformed")]
pub struct Malformed(pub &'static str);

/// One tag, length and value.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Element<'a> {
    pub(crate) tag: u8,
    pub(crate) content: &'a [u8],
    /// Tag, length and value together.
    pub(crate) whole: &'a [u8],
}

/// Reads elements one after the other; `what` names the thing in errors.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'a> {
    rest: &'a [u8],
    what: &'static str,
}

impl<'a> Reader<'a> {
    pub(super) fn new(octets: &'a [u8], what: &'static str) -> Self {
        Self { rest: octets, what }
    }

    /// Reads inside the one element that `octets` must be.
    pub(super) fn inside(octets: &'a [u8], tag: u8, what: &'static str) -> Result<Self, Malformed> {
        let mut outer = Self::new(octets, what);
        let element = outer.expect(tag)?;
        outer.end()?;
        Ok(Self::new(element.content, what))
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next tag; 0 when nothing is left.
    pub(super) fn peek(&self) -> u8 {
        self.rest.first().copied().unwrap_or_default()
    }

    pub(super) fn any(&mut self) -> Result<Element<'a>, Malformed> {
        next_element(&mut self.rest).ok_or(Malformed(self.what))
    }

    pub(super) fn expect(&mut self, tag: u8) -> Result<Element<'a>, Malformed> {
        match self.any()? {
            element if element.tag == tag => Ok(element),
            _ => Err(Malformed(self.what)),
        }
    }

    pub(super) fn optional(&mut self, tag: u8) -> Result<Option<Element<'a>>, Malformed> {
        if self.peek() == tag { self.any().map(Some) } else { Ok(None) }
    }

    /// A reader of the next element's content.
    pub(super) fn enter(&mut self, tag: u8, what: &'static str) -> Result<Self, Malformed> {
        self.expect(tag).map(|element| Self::new(element.content, what))
    }

    pub(super) fn end(self) -> Result<(), Malformed> {
        if self.is_empty() { Ok(()) } else { Err(Malformed(self.what)) }
    }

    pub(super) fn fail<T>(&self) -> Result<T, Malformed> {
        Err(Malformed(self.what))
    }

    /// A positive INTEGER's magnitude without its sign octet; zero has one octet.
    pub(super) fn unsigned(&mut self) -> Result<&'a [u8], Malformed> {
        let content = self.expect(INTEGER)?.content;
        match content {
            [0] => Ok(content),
            [0, second, ..] if second & 0x80 == 0 => self.fail(),
            [0, rest @ ..] => Ok(rest),
            [first, ..] if first & 0x80 == 0 => Ok(content),
            _ => self.fail(),
        }
    }

    /// A positive INTEGER of at most eight octets.
    pub(super) fn number(&mut self) -> Result<u64, Malformed> {
        let octets = self.unsigned()?;
        if octets.len() > 8 {
            return self.fail();
        }
        Ok(octets.iter().fold(0, |value, octet| value << 8 | u64::from(*octet)))
    }

    pub(super) fn boolean(&mut self) -> Result<bool, Malformed> {
        match self.expect(BOOLEAN)?.content {
            [0] => Ok(false),
            [0xff] => Ok(true),
            _ => self.fail(),
        }
    }

    pub(super) fn oid(&mut self) -> Result<ObjectIdentifier, Malformed> {
        let content = self.expect(OID)?.content;
        ObjectIdentifier::from_bytes(content).map_err(|_| Malformed(self.what))
    }

    /// A BIT STRING of whole octets.
    pub(super) fn bits(&mut self) -> Result<&'a [u8], Malformed> {
        match self.expect(BIT_STRING)?.content {
            [0, octets @ ..] => Ok(octets),
            _ => self.fail(),
        }
    }

    /// A `UTCTime` (1950 to 2049) or `GeneralizedTime`, in the one form of
    /// [RFC 5280 section 4.1.2.5](https://www.rfc-editor.org/rfc/rfc5280#section-4.1.2.5).
    pub(super) fn time(&mut self) -> Result<Timestamp, Malformed> {
        let element = self.any()?;
        let at = match (element.tag, element.content.split_last()) {
            (UTC_TIME, Some((b'Z', digits))) if digits.len() == 12 => calendar::read(digits),
            (GENERALIZED_TIME, Some((b'Z', digits))) if digits.len() == 14 => {
                calendar::read(digits)
            }
            _ => None,
        };
        at.ok_or(Malformed(self.what))
    }
}

/// Reads the element that `rest` begins with, and leaves what follows it: a definite length in its shortest
/// form, a tag below 31.
#[inline]
pub(crate) fn next_element<'a>(rest: &mut &'a [u8]) -> Option<Element<'a>> {
    let all = *rest;
    let (&tag, after_tag) = all.split_first()?;
    if tag & 0x1f == 0x1f {
        return None;
    }
    let (&first, mut after) = after_tag.split_first()?;
    let mut length = usize::from(first);
    if first >= 0x80 {
        let count = usize::from(first & 0x7f);
        // Four octets of length are more than any bound of ours.
        if !(1..=4).contains(&count) {
            return None;
        }
        let (octets, content) = after.split_at_checked(count)?;
        if octets.first() == Some(&0) {
            return None;
        }
        length = octets.iter().fold(0, |value, octet| value << 8 | usize::from(*octet));
        if length < 0x80 {
            return None;
        }
        after = content;
    }
    let (content, after) = after.split_at_checked(length)?;
    let whole = all.get(..all.len() - after.len())?;
    *rest = after;
    Some(Element { tag, content, whole })
}

/// Appends one element to `out`.
pub(super) fn push(out: &mut Vec<u8>, tag: u8, content: &[u8]) {
    push_header(out, tag, content.len());
    out.extend_from_slice(content);
}

/// Appends the tag and length of an element whose content follows.
pub(super) fn push_header(out: &mut Vec<u8>, tag: u8, length: usize) {
    out.push(tag);
    let octets = length.to_be_bytes();
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let octets = octets.iter().skip_while(|octet| **octet == 0);
            let count = octets.clone().count();
            out.push(0x80 | u8::try_from(count).unwrap_or(8));
            out.extend(octets);
        }
    }
}

/// One element around parts that are elements already.
pub(super) fn wrap(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum();
    let mut out = Vec::with_capacity(length + 8);
    push_header(&mut out, tag, length);
    for part in parts {
        out.extend_from_slice(part);
    }
    out
}

/// A positive INTEGER of these big-endian octets.
pub(super) fn push_unsigned(out: &mut Vec<u8>, magnitude: &[u8]) {
    let start = magnitude.iter().take_while(|octet| **octet == 0).count();
    let digits = magnitude.get(start..).unwrap_or_default();
    let sign = usize::from(digits.first().is_none_or(|first| first & 0x80 != 0));
    push_header(out, INTEGER, digits.len() + sign);
    out.extend(std::iter::repeat_n(0, sign));
    out.extend_from_slice(digits);
}

/// Appends `at` as `UTCTime` through 2049 and as `GeneralizedTime` after.
pub(super) fn push_time(out: &mut Vec<u8>, at: Timestamp) {
    let digits = calendar::digits(at);
    match digits.strip_prefix(b"19").or_else(|| digits.strip_prefix(b"20")) {
        Some(short) if digits.as_slice() < b"2050".as_slice() => {
            push_header(out, UTC_TIME, 13);
            out.extend_from_slice(short);
        }
        _ => {
            push_header(out, GENERALIZED_TIME, 15);
            out.extend_from_slice(&digits);
        }
    }
    out.push(b'Z');
}

/// An OBJECT IDENTIFIER.
pub(super) fn oid(oid: ObjectIdentifier) -> Vec<u8> {
    wrap(OID, &[oid.as_bytes()])
}

/// A BIT STRING of whole octets.
pub(super) fn bit_string(octets: &[u8]) -> Vec<u8> {
    wrap(BIT_STRING, &[&[0], octets])
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::asn1::{GeneralizedTime, UintRef, UtcTime};
    use der::{Decode as _, Encode as _};
    use proptest::prelude::*;

    fn read(octets: &[u8]) -> Option<Element<'_>> {
        Reader::new(octets, "it").any().ok()
    }

    #[test]
    fn lengths_have_one_form() {
        assert!(read(&[4, 1, 0]).is_some());
        assert!(read(&[4, 0x81, 1, 0]).is_none());
        assert!(read(&[4, 0x82, 0, 0x80]).is_none());
        assert!(read(&[4, 0x80, 0, 0]).is_none());
        assert!(read(&[4, 0x85, 0, 0, 0, 0, 1]).is_none());
        assert!(read(&[4, 2, 0]).is_none());
        assert!(read(&[0x1f, 1, 0]).is_none());
        assert!(read(&[]).is_none());
    }

    #[test]
    fn numbers_have_one_form() {
        let unsigned = |octets: &[u8]| Reader::new(octets, "it").unsigned().map(<[u8]>::to_vec);
        assert_eq!(unsigned(&[2, 1, 0]).unwrap(), [0]);
        assert_eq!(unsigned(&[2, 2, 0, 0x80]).unwrap(), [0x80]);
        assert!(unsigned(&[2, 2, 0, 0x7f]).is_err());
        assert!(unsigned(&[2, 1, 0x80]).is_err());
        assert!(unsigned(&[2, 0]).is_err());
    }

    #[test]
    fn times_have_one_form() {
        let time = |tag, text: &str| {
            let mut out = Vec::new();
            push(&mut out, tag, text.as_bytes());
            Reader::new(&out, "it").time().ok()
        };
        assert_eq!(time(UTC_TIME, "500101000000Z"), Some(Timestamp::EARLIEST));
        assert!(time(UTC_TIME, "2302280000Z").is_none());
        assert!(time(UTC_TIME, "230228000000+0100").is_none());
        assert!(time(UTC_TIME, "20230228000000Z").is_none());
        assert!(time(GENERALIZED_TIME, "20230228000000.5Z").is_none());
        assert_eq!(time(GENERALIZED_TIME, "99991231235959Z"), Some(Timestamp::NO_EXPIRY));
        assert!(time(INTEGER, "230228000000Z").is_none());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tag in 0_u8..31, content: Vec<u8>, many in 0_usize..70_000) {
            for content in [content, vec![7; many]] {
                let mut out = Vec::new();
                push(&mut out, tag, &content);
                let element = read(&out).unwrap();
                prop_assert_eq!((element.tag, element.content), (tag, &content[..]));
                prop_assert_eq!(element.whole, &out[..]);
                prop_assert_eq!(wrap(tag, &[&content]), out);
            }
        }

        #[test]
        fn numbers_are_those_of_another_writer(octets in proptest::collection::vec(any::<u8>(), 1..40)) {
            let mut out = Vec::new();
            push_unsigned(&mut out, &octets);
            prop_assert_eq!(&UintRef::new(&octets).unwrap().to_der().unwrap(), &out);
            let magnitude = Reader::new(&out, "it").unsigned().unwrap();
            prop_assert_eq!(UintRef::from_der(&out).unwrap().as_bytes(), magnitude);
        }

        #[test]
        fn times_are_those_of_another_writer(seconds in 0_i64..253_402_300_800) {
            let at = Timestamp::from_unix(seconds);
            let mut out = Vec::new();
            push_time(&mut out, at);
            prop_assert_eq!(Reader::new(&out, "it").time().unwrap(), at);
            let other = match out[0] {
                UTC_TIME => UtcTime::from_der(&out).unwrap().to_unix_duration(),
                _ => GeneralizedTime::from_der(&out).unwrap().to_unix_duration(),
            };
            prop_assert_eq!(other.as_secs(), seconds.unsigned_abs());
            prop_assert_eq!(out[0] == UTC_TIME, at < "2050-01-01T00:00:00Z".parse().unwrap());
        }

        #[test]
        fn no_octets_make_the_reader_panic(octets: Vec<u8>) {
            let mut reader = Reader::new(&octets, "it");
            while reader.any().is_ok() {}
            let mut readers = [Reader::new(&octets, "it"); 6];
            let _ = readers[0].unsigned();
            let _ = readers[1].number();
            let _ = readers[2].boolean();
            let _ = readers[3].oid();
            let _ = readers[4].bits();
            let _ = readers[5].time();
        }
    }
}
