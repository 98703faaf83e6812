//! HTTP message signatures: what a request says was signed, and the octets that were.
//! [RFC 9421](https://www.rfc-editor.org/rfc/rfc9421)
//!
//! Invariant: nothing here decides whether a signature is good; it decides what it would have to be of.

use std::fmt::Write as _;

use aws_lc_rs::digest::{SHA256, digest};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderName, header};
use sfv::{BareItem, Dictionary, InnerList, Item, ListEntry, Parser};

use crate::clock::Timestamp;
use crate::id::{KeyId, SerialNumber};

/// The shortest and the longest nonce, in characters.
const NONCE: std::ops::RangeInclusive<usize> = 16..=128;

/// Components that a signature may cover.
const MAX_COMPONENTS: usize = 32;

/// A signature of a request, not verified.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Signed {
    /// The issuer of the signer's certificate.
    pub(super) issuer: KeyId,
    /// Its serial number.
    pub(super) serial: SerialNumber,
    /// The octets that were signed: the signature base.
    pub(super) base: String,
    /// The signature.
    pub(super) signature: Vec<u8>,
    /// When it was made.
    pub(super) created: Timestamp,
    /// Until when it is good, where it says so.
    pub(super) expires: Option<Timestamp>,
    /// What makes it another than all before.
    pub(super) nonce: String,
}

impl Signed {
    /// Whether a request brings a signature at all.
    pub(super) fn is_there(headers: &HeaderMap) -> bool {
        headers.contains_key("signature-input") || headers.contains_key("signature")
    }

    /// Reads the signature of a request. It must cover the method, the whole target and, with a body, the
    /// digest of the body, which is compared.
    ///
    /// # Errors
    /// What is missing or wrong, by the name of the field.
    pub(super) fn of(parts: &Parts, body: &[u8]) -> Result<Self, String> {
        let inputs = dictionary(&parts.headers, "signature-input")?;
        let signatures = dictionary(&parts.headers, "signature")?;
        let mut labels = inputs.iter().filter(|(label, _)| signatures.contains_key(*label));
        let (label, input) = match (labels.next(), labels.next()) {
            (Some(only), None) => only,
            (None, _) => return Err("no signature has a `signature-input` of its label".to_owned()),
            (Some(_), Some(_)) => return Err("there is more than one signature".to_owned()),
        };
        let ListEntry::InnerList(input) = input else {
            return Err("`signature-input` is no list of components".to_owned());
        };
        let Some(ListEntry::Item(Item { bare_item: BareItem::ByteSequence(signature), .. })) =
            signatures.get(label)
        else {
            return Err("`signature` is no octets".to_owned());
        };
        let names = components(input)?;
        check_coverage(&names, parts, !body.is_empty())?;
        if !body.is_empty() {
            check_digest(&parts.headers, body)?;
        }

        let parameter = |name: &str| input.params.get(name);
        let instant = |name: &str| match parameter(name) {
            None => Ok(None),
            Some(BareItem::Integer(at)) => Ok(Some(Timestamp::from_unix(i64::from(*at)))),
            Some(_) => Err(format!("the parameter `{name}` is no number")),
        };
        let text = |name: &str| match parameter(name) {
            Some(BareItem::String(text)) => Ok(text.as_str()),
            Some(_) => Err(format!("the parameter `{name}` is no text")),
            None => Err(format!("the signature has no parameter `{name}`")),
        };
        let created = instant("created")?;
        let created = created.ok_or("the signature has no parameter `created`")?;
        let nonce = text("nonce")?;
        if !NONCE.contains(&nonce.len()) {
            let (least, most) = (NONCE.start(), NONCE.end());
            return Err(format!("the parameter `nonce` is not of {least} to {most} characters"));
        }
        let (issuer, serial) = key_named(text("keyid")?)
            .ok_or("the parameter `keyid` is not AKI.SERIAL of a certificate in hexadecimal")?;
        Ok(Self {
            issuer,
            serial,
            base: base(input, &names, parts)?,
            signature: signature.clone(),
            created,
            expires: instant("expires")?,
            nonce: nonce.to_owned(),
        })
    }
}

