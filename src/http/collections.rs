//! `/api/v2/channels/{id}/collections`: private data.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};

use super::caller::Called;
use super::channels::NO_BODY;
use super::problem::Problem;
use super::verify::identity_of;
use crate::api::v2::{
    CollectionAccessBody, CollectionAccessList, CollectionAccessRequest, CollectionBody,
    CollectionList,
};
use crate::service::{CollectionAccess, KnownCollection, Office};

/// The longest body with an identity and names.
const LIMIT: usize = 256 << 10;

pub(super) async fn list(
    State(office): State<Arc<Office>>,
    Path(channel): Path<String>,
    request: Request,
) -> Result<Json<CollectionList>, Problem> {
    Called::by(&office, request, NO_BODY).await?;
    let told = office.collections(&channel).await?;
    let collections = told.collections.iter().map(body).collect();
    Ok(Json(CollectionList { sequence: told.sequence, collections }))
}

pub(super) async fn access(
    State(office): State<Arc<Office>>,
    Path(channel): Path<String>,
    request: Request,
) -> Result<Json<CollectionAccessList>, Problem> {
    let called = Called::by(&office, request, LIMIT).await?;
    let asked: CollectionAccessRequest<'_> = serde_json::from_slice(&called.body)
        .map_err(|error| Problem::malformed(format!("the body is not good: {error}")))?;
    let identity = identity_of(&asked.identity)
        .map_err(|why| Problem::malformed(format!("identity: {why}")))?;
    let told = office.collection_access(&channel, identity, asked.collections).await?;
    let valid = told.refused.is_none();
    let (why, detail) = told.refused.unzip();
    let collections = told.access.iter().map(access_body).collect();
    let (sequence, msp_id) = (told.sequence, told.msp_id);
    Ok(Json(CollectionAccessList { sequence, msp_id, valid, why, detail, collections }))
}

fn body(known: &KnownCollection) -> CollectionBody {
    let config = known.collection.config();
    CollectionBody {
        chaincode: known.chaincode.clone(),
        name: config.name.clone(),
        members: known.collection.members_text(),
        stored_by: known.stored_by.clone(),
        required_peer_count: config.required_peer_count,
        max_peer_count: config.maximum_peer_count,
        block_to_live: config.block_to_live,
        member_only_read: config.member_only_read,
        member_only_write: config.member_only_write,
        endorsement: known.collection.endorsement_text(),
    }
}

fn access_body(access: &CollectionAccess) -> CollectionAccessBody {
    CollectionAccessBody {
        chaincode: access.known.chaincode.clone(),
        name: access.known.collection.config().name.clone(),
        member: access.standing.member,
        read: access.standing.rights.read,
        write: access.standing.rights.write,
        stored: access.stored,
    }
}
