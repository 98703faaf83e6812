//! What fuzz targets and the replay of their corpora see of this room's readers. No part of the
//! library's interface: nothing here is promised.

use axum::http::Uri;
use serde::de::DeserializeOwned;

use crate::clock::Timestamp;
use crate::fabric::json;
use crate::fabric::query::Query;
use crate::fabric::token::{self, Token};
use crate::fabric::{certificates, enroll, identities, routes};
use crate::pki::Subject;

/// The enrollment ID and the secret of an `Authorization` header.
pub fn password(header: &[u8]) -> Option<(String, String)> {
    let basic = token::basic(header).ok()?;
    Some((basic.id, basic.secret.expose().to_owned()))
}

/// What a token holds and says to be signed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenParts {
    /// What should be a certificate in DER.
    pub certificate: Vec<u8>,
    /// What should be a DER signature.
    pub signature: Vec<u8>,
    /// What version 2 signs.
    pub message: Vec<u8>,
    /// What version 1 signs.
    pub message_v1: Vec<u8>,
}

/// The token of an `Authorization` header, for a request.
pub fn token(header: &[u8], method: &str, target: &str, body: &[u8]) -> Option<TokenParts> {
    let token = Token::parse(header).ok()?;
    Some(TokenParts {
        message: token.message(method, target, body),
        message_v1: token.message_v1(body),
        certificate: token.certificate,
        signature: token.signature,
    })
}

/// A body, read as requests are.
///
/// # Errors
/// The sentence that the client is told.
pub fn body<T: DeserializeOwned>(body: &[u8]) -> Result<T, String> {
    json::decode(body).map_err(|error| error.to_string())
}

/// The subject fields of an enroll body, as a deed is given them.
pub fn names(subject: crate::api::fabric::Subject) -> Subject {
    enroll::names(subject)
}

/// The names and values of a query.
pub fn query(text: &str) -> Vec<(String, String)> {
    Query::parse(text).pairs().to_vec()
}

/// Whether a query of `GET certificates` can be read, at an instant.
pub fn certificate_query(text: &str, now: Timestamp) -> bool {
    certificates::query(&Query::parse(text), now).is_ok()
}

/// Where a path leads: `named` with its name, `to` with a pattern, `moved` with a target, `broken`
/// or `nowhere`.
pub fn route(uri: &Uri) -> (&'static str, String) {
    routes::told(uri)
}

/// An enrollment ID as a segment of a path.
pub fn segment(id: &str) -> String {
    identities::segment(id)
}
