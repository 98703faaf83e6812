//! Revocation lists, as Fabric reads them: by Go's older parser, which asks for little.

use super::certificate::algorithm::SignatureAlgorithm;
use super::certificate::der::{Der, INTEGER, SEQUENCE, SET, Span, constructed, primitive};
use super::certificate::lax::Lax;
use super::certificate::{Certificate, is_value};
use super::ecdsa::Pair;
use super::pem;
use super::rejection::{Category, Rejection};

/// The largest list that is read, in octets.
const MAX_CRL: usize = 64 << 20;

const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 0x23];

#[derive(Debug)]
pub(super) struct Crl {
    der: Box<[u8]>,
    tbs: Span,
    algorithm: SignatureAlgorithm,
    signature: Vec<u8>,
    authority_key: AuthorityKey,
    /// The contents of the INTEGERs, sorted.
    serials: Vec<Span>,
}

/// What the first such extension says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AuthorityKey {
    Absent,
    Malformed,
    Key(Span),
}

impl Crl {
    /// Reads an entry of an MSP's configuration: DER, or a PEM block that begins at once.
    ///
    /// # Errors
    /// When it is no list, or its ECDSA signature no two positive numbers.
    pub(super) fn read(entry: &[u8]) -> Result<Self, Rejection> {
        let malformed = |detail: &'static str| Rejection::new(Category::CrlParse, detail);
        if entry.len() > MAX_CRL {
            return Err(malformed("a revocation list is longer than 64 mebibytes"));
        }
        let mut crl = Self::parse(der_of(entry).into()).ok_or_else(|| {
            malformed(
                "a revocation list does not parse: it must be DER, or begin with `-----BEGIN X509 CRL-----`",
            )
        })?;
        if crl.algorithm.is_ecdsa() {
            crl.signature = Pair::read(&crl.signature)?.canonical().into_owned();
        }
        Ok(crl)
    }

    fn parse(der: Box<[u8]>) -> Option<Self> {
        let mut outer = Lax(&der);
        let mut parts = outer.enter(SEQUENCE)?;
        if !outer.is_empty() {
            return None;
        }
        let tbs = parts.whole(SEQUENCE)?;
        let algorithm = algorithm(parts.element(SEQUENCE)?)?;
        let signature = parts.bits()?.right_aligned().into_owned();

        let mut fields = Lax(tbs).enter(SEQUENCE)?;
        if fields.is_next(INTEGER)? {
            Der(fields.whole(INTEGER)?).int64(INTEGER)?;
        }
        self::algorithm(fields.element(SEQUENCE)?)?;
        name(fields.element(SEQUENCE)?)?;
        fields.time()?;
        if fields.is_time_next()? {
            fields.time()?;
        }
        let mut serials = Vec::new();
        if fields.is_next(SEQUENCE)? {
            let mut entries = fields.enter(SEQUENCE)?;
            while !entries.is_empty() {
                let mut entry = entries.enter(SEQUENCE)?;
                serials.push(Span::of(&der, entry.integer()?));
                entry.time()?;
                if entry.is_next(SEQUENCE)? {
                    extensions(entry.element(SEQUENCE)?, |_, _| {})?;
                }
            }
        }
        let mut authority_key = AuthorityKey::Absent;
        if fields.is_next(constructed(0))? {
            let list = fields.enter(constructed(0))?.element(SEQUENCE)?;
            extensions(list, |oid, value| {
                if oid == AUTHORITY_KEY_IDENTIFIER && authority_key == AuthorityKey::Absent {
                    authority_key = match key_identifier(value) {
                        Some(key) => AuthorityKey::Key(Span::of(&der, key)),
                        None => AuthorityKey::Malformed,
                    };
                }
            })?;
        }
        serials.sort_by(|a, b| a.get(&der).cmp(b.get(&der)));
        Some(Self { tbs: Span::of(&der, tbs), algorithm, signature, authority_key, serials, der })
    }

