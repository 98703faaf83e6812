//! Where the server is: a URL that may carry an enrollment ID and its secret, as Fabric CA's
//! client takes it.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use percent_encoding::percent_decode_str;
use zeroize::Zeroizing;

use crate::cli::exit::Failure;
use crate::secret::EnrollmentSecret;

/// A URL as it was typed. It may hold a secret, so it is wiped and never shown.
#[derive(Clone)]
pub(in crate::cli) struct UrlText(Zeroizing<String>);

impl FromStr for UrlText {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Infallible> {
        Ok(Self(Zeroizing::new(text.to_owned())))
    }
}

impl fmt::Debug for UrlText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UrlText(..)")
    }
}

/// A server's address, without the credential that the URL may have carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::cli) struct Address {
    tls: bool,
    authority: String,
    base: String,
}

/// What stood before the `@` of a URL.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct UrlCredential {
    /// The enrollment ID, percent-decoded.
    pub(super) id: Option<String>,
    /// Its secret, percent-decoded.
    pub(super) secret: Option<EnrollmentSecret>,
}

impl UrlText {
    /// Takes the URL apart: `http[s]://[id[:secret]@]host[:port][/base]`.
    ///
    /// # Errors
    /// A usage failure that does not repeat the URL, since it may hold a secret.
    pub(in crate::cli) fn parse(&self) -> Result<(Address, UrlCredential), Failure> {
        let (tls, rest) = if let Some(rest) = self.0.strip_prefix("https://") {
            (true, rest)
        } else if let Some(rest) = self.0.strip_prefix("http://") {
            (false, rest)
        } else {
            return Err(bad_url("the URL does not begin with http:// or https://"));
        };
        if rest.contains(['?', '#']) {
            return Err(bad_url("the URL has a query or a fragment"));
        }
        let (authority, base) = match rest.find('/').and_then(|at| rest.split_at_checked(at)) {
            Some((authority, base)) => (authority, base.trim_end_matches('/')),
            None => (rest, ""),
        };
        // The last `@` counts, as in Go: a secret may hold one that was not escaped.
        let (credential, authority) = match authority.rsplit_once('@') {
            Some((credential, authority)) => (parse_credential(credential)?, authority),
            None => (UrlCredential::default(), authority),
        };
        check_authority(authority)?;
        if base.chars().any(|c| !c.is_ascii_graphic()) {
            return Err(bad_url("the path of the URL holds a character that must be escaped"));
        }
        let address = Address { tls, authority: authority.to_owned(), base: base.to_owned() };
        Ok((address, credential))
    }
}

impl Address {
    /// Whether the connection is encrypted.
    pub(super) fn is_tls(&self) -> bool {
        self.tls
    }

    /// Whether the server is on this machine.
    pub(super) fn is_loopback(&self) -> bool {
        let host =
            self.authority.rsplit_once(':').map_or(self.authority.as_str(), |(host, _)| host);
        host == "localhost"
            || host == "[::1]"
            || host.parse::<std::net::Ipv4Addr>().is_ok_and(|ip| ip.is_loopback())
    }

    /// The request target of an endpoint: the path before it, if any, and the endpoint.
    pub(super) fn target(&self, endpoint: &str) -> String {
        format!("{}/api/v1/{endpoint}", self.base)
    }

    /// The request target of a path of our own API.
    pub(super) fn own_target(&self, path: &str) -> String {
        format!("{}/api/v2/{path}", self.base)
    }

    /// The whole URL of a request target.
    pub(super) fn url(&self, target: &str) -> String {
        format!("{}://{}{target}", if self.tls { "https" } else { "http" }, self.authority)
    }

    /// The name of the CA's files in an MSP folder, without directory: host, port and the CA's
    /// name when one was chosen, dots and colons as dashes, and whatever else has no place in the
    /// name of a file.
    pub(super) fn file_name(&self, ca: Option<&str>) -> String {
        let name = match ca {
            Some(ca) => format!("{}-{ca}", self.authority),
            None => self.authority.clone(),
        };
        let kept = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '[' | ']');
        format!("{}.pem", name.replace(|c| !kept(c), "-"))
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.url(&self.base))
    }
}

fn parse_credential(text: &str) -> Result<UrlCredential, Failure> {
    let (id, secret) = match text.split_once(':') {
        Some((id, secret)) => (id, Some(secret)),
        None => (text, None),
    };
    Ok(UrlCredential {
        id: Some(decoded(id)?.to_string()).filter(|id| !id.is_empty()),
        secret: match secret {
            Some(secret) if !secret.is_empty() => {
                Some(EnrollmentSecret::new(decoded(secret)?.to_string()))
            }
            Some(_) | None => None,
        },
    })
}

