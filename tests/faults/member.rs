//! A member, as far as its requests go: one key, certification requests, tokens.

use std::io;

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use chancery::pki::Certificate;
use serde_json::{Value, json};

use super::http::{Answer, Connection};

/// The administrator that `chancery dev` makes.
pub(crate) const ADMIN: (&str, &str) = ("admin", "adminpw");

/// One key for all the members of a campaign: making keys is not what is measured.
pub(crate) struct Key {
    request: rcgen::KeyPair,
    token: EcdsaKeyPair,
}

impl Key {
    pub(crate) fn new() -> Self {
        let request = rcgen::KeyPair::generate().unwrap();
        let der = request.serialize_der();
        let token = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &der).unwrap();
        Self { request, token }
    }

    fn csr(&self, id: &str) -> String {
        let mut params = rcgen::CertificateParams::default();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CommonName, id);
        params.serialize_request(&self.request).unwrap().pem().unwrap()
    }

    /// Fabric CA's token: certificate and signature over method, target and body.
    fn token(&self, certificate: &str, method: &str, target: &str, body: &[u8]) -> String {
        let certificate = STANDARD.encode(certificate);
        let text =
            format!("{method}.{}.{}.{certificate}", STANDARD.encode(target), STANDARD.encode(body));
        let signature = self.token.sign(&SystemRandom::new(), text.as_bytes()).unwrap();
        let signature = p256::ecdsa::Signature::from_slice(signature.as_ref()).unwrap();
        let signature = signature.normalize_s().to_der();
        format!("{certificate}.{}", STANDARD.encode(signature.as_bytes()))
    }
}

/// A member with its connection.
pub(crate) struct Member<'a> {
    pub(crate) connection: Connection,
    key: &'a Key,
}

/// What became of a request.
pub(crate) type Outcome<T> = io::Result<Result<T, Answer>>;

impl<'a> Member<'a> {
    pub(crate) fn of(url: &str, key: &'a Key) -> Self {
        Self { connection: Connection::to(url), key }
    }

    /// Enrolls; gives the certificate in PEM.
    pub(crate) fn enroll(&mut self, id: &str, secret: &str) -> Outcome<String> {
        let body = json!({ "certificate_request": self.key.csr(id) }).to_string();
        let authorization = format!("Basic {}", STANDARD.encode(format!("{id}:{secret}")));
        let answer =
            self.connection.call("POST", "/api/v1/enroll", &authorization, body.as_bytes())?;
        Ok(certificate(answer))
    }

    /// Enrolls again with the certificate that the member has.
    pub(crate) fn reenroll(&mut self, id: &str, pem: &str) -> Outcome<String> {
        let body = json!({ "certificate_request": self.key.csr(id) });
        Ok(self.call(pem, "POST", "/api/v1/reenroll", &body)?.and_then(certificate))
    }

    /// Registers an identity that may enroll `max` times.
    pub(crate) fn register(&mut self, admin: &str, id: &str, max: i64) -> Outcome<()> {
        let body =
            json!({ "id": id, "secret": "s", "max_enrollments": max, "affiliation": "org1" });
        Ok(self.call(admin, "POST", "/api/v1/register", &body)?.map(drop))
    }

    /// Revokes an identity with all its certificates.
    pub(crate) fn revoke(&mut self, admin: &str, id: &str) -> Outcome<()> {
        let body = json!({ "id": id, "reason": "keycompromise" });
        Ok(self.call(admin, "POST", "/api/v1/revoke", &body)?.map(drop))
    }

    /// A request with a token; the answer when it went well, else in the inner error.
    pub(crate) fn call(
        &mut self,
        pem: &str,
        method: &str,
        target: &str,
        body: &Value,
    ) -> Outcome<Answer> {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let token = self.key.token(pem, method, target, body.as_bytes());
        let answer = self.connection.call(method, target, &token, body.as_bytes())?;
        Ok(if matches!(answer.status, 200 | 201) { Ok(answer) } else { Err(answer) })
    }

    /// The `result` of a list.
    pub(crate) fn list(&mut self, admin: &str, target: &str) -> Value {
        let answer = self.call(admin, "GET", target, &Value::Null).unwrap().unwrap();
        serde_json::from_slice::<Value>(&answer.body).unwrap()["result"].take()
    }

    /// The administrator's certificate.
    pub(crate) fn admin(&mut self) -> String {
        self.enroll(ADMIN.0, ADMIN.1).unwrap().unwrap()
    }
}

fn certificate(answer: Answer) -> Result<String, Answer> {
    if answer.status != 201 {
        return Err(answer);
    }
    let body: Value = serde_json::from_slice(&answer.body).unwrap();
    let pem = STANDARD.decode(body["result"]["Cert"].as_str().unwrap()).unwrap();
    Ok(String::from_utf8(pem).unwrap())
}

/// The serial number of a certificate, in hexadecimal.
pub(crate) fn serial(pem: &str) -> String {
    Certificate::from_pem(pem).unwrap().serial().to_string()
}
