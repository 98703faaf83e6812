//! ECDSA signatures: two numbers in DER, and the lower of the two forms that each has.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::certificate::der::{self, INTEGER, SEQUENCE};
use super::certificate::lax::Lax;
use super::rejection::{Category, Rejection};

/// The curves that Go knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Curve {
    P224,
    P256,
    P384,
    P521,
}

impl Curve {
    /// The order, in the field's length (P-521: 66 octets).
    fn order(self) -> &'static [u8] {
        match self {
            Self::P224 => &P224_ORDER,
            Self::P256 => &P256_ORDER,
            Self::P384 => &P384_ORDER,
            Self::P521 => &P521_ORDER,
        }
    }
}

/// R and S without leading zeros, both positive.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Pair<'a> {
    r: &'a [u8],
    s: &'a [u8],
    /// The octets are these two numbers and nothing else.
    exact: bool,
    octets: &'a [u8],
}

impl<'a> Pair<'a> {
    /// Reads the numbers. What follows them, inside or outside of the SEQUENCE, is passed over as
    /// Fabric does.
    ///
    /// # Errors
    /// When it is no DER of two numbers, or one is not positive.
    pub(super) fn read(octets: &'a [u8]) -> Result<Self, Rejection> {
        let numbers = || {
            let mut outer = Lax(octets);
            let content = outer.element(SEQUENCE)?;
            let mut inner = Lax(content);
            let r = inner.integer()?;
            let s = inner.integer()?;
            Some((r, s, outer.is_empty() && inner.is_empty()))
        };
        let Some((r, s, exact)) = numbers() else {
            let detail = "the signature is no DER of two numbers";
            return Err(Rejection::new(Category::SigDer, detail));
        };
        let (Some(r), Some(s)) = (positive(r), positive(s)) else {
            let detail = "a number of the signature is not positive";
            return Err(Rejection::new(Category::SigRange, detail));
        };
        Ok(Self { r, s, exact, octets })
    }

    /// Whether S is at most half the order, rounded down.
    pub(super) fn is_low(&self, curve: Curve) -> bool {
        // s <= floor(n / 2) is 2 s < n, as n is odd.
        let order = curve.order();
        if self.s.len() > order.len() {
            return false;
        }
        let mut doubled = [0_u8; 67];
        let mut carry = 0;
        for (to, from) in doubled.iter_mut().rev().zip(self.s.iter().rev()) {
            *to = from << 1 | carry;
            carry = from >> 7;
        }
        if let Some(top) = doubled.iter_mut().rev().nth(self.s.len()) {
            *top = carry;
        }
        compare(&doubled, order) == Ordering::Less
    }

    /// The numbers in DER, and nothing else.
    pub(super) fn canonical(&self) -> Cow<'a, [u8]> {
        if self.exact { self.octets.into() } else { encode(self.r, self.s).into() }
    }

    /// The same in DER with the low S.
    pub(super) fn low(&self, curve: Curve) -> Cow<'a, [u8]> {
        if self.is_low(curve) {
            return self.canonical();
        }
        // A verified signature has S below the order; one above wraps, as with Go's numbers it turns
        // negative, and verifies nowhere.
        let order = curve.order();
        let mut low = order.to_vec();
        let mut borrow = false;
        for (index, to) in low.iter_mut().rev().enumerate() {
            let from = self.s.iter().rev().nth(index).copied().unwrap_or_default();
            let (first, under) = to.overflowing_sub(from);
            let (second, again) = first.overflowing_sub(u8::from(borrow));
            *to = second;
            borrow = under || again;
        }
        encode(self.r, strip(&low)).into()
    }
}

/// The magnitude of a positive INTEGER.
fn positive(content: &[u8]) -> Option<&[u8]> {
    match content {
        [0] => None,
        [0, rest @ ..] => Some(rest),
        [first, ..] if first & 0x80 == 0 => Some(content),
        _ => None,
    }
}

fn strip(octets: &[u8]) -> &[u8] {
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.get(zeros..).unwrap_or_default()
}

fn compare(a: &[u8], b: &[u8]) -> Ordering {
    let (a, b) = (strip(a), strip(b));
    a.len().cmp(&b.len()).then_with(|| a.cmp(b))
}

fn encode(r: &[u8], s: &[u8]) -> Vec<u8> {
    let sign = |magnitude: &[u8]| -> &'static [u8] {
        if magnitude.first().is_none_or(|first| first & 0x80 != 0) { &[0] } else { &[] }
    };
    let mut content = Vec::with_capacity(r.len() + s.len() + 8);
    der::push(&mut content, INTEGER, &[sign(r), r]);
    der::push(&mut content, INTEGER, &[sign(s), s]);
    let mut out = Vec::with_capacity(content.len() + 4);
    der::push(&mut out, SEQUENCE, &[&content]);
    out
}

