//! `/api/v2/channels/{id}/documents`, `/api/v2/channels/{id}/applications` and `/api/v2/applications/{id}`: admission.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::de::DeserializeOwned;

use super::caller::{Called, read};
use super::channels::NO_BODY;
use super::octets::octets;
use super::problem::Problem;
use super::proposals;
use crate::api::v2::{
    ApplicationBody, ApplicationList, ApplicationStateBody, ApplyRequest, ChannelDocumentBody,
    DeclineRequest, SetChannelDocumentRequest, WithdrawApplicationRequest,
};
use crate::channel::{MAX_ADMISSION, MAX_APPLICATION};
use crate::service::{ApplicationView, Apply, Office, Withdrawal};
use crate::store::{ApplicationRow, ApplicationState, DocumentRow};

/// The longest body with a document: each octet may be escaped.
const DOCUMENT_LIMIT: usize = MAX_ADMISSION * 2;
/// The longest body with an application, which is in base64 beside a signature.
const APPLY_LIMIT: usize = MAX_APPLICATION / 3 * 4 + (128 << 10);
/// The longest body with a signature or a reason.
const SMALL: usize = 128 << 10;

pub(super) async fn document(
    State(office): State<Arc<Office>>,
    Path((channel, kind)): Path<(String, String)>,
    request: Request,
) -> Result<Json<ChannelDocumentBody>, Problem> {
    Called::by(&office, request, NO_BODY).await?;
    Ok(Json(document_body(&office.channel_document(&channel, &kind).await?)))
}

pub(super) async fn set_document(
    State(office): State<Arc<Office>>,
    Path((channel, kind)): Path<(String, String)>,
    request: Request,
) -> Result<Json<ChannelDocumentBody>, Problem> {
    let called = Called::by(&office, request, DOCUMENT_LIMIT).await?;
    let asked: SetChannelDocumentRequest = called.json()?;
    let content = asked.content.into_bytes();
    let kept = office.set_channel_document(&called.caller, &channel, &kind, content).await?;
    Ok(Json(document_body(&kept)))
}

pub(super) async fn list(
    State(office): State<Arc<Office>>,
    Path(channel): Path<String>,
    Query(query): Query<BTreeMap<String, String>>,
    request: Request,
) -> Result<Json<ApplicationList>, Problem> {
    Called::by(&office, request, NO_BODY).await?;
    let open = query.get("state").is_some_and(|state| state == "open");
    let rows = office.applications(&channel, open).await?;
    Ok(Json(ApplicationList { applications: rows.iter().map(row_body).collect() }))
}

/// Needs no caller: who applies is no member yet, and the signature says who it is.
pub(super) async fn apply(
    State(office): State<Arc<Office>>,
    Path(channel): Path<String>,
    request: Request,
) -> Result<Json<ApplicationStateBody>, Problem> {
    let asked: ApplyRequest = unsigned(request, APPLY_LIMIT).await?;
    let part = |field, text: &str| octets(field, text).map_err(Problem::malformed);
    let apply = Apply {
        channel,
        content: part("content", &asked.content)?,
        header: part("header", &asked.header)?,
        signature: part("signature", &asked.signature)?,
    };
    Ok(Json(state_body(&office.apply_for_admission(apply).await?.row)))
}

pub(super) async fn one(
    State(office): State<Arc<Office>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<ApplicationBody>, Problem> {
    Called::by(&office, request, NO_BODY).await?;
    Ok(Json(body(office.application(&id).await?)))
}

/// Needs no caller: whoever applied knows the ID, and it tells nothing of the channel.
pub(super) async fn state(
    State(office): State<Arc<Office>>,
    Path(id): Path<String>,
) -> Result<Json<ApplicationStateBody>, Problem> {
    Ok(Json(state_body(&office.find_application(&id).await?)))
}

pub(super) async fn decline(
    State(office): State<Arc<Office>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let called = Called::by(&office, request, SMALL).await?;
    let asked: DeclineRequest = called.json()?;
    office.decline_application(&called.caller, &id, &asked.reason).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Needs no caller, as applying does.
pub(super) async fn withdraw(
    State(office): State<Arc<Office>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let asked: WithdrawApplicationRequest = unsigned(request, SMALL).await?;
    let part = |field, text: &str| octets(field, text).map_err(Problem::malformed);
    let withdrawal = Withdrawal {
        header: part("header", &asked.header)?,
        signature: part("signature", &asked.signature)?,
    };
    office.withdraw_application(&id, withdrawal).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn unsigned<T: DeserializeOwned>(request: Request, limit: usize) -> Result<T, Problem> {
    let octets = read(request.into_body(), limit).await?;
    serde_json::from_slice(&octets)
        .map_err(|error| Problem::malformed(format!("the body is not good: {error}")))
}

fn document_body(row: &DocumentRow) -> ChannelDocumentBody {
    ChannelDocumentBody {
        kind: row.kind.clone(),
        content: String::from_utf8_lossy(&row.content).into_owned(),
        at: row.at.to_string(),
    }
}

fn state_body(row: &ApplicationRow) -> ApplicationStateBody {
    ApplicationStateBody {
        id: row.id.clone(),
        digest: hex::encode(row.digest),
        state: row.state.to_string(),
        expires_at: row.expires_at.to_string(),
        outcome: outcome(row),
    }
}

fn outcome(row: &ApplicationRow) -> Option<String> {
    Some(row.outcome.clone()).filter(|outcome| !outcome.is_empty())
}

fn row_body(row: &ApplicationRow) -> ApplicationBody {
    ApplicationBody {
        id: row.id.clone(),
        channel: row.channel.to_string(),
        organization: row.organization.clone(),
        msp_id: row.msp_id.clone(),
        state: row.state.to_string(),
        digest: hex::encode(row.digest),
        applicant: row.applicant.clone(),
        at: row.at.to_string(),
        expires_at: row.expires_at.to_string(),
        outcome: outcome(row),
        content: None,
        signed: String::new(),
        proposal_id: row.proposal.clone(),
        proposal: None,
        asked_anew: Vec::new(),
    }
}

fn body(view: ApplicationView) -> ApplicationBody {
    let mut body = row_body(&view.row);
    if view.row.state == ApplicationState::Open && view.proposal.is_ready {
        "ready".clone_into(&mut body.state);
    }
    ApplicationBody {
        content: Some(view.content),
        signed: STANDARD.encode(&view.row.content),
        proposal: Some(proposals::body(&view.proposal)),
        asked_anew: view.asked_anew,
        ..body
    }
}
