//! What stands in the `Authorization` header: a password, or Fabric CA's token.
//!
//! A token is `C "." S`, with C the caller's certificate in PEM and S an ECDSA signature, both in
//! base64. It covers method, request target and body, but neither a time nor a nonce: whoever reads
//! one can send the very same request again. The facade takes it since its clients have nothing else.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::pki::pem;
use crate::secret::EnrollmentSecret;

/// A header is neither a password nor a token.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(super) struct BadHeader(&'static str);

/// An enrollment ID and its secret.
#[derive(Debug)]
pub(super) struct Basic {
    /// Up to the first colon.
    pub(super) id: String,
    /// Everything behind it.
    pub(super) secret: EnrollmentSecret,
}

/// A token whose form is right.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Token<'a> {
    /// The first part as it stands in the header: it is what is signed.
    encoded: &'a str,
    /// The first block of the PEM text: what should be a certificate in DER. What follows it does
    /// not matter, nor do carriage returns, as C is signed as it stands.
    pub(super) certificate: Vec<u8>,
    /// What should be a DER signature.
    pub(super) signature: Vec<u8>,
}

/// Reads `Basic base64(id ":" secret)`; the scheme in any case.
///
/// # Errors
/// Another scheme, no base64, no colon, no UTF-8.
pub(super) fn basic(header: &[u8]) -> Result<Basic, BadHeader> {
    const SCHEME: &[u8] = b"basic ";
    let (scheme, encoded) =
        header.split_at_checked(SCHEME.len()).ok_or(BadHeader("not a Basic credential"))?;
    if !scheme.eq_ignore_ascii_case(SCHEME) {
        return Err(BadHeader("not a Basic credential"));
    }
    let text = STANDARD.decode(encoded).map_err(|_| BadHeader("not base64"))?;
    let text =
        zeroize::Zeroizing::new(String::from_utf8(text).map_err(|_| BadHeader("not UTF-8"))?);
    let (id, secret) = text.split_once(':').ok_or(BadHeader("no colon"))?;
    Ok(Basic { id: id.to_owned(), secret: EnrollmentSecret::new(secret.to_owned()) })
}

impl<'a> Token<'a> {
    /// Reads a token of either version: they differ in what is signed.
    ///
    /// # Errors
    /// Another number of parts than two, base64 that is not the standard one with padding, no PEM.
    pub(super) fn parse(header: &'a [u8]) -> Result<Self, BadHeader> {
        let text = std::str::from_utf8(header).map_err(|_| BadHeader("not text"))?;
        if text.starts_with("idemix.") {
            return Err(BadHeader("Idemix tokens are not taken"));
        }
        let (encoded, signature) = text.split_once('.').ok_or(BadHeader("not two parts"))?;
        if signature.contains('.') {
            return Err(BadHeader("not two parts"));
        }
        let pem =
            STANDARD.decode(encoded).map_err(|_| BadHeader("the certificate is no base64"))?;
        let pem = String::from_utf8_lossy(&pem);
        let block = pem::blocks(&pem).next().ok_or(BadHeader("the certificate is no PEM"))?;
        let signature =
            STANDARD.decode(signature).map_err(|_| BadHeader("the signature is no base64"))?;
        Ok(Self { encoded, certificate: block.der, signature })
    }

    /// What a token of version 2 signs. The target is path and query as they were sent.
    pub(super) fn message(&self, method: &str, target: &str, body: &[u8]) -> Vec<u8> {
        let mut text = format!("{method}.{}.", STANDARD.encode(target));
        STANDARD.encode_string(body, &mut text);
        self.with_certificate(text)
    }

    /// What a token of version 1 signs: neither method nor target.
    pub(super) fn message_v1(&self, body: &[u8]) -> Vec<u8> {
        self.with_certificate(STANDARD.encode(body))
    }

    fn with_certificate(&self, mut text: String) -> Vec<u8> {
        text.push('.');
        text.push_str(self.encoded);
        text.into_bytes()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const PEM: &str = "-----BEGIN CERTIFICATE-----\nAAAA\nBBBB\n-----END CERTIFICATE-----\n";

    fn header(pem: &str) -> Vec<u8> {
        format!("{}.{}", STANDARD.encode(pem), STANDARD.encode("signature")).into_bytes()
    }

    #[test]
    fn the_secret_is_everything_behind_the_first_colon() {
        for scheme in ["Basic", "basic", "BASIC"] {
            let read =
                basic(format!("{scheme} {}", STANDARD.encode("id:a:b:")).as_bytes()).unwrap();
            assert_eq!((read.id.as_str(), read.secret.expose()), ("id", "a:b:"));
        }
        let read = basic(format!("Basic {}", STANDARD.encode(":")).as_bytes()).unwrap();
        assert_eq!((read.id.as_str(), read.secret.expose()), ("", ""));
    }

    #[test]
    fn what_is_no_password_is_refused() {
        for bad in [
            "",
            "Basic",
            "Basic ",
            "Basic !!!",
            "Basic YWRtaW4=",
            "Basic YTpi YTpi",
            "Bearer YTpi",
            "Basic YTpiYw",
            "BasicYTpi",
        ] {
            assert!(basic(bad.as_bytes()).is_err(), "{bad}");
        }
        assert!(basic(format!("Basic {}", STANDARD.encode(b"a:\xff")).as_bytes()).is_err());
    }

    #[test]
    fn the_text_that_is_signed_is_fabric_cas() {
        let header = header(PEM);
        let token = Token::parse(&header).unwrap();
        let message = token.message("POST", "/api/v1/gencrl?ca=%41", b"{}");
        let c = STANDARD.encode(PEM);
        assert_eq!(
            String::from_utf8(message).unwrap(),
            format!("POST.{}.e30=.{c}", STANDARD.encode("/api/v1/gencrl?ca=%41"))
        );
        assert_eq!(token.message_v1(b""), format!(".{c}").into_bytes());
        assert_eq!(token.signature, b"signature");
    }

    #[test]
    fn variants_of_the_certificate_are_one_certificate() {
        let crlf = PEM.replace('\n', "\r\n");
        let chain = format!("{PEM}{}", PEM.replace('A', "C"));
        let padded = format!("{PEM}\n\n");
        for text in [PEM, PEM.trim_end(), &crlf, &chain, &padded] {
            let header = header(text);
            assert_eq!(
                Token::parse(&header).unwrap().certificate,
                STANDARD.decode("AAAABBBB").unwrap(),
                "{text:?}"
            );
        }
    }

    #[test]
    fn what_is_no_token_is_refused() {
        let c = STANDARD.encode(format!("{PEM}\n"));
        assert!(c.ends_with('='));
        for bad in [
            String::new(),
            ".".into(),
            c.clone(),
            format!("{c}.AAAA.x"),
            format!("{c}.AAAA."),
            format!("{}.AAAA", c.trim_end_matches('=')),
            format!("{c}.AA-_"),
            format!("{c}.AAA"),
            format!("{}.AAAA", STANDARD.encode("no PEM")),
            format!("Bearer {c}.AAAA"),
            "idemix.1.id.AAAA".into(),
            "Basic YTpi".into(),
        ] {
            assert!(Token::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn no_header_makes_it_panic(octets in proptest::collection::vec(any::<u8>(), 0..100), text in "[A-Za-z0-9+/=. -]{0,80}") {
            for header in [octets.as_slice(), text.as_bytes()] {
                let _ = Token::parse(header);
                let _ = basic(header);
            }
        }
    }
}