// FIPS 186-5 and SP 800-186, section 3.2.1.
const P224_ORDER: [u8; 28] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x16, 0xa2,
    0xe0, 0xb8, 0xf0, 0x3e, 0x13, 0xdd, 0x29, 0x45, 0x5c, 0x5c, 0x2a, 0x3d,
];
const P256_ORDER: [u8; 32] = [
    0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
];
const P384_ORDER: [u8; 48] = [
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xc7, 0x63, 0x4d, 0x81, 0xf4, 0x37, 0x2d, 0xdf,
    0x58, 0x1a, 0x0d, 0xb2, 0x48, 0xb0, 0xa7, 0x7a, 0xec, 0xec, 0x19, 0x6a, 0xcc, 0xc5, 0x29, 0x73,
];
const P521_ORDER: [u8; 66] = [
    0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
    0xff, 0xfa, 0x51, 0x86, 0x87, 0x83, 0xbf, 0x2f, 0x96, 0x6b, 0x7f, 0xcc, 0x01, 0x48, 0xf7, 0x09,
    0xa5, 0xd0, 0x3b, 0xb5, 0xc9, 0xb8, 0x89, 0x9c, 0x47, 0xae, 0xbb, 0x6f, 0xb7, 0x1e, 0x91, 0x38,
    0x64, 0x09,
];

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const CURVES: [Curve; 4] = [Curve::P224, Curve::P256, Curve::P384, Curve::P521];

    /// floor(n / 2), and one more.
    fn around_half(order: &[u8]) -> [Vec<u8>; 2] {
        let mut carry = 0;
        let half: Vec<u8> = order
            .iter()
            .map(|octet| {
                let value = carried(carry, *octet);
                carry = octet & 1;
                value
            })
            .collect();
        let mut more = half.clone();
        *more.last_mut().unwrap() += 1;
        [half, more]
    }

    fn carried(carry: u8, octet: u8) -> u8 {
        carry << 7 | octet >> 1
    }

    #[test]
    fn half_the_order_is_the_last_low_number() {
        for curve in CURVES {
            let [half, more] = around_half(curve.order());
            let low = encode(&[1], strip(&half));
            let high = encode(&[1], strip(&more));
            assert!(Pair::read(&low).unwrap().is_low(curve), "{curve:?}");
            assert!(!Pair::read(&high).unwrap().is_low(curve), "{curve:?}");
            assert_eq!(Pair::read(&high).unwrap().low(curve).as_ref(), low, "{curve:?}");
        }
    }

    #[test]
    fn what_follows_the_numbers_is_passed_over() {
        let exact = encode(&[5], &[7]);
        let more = [0x30, 9, 2, 1, 5, 2, 1, 7, 2, 1, 9, 0xff];
        let pair = Pair::read(&more).unwrap();
        assert_eq!(pair.canonical().as_ref(), exact);
        assert!(matches!(Pair::read(&exact).unwrap().canonical(), Cow::Borrowed(_)));
    }

    #[test]
    fn other_octets_are_refused() {
        let category = |octets: &[u8]| Pair::read(octets).unwrap_err().category();
        assert_eq!(category(&[]), Category::SigDer);
        assert_eq!(category(&[0x30, 3, 2, 1, 5]), Category::SigDer);
        assert_eq!(category(&[0x31, 6, 2, 1, 5, 2, 1, 7]), Category::SigDer);
        assert_eq!(category(&[0x30, 7, 2, 2, 0, 5, 2, 1, 7]), Category::SigDer);
        assert_eq!(category(&[0x30, 0x81, 6, 2, 1, 5, 2, 1, 7]), Category::SigDer);
        assert_eq!(category(&[0x30, 6, 2, 1, 0, 2, 1, 7]), Category::SigRange);
        assert_eq!(category(&[0x30, 6, 2, 1, 5, 2, 1, 0xff]), Category::SigRange);
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets: Vec<u8>) {
            if let Ok(pair) = Pair::read(&octets) {
                for curve in CURVES {
                    let _ = (pair.is_low(curve), pair.low(curve));
                }
            }
        }

        #[test]
        fn low_is_low(s in proptest::collection::vec(any::<u8>(), 1..=32)) {
            let s = strip(&s);
            prop_assume!(!s.is_empty() && compare(s, &P256_ORDER) == Ordering::Less);
            let octets = encode(&[3], s);
            let low = Pair::read(&octets).unwrap().low(Curve::P256).into_owned();
            prop_assert!(Pair::read(&low).unwrap().is_low(Curve::P256));
        }
    }
}
