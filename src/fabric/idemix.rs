//! `idemix/credential` and `idemix/cri`: not offered yet, and said so.

use axum::http::StatusCode;
use axum::response::Response;
use serde::Deserialize;

use crate::fabric::exchange::Exchange;
use crate::fabric::fault::Fault;

/// The body of `idemix/credential`, as far as its types go.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct CredentialRequest {
    #[serde(rename = "request")]
    _request: Option<Proof>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Proof {
    #[serde(rename = "issuer_nonce")]
    _issuer_nonce: String,
}

/// `POST idemix/credential`.
pub(super) fn credential(exchange: &Exchange) -> Result<Response, Fault> {
    exchange.need_authorization()?;
    exchange.authority()?;
    exchange.body::<CredentialRequest>()?;
    Err(not_enabled())
}

/// `POST idemix/cri`.
pub(super) fn cri(exchange: &Exchange) -> Result<Response, Fault> {
    exchange.need_authorization()?;
    exchange.authority()?;
    Err(not_enabled())
}

fn not_enabled() -> Fault {
    Fault::new(StatusCode::NOT_IMPLEMENTED, 0, "Idemix is not enabled on this server")
}
