//! The administrator of the server that is measured, and its requests, ready to be sent.

use std::net::SocketAddr;
use std::thread;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::limits::cores;
use super::load::{self, Requests};
use super::place::ADMIN;
use crate::api::fabric::{EnrollRequest, EnrollResponse, Envelope};
use crate::cli::exit::Failure;
use crate::cli::member::{Curve, FileKey, MemberKey, build_request, signed_headers, token};
use crate::pki::Certificate;

/// Keeps the whole of an answer.
const WHOLE: usize = usize::MAX;

/// The administrator: a key, and the certificate that it got.
#[derive(Debug)]
pub(super) struct Admin {
    server: SocketAddr,
    key: FileKey,
    /// The body of `enroll` and `reenroll`.
    request: Vec<u8>,
    certificate: String,
}

impl Admin {
    /// Enrolls the administrator.
    ///
    /// # Errors
    /// When the server refuses.
    pub(super) async fn enroll(server: SocketAddr) -> Result<Self, Failure> {
        let key = FileKey::generate(Curve::P256)?;
        let key_to_sign: &dyn MemberKey = &key;
        let request = json(&EnrollRequest {
            certificate_request: build_request(ADMIN.0, &[], &[], key_to_sign)?,
            ..EnrollRequest::default()
        })?;
        let mut admin = Self { server, key, request, certificate: String::new() };
        let answer = admin.once(&admin.enrollment()).await?;
        let answer: EnrollResponse = result(&answer)?;
        admin.certificate = pem(&answer)?;
        Ok(admin)
    }

    /// A request to `enroll`.
    pub(super) fn enrollment(&self) -> Vec<u8> {
        let basic = STANDARD.encode(format!("{}:{}", ADMIN.0, ADMIN.1));
        self.http("POST", "/api/v1/enroll", Some(&format!("Basic {basic}")), &self.request)
    }

    /// A request to `reenroll`.
    ///
    /// # Errors
    /// As [`Admin::signed`].
    pub(super) fn reenrollment(&self) -> Result<Vec<u8>, Failure> {
        self.signed("POST", "/api/v1/reenroll", &self.request)
    }

    /// A request of nobody in particular.
    pub(super) fn anonymous(&self, method: &str, target: &str) -> Vec<u8> {
        self.http(method, target, None, b"")
    }

    /// A request with the administrator's token.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub(super) fn signed(
        &self,
        method: &str,
        target: &str,
        body: &[u8],
    ) -> Result<Vec<u8>, Failure> {
        let token = token(method, target, body, &self.certificate, &self.key)?;
        Ok(self.http(method, target, Some(&token), body))
    }

    /// A POST for each body, signed on all cores.
    ///
    /// # Errors
    /// As [`Admin::signed`].
    pub(super) fn signed_each<B: Serialize + Sync>(
        &self,
        target: &str,
        bodies: &[B],
    ) -> Result<Vec<Vec<u8>>, Failure> {
        on_all_cores(bodies, |body| self.signed("POST", target, &json(body)?))
    }

    /// Requests of our own API with this body, each with a signature of its own, made on all cores.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub(super) fn messages(&self, target: &str, bodies: &[&[u8]]) -> Result<Vec<Vec<u8>>, Failure> {
        let certificate = Certificate::from_pem(&self.certificate)
            .map_err(|e| Failure::refused("the server's certificate cannot be read").because(e))?;
        on_all_cores(bodies, |body| {
            let signed = signed_headers("POST", target, body, &certificate, &self.key)?;
            let lines = signed.iter().map(|(name, value)| format!("{name}: {value}\r\n"));
            Ok(self.request("POST", target, &lines.collect::<String>(), body))
        })
    }

    /// A signature of the administrator's key, as identities make them.
    ///
    /// # Errors
    /// When the key cannot sign.
    pub(super) fn signature(&self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        self.key.sign_digest(digest(&SHA256, message).as_ref())
    }

    /// Sends one request; gives the body of its answer.
    ///
    /// # Errors
    /// When the answer is not of 2xx.
    pub(super) async fn once(&self, request: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut load = load::run(self.server, 1, Requests::Times(request, 1), WHOLE).await?;
        load.bodies.pop().ok_or_else(|| refusal(&load))
    }

    /// Sends each request once, and wants all of them answered with 2xx.
    ///
    /// # Errors
    /// When one is not.
    pub(super) async fn all(
        &self,
        connections: usize,
        requests: Requests<'_>,
    ) -> Result<load::Load, Failure> {
        let load = load::run(self.server, connections, requests, WHOLE).await?;
        if load.bad == 0 { Ok(load) } else { Err(refusal(&load)) }
    }

    fn http(&self, method: &str, target: &str, credential: Option<&str>, body: &[u8]) -> Vec<u8> {
        let credential = credential.map(|value| format!("Authorization: {value}\r\n"));
        self.request(method, target, &credential.unwrap_or_default(), body)
    }

    fn request(&self, method: &str, target: &str, lines: &str, body: &[u8]) -> Vec<u8> {
        let head = format!(
            "{method} {target} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\n\
             {lines}Content-Length: {}\r\n\r\n",
            self.server,
            body.len()
        );
        [head.as_bytes(), body].concat()
    }
}

