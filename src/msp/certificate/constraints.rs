//! Name constraints: read as Go reads them, applied to the names below.
//! [RFC 5280 section 4.2.1.10](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.10)

use std::net::IpAddr;

use super::der::{Der, SEQUENCE, constructed, primitive};
use super::hosts::{Mailbox, is_domain, uri_host};

const EMAIL: u8 = primitive(1);
const DNS: u8 = primitive(2);
const URI: u8 = primitive(6);
const IP: u8 = primitive(7);

/// More comparisons than this are refused, so that no certificate takes long.
const MAX_COMPARISONS: usize = 250_000;

/// The subtrees that a CA's names are within, and outside of.
#[derive(Debug, Clone, Default)]
pub(super) struct Constraints {
    permitted: Subtrees,
    excluded: Subtrees,
}

#[derive(Debug, Clone, Default)]
struct Subtrees {
    dns: Vec<Vec<u8>>,
    uris: Vec<Vec<u8>>,
    domains: Vec<Vec<u8>>,
    mailboxes: Vec<Mailbox>,
    /// Address and mask, of one length.
    networks: Vec<(Vec<u8>, Vec<u8>)>,
}

impl Constraints {
    /// The constraints, and whether there were names of a kind that is not understood.
    pub(super) fn read(value: &[u8]) -> Option<(Self, bool)> {
        let mut outer = Der(value);
        let mut both = outer.enter(SEQUENCE)?;
        let permitted = both.optional(constructed(0))?;
        let excluded = both.optional(constructed(1))?;
        let empty =
            permitted.is_some_and(<[u8]>::is_empty) || excluded.is_some_and(<[u8]>::is_empty);
        if !outer.is_empty() || !both.is_empty() || empty || permitted.or(excluded).is_none() {
            return None;
        }
        let (permitted, one) = Subtrees::read(permitted.unwrap_or_default())?;
        let (excluded, other) = Subtrees::read(excluded.unwrap_or_default())?;
        Some((Self { permitted, excluded }, one || other))
    }

    fn len(&self) -> usize {
        self.permitted.len() + self.excluded.len()
    }

    fn allow(&self, name: &Name<'_>) -> bool {
        let (within, outside) = (&self.permitted, &self.excluded);
        match name {
            Name::Ip(address) => {
                let inside =
                    |set: &Subtrees| set.networks.iter().any(|network| contains(network, address));
                (within.networks.is_empty() || inside(within)) && !inside(outside)
            }
            Name::Dns(name) => {
                let inside = |set: &[Vec<u8>]| set.iter().any(|suffix| is_below(name, suffix));
                let wild = outside.dns.iter().any(|suffix| covers_wildcard(name, suffix));
                (within.dns.is_empty() || inside(&within.dns)) && !inside(&outside.dns) && !wild
            }
            Name::Uri(host) => {
                let inside = |set: &[Vec<u8>]| set.iter().any(|suffix| is_below(host, suffix));
                (within.uris.is_empty() || inside(&within.uris)) && !inside(&outside.uris)
            }
            Name::Email(mailbox) => {
                let inside = |set: &Subtrees| {
                    set.domains.iter().any(|suffix| is_below(&mailbox.domain, suffix))
                        || set.mailboxes.iter().any(|other| is_same(mailbox, other))
                };
                let any = within.domains.is_empty() && within.mailboxes.is_empty();
                (any || inside(within)) && !inside(outside)
            }
        }
    }
}

impl Subtrees {
    fn read(subtrees: &[u8]) -> Option<(Self, bool)> {
        let (mut set, mut unknown) = (Self::default(), false);
        let mut subtrees = Der(subtrees);
        while !subtrees.is_empty() {
            let base = subtrees.enter(SEQUENCE)?.any()?;
            let value = base.content;
            match base.tag {
                DNS | EMAIL | URI if !value.is_ascii() => return None,
                EMAIL if value.contains(&b'@') => set.mailboxes.push(Mailbox::read(value)?),
                DNS | EMAIL | URI if !is_domain(value, true) => return None,
                URI if is_address(value) => return None,
                DNS => set.dns.push(value.to_vec()),
                EMAIL => set.domains.push(value.to_vec()),
                URI => set.uris.push(value.to_vec()),
                IP => set.networks.push(network(value)?),
                _ => unknown = true,
            }
        }
        Some((set, unknown))
    }

    fn len(&self) -> usize {
        self.dns.len()
            + self.uris.len()
            + self.domains.len()
            + self.mailboxes.len()
            + self.networks.len()
    }
}

