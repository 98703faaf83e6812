//! Alternative names of a subject: hosts, addresses, mailboxes, URIs.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::asn1::{self, Malformed, Reader};

/// The most alternative names of a certificate.
pub const MAX_ALTERNATIVE_NAMES: usize = 100;

/// The most octets of one name; a domain name has at most 253.
const MAX_OCTETS: usize = 253;

/// One alternative name, of the kinds that we certify.
/// [RFC 5280 section 4.2.1.6](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.6)
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AlternativeName {
    /// A domain name, perhaps of a wildcard.
    Dns(String),
    /// A mailbox, `local@domain`.
    Email(String),
    /// An IP address.
    Ip(IpAddr),
    /// A URI with its scheme.
    Uri(String),
}

/// Why something is no alternative name of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AlternativeNameError {
    /// Not ASCII, or with blanks or control characters, or empty.
    #[error("the alternative name `{0}` holds characters that are not allowed")]
    Characters(String),
    /// Longer than 253 octets.
    #[error("an alternative name is longer than 253 octets")]
    TooLong,
    /// More than a certificate takes.
    #[error("there are more than {MAX_ALTERNATIVE_NAMES} alternative names")]
    TooMany,
    /// No DER.
    #[error(transparent)]
    Malformed(#[from] Malformed),
}

impl AlternativeName {
    /// What a text of the request's `hosts` names: an IP address, an e-mail address, a URI (with
    /// `scheme://`), or else a domain name.
    ///
    /// # Errors
    /// When it is empty, too long, or holds what is no graphic ASCII.
    pub fn from_host(text: &str) -> Result<Self, AlternativeNameError> {
        if text.len() > MAX_OCTETS {
            return Err(AlternativeNameError::TooLong);
        }
        if !is_graphic(text) {
            return Err(characters(text));
        }
        let text = text.to_owned();
        if let Ok(address) = text.parse() {
            return Ok(Self::Ip(address));
        }
        if has_scheme(&text) {
            return Ok(Self::Uri(text));
        }
        Ok(if is_mailbox(&text) { Self::Email(text) } else { Self::Dns(text) })
    }

    /// Whether it has the form that RFC 5280 wants: a host name, a mailbox, or a URI whose host is
    /// an address or has a domain. Fabric CA certifies any text.
    pub fn is_proper(&self) -> bool {
        match self {
            Self::Dns(host) => is_host_name(host.strip_prefix("*.").unwrap_or(host)),
            Self::Email(mailbox) => is_mailbox(mailbox),
            Self::Ip(_) => true,
            Self::Uri(uri) => has_host(uri),
        }
    }

    fn octets(&self) -> (u8, Vec<u8>) {
        match self {
            Self::Email(text) => (asn1::primitive(1), text.clone().into_bytes()),
            Self::Dns(text) => (asn1::primitive(2), text.clone().into_bytes()),
            Self::Uri(text) => (asn1::primitive(6), text.clone().into_bytes()),
            Self::Ip(IpAddr::V4(address)) => (asn1::primitive(7), address.octets().to_vec()),
            Self::Ip(IpAddr::V6(address)) => (asn1::primitive(7), address.octets().to_vec()),
        }
    }
}

impl fmt::Display for AlternativeName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Dns(text) | Self::Email(text) | Self::Uri(text) => f.write_str(text),
            Self::Ip(address) => write!(f, "{address}"),
        }
    }
}

/// Reads a `GeneralNames`. Kinds that we do not certify (other names, directory names, registered
/// IDs) are left out, as Go does.
pub(super) fn read(value: &[u8]) -> Result<Vec<AlternativeName>, AlternativeNameError> {
    let mut reader = Reader::inside(value, asn1::SEQUENCE, "the alternative names")?;
    let mut names = Vec::new();
    let mut count = 0;
    while !reader.is_empty() {
        count += 1;
        if count > MAX_ALTERNATIVE_NAMES {
            return Err(AlternativeNameError::TooMany);
        }
        let element = reader.any()?;
        match element.tag {
            0x81 => names.push(AlternativeName::Email(text(element.content)?)),
            0x82 => names.push(AlternativeName::Dns(text(element.content)?)),
            0x86 => names.push(AlternativeName::Uri(text(element.content)?)),
            0x87 => names.push(AlternativeName::Ip(address(element.content)?)),
            0xa0 | 0xa3 | 0xa4 | 0xa5 | 0x88 => {}
            _ => return Err(Malformed("the alternative names").into()),
        }
    }
    Ok(names)
}