/// Makes something of each body, on all cores.
fn on_all_cores<B: Sync>(
    bodies: &[B],
    make: impl Fn(&B) -> Result<Vec<u8>, Failure> + Sync,
) -> Result<Vec<Vec<u8>>, Failure> {
    let share = bodies.len().div_ceil(cores()).max(1);
    let make = &make;
    let mut all = Vec::with_capacity(bodies.len());
    thread::scope(|scope| {
        let share_of = |share: &'_ [B]| share.iter().map(make).collect::<Result<Vec<_>, _>>();
        let threads: Vec<_> =
            bodies.chunks(share).map(|share| scope.spawn(move || share_of(share))).collect();
        for thread in threads {
            let made = thread.join();
            all.extend(made.map_err(|_| Failure::refused("a thread that signs died"))??);
        }
        Ok(all)
    })
}

/// Why a load that had to succeed did not.
fn refusal(load: &load::Load) -> Failure {
    let why = load.first_bad.clone().unwrap_or_else(|| "no answer".to_owned());
    Failure::refused("the server refused what the run needs").because(why)
}

/// The certificates in answers to `enroll` and `reenroll`.
///
/// # Errors
/// When an answer holds none.
pub(super) fn certificates(bodies: &[Vec<u8>]) -> Result<Vec<Certificate>, Failure> {
    let bad = |e| Failure::refused("the server's certificate cannot be read").because(e);
    let read = |body: &Vec<u8>| Certificate::from_pem(&pem(&result(body)?)?).map_err(bad);
    bodies.iter().map(read).collect()
}

/// What a body says, without its envelope.
///
/// # Errors
/// When it is not as it should be.
pub(super) fn result<T: DeserializeOwned>(body: &[u8]) -> Result<T, Failure> {
    let envelope: Result<Envelope<T>, _> = serde_json::from_slice(body);
    let bad = |e| Failure::refused("the server's answer is not as it should be").because(e);
    Ok(envelope.map_err(bad)?.result)
}

fn pem(answer: &EnrollResponse) -> Result<String, Failure> {
    let octets = STANDARD.decode(&answer.certificate).ok();
    let text = octets.and_then(|octets| String::from_utf8(octets).ok());
    text.ok_or_else(|| Failure::refused("the server's certificate is no base64 of PEM"))
}

/// A body.
///
/// # Errors
/// When it cannot be written.
pub(super) fn json(body: &impl Serialize) -> Result<Vec<u8>, Failure> {
    serde_json::to_vec(body).map_err(|e| Failure::refused("could not write a request").because(e))
}
