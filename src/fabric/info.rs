//! `cainfo`: what a CA is called and which chain it shows.

use axum::http::{Method, StatusCode};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::api::fabric::CaInfo;
use crate::fabric::envelope::{bodiless, success};
use crate::fabric::exchange::Exchange;
use crate::fabric::fault::Fault;
use crate::pki::Certificate;
use crate::service::Authority;

/// The contract that is kept, then who keeps it. Clients read the front: an empty version, or one
/// that starts with `1.1.`, `1.2.` or `1.3.`, makes the Java client sign tokens of version 1.
const VERSION: &str = concat!("1.5.21+chancery.", env!("CARGO_PKG_VERSION"));

/// Whoever asks is answered; no `Authorization` is looked at.
pub(super) fn info(exchange: &Exchange) -> Result<Response, Fault> {
    let authority = exchange.authority()?;
    if exchange.method == Method::HEAD {
        return Ok(bodiless(StatusCode::OK));
    }
    success(StatusCode::OK, &CaInfo { version: VERSION.to_owned(), ..describe(authority) })
}

/// The CA without a version, as `enroll` answers it. The Idemix keys stay empty.
pub(super) fn describe(authority: &Authority) -> CaInfo {
    let chain: String = authority.chain().iter().map(Certificate::to_pem).collect();
    CaInfo {
        ca_name: authority.name().to_string(),
        ca_chain: STANDARD.encode(chain),
        ..CaInfo::default()
    }
}
