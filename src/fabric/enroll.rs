//! `enroll` and `reenroll`: a certificate for a CSR.

use axum::http::StatusCode;
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::api::fabric::{self, EnrollRequest, EnrollResponse};
use crate::fabric::envelope::success;
use crate::fabric::exchange::Exchange;
use crate::fabric::fault::Fault;
use crate::fabric::info::describe;
use crate::pki::{Certificate, Csr, Field, Subject};
use crate::service::{AttributeRequest, Authority, Enroll, Expiry};

/// Code of a CSR that is no PEM; of one that is otherwise broken, too, where the real server tells
/// 500/0.
const BAD_CSR: u16 = 31;

/// With a password.
pub(super) async fn enroll(exchange: &Exchange) -> Result<Response, Fault> {
    let (authority, enrollee) = exchange.enter_by_secret().await?;
    let certificate = authority.enroll(&enrollee, order(exchange)?).await?;
    issued(authority, &certificate)
}

/// With a token.
pub(super) async fn reenroll(exchange: &Exchange) -> Result<Response, Fault> {
    let (authority, caller) = exchange.enter_with(Expiry::AsForReenrollment).await?;
    let certificate = authority.reenroll(&caller, order(exchange)?).await?;
    issued(authority, &certificate)
}

/// What is asked for. `serial`, `NotAfter`, `extensions`, `crl_override` and `ReturnPrecert` of the
/// body say nothing: with them the real server can be made to certify what it should not.
fn order(exchange: &Exchange) -> Result<Enroll, Fault> {
    let request: EnrollRequest = exchange.body()?;
    let csr = Csr::from_pem(&request.certificate_request)
        .map_err(|error| Fault::bad_request(BAD_CSR, error.to_string()))?;
    let attributes = request.attr_reqs.map(|wanted| {
        let wanted = wanted.into_iter();
        wanted.map(|one| AttributeRequest { name: one.name, optional: one.optional }).collect()
    });
    Ok(Enroll {
        csr,
        profile: Some(request.profile).filter(|name| !name.is_empty()),
        names: request.subject.map(names),
        hosts: request.hosts,
        not_before: request.not_before.0,
        attributes,
    })
}

/// Fields that replace those of the CSR. The common name is always one of them: one that is left
/// out is not the enrollment ID. Organizational units are the CA's own to set.
pub(super) fn names(subject: fabric::Subject) -> Subject {
    let mut fields = Vec::new();
    let mut serial_number = subject.serial_number;
    for name in subject.names {
        fields.extend([
            (Field::Country, name.country),
            (Field::StateOrProvince, name.state),
            (Field::Locality, name.locality),
            (Field::Organization, name.organization),
        ]);
        if serial_number.is_empty() {
            serial_number = name.serial_number;
        }
    }
    fields.push((Field::SerialNumber, serial_number));
    fields.retain(|(_, text)| !text.is_empty());
    Subject { common_name: Some(subject.common_name), fields }
}

fn issued(authority: &Authority, certificate: &Certificate) -> Result<Response, Fault> {
    let answer = EnrollResponse {
        certificate: STANDARD.encode(certificate.to_pem()),
        server_info: describe(authority),
    };
    success(StatusCode::CREATED, &answer)
}