fn decoded(text: &str) -> Result<Zeroizing<String>, Failure> {
    let octets = Zeroizing::new(percent_decode_str(text).collect::<Vec<u8>>());
    std::str::from_utf8(&octets)
        .map(|text| Zeroizing::new(text.to_owned()))
        .map_err(|_| bad_url("the enrollment ID or secret in the URL is not UTF-8"))
}

fn check_authority(authority: &str) -> Result<(), Failure> {
    let allowed =
        |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
    let (host, port) = match authority.rsplit_once(':') {
        // The colons of an IPv6 address stand in brackets.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        Some(_) | None => (authority, None),
    };
    if host.is_empty() || authority.len() > 300 || !authority.chars().all(allowed) {
        return Err(bad_url("the URL has no usable host"));
    }
    match port.map(str::parse::<u16>) {
        Some(Err(_) | Ok(0)) => Err(bad_url("the port of the URL is not one of 1 to 65535")),
        Some(Ok(_)) | None => Ok(()),
    }
}

fn bad_url(why: &str) -> Failure {
    Failure::usage(why).hint("write it like `http://admin:secret@ca.example.com:7054`, with the special characters of the ID and secret percent-escaped")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<(Address, UrlCredential), Failure> {
        text.parse::<UrlText>().unwrap().parse()
    }

    #[test]
    fn a_url_carries_id_and_secret() {
        let (address, credential) = parse("http://admin:adminpw@localhost:7054").unwrap();
        assert_eq!(address.to_string(), "http://localhost:7054");
        assert_eq!(credential.id.as_deref(), Some("admin"));
        assert_eq!(credential.secret.unwrap().expose(), "adminpw");
        assert_eq!(address.url(&address.target("enroll")), "http://localhost:7054/api/v1/enroll");
    }

    #[test]
    fn escapes_and_stray_signs_of_a_credential_are_read_as_go_does() {
        let (_, credential) = parse("https://a%40b:p%3A@w:d@host").unwrap();
        assert_eq!(credential.id.as_deref(), Some("a@b"));
        assert_eq!(credential.secret.unwrap().expose(), "p:@w:d");
        let (_, none) = parse("http://host:1").unwrap();
        assert!(none.id.is_none() && none.secret.is_none());
        let (_, id_only) = parse("http://peer0:@host:1").unwrap();
        assert_eq!(id_only.id.as_deref(), Some("peer0"));
        assert!(id_only.secret.is_none());
    }

    #[test]
    fn a_path_before_the_endpoints_is_kept() {
        let (address, _) = parse("https://gate.example.com/ca1/").unwrap();
        assert_eq!(address.target("cainfo"), "/ca1/api/v1/cainfo");
        assert!(address.is_tls());
    }

    #[test]
    fn file_names_are_those_of_the_go_client() {
        let (address, _) = parse("http://ca.org1.example.com:7054").unwrap();
        assert_eq!(address.file_name(None), "ca-org1-example-com-7054.pem");
        assert_eq!(address.file_name(Some("ca.org1")), "ca-org1-example-com-7054-ca-org1.pem");
        assert_eq!(address.file_name(Some("../x")), "ca-org1-example-com-7054----x.pem");
    }

    #[test]
    fn bad_urls_are_refused_without_being_repeated() {
        for bad in [
            "localhost:7054",
            "ftp://x:hush@h",
            "http://x:hush@",
            "http://x:hush@h:0",
            "http://x:hush@h:99999",
            "http://x:hush@h?q",
            "http://x:hush@h o",
            "http://x:%ff@h",
            "http://x:hush@h/a b",
            "http://x:hush@h:",
        ] {
            let told = parse(bad).map(|_| bad).unwrap_err();
            assert!(!told.to_string().contains("hush"), "{bad}");
        }
    }

    #[test]
    fn loopback_addresses_are_known() {
        for (url, loopback) in [
            ("http://127.0.0.1:7054", true),
            ("http://localhost", true),
            ("http://[::1]:7054", true),
            ("http://ca.example.com:7054", false),
            ("http://localhost.example.com", false),
        ] {
            assert_eq!(parse(url).unwrap().0.is_loopback(), loopback, "{url}");
        }
    }
}
