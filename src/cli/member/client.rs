//! HTTP to a Fabric CA: one request, one answer in its envelope, bounded and with deadlines.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::value::RawValue;
use ureq::http::request::Builder;
use ureq::http::{HeaderValue, Request, Response};
use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig, parse_pem};
use ureq::{Agent, Body};
use zeroize::Zeroizing;

use super::address::Address;
use super::files;
use super::hints;
use super::key::MemberKey;
use super::token;
use crate::api::fabric::{Envelope, Message};
use crate::cli::exit::Failure;
use crate::secret::EnrollmentSecret;

/// Bounds the answers that hold one thing. A certificate chain takes a few kilobytes.
const ANSWER_BYTES: u64 = 4 << 20;

/// Bounds the answers that hold a CRL: the largest that is read, twice in base64.
const CRL_ANSWER_BYTES: u64 = 2 * crate::pki::MAX_CRL as u64;

/// Bounds the lists, which are read as they come and never held whole.
pub(super) const LIST_BYTES: u64 = 8 << 30;

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// How long an answer may take to begin: an HSM may be slow, a CRL long.
const ANSWER: Duration = Duration::from_mins(1);

/// How long an answer may take to come through.
const TRANSFER: Duration = Duration::from_mins(30);

/// What the connection is encrypted with.
#[derive(Debug, Clone, Default)]
pub(in crate::cli) struct TlsFiles {
    /// PEM files with the roots that the server's certificate must chain to.
    pub(in crate::cli) roots: Vec<PathBuf>,
    /// PEM files of our own certificate and key, for a server that asks for one.
    pub(in crate::cli) client: Option<(PathBuf, PathBuf)>,
}

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub(in crate::cli) enum Credential<'a> {
    /// Nobody in particular.
    Nobody,
    /// An enrollment ID with its secret.
    Basic {
        /// The enrollment ID.
        id: &'a str,
        /// Its secret.
        secret: &'a EnrollmentSecret,
    },
    /// The owner of a certificate.
    Certificate {
        /// PEM, as it stands in the file.
        pem: &'a str,
        /// The certificate's key.
        key: &'a dyn MemberKey,
    },
}

/// A connection to one server and, when one was chosen, one of its CAs.
#[derive(Debug)]
pub(in crate::cli) struct Client {
    agent: Agent,
    address: Address,
    ca: Option<String>,
}

impl Client {
    /// Prepares a connection; nothing is sent yet.
    ///
    /// # Errors
    /// When a TLS file cannot be used, or an `https` address comes without roots.
    pub(in crate::cli) fn new(
        address: Address,
        ca: Option<String>,
        tls: &TlsFiles,
    ) -> Result<Self, Failure> {
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .proxy(None)
            .user_agent(concat!("chancery/", env!("CARGO_PKG_VERSION")))
            .timeout_connect(Some(CONNECT))
            .timeout_send_body(Some(ANSWER))
            .timeout_recv_response(Some(ANSWER))
            .timeout_recv_body(Some(TRANSFER));
        if address.is_tls() {
            config = config.tls_config(tls_config(tls)?);
        }
        Ok(Self { agent: config.build().new_agent(), address, ca })
    }

    /// The server's address.
    pub(super) fn address(&self) -> &Address {
        &self.address
    }

    /// The CA that was chosen; `None` for the server's default.
    pub(super) fn ca(&self) -> Option<&str> {
        self.ca.as_deref()
    }

    /// The `caname` of a body; empty for the server's default.
    pub(super) fn ca_name(&self) -> &str {
        self.ca.as_deref().unwrap_or_default()
    }

    /// Asks with a body that names its CA itself.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses, or answers what it should not.
    pub(in crate::cli) fn send<T: DeserializeOwned>(
        &self,
        method: &str,
        endpoint: &str,
        body: &impl Serialize,
        credential: Credential<'_>,
    ) -> Result<T, Failure> {
        let body = serde_json::to_vec(body)
            .map(Zeroizing::new)
            .map_err(|error| Failure::refused("could not write the request").because(error))?;
        let limit = match endpoint {
            "revoke" | "gencrl" => CRL_ANSWER_BYTES,
            _ => ANSWER_BYTES,
        };
        let response = self.exchange(method, &self.address.target(endpoint), &body, credential)?;
        self.answer(response, limit)
    }

    /// Asks without a body; the CA travels in the query, after `query`.
    ///
    /// # Errors
    /// As [`Client::send`].
    pub(super) fn ask<T: DeserializeOwned>(
        &self,
        method: &str,
        endpoint: &str,
        query: &[(&str, &str)],
        credential: Credential<'_>,
    ) -> Result<T, Failure> {
        let response = self.exchange(method, &self.target(endpoint, query), b"", credential)?;
        self.answer(response, ANSWER_BYTES)
    }

