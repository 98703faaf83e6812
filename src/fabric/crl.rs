//! `gencrl`.

use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::api::fabric::GenCrlRequest;
use crate::fabric::envelope::success;
use crate::fabric::exchange::Exchange;
use crate::fabric::fault::Fault;
use crate::pki::Crl;
use crate::service::{CrlQuery, Error};

/// A list of what was revoked, narrowed as asked. The body is read before the token is looked at.
pub(super) async fn generate(exchange: &Exchange) -> Result<Response, Fault> {
    let request: GenCrlRequest = exchange.body()?;
    let (authority, caller) = exchange.enter().await?;
    let query = CrlQuery {
        revoked_after: request.revokedafter.0,
        revoked_before: request.revokedbefore.0,
        expires_after: request.expireafter.0,
        expires_before: request.expirebefore.0,
    };
    let (crl, _room) = authority.generate_crl(&caller, query).await?;
    success(StatusCode::OK, &Answer { crl: as_json(&crl)? })
}

/// [`GenCrlResponse`](crate::api::fabric::GenCrlResponse) with its text as it stands in JSON: looking for
/// what to escape in it would take as long as writing it.
#[derive(Serialize)]
struct Answer {
    #[serde(rename = "CRL")]
    crl: Box<RawValue>,
}

fn as_json(crl: &Crl) -> Result<Box<RawValue>, Fault> {
    let pem = crl.to_pem();
    let mut text = String::with_capacity(pem.len().div_ceil(3) * 4 + 2);
    text.push('"');
    STANDARD.encode_string(pem, &mut text);
    text.push('"');
    RawValue::from_string(text).map_err(|error| Fault::from(Error::internal(error)))
}

/// Base64 of PEM.
pub(super) fn as_text(crl: &Crl) -> String {
    STANDARD.encode(crl.to_pem())
}