fn text(octets: &[u8]) -> Result<String, AlternativeNameError> {
    match std::str::from_utf8(octets) {
        Ok(text) if text.len() > MAX_OCTETS => Err(AlternativeNameError::TooLong),
        Ok(text) if is_graphic(text) => Ok(text.to_owned()),
        _ => Err(characters(&String::from_utf8_lossy(octets))),
    }
}

fn is_graphic(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|octet| octet.is_ascii_graphic())
}

fn characters(text: &str) -> AlternativeNameError {
    AlternativeNameError::Characters(text.escape_debug().take(64).collect())
}

/// Writes a `GeneralNames`: domain names, mailboxes, addresses, URIs, as Go sorts them.
pub(super) fn write(names: &[AlternativeName]) -> Vec<u8> {
    let mut sorted: Vec<_> = names.iter().collect();
    sorted.sort_by_key(|name| match name {
        AlternativeName::Dns(_) => 0,
        AlternativeName::Email(_) => 1,
        AlternativeName::Ip(_) => 2,
        AlternativeName::Uri(_) => 3,
    });
    let mut content = Vec::new();
    for name in sorted {
        let (tag, octets) = name.octets();
        asn1::push(&mut content, tag, &octets);
    }
    asn1::wrap(asn1::SEQUENCE, &[&content])
}

fn address(octets: &[u8]) -> Result<IpAddr, Malformed> {
    if let Ok(four) = <[u8; 4]>::try_from(octets) {
        return Ok(Ipv4Addr::from(four).into());
    }
    let sixteen = <[u8; 16]>::try_from(octets).map_err(|_| Malformed("an IP address"))?;
    Ok(Ipv6Addr::from(sixteen).into())
}

fn has_scheme(text: &str) -> bool {
    text.split_once("://").is_some_and(|(scheme, rest)| {
        scheme.starts_with(|c: char| c.is_ascii_alphabetic())
            && scheme.bytes().all(|o| o.is_ascii_alphanumeric() || b"+-.".contains(&o))
            && !rest.is_empty()
    })
}

/// Whether a URI names a host by its address or its full name.
fn has_host(uri: &str) -> bool {
    let Some((_, rest)) = uri.split_once("://").filter(|_| has_scheme(uri)) else { return false };
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    if let Some((address, port)) = host.strip_prefix('[').and_then(|h| h.split_once(']')) {
        let port = port.strip_prefix(':').unwrap_or(port);
        return address.parse::<Ipv6Addr>().is_ok() && port.bytes().all(|o| o.is_ascii_digit());
    }
    let (host, port) = host.split_once(':').unwrap_or((host, ""));
    let named = is_host_name(host) && host.contains('.');
    (named || host.parse::<Ipv4Addr>().is_ok()) && port.bytes().all(|o| o.is_ascii_digit())
}

/// Labels of letters, digits, hyphens and (as Docker names them) underscores.
fn is_host_name(host: &str) -> bool {
    host.split('.').all(|label| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|o| o.is_ascii_alphanumeric() || b"-_".contains(&o))
            && !label.starts_with('-')
            && !label.ends_with('-')
    })
}