    /// The request target with the query and the CA.
    pub(super) fn target(&self, endpoint: &str, query: &[(&str, &str)]) -> String {
        let ca = self.ca.as_deref().map(|ca| ("ca", ca));
        let pairs: Vec<String> = query
            .iter()
            .copied()
            .chain(ca)
            .map(|(name, value)| format!("{name}={}", escaped(value)))
            .collect();
        let target = self.address.target(endpoint);
        if pairs.is_empty() { target } else { format!("{target}?{}", pairs.join("&")) }
    }

    /// Sends one request and takes the head of its answer.
    pub(super) fn exchange(
        &self,
        method: &str,
        target: &str,
        body: &[u8],
        credential: Credential<'_>,
    ) -> Result<Response<Body>, Failure> {
        let mut request = Request::builder()
            .method(method)
            .uri(self.address.url(target))
            .header("accept", "application/json");
        if !body.is_empty() {
            request = request.header("content-type", "application/json");
        }
        if let Some(value) = authorization(method, target, body, credential)? {
            request = request.header("authorization", value);
        }
        self.run(request, body)
    }

    /// Sends a request whose head is made.
    pub(super) fn run(&self, head: Builder, body: &[u8]) -> Result<Response<Body>, Failure> {
        let unusable = |error| Failure::usage("the request has no usable URL").because(error);
        let response = if body.is_empty() {
            self.agent.run(head.body(()).map_err(unusable)?)
        } else {
            self.agent.run(head.body(body).map_err(unusable)?)
        };
        response.map_err(|error| self.unreachable(error))
    }

    fn answer<T: DeserializeOwned>(
        &self,
        mut response: Response<Body>,
        limit: u64,
    ) -> Result<T, Failure> {
        let status = response.status().as_u16();
        let octets = response.body_mut().with_config().limit(limit).read_to_vec();
        let octets = Zeroizing::new(octets.map_err(|error| self.unreachable(error))?);
        let Ok(envelope) = serde_json::from_slice::<Envelope<Box<RawValue>>>(&octets) else {
            return Err(self.not_fabric(status));
        };
        self.verdict(status, envelope.success, envelope.errors)?;
        serde_json::from_str(envelope.result.get())
            .map_err(|error| self.not_fabric(status).because(error))
    }

    /// Success wants a status below 400, no error and `success: true`, as in the Go client.
    pub(super) fn verdict(
        &self,
        status: u16,
        success: bool,
        errors: Vec<Message>,
    ) -> Result<(), Failure> {
        match errors.into_iter().next() {
            Some(error) => Err(hints::refusal(status, &error)),
            None if success && status < 400 => Ok(()),
            None => Err(self.not_fabric(status)),
        }
    }

    /// The answer is not one that a Fabric CA gives.
    pub(super) fn not_fabric(&self, status: u16) -> Failure {
        let failure = Failure::refused(format!(
            "`{}` answered with HTTP status {status} and not as a Fabric CA does",
            self.address
        ));
        match status {
            400 if !self.address.is_tls() => {
                failure.hint("the server may speak TLS: try `https://` with `--tls-ca`")
            }
            301..=308 => failure.hint("use the address that the server is really at"),
            404 => failure.hint("check the URL; a proxy may serve the CA under another path"),
            502..=504 => {
                failure.hint("the server, or a proxy before it, is busy or restarting; try again")
            }
            _ => failure,
        }
    }

    /// The request or its answer did not come through.
    pub(super) fn unreachable(&self, error: ureq::Error) -> Failure {
        let hint = hint(&error);
        let failure = Failure::refused(format!("no answer from `{}`", self.address));
        let failure = match hint {
            Some(hint) => failure.hint(hint),
            None => failure,
        };
        failure.because(error)
    }
}

#[expect(clippy::wildcard_enum_match_arm, reason = "ureq's enum grows; most need no hint")]
fn hint(error: &ureq::Error) -> Option<&'static str> {
    use ureq::Error;
    match error {
        Error::Io(io) if tls_error(io).is_some() => tls_error(io).map(tls_hint),
        Error::Rustls(error) => Some(tls_hint(error)),
        Error::HostNotFound => Some("check the host name in `--url`"),
        Error::Io(_) | Error::ConnectionFailed => Some(
            "check that the server runs and that host, port and http or https are right; a Fabric CA listens on port 7054 unless told otherwise",
        ),
        Error::Timeout(_) => {
            Some("the server may be busy or its HSM slow; look before you repeat what was asked")
        }
        Error::Protocol(_) => {
            Some("what listens there does not speak plain HTTP/1.1; try `https://`")
        }
        _ => None,
    }
}

