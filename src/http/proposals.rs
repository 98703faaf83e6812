//! `/api/v2/channels/{id}/proposals` and `/api/v2/proposals/{id}`: updates of channels that collect
//! signatures.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::caller::{Called, read};
use super::changes::wanted;
use super::channels::{LIMIT, NO_BODY};
use super::octets::octets;
use super::problem::Problem;
use crate::api::v2::{
    DemandBody, EnvelopeBody, ProposalBody, ProposalList, ProposalSignatureBody, ProposeRequest,
    SignProposalRequest, SimulateRequest, StandingBody,
};
use crate::service::{Demanded, Office, Proposal, Propose};
use crate::store::{ProposalRow, ProposalSignature};

/// The longest body with a signature, in octets.
const SIGNATURE_LIMIT: usize = 128 << 10;

pub(super) async fn list(
    State(office): State<Arc<Office>>,
    Path(channel): Path<String>,
    Query(query): Query<std::collections::BTreeMap<String, String>>,
    request: Request,
) -> Result<Json<ProposalList>, Problem> {
    Called::by(&office, request, NO_BODY).await?;
    let open = query.get("state").is_some_and(|state| state == "open");
    let rows = office.proposals(&channel, open).await?;
    Ok(Json(ProposalList { proposals: rows.iter().map(row_body).collect() }))
}

pub(super) async fn propose(
    State(office): State<Arc<Office>>,
    Path(channel): Path<String>,
    request: Request,
) -> Result<Json<ProposalBody>, Problem> {
    let called = Called::by(&office, request, LIMIT).await?;
    let asked: ProposeRequest = called.json()?;
    let wanted = wanted(&asked.changes, asked.config.as_deref(), asked.update.as_deref());
    let wanted = wanted.map_err(Problem::malformed)?;
    let propose = Propose { channel, title: asked.title, wanted };
    Ok(Json(body(&office.propose(&called.caller, propose).await?)))
}

/// All that a proposal would tell; nothing is kept.
pub(super) async fn simulate(
    State(office): State<Arc<Office>>,
    Path(channel): Path<String>,
    request: Request,
) -> Result<Json<StandingBody>, Problem> {
    let called = Called::by(&office, request, LIMIT).await?;
    let asked: SimulateRequest = called.json()?;
    let wanted = wanted(&asked.changes, asked.config.as_deref(), asked.update.as_deref());
    let wanted = wanted.map_err(Problem::malformed)?;
    Ok(Json(standing(&office.simulate(&called.caller, channel, wanted).await?)))
}

pub(super) async fn one(
    State(office): State<Arc<Office>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<ProposalBody>, Problem> {
    Called::by(&office, request, NO_BODY).await?;
    Ok(Json(body(&office.proposal(&id).await?)))
}

pub(super) async fn withdraw(
    State(office): State<Arc<Office>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let called = Called::by(&office, request, NO_BODY).await?;
    office.withdraw_proposal(&called.caller, &id).await?;
    Ok(StatusCode::NO_CONTENT)
}

pub(super) async fn rebase(
    State(office): State<Arc<Office>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<ProposalBody>, Problem> {
    let called = Called::by(&office, request, NO_BODY).await?;
    Ok(Json(body(&office.rebase_proposal(&called.caller, &id).await?)))
}

/// Needs no caller: the signature itself says whose it is, and many a signer is no member of our CAs.
pub(super) async fn sign(
    State(office): State<Arc<Office>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<ProposalBody>, Problem> {
    let body_octets = read(request.into_body(), SIGNATURE_LIMIT).await?;
    let asked: SignProposalRequest = serde_json::from_slice(&body_octets)
        .map_err(|error| Problem::malformed(format!("the body is not good: {error}")))?;
    let header = octets("header", &asked.header).map_err(Problem::malformed)?;
    let signature = octets("signature", &asked.signature).map_err(Problem::malformed)?;
    Ok(Json(body(&office.sign_proposal(&id, header, signature).await?)))
}

pub(super) async fn envelope(
    State(office): State<Arc<Office>>,
    Path(id): Path<String>,
    Query(query): Query<std::collections::BTreeMap<String, String>>,
    request: Request,
) -> Result<Json<EnvelopeBody>, Problem> {
    Called::by(&office, request, NO_BODY).await?;
    let header = query.get("header").map_or("", String::as_str);
    let header = octets("header", header).map_err(Problem::malformed)?;
    let envelope = office.proposal_envelope(&id, header).await?;
    Ok(Json(EnvelopeBody { envelope: STANDARD.encode(envelope) }))
}

fn row_body(row: &ProposalRow) -> ProposalBody {
    ProposalBody {
        id: row.id.clone(),
        channel: row.channel.to_string(),
        title: row.title.clone(),
        state: row.state.to_string(),
        sequence: row.sequence,
        proposer: row.proposer.clone(),
        at: row.at.to_string(),
        outcome: Some(row.outcome.clone()).filter(|outcome| !outcome.is_empty()),
        standing: None,
    }
}

pub(super) fn body(proposal: &Proposal) -> ProposalBody {
    ProposalBody { standing: Some(standing(proposal)), ..row_body(&proposal.row) }
}

fn standing(proposal: &Proposal) -> StandingBody {
    let demand = |demand: &Demanded| DemandBody {
        policy: demand.policy.clone(),
        elements: demand.elements.clone(),
        satisfied: demand.satisfied,
        needs: demand.needs.clone(),
        sets: demand.sets.clone(),
    };
    let signature =
        |(row, signed): &(ProposalSignature, crate::service::Signed)| ProposalSignatureBody {
            msp_id: signed.msp_id.clone(),
            certificate: signed.certificate.as_ref().map(hex::encode),
            at: row.at.to_string(),
            approves: signed.approves,
            refused: signed.refused.clone(),
        };
    StandingBody {
        update: STANDARD.encode(&proposal.row.content),
        changes: proposal.changes.clone(),
        effects: proposal.effects.clone(),
        warnings: proposal.warnings.clone(),
        demands: proposal.demands.iter().map(demand).collect(),
        application: proposal.application.clone(),
        signatures: proposal.signatures.iter().map(signature).collect(),
        conflict: proposal.conflict.clone(),
        ready: proposal.is_ready,
    }
}
