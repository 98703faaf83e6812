//! PKCS#11 URIs: the names of tokens and keys. [RFC 7512](https://www.rfc-editor.org/rfc/rfc7512)

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};

use super::pin::PinSource;

/// What of a token or a key is named; what is absent is not asked for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Uri {
    /// `token`: the label of the token.
    pub token: Option<String>,
    /// `serial`: its serial number.
    pub serial: Option<String>,
    /// `manufacturer`.
    pub manufacturer: Option<String>,
    /// `model`.
    pub model: Option<String>,
    /// `object`: the `CKA_LABEL` of a key.
    pub object: Option<String>,
    /// `id`: its `CKA_ID`.
    pub id: Option<Vec<u8>>,
    /// `type`: `private`, `public`, `secret-key`, `cert` or `data`.
    pub kind: Option<String>,
    /// `module-path`: the PKCS#11 module.
    pub module: Option<PathBuf>,
    /// `pin-source`: a file, as `file:/path`, `file:///path` or `/path`.
    pub pin: Option<PinSource>,
}

/// Why a text is no PKCS#11 URI of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadUri {
    /// It does not begin with `pkcs11:`.
    #[error("a PKCS#11 URI begins with `pkcs11:`")]
    Scheme,
    /// It is longer than 4096 octets.
    #[error("the PKCS#11 URI is longer than 4096 octets")]
    TooLong,
    /// An attribute is no `name=value`, or its value is malformed.
    #[error("`{0}` in the PKCS#11 URI is malformed")]
    Malformed(String),
    /// An attribute stands twice. RFC 7512 section 2.3
    #[error("`{0}` stands twice in the PKCS#11 URI")]
    Twice(String),
    /// An attribute that we do not take.
    #[error("`{0}` is not taken in a PKCS#11 URI{1}")]
    NotTaken(String, &'static str),
}

impl FromStr for Uri {
    type Err = BadUri;

    fn from_str(text: &str) -> Result<Self, BadUri> {
        if text.len() > 4096 {
            return Err(BadUri::TooLong);
        }
        let rest = text.strip_prefix("pkcs11:").ok_or(BadUri::Scheme)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self::default();
        for (attribute, in_path) in parts(path, ';', true).chain(parts(query, '&', false)) {
            let (name, value) =
                attribute.split_once('=').ok_or_else(|| BadUri::Malformed(attribute.to_owned()))?;
            uri.set(name, value, in_path)?;
        }
        Ok(uri)
    }
}

fn parts(text: &str, separator: char, in_path: bool) -> impl Iterator<Item = (&str, bool)> {
    text.split(separator).filter(|part| !part.is_empty()).map(move |part| (part, in_path))
}

impl Uri {
    fn set(&mut self, name: &str, value: &str, in_path: bool) -> Result<(), BadUri> {
        let malformed = || BadUri::Malformed(name.to_owned());
        let octets: Vec<u8> = percent_decode_str(value).collect();
        let text = || String::from_utf8(octets.clone()).map_err(|_| malformed());
        match (name, in_path) {
            ("token", true) => put(&mut self.token, name, text()?),
            ("serial", true) => put(&mut self.serial, name, text()?),
            ("manufacturer", true) => put(&mut self.manufacturer, name, text()?),
            ("model", true) => put(&mut self.model, name, text()?),
            ("object", true) => put(&mut self.object, name, text()?),
            ("id", true) => put(&mut self.id, name, octets),
            ("type", true) => match text()?.as_str() {
                kind @ ("private" | "public" | "secret-key" | "cert" | "data") => {
                    put(&mut self.kind, name, kind.to_owned())
                }
                _ => Err(malformed()),
            },
            ("module-path", false) => put(&mut self.module, name, text()?.into()),
            ("pin-source", false) => {
                let text = text()?;
                let path = text.strip_prefix("file:").unwrap_or(&text);
                let path = path.strip_prefix("//").unwrap_or(path);
                if !path.starts_with('/') {
                    return Err(malformed());
                }
                put(&mut self.pin, name, PinSource::File(path.into()))
            }
            ("pin-value", _) => Err(BadUri::NotTaken(name.to_owned(), ": use pin-source")),
            ("slot-id", _) => {
                Err(BadUri::NotTaken(name.to_owned(), ": numbers of slots change; use serial"))
            }
            _ => Err(BadUri::NotTaken(name.to_owned(), "")),
        }
    }
}