fn is_mailbox(text: &str) -> bool {
    let dotted = |part: &str, more: &[u8]| {
        part.split('.').all(|atom| {
            !atom.is_empty() && atom.bytes().all(|o| o.is_ascii_alphanumeric() || more.contains(&o))
        })
    };
    // RFC 5322's dot-atom on the left, a host on the right.
    text.rsplit_once('@').is_some_and(|(local, domain)| {
        dotted(local, b"!#$%&'*+-/=?^_`{|}~") && dotted(domain, b"-_")
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use der::Encode as _;
    use proptest::prelude::*;
    use x509_cert::der::asn1::Ia5String;
    use x509_cert::ext::pkix::name::GeneralName;

    #[test]
    fn hosts_are_told_apart() {
        let kind = |text: &str| AlternativeName::from_host(text).unwrap();
        assert_eq!(kind("10.0.0.1"), AlternativeName::Ip(Ipv4Addr::new(10, 0, 0, 1).into()));
        assert_eq!(kind("::1"), AlternativeName::Ip(Ipv6Addr::LOCALHOST.into()));
        assert_eq!(kind("x@example.com"), AlternativeName::Email("x@example.com".into()));
        assert_eq!(kind("spiffe://a/b@c"), AlternativeName::Uri("spiffe://a/b@c".into()));
        for dns in ["a.example.com", "*.example.com", "localhost", "10.0.0.256", "a@", "a..b@c"] {
            assert_eq!(kind(dns), AlternativeName::Dns(dns.into()));
        }
        for bad in ["", "a b", "a\0b", "a\n", "é.example.com"] {
            assert!(AlternativeName::from_host(bad).is_err());
        }
        assert_eq!(
            AlternativeName::from_host(&"x".repeat(254)),
            Err(AlternativeNameError::TooLong)
        );
    }

    #[test]
    fn proper_names_have_the_forms_of_the_standard() {
        for good in [
            "a",
            "peer0.org1.example.com",
            "*.example.com",
            "a_b",
            "xn--a",
            "10.0.0.1",
            "::1",
            "a.b@example.com",
            "spiffe://example.com/x",
            "https://10.0.0.1:7054",
            "http://[::1]:80/",
            "https://u:p@a.example.com?x#y",
        ] {
            assert!(AlternativeName::from_host(good).unwrap().is_proper(), "{good}");
        }
        for bad in [
            "a..b",
            ".a",
            "a.",
            "-a",
            "a-.b",
            "a.*.b",
            "*",
            "a:1",
            "spiffe://example/x",
            "a:///x",
            "https://a.example.com:x",
            "http://[::x]/",
        ] {
            assert!(!AlternativeName::from_host(bad).unwrap().is_proper(), "{bad}");
        }
        assert!(!AlternativeName::Uri("urn:x".into()).is_proper());
        assert!(!AlternativeName::Email("x".into()).is_proper());
    }

    #[test]
    fn names_are_written_as_another_writer_does() {
        let ia5 = |text: &str| Ia5String::new(text).unwrap();
        let ours = ["spiffe://x", "10.0.0.1", "a@b.c", "a.b"]
            .map(|text| AlternativeName::from_host(text).unwrap());
        let theirs = vec![
            GeneralName::DnsName(ia5("a.b")),
            GeneralName::Rfc822Name(ia5("a@b.c")),
            GeneralName::from(IpAddr::from([10, 0, 0, 1])),
            GeneralName::UniformResourceIdentifier(ia5("spiffe://x")),
        ];
        assert_eq!(write(&ours), theirs.to_der().unwrap());
    }

    #[test]
    fn names_of_other_kinds_are_left_out_and_too_many_refused() {
        let other = asn1::wrap(asn1::SEQUENCE, &[&[0x88, 1, 42]]);
        assert_eq!(read(&other), Ok(vec![]));
        let three = asn1::wrap(asn1::SEQUENCE, &[&[0x87, 3, 1, 2, 3]]);
        assert!(matches!(read(&three), Err(AlternativeNameError::Malformed(_))));
        let nul = asn1::wrap(asn1::SEQUENCE, &[&[0x82, 3, b'a', 0, b'b']]);
        assert!(matches!(read(&nul), Err(AlternativeNameError::Characters(_))));
        let many = vec![AlternativeName::Dns("a".into()); MAX_ALTERNATIVE_NAMES + 1];
        assert_eq!(read(&write(&many)), Err(AlternativeNameError::TooMany));
        assert!(read(&write(&many[1..])).is_ok());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(hosts in proptest::collection::vec("[!-~]{1,40}", 0..20)) {
            let names: Vec<_> =
                hosts.iter().map(|host| AlternativeName::from_host(host).unwrap()).collect();
            let der = write(&names);
            let read = read(&der).unwrap();
            prop_assert_eq!(write(&read), der);
            prop_assert_eq!(read.len(), names.len());
        }

        #[test]
        fn no_octets_make_the_reader_panic(octets: Vec<u8>) {
            let _ = read(&asn1::wrap(asn1::SEQUENCE, &[&octets]));
        }
    }
}
