//! DER as Go's `cryptobyte` reads it: definite lengths in their shortest form, tags below 31.
//!
//! Parts are slices of the whole, so where one stands can be kept as a [`Span`].

use super::time;
use crate::pki::{Element, next_element};

pub(in crate::msp) const BOOLEAN: u8 = 0x01;
pub(in crate::msp) const INTEGER: u8 = 0x02;
pub(in crate::msp) const BIT_STRING: u8 = 0x03;
pub(in crate::msp) const OCTET_STRING: u8 = 0x04;
pub(in crate::msp) const OID: u8 = 0x06;
pub(in crate::msp) const UTC_TIME: u8 = 0x17;
pub(in crate::msp) const GENERALIZED_TIME: u8 = 0x18;
pub(in crate::msp) const SEQUENCE: u8 = 0x30;
pub(in crate::msp) const SET: u8 = 0x31;

/// `[number]` around something constructed.
pub(in crate::msp) const fn constructed(number: u8) -> u8 {
    0xa0 | number
}

/// `[number]` in place of a primitive.
pub(in crate::msp) const fn primitive(number: u8) -> u8 {
    0x80 | number
}

/// Where a part of some octets stands.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(in crate::msp) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Where `part`, a slice of `whole`, stands in it.
    pub(in crate::msp) fn of(whole: &[u8], part: &[u8]) -> Self {
        let start = part.as_ptr().addr().wrapping_sub(whole.as_ptr().addr());
        let at = |offset: usize| u32::try_from(offset).unwrap_or_default();
        Self { start: at(start), end: at(start + part.len()) }
    }

    pub(in crate::msp) fn get(self, whole: &[u8]) -> &[u8] {
        whole.get(self.start as usize..self.end as usize).unwrap_or_default()
    }
}

/// Reads elements one after the other. What does not read is `None`; what is left over is the
/// caller's to notice, since Go notices it in few places.
#[derive(Debug, Clone, Copy)]
pub(in crate::msp) struct Der<'a>(pub(in crate::msp) &'a [u8]);

impl<'a> Der<'a> {
    #[inline]
    pub(in crate::msp) fn is_empty(self) -> bool {
        self.0.is_empty()
    }

    #[inline]
    pub(in crate::msp) fn is_next(self, tag: u8) -> bool {
        self.0.first() == Some(&tag)
    }

    #[inline]
    pub(in crate::msp) fn any(&mut self) -> Option<Element<'a>> {
        next_element(&mut self.0)
    }

    #[inline]
    pub(in crate::msp) fn element(&mut self, tag: u8) -> Option<Element<'a>> {
        self.any().filter(|element| element.tag == tag)
    }

    #[inline]
    pub(in crate::msp) fn content(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.element(tag).map(|element| element.content)
    }

    /// A reader of the next element's content.
    #[inline]
    pub(in crate::msp) fn enter(&mut self, tag: u8) -> Option<Self> {
        self.content(tag).map(Self)
    }

    /// The content when the tag is next; the outer `None` is one that does not read.
    #[expect(clippy::option_option, reason = "absent and malformed are told apart")]
    #[inline]
    pub(in crate::msp) fn optional(&mut self, tag: u8) -> Option<Option<&'a [u8]>> {
        if self.is_next(tag) { self.content(tag).map(Some) } else { Some(None) }
    }

    /// An INTEGER in its shortest form.
    #[inline]
    pub(in crate::msp) fn integer(&mut self) -> Option<&'a [u8]> {
        self.content(INTEGER).filter(|content| is_shortest(content))
    }

    /// An INTEGER that a 64-bit number holds, under this tag.
    pub(in crate::msp) fn int64(&mut self, tag: u8) -> Option<i64> {
        let content = self.content(tag).filter(|content| is_shortest(content))?;
        if content.len() > 8 {
            return None;
        }
        let sign = if content.first()? & 0x80 == 0 { 0 } else { -1 };
        Some(content.iter().fold(sign, |value, octet| value << 8 | i64::from(*octet)))
    }

    pub(in crate::msp) fn boolean(&mut self) -> Option<bool> {
        match self.content(BOOLEAN)? {
            [0] => Some(false),
            [0xff] => Some(true),
            _ => None,
        }
    }

    /// The content of an OBJECT IDENTIFIER whose arcs fit 31 bits.
    #[inline]
    pub(in crate::msp) fn oid(&mut self) -> Option<&'a [u8]> {
        self.content(OID).filter(|content| is_oid(content))
    }

    #[inline]
    pub(in crate::msp) fn bits(&mut self) -> Option<Bits<'a>> {
        let (&padding, octets) = self.content(BIT_STRING)?.split_first()?;
        let last = octets.last().copied().unwrap_or_default();
        let padded_well = match octets {
            [] => padding == 0,
            _ => padding < 8 && u16::from(last) & ((1 << padding) - 1) == 0,
        };
        padded_well.then_some(Bits { octets, padding })
    }

    /// Seconds since 1970.
    pub(in crate::msp) fn time(&mut self) -> Option<i64> {
        let element = self.any()?;
        match element.tag {
            UTC_TIME => time::utc(element.content),
            GENERALIZED_TIME => time::generalized(element.content),
            _ => None,
        }
    }
}

