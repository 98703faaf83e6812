//! Our own API: one request, signed where it must be, one answer, problems told as failures.

use aws_lc_rs::digest::{SHA256, SHA384, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;
use ureq::http::Request;

use super::client::Client;
use super::key::{Curve, MemberKey};
use super::server::Caller;
use crate::api::v2::ProblemBody;
use crate::cli::exit::Failure;
use crate::cli::output::printable;
use crate::clock::Clock;
use crate::pki::Certificate;
use crate::secret::random;

/// Bounds an answer: verdicts with explanations, or an MSP with long lists.
const ANSWER_BYTES: u64 = 64 << 20;

/// Headers with their values.
type Headers = Vec<(&'static str, String)>;

impl Client {
    /// Asks our own API; `path` begins behind `/api/v2/`.
    ///
    /// # Errors
    /// When the server cannot be reached, refuses, or answers what it should not.
    pub(super) fn call<T: DeserializeOwned>(
        &self,
        method: &str,
        path: &str,
        body: Option<&[u8]>,
        caller: Option<&Caller>,
    ) -> Result<T, Failure> {
        let octets = self.call_for_octets(method, path, body, caller)?;
        serde_json::from_slice(&octets).map_err(|error| self.not_ours().because(error))
    }

    /// As [`Client::call`], with the body of the answer as it came.
    ///
    /// # Errors
    /// As [`Client::call`].
    pub(super) fn call_for_octets(
        &self,
        method: &str,
        path: &str,
        body: Option<&[u8]>,
        caller: Option<&Caller>,
    ) -> Result<Vec<u8>, Failure> {
        let target = self.address().own_target(path);
        let octets = body.unwrap_or_default();
        let mut request = Request::builder()
            .method(method)
            .uri(self.address().url(&target))
            .header("accept", "application/json, application/problem+json");
        if body.is_some() {
            request = request.header("content-type", "application/json");
        }
        if let Some(caller) = caller {
            for (name, value) in
                signed(method, &target, octets, &caller.certificate, caller.key.as_ref())?
            {
                request = request.header(name, value);
            }
        }
        let mut response = self.run(request, octets)?;
        let status = response.status().as_u16();
        let told = response.body_mut().with_config().limit(ANSWER_BYTES).read_to_vec();
        let told = told.map_err(|error| self.unreachable(error))?;
        if status < 300 {
            return Ok(told);
        }
        let problem: ProblemBody = serde_json::from_slice(&told).map_err(|_| self.not_ours())?;
        Err(refusal(&problem))
    }

    fn not_ours(&self) -> Failure {
        Failure::refused(format!("`{}` does not answer as a Chancery does", self.address()))
            .hint("this command needs our own API, which a Fabric CA does not have")
    }
}

/// A body of our own API.
///
/// # Errors
/// When it cannot be written.
pub(super) fn body(value: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(value)
        .map_err(|error| Failure::refused("could not write the request").because(error))
}

fn refusal(problem: &ProblemBody) -> Failure {
    let failure = Failure::refused(printable(&problem.detail)).details(problem.details.clone());
    match problem.kind.rsplit(':').next().unwrap_or_default() {
        "unauthenticated" => failure.hint(
            "check that the certificate is neither over nor revoked and is of this server, and that \
             the clock is right to the minute",
        ),
        "busy" | "unavailable" => failure.hint("try again in a moment"),
        "internal" => failure.hint(format!(
            "the cause is in the server's log under `{}`",
            printable(&problem.request_id)
        )),
        _ => failure,
    }
}

/// The headers of an HTTP message signature with the key of a certificate, good for a minute and once.
/// [RFC 9421](https://www.rfc-editor.org/rfc/rfc9421)
///
/// # Errors
/// When the key cannot sign.
pub(in crate::cli) fn signed(
    method: &str,
    target: &str,
    body: &[u8],
    certificate: &Certificate,
    key: &dyn MemberKey,
) -> Result<Headers, Failure> {
    let nonce = random::<16>().map_err(|error| Failure::refused("no randomness").because(error))?;
    let issuer = certificate.authority_key_id().ok_or_else(|| {
        Failure::usage("the member's certificate does not name the key of its issuer")
    })?;
    let key_id = format!("{issuer}.{}", certificate.serial());
    let created = Clock::system().now().unix();
    let content_digest = format!("sha-256=:{}:", STANDARD.encode(digest(&SHA256, body).as_ref()));
    let (covered, line) = if body.is_empty() {
        ("", String::new())
    } else {
        (" \"content-digest\"", format!("\"content-digest\": {content_digest}\n"))
    };
    let parameters = format!(
        "(\"@method\" \"@request-target\"{covered});created={created};nonce=\"{}\";keyid=\"{key_id}\"",
        hex::encode(nonce)
    );
    let base = format!(
        "\"@method\": {method}\n\"@request-target\": {target}\n{line}\"@signature-params\": {parameters}"
    );
    let signature = raw_signature(key, base.as_bytes())?;
    let mut headers = vec![
        ("signature-input", format!("sig1={parameters}")),
        ("signature", format!("sig1=:{}:", STANDARD.encode(signature))),
    ];
    if !body.is_empty() {
        headers.push(("content-digest", content_digest));
    }
    Ok(headers)
}

/// `r || s`, over the digest that goes with the curve. RFC 9421 sections 3.3.4 and 3.3.5.
fn raw_signature(key: &dyn MemberKey, base: &[u8]) -> Result<Vec<u8>, Failure> {
    let unusable = |_| Failure::refused("the key gave a signature that cannot be used");
    match key.curve() {
        Curve::P256 => {
            let der = key.sign_digest(digest(&SHA256, base).as_ref())?;
            let signature = p256::ecdsa::Signature::from_der(&der).map_err(unusable)?;
            Ok(signature.to_bytes().to_vec())
        }
        Curve::P384 => {
            let der = key.sign_digest(digest(&SHA384, base).as_ref())?;
            let signature = p384::ecdsa::Signature::from_der(&der).map_err(unusable)?;
            Ok(signature.to_bytes().to_vec())
        }
    }
}
