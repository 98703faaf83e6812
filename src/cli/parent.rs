//! Our issuer under another server: enrolls there with profile `ca`, as any member would.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::compose;
use super::exit::Failure;
use super::member::{Client, Credential, TlsFiles, UrlText};
use crate::api::fabric::{EnrollRequest, EnrollResponse};
use crate::pki::Certificate;
use crate::service::CaOptions;

/// No chain of a parent is longer.
const MAX_CHAIN: usize = 16;

/// Has the parent of a CA certify a request; answers with the certificate and those above it. What
/// they are worth is checked by the ceremony.
pub(super) fn certify(ca: &CaOptions, request: &str) -> Result<Vec<Certificate>, Failure> {
    let parent = ca.parent.as_ref();
    let parent = parent.ok_or_else(|| Failure::usage(format!("CA `{}` has no parent", ca.name)))?;
    let secret = compose::read_secret(&parent.secret_file)?;
    let Ok(url) = parent.url.parse::<UrlText>();
    let (address, _) = url.parse()?;
    let tls = TlsFiles { roots: parent.trust_file.iter().cloned().collect(), client: None };
    let chosen = Some(parent.ca.clone()).filter(|name| !name.is_empty());
    let client = Client::new(address, chosen, &tls)?;
    let body = EnrollRequest {
        certificate_request: request.to_owned(),
        profile: parent.profile.clone(),
        caname: parent.ca.clone(),
        ..EnrollRequest::default()
    };
    let credential = Credential::Basic { id: parent.id.as_str(), secret: &secret };
    let answer: EnrollResponse = client.send("POST", "enroll", &body, credential)?;
    let certificate = Certificate::from_pem(&decoded(&answer.certificate)?);
    let certificate = certificate.map_err(|e| unusable().because(e))?;
    let above = Certificate::chain_from_pem(&decoded(&answer.server_info.ca_chain)?, MAX_CHAIN);
    let above = above.map_err(|e| unusable().because(e))?;
    Ok(std::iter::once(certificate).chain(above).collect())
}

fn decoded(text: &str) -> Result<String, Failure> {
    let octets = STANDARD.decode(text).map_err(|e| unusable().because(e))?;
    String::from_utf8(octets).map_err(|e| unusable().because(e))
}

fn unusable() -> Failure {
    Failure::refused("the parent's answer holds no usable certificates")
}