    /// Which CA's certificates it is about: the key identifier, which may be empty.
    ///
    /// # Errors
    /// When it does not say so, which Fabric takes ill.
    pub(super) fn authority_key(&self) -> Result<&[u8], Rejection> {
        match self.authority_key {
            AuthorityKey::Key(span) => Ok(span.get(&self.der)),
            AuthorityKey::Malformed => {
                let detail =
                    "a revocation list of the MSP has a malformed authority key identifier";
                Err(Rejection::new(Category::CrlBadAki, detail))
            }
            AuthorityKey::Absent => {
                let detail = "a revocation list of the MSP has no authority key identifier, and with it in place every \
                              certificate of the MSP is invalid: issue the list anew with the extension, or remove it";
                Err(Rejection::new(Category::CrlNoAki, detail))
            }
        }
    }

    /// Whether it lists this serial number (the content of its INTEGER).
    pub(super) fn lists(&self, serial: &[u8]) -> bool {
        self.serials.binary_search_by(|span| span.get(&self.der).cmp(serial)).is_ok()
    }

    pub(super) fn is_signed_by(&self, issuer: &Certificate) -> bool {
        issuer.key().verifies(self.algorithm, self.tbs.get(&self.der), &self.signature, true)
    }
}

/// What stands in the block, when the octets begin with one of this label and not before; else they are
/// DER themselves, or nothing that reads.
pub(super) fn der_of(entry: &[u8]) -> Vec<u8> {
    let begins = entry.starts_with(b"-----BEGIN X509 CRL");
    let block = begins.then(|| pem::first(entry)).flatten();
    let block = block.filter(|block| block.label == b"X509 CRL");
    block.map_or_else(|| entry.to_vec(), |block| block.der)
}

fn algorithm(identifier: &[u8]) -> Option<SignatureAlgorithm> {
    let mut fields = Lax(identifier);
    let oid = fields.oid()?;
    let parameters = fields.0;
    if fields.is_empty() {
        return Some(SignatureAlgorithm::of(oid, &[]));
    }
    fields.any()?;
    let parameters = parameters.get(..parameters.len() - fields.0.len())?;
    Some(SignatureAlgorithm::of(oid, parameters))
}

/// Whose name it is does not matter, but it must read.
fn name(name: &[u8]) -> Option<()> {
    let mut sets = Lax(name);
    while !sets.is_empty() {
        let mut set = sets.enter(SET)?;
        while !set.is_empty() {
            let mut attribute = set.enter(SEQUENCE)?;
            attribute.oid()?;
            let value = attribute.0;
            attribute.any()?;
            let value = value.get(..value.len() - attribute.0.len())?;
            is_value(value).then_some(())?;
        }
    }
    Some(())
}

fn extensions<'a>(list: &'a [u8], mut take: impl FnMut(&'a [u8], &'a [u8])) -> Option<()> {
    let mut list = Lax(list);
    while !list.is_empty() {
        let mut fields = list.enter(SEQUENCE)?;
        let oid = fields.oid()?;
        fields.boolean_or_false()?;
        take(oid, fields.octets()?);
    }
    Some(())
}

/// `[0]` of an authority key identifier, empty when it is not the first field. Of `[1]` and `[2]`
/// Fabric reads primitive ones only, and passes over what else there is.
fn key_identifier(value: &[u8]) -> Option<&[u8]> {
    let mut fields = Lax(value).enter(SEQUENCE)?;
    let mut key = &[][..];
    for number in [0, 1, 2] {
        if !fields.is_next(primitive(number))? {
            continue;
        }
        let content = fields.element(primitive(number))?;
        match number {
            0 => key = content,
            2 if !super::certificate::der::is_shortest(content) => return None,
            _ => {}
        }
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn key_identifiers_are_read_as_by_fabric() {
        assert_eq!(key_identifier(&[0x30, 3, 0x80, 1, 7]), Some(&[7][..]));
        assert_eq!(key_identifier(&[0x30, 0]), Some(&[][..]));
        // An issuer's names are constructed, and are passed over with all that follows.
        assert_eq!(key_identifier(&[0x30, 7, 0x80, 1, 7, 0xa1, 2, 0x84, 0]), Some(&[7][..]));
        assert_eq!(key_identifier(&[0x30, 3, 0x80, 5, 7]), None);
        assert_eq!(key_identifier(&[4, 0]), None);
        assert_eq!(key_identifier(&[0x30, 4, 0x82, 2, 0, 1]), None);
    }

    proptest! {
        #[test]
        fn no_octets_make_it_panic(octets: Vec<u8>) {
            let _ = Crl::read(&octets);
            let _ = key_identifier(&octets);
        }
    }
}
