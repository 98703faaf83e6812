//! `gencrl`.

use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::api::fabric::{GenCrlRequest, GenCrlResponse};
use crate::fabric::envelope::success;
use crate::fabric::exchange::Exchange;
use crate::fabric::fault::Fault;
use crate::pki::Crl;
use crate::service::CrlQuery;

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
    success(StatusCode::OK, &GenCrlResponse { crl: as_text(&crl) })
}

/// Base64 of PEM.
pub(super) fn as_text(crl: &Crl) -> String {
    STANDARD.encode(crl.to_pem())
}
