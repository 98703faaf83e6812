//! Where an orderer is.

use std::fmt;
use std::str::FromStr;

/// A host and a port, e.g. `orderer0.example.com:7050`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Address {
    host: String,
    port: u16,
}

/// A text that is no address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadAddress {
    /// There is no port, or none that is a number from 1 to 65535.
    #[error("it has no port from 1 to 65535 after a colon")]
    Port,
    /// There is no host, or one with letters that no host has.
    #[error("its host is no name and no IP address")]
    Host,
}

/// The longest name of a host. [RFC 1035 section 2.3.4](https://www.rfc-editor.org/rfc/rfc1035#section-2.3.4)
const MAX_HOST: usize = 253;

impl Address {
    /// The host: a name, or an IP address without brackets.
    pub fn host(&self) -> &str {
        &self.host
    }

    /// The port.
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl FromStr for Address {
    type Err = BadAddress;

    fn from_str(text: &str) -> Result<Self, BadAddress> {
        let (host, port) = text.rsplit_once(':').ok_or(BadAddress::Port)?;
        let digits = port.bytes().all(|octet| octet.is_ascii_digit());
        let port = port.parse().ok().filter(|port| digits && *port != 0).ok_or(BadAddress::Port)?;
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
        let is_name = |host: &str| {
            let is_legal = |octet: u8| octet.is_ascii_alphanumeric() || b"-._".contains(&octet);
            !host.is_empty() && host.len() <= MAX_HOST && host.bytes().all(is_legal)
        };
        let is_host =
            bare.map_or_else(|| is_name(host), |bare| bare.parse::<std::net::Ipv6Addr>().is_ok());
        if !is_host {
            return Err(BadAddress::Host);
        }
        Ok(Self { host: bare.unwrap_or(host).to_owned(), port })
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_a_host_and_a_port() {
        for text in ["orderer0.example.com:7050", "127.0.0.1:1", "[::1]:65535", "a_b:7"] {
            assert_eq!(text.parse::<Address>().map(|it| it.to_string()), Ok(text.to_owned()));
        }
        let bad = |text: &str| text.parse::<Address>().unwrap_err();
        for text in ["orderer", "orderer:", "orderer:0", "orderer:65536", "orderer:+1", "o:x"] {
            assert_eq!(bad(text), BadAddress::Port, "{text}");
        }
        for text in [":1", "a b:1", "::1:1", "[x]:1", "https://orderer:1", "a/b:1"] {
            assert_eq!(bad(text), BadAddress::Host, "{text}");
        }
    }
}