/// A certificate's name as a `keyid`: the key identifier of its issuer, a dot, its serial number.
fn key_named(text: &str) -> Option<(KeyId, SerialNumber)> {
    let (issuer, serial) = text.split_once('.')?;
    Some((issuer.parse().ok()?, serial.parse().ok()?))
}

fn dictionary(headers: &HeaderMap, name: &str) -> Result<Dictionary, String> {
    let value = field(headers, name)?.ok_or_else(|| format!("the header `{name}` is missing"))?;
    let parsed = Parser::new(&value).parse::<Dictionary>();
    parsed.map_err(|_| format!("the header `{name}` is no dictionary of structured fields"))
}

/// The value of a header: its lines put together. RFC 9421 section 2.1.
fn field(headers: &HeaderMap, name: &str) -> Result<Option<String>, String> {
    let mut whole: Option<String> = None;
    for line in headers.get_all(name) {
        let line = line.to_str().map_err(|_| format!("the header `{name}` is no ASCII"))?.trim();
        match &mut whole {
            None => whole = Some(line.to_owned()),
            Some(whole) => {
                whole.push_str(", ");
                whole.push_str(line);
            }
        }
    }
    Ok(whole)
}

fn components(input: &InnerList) -> Result<Vec<&str>, String> {
    if input.items.len() > MAX_COMPONENTS {
        return Err(format!("the signature covers more than {MAX_COMPONENTS} components"));
    }
    let mut names = Vec::with_capacity(input.items.len());
    for item in &input.items {
        let BareItem::String(name) = &item.bare_item else {
            return Err("a covered component is no text".to_owned());
        };
        if !item.params.is_empty() {
            return Err(format!("parameters of the component `{name}` are not supported"));
        }
        if names.contains(&name.as_str()) {
            return Err(format!("the component `{name}` is covered twice"));
        }
        names.push(name.as_str());
    }
    Ok(names)
}

fn check_coverage(names: &[&str], parts: &Parts, has_body: bool) -> Result<(), String> {
    let covers = |name: &str| names.contains(&name);
    let missing = |name: &str| Err(format!("the signature does not cover `{name}`"));
    if !covers("@method") {
        return missing("@method");
    }
    if !covers("@request-target") {
        if !covers("@path") {
            return missing("@path");
        }
        if parts.uri.query().is_some() && !covers("@query") {
            return missing("@query");
        }
    }
    if has_body && !covers("content-digest") {
        return missing("content-digest");
    }
    Ok(())
}

/// The body is the one of the `Content-Digest`.
/// [RFC 9530 section 2](https://www.rfc-editor.org/rfc/rfc9530#section-2)
fn check_digest(headers: &HeaderMap, body: &[u8]) -> Result<(), String> {
    let digests = dictionary(headers, "content-digest")?;
    let Some(ListEntry::Item(Item { bare_item: BareItem::ByteSequence(told), .. })) =
        digests.get("sha-256")
    else {
        return Err("the header `content-digest` has no `sha-256`".to_owned());
    };
    if told.as_slice() == digest(&SHA256, body).as_ref() {
        Ok(())
    } else {
        Err("the body is not that of the header `content-digest`".to_owned())
    }
}

/// The signature base. RFC 9421 section 2.5.
fn base(input: &InnerList, names: &[&str], parts: &Parts) -> Result<String, String> {
    let mut base = String::new();
    for name in names {
        let value = component(name, parts)?;
        // Writing into a String cannot fail.
        let _ = writeln!(base, "\"{name}\": {value}");
    }
    let mut parameters = sfv::ListSerializer::new();
    parameters.members(&[ListEntry::InnerList(input.clone())]);
    let parameters = parameters.finish().ok_or("`signature-input` is empty")?;
    let _ = write!(base, "\"@signature-params\": {parameters}");
    Ok(base)
}

