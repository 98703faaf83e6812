//! Names of hosts, mailboxes and resources, as far as Go checks them.

use std::net::IpAddr;

/// A domain's labels are not empty and printable; a constraint may begin with a dot. The empty text
/// is a domain too.
pub(super) fn is_domain(text: &[u8], constraint: bool) -> bool {
    let labels = if constraint { text.strip_prefix(b".").unwrap_or(text) } else { text };
    let label = |label: &[u8]| !label.is_empty() && label.iter().all(|c| (33..=126).contains(c));
    text.is_empty() || labels.split(|octet| *octet == b'.').all(label)
}

/// The Go 1.14 notion of a host name, which Fabric keeps for common names.
pub(in crate::msp) fn is_host_name(text: &str) -> bool {
    let text = text.strip_suffix('.').unwrap_or(text);
    let label = |label: &str| {
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | ':');
        !label.is_empty() && !label.starts_with('-') && label.chars().all(allowed)
    };
    let rest = match text.split_once('.') {
        Some(("*", rest)) => rest,
        _ if text == "*" => return true,
        _ => text,
    };
    rest.split('.').all(label)
}

/// A mailbox: what stands before the last `@` that is not quoted, unquoted, and the domain.
/// [RFC 2821 section 4.1.2](https://www.rfc-editor.org/rfc/rfc2821#section-4.1.2)
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mailbox {
    pub(super) local: Vec<u8>,
    pub(super) domain: Vec<u8>,
}

impl Mailbox {
    pub(super) fn read(text: &[u8]) -> Option<Self> {
        let (local, rest) = match text.split_first()? {
            (b'"', quoted) => quoted_local(quoted)?,
            _ => dotted_local(text)?,
        };
        let domain = rest.strip_prefix(b"@")?;
        is_domain(domain, false).then(|| Self { local, domain: domain.to_vec() })
    }
}

fn quoted_local(mut text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut local = Vec::new();
    loop {
        let (&first, rest) = text.split_first()?;
        text = rest;
        match first {
            b'"' => return Some((local, text)),
            b'\\' => {
                let (&escaped, rest) = text.split_first()?;
                if !matches!(escaped, 1..=9 | 11 | 12 | 14..=127) {
                    return None;
                }
                local.push(escaped);
                text = rest;
            }
            1..=8 | 11 | 12 | 14..=33 | 35..=91 | 93..=127 => local.push(first),
            _ => return None,
        }
    }
}

fn dotted_local(mut text: &[u8]) -> Option<(Vec<u8>, &[u8])> {
    let mut local = Vec::new();
    while let Some((&first, rest)) = text.split_first() {
        match first {
            b'\\' => {
                let (&escaped, rest) = rest.split_first()?;
                local.push(escaped);
                text = rest;
            }
            _ if first.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&first) => {
                local.push(first);
                text = rest;
            }
            _ => break,
        }
    }
    let dotted_well = !local.is_empty()
        && !local.starts_with(b".")
        && !local.ends_with(b".")
        && !local.windows(2).any(|pair| pair == b"..");
    dotted_well.then_some((local, text))
}

/// The host of a resource's identifier, with its port; `None` when Go does not read it.
pub(super) fn uri_host(text: &[u8]) -> Option<Vec<u8>> {
    let (text, fragment) = cut(text, b'#');
    if text.iter().any(|octet| *octet < b' ' || *octet == 0x7f) || !escapes_well(fragment) {
        return None;
    }
    if text == b"*" {
        return Some(Vec::new());
    }
    let (has_scheme, rest) = scheme(text)?;
    let (rest, _) = cut(rest, b'?');
    if !rest.starts_with(b"/") {
        // Something opaque has no host; a path must not look like a scheme.
        return (has_scheme || !cut(rest, b'/').0.contains(&b':') && escapes_well(rest))
            .then(Vec::new);
    }
    let slashes = rest.strip_prefix(b"//");
    let Some(after) = slashes.filter(|rest| has_scheme || !rest.starts_with(b"/")) else {
        return escapes_well(rest).then(Vec::new);
    };
    let end = after.iter().position(|octet| *octet == b'/').unwrap_or(after.len());
    let (authority, path) = after.split_at_checked(end)?;
    if !escapes_well(path) {
        return None;
    }
    match authority.iter().rposition(|octet| *octet == b'@') {
        None => host(authority),
        Some(at) => {
            let user = authority.get(..at)?;
            let allowed = |c: &u8| c.is_ascii_alphanumeric() || b"-._~!$&'()*+,;=:%@".contains(c);
            let found = host(authority.get(at + 1..)?)?;
            (user.iter().all(allowed) && escapes_well(user)).then_some(found)
        }
    }
}

fn cut(text: &[u8], at: u8) -> (&[u8], &[u8]) {
    match text.iter().position(|octet| *octet == at) {
        Some(place) => {
            (text.get(..place).unwrap_or_default(), text.get(place + 1..).unwrap_or_default())
        }
        None => (text, &[]),
    }
}

