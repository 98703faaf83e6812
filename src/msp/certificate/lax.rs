//! DER as Go's `encoding/asn1` reads it into structures: more than is asked for is passed over.
//!
//! Signatures, revocation lists and a few identifiers are read so; certificates are not.

use super::der::{
    self, BIT_STRING, BOOLEAN, GENERALIZED_TIME, INTEGER, OCTET_STRING, OID, UTC_TIME,
};
use super::time;

/// Longer elements are not taken.
const MAX_LENGTH: usize = 1 << 31;

/// What stands before an element's content.
#[derive(Debug, Clone, Copy)]
pub(in crate::msp) struct Header {
    /// Class and kind in the top three bits as in the octet; the number may be above 30.
    pub(in crate::msp) class: u8,
    pub(in crate::msp) number: u32,
    length: usize,
}

impl Header {
    /// Whether it is this tag, whose number is below 31.
    pub(in crate::msp) fn is(self, tag: u8) -> bool {
        self.class == tag & 0xe0 && self.number == u32::from(tag & 0x1f)
    }
}

/// Reads elements one after the other.
#[derive(Debug, Clone, Copy)]
pub(in crate::msp) struct Lax<'a>(pub(in crate::msp) &'a [u8]);

impl<'a> Lax<'a> {
    pub(in crate::msp) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    /// The next header and what follows it.
    pub(in crate::msp) fn header(self) -> Option<(Header, &'a [u8])> {
        let (&first, mut rest) = self.0.split_first()?;
        let mut number = u32::from(first & 0x1f);
        if number == 0x1f {
            number = 0;
            let mut count = 0;
            loop {
                let (&octet, after) = rest.split_first()?;
                if count == 0 && octet == 0x80 || count == 5 || number >> 24 != 0 {
                    return None;
                }
                (number, rest, count) = (number << 7 | u32::from(octet & 0x7f), after, count + 1);
                if octet & 0x80 == 0 {
                    break;
                }
            }
            if number < 0x1f {
                return None;
            }
        }
        let (&short, mut rest) = rest.split_first()?;
        let mut length = usize::from(short);
        if short >= 0x80 {
            let count = usize::from(short & 0x7f);
            let (octets, after) = rest.split_at_checked(count)?;
            length = 0;
            for octet in octets {
                length = length << 8 | usize::from(*octet);
                if length == 0 || length >= MAX_LENGTH {
                    return None;
                }
            }
            if length < 0x80 {
                return None;
            }
            rest = after;
        }
        Some((Header { class: first & 0xe0, number, length }, rest))
    }

    /// Whether this tag is next; `None` when what is next has no header.
    pub(in crate::msp) fn is_next(self, tag: u8) -> Option<bool> {
        if self.is_empty() { Some(false) } else { self.header().map(|(header, _)| header.is(tag)) }
    }

    /// The next element, whatever it is.
    pub(in crate::msp) fn any(&mut self) -> Option<(Header, &'a [u8])> {
        let (header, rest) = self.header()?;
        let (content, after) = rest.split_at_checked(header.length)?;
        self.0 = after;
        Some((header, content))
    }

    /// The next element's octets, header and all.
    pub(in crate::msp) fn whole(&mut self, tag: u8) -> Option<&'a [u8]> {
        let all = self.0;
        self.element(tag)?;
        all.get(..all.len() - self.0.len())
    }

    pub(in crate::msp) fn element(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.any().filter(|(header, _)| header.is(tag)).map(|(_, content)| content)
    }

    pub(in crate::msp) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.element(tag).map(Self)
    }

    pub(in crate::msp) fn integer(&mut self) -> Option<&'a [u8]> {
        self.element(INTEGER).filter(|content| der::is_shortest(content))
    }

    pub(in crate::msp) fn oid(&mut self) -> Option<&'a [u8]> {
        self.element(OID).filter(|content| der::is_oid(content))
    }

    pub(in crate::msp) fn octets(&mut self) -> Option<&'a [u8]> {
        self.element(OCTET_STRING)
    }

    /// A truth value, or false when none is next.
    pub(in crate::msp) fn boolean_or_false(&mut self) -> Option<bool> {
        if !self.is_next(BOOLEAN)? {
            return Some(false);
        }
        match self.element(BOOLEAN)? {
            [0] => Some(false),
            [0xff] => Some(true),
            _ => None,
        }
    }

    pub(in crate::msp) fn bits(&mut self) -> Option<der::Bits<'a>> {
        let whole = self.whole(BIT_STRING)?;
        der::Der(whole).bits()
    }

    pub(in crate::msp) fn is_time_next(self) -> Option<bool> {
        Some(self.is_next(UTC_TIME)? || self.is_next(GENERALIZED_TIME)?)
    }

    pub(in crate::msp) fn time(&mut self) -> Option<i64> {
        let (header, content) = self.any()?;
        if header.is(UTC_TIME) {
            time::utc(content)
        } else if header.is(GENERALIZED_TIME) {
            time::fractional(content)
        } else {
            None
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn headers_have_one_form() {
        assert!(Lax(&[0x30, 0]).any().is_some());
        assert!(Lax(&[0x30, 0x80]).header().is_none());
        assert!(Lax(&[0x30, 0x81, 0x7f]).header().is_none());
        assert!(Lax(&[0x30, 0x82, 0, 0x80]).header().is_none());
        assert!(Lax(&[0x30, 1]).any().is_none());
        assert_eq!(Lax(&[0xbf, 0x1f, 0]).header().unwrap().0.number, 31);
        assert!(Lax(&[0xbf, 0x1e, 0]).header().is_none());
        assert!(Lax(&[0xbf, 0x80, 0x1f, 0]).header().is_none());
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets: Vec<u8>) {
            let mut reader = Lax(&octets);
            while reader.any().is_some() {}
            let _ = (Lax(&octets).bits(), Lax(&octets).time(), Lax(&octets).boolean_or_false());
        }
    }
}
