//! The hostile requests, family by family, made by rule and not by hand.

mod bodies;
mod framing;
mod heads;
mod keys;
mod names;
mod requests;
mod tokens;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::der::{Key, pem};
use super::wire::request;

/// What must come back, beside what holds for every shot.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Expect {
    /// A refusal: 4xx, whatever it is.
    Refusal,
    /// Any answer: it may be granted.
    Answer,
    /// An answer or a closed connection: what was sent is no HTTP.
    AnswerOrEnd,
}

/// One hostile request, all of it sent at once.
pub(super) struct Shot {
    pub(super) family: &'static str,
    pub(super) name: String,
    pub(super) octets: Vec<u8>,
    pub(super) expect: Expect,
}

/// What the shots are made of.
pub(super) struct Material {
    /// `Authorization` of somebody who may enroll.
    pub(super) basic: String,
    /// Who that is.
    pub(super) id: String,
    /// The certificate of somebody who may do everything, in PEM, and its key.
    pub(super) certificate: String,
    pub(super) key: Key,
}

impl Material {
    /// `Authorization` by a good token.
    pub(super) fn token(&self, method: &str, target: &str, body: &[u8]) -> String {
        let certificate = STANDARD.encode(&self.certificate);
        let (target, body) = (STANDARD.encode(target), STANDARD.encode(body));
        let signature = self.key.sign(format!("{method}.{target}.{body}.{certificate}").as_bytes());
        format!("{certificate}.{}", STANDARD.encode(signature))
    }

    /// A request with a good token.
    pub(super) fn signed(&self, method: &str, target: &str, body: &[u8]) -> Vec<u8> {
        request(method, target, &[("Authorization", &self.token(method, target, body))], body)
    }

    /// An enrollment with this text in the place of the request.
    pub(super) fn enroll(&self, csr: &str) -> Vec<u8> {
        self.enroll_body(json!({ "certificate_request": csr }).to_string().as_bytes())
    }

    pub(super) fn enroll_body(&self, body: &[u8]) -> Vec<u8> {
        request("POST", "/api/v1/enroll", &[("Authorization", &self.basic)], body)
    }
}

/// Takes `count` of the positions up to `length`, spread evenly; all of them when it is long.
fn some(length: usize, count: usize) -> impl Iterator<Item = usize> {
    let step = (length / count).max(1);
    (0..length).step_by(step)
}

/// How many positions of each mutated text are tried.
#[derive(Clone, Copy)]
pub(super) struct Scale(pub(super) usize);

impl Scale {
    pub(super) const SHORT: Self = Self(12);
    pub(super) const LONG: Self = Self(usize::MAX);
}

/// All of them.
pub(super) fn all(material: &Material, scale: Scale) -> Vec<Shot> {
    let mut shots = Shots { of: Vec::new(), material, scale };
    shots.spoiled_der();
    shots.shapes_of_der();
    shots.keys();
    shots.names();
    shots.extensions();
    shots.tokens();
    shots.wrong_types();
    shots.json();
    shots.heads();
    shots.no_heads();
    shots.headers();
    shots.framing();
    shots.large();
    shots.of
}

struct Shots<'a> {
    of: Vec<Shot>,
    material: &'a Material,
    scale: Scale,
}

impl Shots<'_> {
    fn add(
        &mut self,
        family: &'static str,
        name: impl Into<String>,
        expect: Expect,
        octets: Vec<u8>,
    ) {
        self.of.push(Shot { family, name: name.into(), octets, expect });
    }

    fn csr(&mut self, family: &'static str, name: impl Into<String>, expect: Expect, der: &[u8]) {
        let octets = self.material.enroll(&pem("CERTIFICATE REQUEST", der));
        self.add(family, name, expect, octets);
    }

    fn good(&self) -> Vec<u8> {
        Key::of(9).request(&self.material.id)
    }
}