fn component(name: &str, parts: &Parts) -> Result<String, String> {
    let uri = &parts.uri;
    Ok(match name {
        "@method" => parts.method.as_str().to_owned(),
        "@path" => uri.path().to_owned(),
        "@query" => format!("?{}", uri.query().unwrap_or_default()),
        "@request-target" => uri.path_and_query().map_or("/", |target| target.as_str()).to_owned(),
        "@authority" => {
            let host = field(&parts.headers, header::HOST.as_str())?;
            host.ok_or("the header `host` is missing")?.to_ascii_lowercase()
        }
        _ if name.starts_with('@') => {
            let known = "@method, @path, @query, @request-target and @authority";
            return Err(format!("the component `{name}` is not supported; {known} are"));
        }
        _ => {
            // Components are in lower case, and so is what this makes.
            let header = HeaderName::from_lowercase(name.as_bytes());
            let header = header.map_err(|_| format!("`{name}` is no header in lower case"))?;
            let value = field(&parts.headers, header.as_str())?;
            value.ok_or_else(|| format!("the header `{name}` is covered but missing"))?
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::Request;

    const BODY: &[u8] = br#"{"hello": "world"}"#;

    fn request(change: impl Fn(&str, String) -> String) -> Parts {
        let digest = base64::Engine::encode(
            &base64::engine::general_purpose::STANDARD,
            digest(&SHA256, BODY).as_ref(),
        );
        let header = |name: &str, value: String| (name.to_owned(), change(name, value));
        let headers = [
            header("host", "Example.com:7054".to_owned()),
            header("content-digest", format!("sha-256=:{digest}:")),
            header(
                "signature-input",
                "sig1=(\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");\
                 created=1618884473;nonce=\"0123456789abcdef\";keyid=\"0a0b.01ff\""
                    .to_owned(),
            ),
            header("signature", "sig1=:AQID:".to_owned()),
        ];
        let mut request = Request::builder().method("POST").uri("/api/v2/verify?a=b%20c");
        for (name, value) in headers {
            if !value.is_empty() {
                request = request.header(name, value);
            }
        }
        request.body(()).unwrap().into_parts().0
    }

    #[test]
    fn the_base_is_that_of_rfc_9421() {
        let signed = Signed::of(&request(|_, value| value), BODY).unwrap();
        let digest = "X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=";
        assert_eq!(
            signed.base,
            format!(
                "\"@method\": POST\n\"@authority\": example.com:7054\n\"@path\": /api/v2/verify\n\
                 \"@query\": ?a=b%20c\n\"content-digest\": sha-256=:{digest}:\n\
                 \"@signature-params\": (\"@method\" \"@authority\" \"@path\" \"@query\" \"content-digest\");\
                 created=1618884473;nonce=\"0123456789abcdef\";keyid=\"0a0b.01ff\""
            )
        );
        assert_eq!(signed.issuer.as_octets(), [0x0a, 0x0b]);
        assert_eq!(signed.serial.as_octets(), [0x01, 0xff]);
        assert_eq!(
            (signed.signature.as_slice(), signed.created.unix()),
            (&[1, 2, 3][..], 1_618_884_473)
        );
    }

    #[test]
    fn what_is_missing_is_named() {
        let cases: [(&str, &str, &str, &str); 12] = [
            ("signature", "sig1=:AQID:", "", "`signature` is missing"),
            ("signature", "sig1=", "sig2=", "of its label"),
            ("signature", ":AQID:", "\"text\"", "no octets"),
            ("signature-input", "\"@method\" ", "", "does not cover `@method`"),
            ("signature-input", "\"@path\" ", "", "does not cover `@path`"),
            ("signature-input", "\"@query\" ", "", "does not cover `@query`"),
            ("signature-input", " \"content-digest\"", "", "does not cover `content-digest`"),
            ("signature-input", "\"@path\"", "\"@status\" \"@path\"", "`@status` is not supported"),
            ("signature-input", "\"@path\"", "\"@path\";req", "parameters of the component"),
            (
                "signature-input",
                "\"@path\"",
                "\"@path\" \"x-other\"",
                "`x-other` is covered but missing",
            ),
            ("signature-input", "0123456789abcdef", "short", "`nonce` is not of 16"),
            ("signature-input", "0a0b.01ff", "0a0b", "`keyid` is not"),
        ];
        for (header, from, to, told) in cases {
            let parts = request(|name, value| {
                if name == header {
                    value.replace(from, to).trim_end_matches("sig1=").to_owned()
                } else {
                    value
                }
            });
            let error = Signed::of(&parts, BODY).unwrap_err();
            assert!(error.contains(told), "{header} {from} {to}: {error}");
        }
        let parts = request(|_, value| value);
        assert!(Signed::of(&parts, b"{}").unwrap_err().contains("content-digest"));
    }
}
