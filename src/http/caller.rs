//! Who calls: by the TLS connection's certificate, or by a signature of the request.

use std::sync::Arc;

use axum::body::{Body, to_bytes};
use axum::extract::Request;
use axum::http::request::Parts;
use bytes::Bytes;
use serde::de::DeserializeOwned;
use tracing::debug;

use super::problem::Problem;
use super::signature::Signed;
use crate::service::{Caller, Office, SignedMessage};

/// The certificate (DER) whose key the other end of a TLS connection proved to have; rides on each request
/// of the connection.
#[derive(Debug, Clone)]
pub struct ClientCertificate(pub Arc<[u8]>);

/// A request by somebody who proved who they are, with its body.
#[derive(Debug)]
pub(super) struct Called {
    pub(super) caller: Caller,
    pub(super) body: Bytes,
}

impl Called {
    /// Reads the body, up to `limit` octets, and finds out who calls.
    pub(super) async fn by(
        office: &Office,
        request: Request,
        limit: usize,
    ) -> Result<Self, Problem> {
        let (parts, body) = request.into_parts();
        let certificate = parts.extensions.get::<ClientCertificate>().cloned();
        let is_signed = Signed::is_there(&parts.headers);
        // Who says nothing of themselves has no body read.
        if certificate.is_none() && !is_signed {
            return Err(Problem::unauthenticated(
                "sign the request (RFC 9421), or connect with a client certificate",
            ));
        }
        let body = read(body, limit).await?;
        let caller = match certificate {
            Some(certificate) if !is_signed => {
                office.authenticate_connection(&certificate.0).await?
            }
            Some(_) | None => authenticate(office, &parts, &body).await?,
        };
        Ok(Self { caller, body })
    }

    /// The body as a shape.
    pub(super) fn json<T: DeserializeOwned>(&self) -> Result<T, Problem> {
        serde_json::from_slice(&self.body)
            .map_err(|error| Problem::malformed(format!("the body is not good: {error}")))
    }
}

async fn authenticate(office: &Office, parts: &Parts, body: &[u8]) -> Result<Caller, Problem> {
    let signed = Signed::of(parts, body).map_err(Problem::unauthenticated)?;
    let message = SignedMessage {
        issuer: &signed.issuer,
        serial: &signed.serial,
        message: signed.base.as_bytes(),
        signature: &signed.signature,
        created: signed.created,
        expires: signed.expires,
        nonce: &signed.nonce,
    };
    Ok(office.authenticate_message(&message).await?)
}

/// Reads a body of up to `limit` octets.
pub(super) async fn read(body: Body, limit: usize) -> Result<Bytes, Problem> {
    to_bytes(body, limit).await.map_err(|error| {
        debug!(%error, "a body broke off");
        let causes =
            std::iter::successors(Some(&error as &(dyn std::error::Error + 'static)), |error| {
                error.source()
            });
        for cause in causes {
            if cause.is::<http_body_util::LengthLimitError>() {
                return Problem::too_large(limit);
            }
            let io = cause.downcast_ref::<std::io::Error>();
            if io.is_some_and(|io| io.kind() == std::io::ErrorKind::TimedOut) {
                return Problem::too_slow();
            }
        }
        Problem::malformed("the body broke off")
    })
}
