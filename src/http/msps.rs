//! `/api/v2/msps`: the MSPs of the server's own organizations, for channels and nodes to load. What is in
//! them is public: `/cainfo` and `/crl/` tell the same.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::problem::Problem;
use crate::api::v2::{CrlBody, MspBody, MspList};
use crate::pki::Crl;
use crate::service::{Office, Organization};

pub(super) async fn list(State(office): State<Arc<Office>>) -> Json<MspList> {
    Json(MspList { msps: office.organizations().iter().map(body).collect() })
}

pub(super) async fn one(
    State(office): State<Arc<Office>>,
    Path(id): Path<String>,
) -> Result<Json<MspBody>, Problem> {
    let organization = office.organization(&id)?;
    let exported = organization.export().await?;
    Ok(Json(MspBody {
        config: Some(STANDARD.encode(&exported.config)),
        crls: exported.authorities.crls.iter().map(crl).collect(),
        unlisted: Some(exported.unlisted),
        ..body(organization)
    }))
}

fn body(organization: &Organization) -> MspBody {
    MspBody {
        id: organization.msp_id().to_string(),
        ca: organization.ca().name().to_string(),
        tls_ca: organization.tls_ca().name().to_string(),
        config: None,
        crls: Vec::new(),
        unlisted: None,
    }
}

fn crl(crl: &Crl) -> CrlBody {
    let head = crl.head();
    CrlBody {
        number: crl.number(),
        this_update: head.this_update.to_string(),
        next_update: head.next_update.map(|end| end.to_string()),
        entries: crl.len(),
    }
}
