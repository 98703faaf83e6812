//! `revoke`.

use axum::http::StatusCode;
use axum::response::Response;

use crate::api::fabric::{RevokeRequest, RevokeResponse, RevokedCertificate};
use crate::fabric::crl::as_text;
use crate::fabric::envelope::success;
use crate::fabric::exchange::Exchange;
use crate::fabric::fault::{Endpoint, Fault};
use crate::pki::Reason;
use crate::service::{Revoke, Target};

/// A certificate by serial and key id, or an identity with all its certificates. The body is read
/// before the token is looked at.
pub(super) async fn revoke(exchange: &Exchange) -> Result<Response, Fault> {
    let request: RevokeRequest = exchange.body()?;
    let (authority, caller) = exchange.enter().await?;
    let target = Target::read(&request.id, &request.serial, &request.aki)?;
    let order = Revoke { target, reason: reason(&request.reason) };
    let revoked = authority
        .revoke(&caller, order)
        .await
        .map_err(|error| Fault::at(Endpoint::Revoke, error))?;
    let crl = if request.gencrl && !revoked.is_empty() {
        let (crl, _room) = authority.crl_after_revocation(&caller).await?;
        as_text(&crl)
    } else {
        String::new()
    };
    let revoked: Vec<_> = revoked
        .into_iter()
        .map(|one| RevokedCertificate { serial: one.serial.to_string(), aki: one.aki.short_hex() })
        .collect();
    let revoked = Some(revoked).filter(|revoked| !revoked.is_empty());
    success(StatusCode::OK, &RevokeResponse { revoked, crl })
}

/// Lower case exactly, as the real server reads them; anything else is unspecified.
fn reason(text: &str) -> Reason {
    match text {
        "keycompromise" => Reason::KeyCompromise,
        "cacompromise" => Reason::CaCompromise,
        "affiliationchanged" => Reason::AffiliationChanged,
        "superseded" => Reason::Superseded,
        "cessationofoperation" => Reason::CessationOfOperation,
        "certificatehold" => Reason::CertificateHold,
        "removefromcrl" => Reason::RemoveFromCrl,
        "privilegewithdrawn" => Reason::PrivilegeWithdrawn,
        "aacompromise" => Reason::AaCompromise,
        _ => Reason::Unspecified,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_lower_case_or_unspecified() {
        assert_eq!(reason("keycompromise"), Reason::KeyCompromise);
        assert_eq!(reason("KeyCompromise"), Reason::Unspecified);
        assert_eq!(reason(""), Reason::Unspecified);
    }
}