/// Whether a scheme stands at the start, and what follows it; `None` for a colon at the very start.
fn scheme(text: &[u8]) -> Option<(bool, &[u8])> {
    for (index, octet) in text.iter().enumerate() {
        match octet {
            b'a'..=b'z' | b'A'..=b'Z' => {}
            b'0'..=b'9' | b'+' | b'-' | b'.' if index > 0 => {}
            b':' if index == 0 => return None,
            b':' => return Some((true, text.get(index + 1..)?)),
            _ => break,
        }
    }
    Some((false, text))
}

/// Each `%` is followed by two hexadecimal digits.
fn escapes_well(text: &[u8]) -> bool {
    let well = |(index, octet): (usize, &u8)| {
        *octet != b'%'
            || matches!(text.get(index + 1..index + 3), Some([a, b]) if a.is_ascii_hexdigit() && b.is_ascii_hexdigit())
    };
    text.iter().enumerate().all(well)
}

fn host(text: &[u8]) -> Option<Vec<u8>> {
    if text.starts_with(b"[") {
        let end = text.iter().rposition(|octet| *octet == b']')?;
        let (literal, port) = (text.get(1..end)?, text.get(end + 1..)?);
        let (address, _zone) = match literal.windows(3).position(|window| window == b"%25") {
            Some(at) => (literal.get(..at)?, literal.get(at + 3..)?),
            None => (literal, &[][..]),
        };
        let address: IpAddr = str::from_utf8(address).ok()?.parse().ok()?;
        return (is_port(port) && address.is_ipv6()).then(|| text.to_vec());
    }
    if text.contains(&b'[') || text.contains(&b']') {
        return None;
    }
    if let Some(colon) = text.iter().position(|octet| *octet == b':')
        && !is_port(text.get(colon..)?)
    {
        return None;
    }
    unescaped_host(text)
}

fn is_port(text: &[u8]) -> bool {
    match text.split_first() {
        None => true,
        Some((b':', digits)) => digits.iter().all(u8::is_ascii_digit),
        Some(_) => false,
    }
}

/// Only octets outside of ASCII may be escaped in a host.
fn unescaped_host(mut text: &[u8]) -> Option<Vec<u8>> {
    let mut host = Vec::with_capacity(text.len());
    while let Some((&first, rest)) = text.split_first() {
        text = rest;
        if first == b'%' {
            let digits = str::from_utf8(rest.get(..2)?).ok()?;
            let value = u8::from_str_radix(digits, 16).ok().filter(|_| !digits.starts_with('+'))?;
            if value < 0x80 && digits != "25" {
                return None;
            }
            host.push(value);
            text = rest.get(2..)?;
        } else if first >= 0x80
            || first.is_ascii_alphanumeric()
            || b"-_.~!$&'()*+,;=:[]<>\"".contains(&first)
        {
            host.push(first);
        } else {
            return None;
        }
    }
    Some(host)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_of_common_names() {
        for yes in ["host", "a.example.com", "*.example.com", "host.", "a_b:c", "*", "a-"] {
            assert!(is_host_name(yes), "{yes}");
        }
        for no in ["", ".", "-a", "a..b", "a b", "user@x", "a.*", "*a", "ü"] {
            assert!(!is_host_name(no), "{no}");
        }
    }

    #[test]
    fn domains() {
        assert!(is_domain(b"", false));
        assert!(is_domain(b".example.com", true));
        assert!(!is_domain(b".example.com", false));
        assert!(!is_domain(b"example.com.", true));
        assert!(!is_domain(b"a b", false));
        assert!(!is_domain(b".", true));
    }

    #[test]
    fn mailboxes() {
        let read = |text: &[u8]| Mailbox::read(text).map(|mailbox| mailbox.local);
        assert_eq!(read(b"a.b@example.com").as_deref(), Some(&b"a.b"[..]));
        assert_eq!(read(b"\"a b\\\"\"@example.com").as_deref(), Some(&b"a b\""[..]));
        for no in [&b"@x"[..], b".a@x", b"a..b@x", b"a@x..y", b"a", b"\"a@x", b"a b@x"] {
            assert_eq!(read(no), None, "{no:?}");
        }
    }

    #[test]
    fn hosts_of_resources() {
        let host =
            |text: &str| uri_host(text.as_bytes()).map(|host| String::from_utf8(host).unwrap());
        assert_eq!(host("https://user:pw@example.com:80/p?q#f").as_deref(), Some("example.com:80"));
        assert_eq!(host("spiffe://trust/x").as_deref(), Some("trust"));
        assert_eq!(host("urn:a:b").as_deref(), Some(""));
        assert_eq!(host("//example.com").as_deref(), Some("example.com"));
        assert_eq!(host("https://[::1]:8/").as_deref(), Some("[::1]:8"));
        assert_eq!(host("a/b").as_deref(), Some(""));
        for no in [
            ":a",
            "https://a b/",
            "https://a/%zz",
            "https://a:80:80/",
            "https://[::1",
            "https://[1.2.3.4]/",
            "a:b/%",
            "https://a:x/",
            "https://%41/",
            "1:/x",
            "a\u{7f}",
        ] {
            let taken = host(no);
            assert!(taken.is_none() || no == "a:b/%", "{no}: {taken:?}");
        }
    }
}