/// What TLS said, inside the I/O error that it comes as.
fn tls_error(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref().and_then(|inner| inner.downcast_ref())
}

#[expect(clippy::wildcard_enum_match_arm, reason = "rustls' enum grows; all else is one case")]
fn tls_hint(error: &rustls::Error) -> &'static str {
    use rustls::CertificateError::{NotValidForName, NotValidForNameContext};
    match error {
        rustls::Error::InvalidCertificate(NotValidForName | NotValidForNameContext { .. }) => {
            "use a host name that the server's certificate is good for"
        }
        rustls::Error::InvalidCertificate(_) => {
            "give `--tls-ca` the root of the server's TLS certificate"
        }
        _ => "check that the server speaks TLS, or try `http://`",
    }
}

/// Escapes what a path segment or a query value cannot hold as it is.
pub(super) fn escaped(text: &str) -> String {
    use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
    const SET: &AsciiSet = &NON_ALPHANUMERIC.remove(b'-').remove(b'.').remove(b'_').remove(b'~');
    utf8_percent_encode(text, SET).to_string()
}

fn authorization(
    method: &str,
    target: &str,
    body: &[u8],
    credential: Credential<'_>,
) -> Result<Option<HeaderValue>, Failure> {
    let text = match credential {
        Credential::Nobody => return Ok(None),
        Credential::Basic { id, secret } => {
            if id.contains(':') {
                return Err(Failure::usage(
                    "an enrollment ID with a colon cannot enroll with a secret",
                ));
            }
            let pair = Zeroizing::new(format!("{id}:{}", secret.expose()));
            Zeroizing::new(format!("Basic {}", STANDARD.encode(pair.as_bytes())))
        }
        Credential::Certificate { pem, key } => {
            Zeroizing::new(token::authorization(method, target, body, pem, key)?)
        }
    };
    let mut value = HeaderValue::from_str(&text)
        .map_err(|error| Failure::refused("could not write the request").because(error))?;
    value.set_sensitive(true);
    Ok(Some(value))
}

fn tls_config(files: &TlsFiles) -> Result<TlsConfig, Failure> {
    let mut roots = Vec::new();
    for file in &files.roots {
        roots.extend(certificates(file)?);
    }
    if roots.is_empty() {
        return Err(Failure::usage("an https URL needs `--tls-ca FILE`")
            .hint("give the PEM file with the root of the server's TLS certificate"));
    }
    let client = match &files.client {
        Some((certificate, key)) => {
            let chain = certificates(certificate)?;
            Some(ClientCert::new_with_certs(&chain, private_key(key)?))
        }
        None => None,
    };
    Ok(TlsConfig::builder()
        .unversioned_rustls_crypto_provider(Arc::new(rustls::crypto::aws_lc_rs::default_provider()))
        .root_certs(RootCerts::new_with_certs(&roots))
        .client_cert(client)
        .build())
}

fn certificates(file: &Path) -> Result<Vec<Certificate<'static>>, Failure> {
    let pem = files::read(file)?;
    let bad = || Failure::usage(format!("`{}` holds no PEM certificate", file.display()));
    let mut found = Vec::new();
    for item in parse_pem(&pem) {
        if let PemItem::Certificate(certificate) = item.map_err(|error| bad().because(error))? {
            found.push(certificate);
        }
    }
    if found.is_empty() { Err(bad()) } else { Ok(found) }
}

fn private_key(file: &Path) -> Result<PrivateKey<'static>, Failure> {
    let pem = files::read(file)?;
    PrivateKey::from_pem(&pem).map_err(|error| {
        Failure::usage(format!("`{}` holds no PEM private key", file.display())).because(error)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_escaped_once_and_carry_the_ca() {
        let (address, _) =
            "http://h:1".parse::<super::super::address::UrlText>().unwrap().parse().unwrap();
        let client = Client::new(address, Some("ca.org1".into()), &TlsFiles::default()).unwrap();
        let endpoint = format!("identities/{}", escaped("a/b c"));
        assert_eq!(
            client.target(&endpoint, &[("force", "true"), ("revoked_start", "+30d")]),
            "/api/v1/identities/a%2Fb%20c?force=true&revoked_start=%2B30d&ca=ca.org1"
        );
    }

    #[test]
    fn https_without_roots_is_a_usage_failure() {
        let (address, _) =
            "https://h:1".parse::<super::super::address::UrlText>().unwrap().parse().unwrap();
        let told = Client::new(address, None, &TlsFiles::default()).unwrap_err();
        assert!(told.to_string().contains("--tls-ca"));
    }
}
