//! What the extensions of a certificate say. Go reads those it knows, and fails when one does not read.

use super::constraints::{self, Constraints};
use super::der::{BOOLEAN, Der, OCTET_STRING, SEQUENCE, Span, constructed, primitive};
use super::policies::Policies;

const AUTHORITY_INFO_ACCESS: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x01, 0x01];
const SERVER_AUTH: &[u8] = &[0x2b, 0x06, 0x01, 0x05, 0x05, 0x07, 0x03, 0x01];
const ANY_EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25, 0x00];
/// The arc `id-ce`, 2.5.29.
const CERTIFICATE_EXTENSION: &[u8] = &[0x55, 0x1d];
const CERT_SIGN: usize = 5;

#[derive(Debug, Clone, Default)]
pub(super) struct Extensions {
    /// Whether it is a CA, and how many CAs may be below it: present with basic constraints.
    pub(super) basic: Option<(bool, Option<u64>)>,
    /// None when no bit is set.
    pub(super) key_usage: Option<KeyUsage>,
    /// With at least one purpose.
    pub(super) purposes: Option<Purposes>,
    pub(super) subject_key: Option<Span>,
    pub(super) authority_key: Span,
    /// The extension's value.
    pub(super) alternative_names: Option<Span>,
    pub(super) constraints: Option<Box<Constraints>>,
    pub(super) policies: Policies,
    pub(super) unhandled_critical: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct KeyUsage {
    pub(super) cert_sign: bool,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Purposes {
    /// Good for servers, or for anything.
    pub(super) server: bool,
}

impl Extensions {
    /// Reads the content of the list; `whole` is the certificate, in which spans count.
    pub(super) fn read(list: &[u8], whole: &[u8]) -> Result<Self, &'static str> {
        let mut found = Self::default();
        let mut seen = Vec::with_capacity(16);
        let mut list = Der(list);
        while !list.is_empty() {
            let (oid, critical, value) = extension(&mut list).ok_or("an extension is malformed")?;
            seen.push(oid);
            let handled = found.take(oid, critical, value, whole)?;
            found.unhandled_critical |= critical && !handled;
        }
        seen.sort_unstable();
        if seen.windows(2).any(|pair| matches!(pair, [a, b] if a == b)) {
            return Err("an extension is there twice");
        }
        Ok(found)
    }

    /// Whether it is one that is understood.
    fn take(
        &mut self,
        oid: &[u8],
        critical: bool,
        value: &[u8],
        whole: &[u8],
    ) -> Result<bool, &'static str> {
        if oid == AUTHORITY_INFO_ACCESS {
            return match access_descriptions(value) {
                Some(()) if !critical => Ok(true),
                Some(()) => Err("the authority information access is critical"),
                None => Err("the authority information access is malformed"),
            };
        }
        let Some(&[number]) = oid.strip_prefix(CERTIFICATE_EXTENSION) else { return Ok(false) };
        match number {
            14 if critical => return Err("the subject key identifier is critical"),
            14 => {
                let key = Der(value).content(OCTET_STRING);
                let key = key.ok_or("the subject key identifier is malformed")?;
                self.subject_key = Some(Span::of(whole, key));
            }
            15 => self.key_usage = key_usage(value).ok_or("the key usage is malformed")?,
            17 => {
                let names = constraints::read_names(value);
                let known = names.ok_or("the subject alternative names are malformed")?;
                self.alternative_names = Some(Span::of(whole, value));
                return Ok(known);
            }
            19 => {
                let basic =
                    basic_constraints(value).ok_or("the basic constraints are malformed")?;
                self.basic = Some(basic);
            }
            30 => {
                let (constraints, unknown) =
                    Constraints::read(value).ok_or("the name constraints are malformed")?;
                self.constraints = Some(Box::new(constraints));
                return Ok(!unknown);
            }
            31 => distribution_points(value).ok_or("the CRL distribution points are malformed")?,
            32 => {
                let read = self.policies.read_policies(value);
                read.ok_or("the certificate policies are malformed")?;
            }
            33 => {
                let read = self.policies.read_mappings(value);
                read.ok_or("the policy mappings are malformed")?;
            }
            35 if critical => return Err("the authority key identifier is critical"),
            35 => {
                let key =
                    authority_key(value).ok_or("the authority key identifier is malformed")?;
                self.authority_key = Span::of(whole, key);
            }
            36 => {
                let read = self.policies.read_constraints(value);
                read.ok_or("the policy constraints are malformed")?;
            }
            37 => {
                self.purposes = purposes(value).ok_or("the extended key usage is malformed")?;
            }
            54 => {
                let read = self.policies.read_inhibit_any(value);
                read.ok_or("the inhibit-any-policy is malformed")?;
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// Object identifier, whether critical, and value.
fn extension<'a>(list: &mut Der<'a>) -> Option<(&'a [u8], bool, &'a [u8])> {
    let mut fields = list.enter(SEQUENCE)?;
    let oid = fields.oid()?;
    let critical = if fields.is_next(BOOLEAN) { fields.boolean()? } else { false };
    Some((oid, critical, fields.content(OCTET_STRING)?))
}

#[expect(clippy::option_option, reason = "malformed and without bits are told apart")]
fn key_usage(value: &[u8]) -> Option<Option<KeyUsage>> {
    let bits = Der(value).bits()?;
    let any = (0..9).any(|bit| bits.is_set(bit));
    Some(any.then(|| KeyUsage { cert_sign: bits.is_set(CERT_SIGN) }))
}

fn basic_constraints(value: &[u8]) -> Option<(bool, Option<u64>)> {
    let mut fields = Der(value).enter(SEQUENCE)?;
    let is_ca = if fields.is_next(BOOLEAN) { fields.boolean()? } else { false };
    if !fields.is_next(super::der::INTEGER) {
        return Some((is_ca, None));
    }
    let length = fields.int64(super::der::INTEGER)?;
    Some((is_ca, Some(u64::try_from(length).ok()?)))
}

#[expect(clippy::option_option, reason = "malformed and empty are told apart")]
fn purposes(value: &[u8]) -> Option<Option<Purposes>> {
    let mut list = Der(value).enter(SEQUENCE)?;
    let mut found = None;
    while !list.is_empty() {
        let oid = list.oid()?;
        let server = oid == SERVER_AUTH || oid == ANY_EXTENDED_KEY_USAGE;
        found =
            Some(Purposes { server: server || found.is_some_and(|found: Purposes| found.server) });
    }
    Some(found)
}

fn authority_key(value: &[u8]) -> Option<&[u8]> {
    let mut fields = Der(value).enter(SEQUENCE)?;
    if fields.is_next(primitive(0)) { fields.content(primitive(0)) } else { Some(&[]) }
}

fn distribution_points(value: &[u8]) -> Option<()> {
    let mut list = Der(value).enter(SEQUENCE)?;
    while !list.is_empty() {
        let mut point = list.enter(SEQUENCE)?;
        if !point.is_next(constructed(0)) {
            continue;
        }
        let mut names = point.enter(constructed(0))?.enter(constructed(0))?;
        while names.is_next(primitive(6)) {
            names.content(primitive(6))?;
        }
    }
    Some(())
}

fn access_descriptions(value: &[u8]) -> Option<()> {
    let mut list = Der(value).enter(SEQUENCE)?;
    while !list.is_empty() {
        let mut description = list.enter(SEQUENCE)?;
        description.oid()?;
        if description.is_next(primitive(6)) {
            description.content(primitive(6))?;
        }
    }
    Some(())
}
