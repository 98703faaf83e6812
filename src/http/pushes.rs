//! `/api/v2/pushes`: how far what the CAs say has come into the channels.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Request, State};

use super::caller::Called;
use super::channels::NO_BODY;
use super::problem::Problem;
use crate::api::v2::{PushBody, PushList};
use crate::service::{Office, Push};

pub(super) async fn list(
    State(office): State<Arc<Office>>,
    request: Request,
) -> Result<Json<PushList>, Problem> {
    Called::by(&office, request, NO_BODY).await?;
    Ok(Json(PushList { pushes: office.pushes().await?.into_iter().map(body).collect() }))
}

fn body(push: Push) -> PushBody {
    let Push { row, lag_seconds } = push;
    PushBody {
        channel: row.channel.to_string(),
        msp_id: row.msp_id.to_string(),
        matter: row.matter,
        state: row.state.to_string(),
        detail: row.detail,
        proposal: Some(row.proposal).filter(|proposal| !proposal.is_empty()),
        since: row.since.to_string(),
        lag_seconds,
        attempts: row.attempts,
        at: row.at.to_string(),
    }
}