/// A BIT STRING.
#[derive(Debug, Clone, Copy)]
pub(in crate::msp) struct Bits<'a> {
    octets: &'a [u8],
    padding: u8,
}

impl<'a> Bits<'a> {
    /// Counted from the first, as key usages are.
    pub(in crate::msp) fn is_set(self, bit: usize) -> bool {
        let octet = self.octets.get(bit / 8).copied().unwrap_or_default();
        bit < self.octets.len() * 8 - usize::from(self.padding) && octet & (0x80 >> (bit % 8)) != 0
    }

    /// The octets without the unused bits.
    pub(in crate::msp) fn right_aligned(self) -> std::borrow::Cow<'a, [u8]> {
        if self.padding == 0 {
            return self.octets.into();
        }
        let mut carried = 0;
        let shifted = self.octets.iter().map(|octet| {
            let value = carried | octet >> self.padding;
            carried = octet << (8 - self.padding);
            value
        });
        shifted.collect::<Vec<u8>>().into()
    }
}

pub(in crate::msp) fn is_shortest(integer: &[u8]) -> bool {
    match integer {
        [] => false,
        [0, second, ..] => second & 0x80 != 0,
        [0xff, second, ..] => second & 0x80 == 0,
        _ => true,
    }
}

#[inline]
pub(in crate::msp) fn is_oid(content: &[u8]) -> bool {
    let mut value: u64 = 0;
    let mut length = 0;
    for octet in content {
        if length == 0 && *octet == 0x80 || length == 5 {
            return false;
        }
        value = value << 7 | u64::from(octet & 0x7f);
        length += 1;
        if value >> 31 != 0 {
            return false;
        }
        if octet & 0x80 == 0 {
            (value, length) = (0, 0);
        }
    }
    !content.is_empty() && length == 0
}

/// Appends one element.
pub(in crate::msp) fn push(out: &mut Vec<u8>, tag: u8, parts: &[&[u8]]) {
    let length: usize = parts.iter().map(|part| part.len()).sum();
    out.push(tag);
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let octets = length.to_be_bytes();
            let zeros = octets.iter().take_while(|octet| **octet == 0).count();
            out.push(0x80 | u8::try_from(octets.len() - zeros).unwrap_or_default());
            out.extend(octets.iter().skip(zeros));
        }
    }
    for part in parts {
        out.extend_from_slice(part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn integers_have_one_form() {
        for good in [&[0][..], &[0x7f], &[0, 0x80], &[0xff], &[0xff, 0x7f]] {
            assert!(is_shortest(good), "{good:02x?}");
        }
        for bad in [&[][..], &[0, 0x7f], &[0xff, 0x80]] {
            assert!(!is_shortest(bad), "{bad:02x?}");
        }
        assert_eq!(Der(&[2, 2, 0xff, 0x7f]).int64(INTEGER), Some(-129));
    }

    #[test]
    fn arcs_fit_31_bits() {
        assert!(is_oid(&[0x55, 0x1d, 0x87, 0xff, 0xff, 0xff, 0x7f]));
        assert!(!is_oid(&[0x55, 0x88, 0x80, 0x80, 0x80, 0x00]));
        assert!(!is_oid(&[0x55, 0x80, 0x01]));
        assert!(!is_oid(&[0x55, 0x81]));
        assert!(!is_oid(&[]));
    }

    #[test]
    fn unused_bits_are_zero_and_shifted_out() {
        let bits = |content: &'static [u8]| Der(content).bits();
        assert!(bits(&[3, 2, 1, 0x81]).is_none());
        assert!(bits(&[3, 1, 1]).is_none());
        assert!(bits(&[3, 2, 8, 0]).is_none());
        assert_eq!(bits(&[3, 3, 4, 0xab, 0xc0]).unwrap().right_aligned().as_ref(), [0x0a, 0xbc]);
        assert!(bits(&[3, 2, 1, 0x06]).unwrap().is_set(5));
        assert!(!bits(&[3, 1, 0]).unwrap().is_set(0));
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(tag in 0_u8..31, content: Vec<u8>, many in 0_usize..70_000) {
            for content in [content, vec![7; many]] {
                let mut out = vec![9];
                push(&mut out, tag, &[&content]);
                let element = Der(&out[1..]).any().unwrap();
                prop_assert_eq!((element.tag, element.content), (tag, &content[..]));
                prop_assert_eq!(Span::of(&out, element.content).get(&out), &content[..]);
            }
        }

        #[test]
        fn no_octets_make_it_panic(octets: Vec<u8>) {
            let mut reader = Der(&octets);
            while reader.any().is_some() {}
            let _ = (Der(&octets).bits(), Der(&octets).int64(INTEGER), Der(&octets).time());
            let _ = (Der(&octets).oid(), Der(&octets).boolean(), Der(&octets).integer());
        }
    }
}
