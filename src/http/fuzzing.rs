//! What fuzz targets and the replay of their corpora see of this room's readers. No part of the
//! library's interface: nothing here is promised.

use axum::http::Request;

use super::signature::Signed;
use super::verify;
use crate::api::v2::VerifyRequest;

/// A signature that could be verified: the octets that it would be of, and the nonce.
///
/// # Errors
/// The sentence that the client is told.
pub fn signature(
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &[u8],
) -> Result<(String, String), String> {
    let mut request = Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let request = request.body(()).map_err(|error| error.to_string())?;
    let signed = Signed::of(&request.into_parts().0, body)?;
    Ok((signed.base, signed.nonce))
}

/// How many questions a body asks, when they are good.
///
/// # Errors
/// The sentence that the client is told.
pub fn questions(body: &[u8]) -> Result<usize, String> {
    let request: VerifyRequest<'_> =
        serde_json::from_slice(body).map_err(|error| error.to_string())?;
    verify::count(&request)
}