fn put<T>(field: &mut Option<T>, name: &str, value: T) -> Result<(), BadUri> {
    match field.replace(value) {
        None => Ok(()),
        Some(_) => Err(BadUri::Twice(name.to_owned())),
    }
}

/// What stands for itself. RFC 7512 section 2.3 allows more; fewer are safe in a shell.
const ESCAPED: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
const ESCAPED_IN_PATH: &AsciiSet = &ESCAPED.remove(b'/');

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("pkcs11:")?;
        let texts = [
            ("model", &self.model),
            ("manufacturer", &self.manufacturer),
            ("serial", &self.serial),
            ("token", &self.token),
            ("object", &self.object),
            ("type", &self.kind),
        ];
        let mut separator = "";
        for (name, value) in texts {
            if let Some(value) = value {
                write!(f, "{separator}{name}={}", utf8_percent_encode(value, ESCAPED))?;
                separator = ";";
            }
        }
        if let Some(id) = &self.id {
            write!(f, "{separator}id=")?;
            for octet in id {
                // Every octet escaped, as RFC 7512 section 2.3 recommends for `id`.
                write!(f, "%{octet:02X}")?;
            }
        }
        let mut separator = "?";
        if let Some(module) = &self.module {
            let text = module.to_string_lossy();
            write!(f, "{separator}module-path={}", utf8_percent_encode(&text, ESCAPED_IN_PATH))?;
            separator = "&";
        }
        if let Some(PinSource::File(path)) = &self.pin {
            let text = path.to_string_lossy();
            write!(
                f,
                "{separator}pin-source=file:{}",
                utf8_percent_encode(&text, ESCAPED_IN_PATH)
            )?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_uri_of_another_tool_is_read() {
        let text = "pkcs11:model=SoftHSM%20v2;manufacturer=SoftHSM%20project;serial=1a2b;\
                    token=org1;id=%AB%01;object=ca-root;type=private\
                    ?module-path=/usr/lib/softhsm/libsofthsm2.so&pin-source=file:///run/pin";
        let uri: Uri = text.parse().unwrap();
        assert_eq!(uri.model.as_deref(), Some("SoftHSM v2"));
        assert_eq!(uri.id.as_deref(), Some(&[0xab, 1][..]));
        assert_eq!(uri.pin, Some(PinSource::File("/run/pin".into())));
        assert_eq!(uri.to_string().parse::<Uri>().unwrap(), uri);
        assert_eq!("pkcs11:".parse::<Uri>().unwrap(), Uri::default());
    }

    #[test]
    fn what_would_leak_a_pin_or_drift_is_refused() {
        for bad in [
            "pkcs11:token=a?pin-value=1234",
            "pkcs11:slot-id=0",
            "pkcs11:token=a;token=b",
            "pkcs11:token",
            "pkcs11:token=%ff",
            "pkcs11:type=key",
            "pkcs11:x-vendor=1",
            "pkcs11:token=a?pin-source=pin",
            "http://example.com",
        ] {
            assert!(bad.parse::<Uri>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn what_is_printed_is_read_back(token: String, object in proptest::option::of(".*"), id: Vec<u8>) {
            let uri = Uri { token: Some(token), object, id: Some(id), ..Uri::default() };
            if uri.to_string().len() <= 4096 {
                prop_assert_eq!(uri.to_string().parse::<Uri>().unwrap(), uri);
            }
        }

        #[test]
        fn no_text_makes_it_panic(text: String) {
            let _ = text.parse::<Uri>();
            let _ = format!("pkcs11:{text}").parse::<Uri>();
        }
    }
}
