//! Published revocation lists: `GET /crl/{ca}.crl`, as DER.
//! [RFC 5280 section 4.2.1.13](https://www.rfc-editor.org/rfc/rfc5280#section-4.2.1.13)

use std::sync::Arc;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;

use crate::service::Office;

/// The last list that each CA's active issuer published, with its number and reasons.
pub fn crl_router(office: Arc<Office>) -> Router {
    Router::new().route("/crl/{file}", get(latest)).with_state(office)
}

async fn latest(State(office): State<Arc<Office>>, Path(file): Path<String>) -> Response {
    let authority = file.strip_suffix(".crl").and_then(|name| office.authority(name).ok());
    let Some(authority) = authority else {
        return (StatusCode::NOT_FOUND, "404 page not found").into_response();
    };
    match authority.published_crl().await {
        Ok(Some(der)) => ([(header::CONTENT_TYPE, "application/pkix-crl")], der).into_response(),
        Ok(None) => (StatusCode::NOT_FOUND, "404 page not found").into_response(),
        Err(error) => {
            tracing::error!(%error, ca.name = %authority.name(), "could not read the published CRL");
            (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "1")]).into_response()
        }
    }
}