enum Name<'a> {
    Ip(&'a [u8]),
    Dns(&'a [u8]),
    Uri(Vec<u8>),
    Email(Mailbox),
}

/// Whether a certificate's alternative names (the extension's value) are allowed by all of these.
pub(super) fn allow(value: &[u8], constraints: &[&Constraints]) -> bool {
    let Some(mut names) = Der(value).enter(SEQUENCE) else { return false };
    let each: usize = constraints.iter().map(|constraints| constraints.len()).sum();
    let mut comparisons = 0;
    while !names.is_empty() {
        let Some(name) = names.any() else { return false };
        let name = match name.tag {
            IP => Some(Name::Ip(name.content)),
            DNS if is_domain(name.content, false) => Some(Name::Dns(name.content)),
            URI => host_of(name.content).map(Name::Uri),
            EMAIL => Mailbox::read(name.content).map(Name::Email),
            DNS => None,
            _ => continue,
        };
        comparisons += each;
        let allowed = name.is_some_and(|name| constraints.iter().all(|c| c.allow(&name)));
        if !allowed || comparisons > MAX_COMPARISONS {
            return false;
        }
    }
    true
}

/// Whether Go reads these alternative names, and whether there is one of a kind that it knows.
pub(super) fn read_names(value: &[u8]) -> Option<bool> {
    let mut names = Der(value).enter(SEQUENCE)?;
    let mut known = false;
    while !names.is_empty() {
        let name = names.any()?;
        let good = match name.tag {
            EMAIL | DNS => name.content.is_ascii(),
            URI => {
                let host = || uri_host(name.content).is_some_and(|host| is_domain(&host, false));
                name.content.is_ascii() && host()
            }
            IP => matches!(name.content.len(), 4 | 16),
            _ => continue,
        };
        known = true;
        if !good {
            return None;
        }
    }
    Some(known)
}

/// The host of a resource, without its port; one without host, or with an address, matches nothing.
fn host_of(uri: &[u8]) -> Option<Vec<u8>> {
    let host = uri_host(uri).filter(|host| !host.is_empty())?;
    let literal = host.starts_with(b"[");
    let end = match host.iter().position(|octet| *octet == b':') {
        Some(colon) if !literal => colon,
        _ => host.len(),
    };
    let name = host.get(..end)?;
    (!literal && !is_address(name) && is_domain(name, false)).then(|| name.to_vec())
}

fn is_address(text: &[u8]) -> bool {
    str::from_utf8(text).is_ok_and(|text| text.parse::<IpAddr>().is_ok())
}

/// An address and a mask of ones followed by zeros.
fn network(value: &[u8]) -> Option<(Vec<u8>, Vec<u8>)> {
    if !matches!(value.len(), 8 | 32) {
        return None;
    }
    let (address, mask) = value.split_at_checked(value.len() / 2)?;
    let ones: u32 =
        mask.iter().map(|octet| octet.leading_ones()).take_while(|ones| *ones == 8).sum();
    let full = usize::try_from(ones / 8).ok()?;
    let (edge, zeros) = mask.get(full..)?.split_first().map_or((0, &[][..]), |(e, z)| (*e, z));
    let straight = edge.leading_ones() + edge.trailing_zeros() == 8 || edge == 0;
    (straight && zeros.iter().all(|octet| *octet == 0)).then(|| (address.to_vec(), mask.to_vec()))
}

fn contains((network, mask): &(Vec<u8>, Vec<u8>), address: &[u8]) -> bool {
    let masked = |octets: &[u8], at: usize, mask: u8| octets.get(at).map(|octet| octet & mask);
    address.len() == network.len()
        && mask
            .iter()
            .enumerate()
            .all(|(at, mask)| masked(address, at, *mask) == masked(network, at, *mask))
}

/// Whether a name is in the tree of a constraint: itself or below, strictly below when it begins with a
/// dot. The empty constraint is the tree of all.
fn is_below(name: &[u8], constraint: &[u8]) -> bool {
    let Some(start) = name.len().checked_sub(constraint.len()) else { return false };
    let same = name.get(start..).is_some_and(|tail| tail.eq_ignore_ascii_case(constraint));
    let at_label = start == 0
        || constraint.is_empty()
        || constraint.starts_with(b".")
        || name.get(start - 1) == Some(&b'.');
    same && at_label
}

/// Whether `*.example.com` could be `host.example.com`.
fn covers_wildcard(name: &[u8], constraint: &[u8]) -> bool {
    let after_label = |name: &[u8]| {
        let dot = name.iter().position(|octet| *octet == b'.')?;
        name.get(dot..).map(<[u8]>::to_ascii_lowercase)
    };
    name.starts_with(b"*")
        && after_label(name).is_some_and(|rest| Some(rest) == after_label(constraint))
}

fn is_same(mailbox: &Mailbox, other: &Mailbox) -> bool {
    mailbox.local == other.local && mailbox.domain.eq_ignore_ascii_case(&other.domain)
}

#[cfg(test)]
mod tests {
    use super::super::der::push;
    use super::*;

    fn subtrees(names: &[(u8, &[u8])]) -> Vec<u8> {
        let mut out = Vec::new();
        for (tag, value) in names {
            let mut name = Vec::new();
            push(&mut name, *tag, &[value]);
            push(&mut out, SEQUENCE, &[&name]);
        }
        out
    }

    fn constraints(
        permitted: &[(u8, &[u8])],
        excluded: &[(u8, &[u8])],
    ) -> Option<(Constraints, bool)> {
        let mut both = Vec::new();
        for (number, names) in [(0, permitted), (1, excluded)] {
            if !names.is_empty() {
                push(&mut both, constructed(number), &[&subtrees(names)]);
            }
        }
        let mut value = Vec::new();
        push(&mut value, SEQUENCE, &[&both]);
        Constraints::read(&value)
    }

    fn allowed(set: &Constraints, tag: u8, name: &[u8]) -> bool {
        let (mut inner, mut value) = (Vec::new(), Vec::new());
        push(&mut inner, tag, &[name]);
        push(&mut value, SEQUENCE, &[&inner]);
        allow(&value, &[set])
    }

    #[test]
    fn names_are_within_and_outside_of_trees() {
        let (set, unknown) =
            constraints(&[(DNS, b"example.com")], &[(DNS, b"bad.example.com")]).unwrap();
        assert!(!unknown);
        assert!(allowed(&set, DNS, b"example.com"));
        assert!(allowed(&set, DNS, b"a.EXAMPLE.com"));
        assert!(!allowed(&set, DNS, b"notexample.com"));
        assert!(!allowed(&set, DNS, b"x.bad.example.com"));
        assert!(!allowed(&set, DNS, b"*.example.com"));
        assert!(!allowed(&set, DNS, b"a..example.com"));
        assert!(allowed(&set, EMAIL, b"a@elsewhere.org"));
        assert!(allowed(&set, URI, b"https://elsewhere.org/"));
        assert!(!allowed(&set, URI, b"urn:x"), "what has no host matches no constraint");
        let (below, _) = constraints(&[(DNS, b".example.com")], &[]).unwrap();
        assert!(allowed(&below, DNS, b"a.example.com"));
        assert!(!allowed(&below, DNS, b"example.com"));
    }

    #[test]
    fn addresses_are_within_networks() {
        let (set, _) = constraints(&[(IP, &[10, 1, 2, 3, 255, 0, 0, 0])], &[]).unwrap();
        assert!(allowed(&set, IP, &[10, 9, 9, 9]));
        assert!(!allowed(&set, IP, &[11, 1, 2, 3]));
        assert!(!allowed(&set, IP, &[0; 16]));
        for mask in [[255, 0, 255, 0], [255, 1, 0, 0], [0, 255, 0, 0], [255, 254, 1, 0]] {
            let value = [&[10, 0, 0, 0], &mask[..]].concat();
            assert!(constraints(&[(IP, &value)], &[]).is_none(), "{mask:?}");
        }
        for mask in [[0; 4], [255; 4], [255, 254, 0, 0], [128, 0, 0, 0]] {
            let value = [&[10, 0, 0, 0], &mask[..]].concat();
            assert!(constraints(&[(IP, &value)], &[]).is_some(), "{mask:?}");
        }
    }

    #[test]
    fn mailboxes_match_whole_or_by_domain() {
        let (set, _) =
            constraints(&[(EMAIL, b"me@Example.com"), (EMAIL, b"org.example")], &[]).unwrap();
        assert!(allowed(&set, EMAIL, b"me@example.COM"));
        assert!(!allowed(&set, EMAIL, b"you@example.com"));
        assert!(allowed(&set, EMAIL, b"you@org.example"));
        assert!(!allowed(&set, EMAIL, b"no mailbox"));
    }

    #[test]
    fn what_constrains_nothing_is_refused() {
        assert!(constraints(&[], &[]).is_none());
        assert!(constraints(&[(DNS, b"a..b")], &[]).is_none());
        assert!(constraints(&[(URI, b"1.2.3.4")], &[]).is_none());
        assert!(constraints(&[(primitive(4), b"x")], &[]).unwrap().1);
    }
}
