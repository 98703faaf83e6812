//! `/api/v2/channels`: the channels that the server knows.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::caller::Called;
use super::octets::octets;
use super::problem::Problem;
use crate::api::v2::{
    ChannelBody, ChannelList, ConfigBody, DatedBody, ExpiryBody, ImportChannelRequest, OrdererBody,
    PolicyExpiryBody,
};
use crate::channel::{self, Standing};
use crate::clock::Timestamp;
use crate::id::ChannelId;
use crate::pki::pem;
use crate::service::{ImportChannel, KnownChannel, Office, on_cores};
use crate::wire::Message as _;

/// The longest body with a configuration, in octets.
pub(super) const LIMIT: usize = 48 << 20;
/// The longest body where none is taken.
pub(super) const NO_BODY: usize = 1 << 10;

pub(super) async fn list(
    State(office): State<Arc<Office>>,
    request: Request,
) -> Result<Json<ChannelList>, Problem> {
    Called::by(&office, request, NO_BODY).await?;
    let membership = office.membership().await?;
    Ok(Json(ChannelList { channels: membership.channels().map(body).collect() }))
}

pub(super) async fn one(
    State(office): State<Arc<Office>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<ChannelBody>, Problem> {
    Called::by(&office, request, NO_BODY).await?;
    let membership = office.membership().await?;
    let known = membership.known(&id)?;
    let tree = known.channel().policies();
    let mut paths: Vec<String> = tree
        .names(tree.root().unwrap_or_default())
        .iter()
        .map(|name| format!("/Channel/{name}"))
        .collect();
    paths.sort_unstable();
    let orderers = channel::orderer_endpoints(known.current.root()).into_iter();
    let orderers = orderers.map(|one| OrdererBody {
        address: one.address,
        organization: one.organization,
        tls_roots: one.tls_roots.iter().map(|der| pem::encode("CERTIFICATE", der)).collect(),
    });
    Ok(Json(ChannelBody { policies: paths, orderers: orderers.collect(), ..body(known) }))
}

pub(super) async fn config(
    State(office): State<Arc<Office>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<ConfigBody>, Problem> {
    Called::by(&office, request, NO_BODY).await?;
    let membership = office.membership().await?;
    let config = membership.known(&id)?.current.config();
    Ok(Json(ConfigBody {
        sequence: config.sequence,
        config: STANDARD.encode(config.encode_to_vec()),
    }))
}

pub(super) async fn expiry(
    State(office): State<Arc<Office>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<ExpiryBody>, Problem> {
    Called::by(&office, request, NO_BODY).await?;
    let membership = office.membership().await?;
    membership.known(&id)?;
    let at = office.clock().now();
    // Who can satisfy the policies of a large channel takes a core for a while.
    let body = on_cores(move || membership.channel(&id).map(|known| ends(known, at, None))).await?;
    body.map(Json).ok_or_else(|| Problem::malformed("the channel is gone"))
}

/// What ends in a channel; with `until` only what does by then, or what nobody knows the end of, and policies that nobody
/// can satisfy then.
pub(super) fn ends(known: &KnownChannel, at: Timestamp, until: Option<Timestamp>) -> ExpiryBody {
    let root = known.current.root();
    let is_told = |end: Timestamp| until.is_none_or(|until| end <= until);
    let certificates = channel::certificates(root).into_iter();
    let certificates = certificates.filter(|dated| dated.not_after.is_none_or(is_told));
    let certificates = certificates.map(|dated| DatedBody {
        element: dated.element.path,
        held: dated.held.to_string(),
        name: dated.name,
        not_after: dated.not_after.map(|end| end.to_string()),
    });
    let mut policies = channel::outlooks(known.channel(), root, at).policies;
    policies.retain(|outlook| match &outlook.standing {
        Standing::Locked(_) => true,
        Standing::Until(end, _) => is_told(*end),
        Standing::Unknown | Standing::Always => until.is_none(),
    });
    policies.sort_by_key(|outlook| match &outlook.standing {
        Standing::Locked(_) => (0, 0),
        Standing::Until(until, _) => (1, until.unix()),
        Standing::Unknown => (2, 0),
        Standing::Always => (3, 0),
    });
    let policies = policies.into_iter().map(|outlook| PolicyExpiryBody {
        detail: outlook.to_string(),
        satisfiable: match &outlook.standing {
            Standing::Locked(_) => "never",
            Standing::Until(..) => "until",
            Standing::Unknown => "unknown",
            Standing::Always => "always",
        }
        .to_owned(),
        until: match &outlook.standing {
            Standing::Until(until, _) => Some(until.to_string()),
            Standing::Locked(_) | Standing::Unknown | Standing::Always => None,
        },
        policy: outlook.policy,
    });
    ExpiryBody { certificates: certificates.collect(), policies: policies.collect() }
}

pub(super) async fn import(
    State(office): State<Arc<Office>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Json<ChannelBody>, Problem> {
    let called = Called::by(&office, request, LIMIT).await?;
    let id = channel_id(&id)?;
    let asked: ImportChannelRequest = called.json()?;
    let octets = octets("config", &asked.config).map_err(Problem::malformed)?;
    let read =
        channel::read(&octets).map_err(|why| Problem::malformed(format!("config: {why}")))?;
    if let Some(told) = read.channel_id.filter(|told| told != id.as_str()) {
        let why = format!("config: it is of the channel `{}`", told.escape_debug());
        return Err(Problem::malformed(why));
    }
    let config = read.config.encode_to_vec();
    let last_update = read.last_update.and_then(|it| channel::Update::from_envelope(&it).ok());
    let known = office
        .import_channel(
            &called.caller,
            ImportChannel { id, config, last_update, govern_here: asked.govern_here },
        )
        .await?;
    Ok(Json(body(&known)))
}

pub(super) async fn forget(
    State(office): State<Arc<Office>>,
    Path(id): Path<String>,
    request: Request,
) -> Result<StatusCode, Problem> {
    let called = Called::by(&office, request, NO_BODY).await?;
    office.forget_channel(&called.caller, &channel_id(&id)?).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn channel_id(text: &str) -> Result<ChannelId, Problem> {
    text.parse().map_err(|why| Problem::malformed(format!("the path: {why}")))
}

fn body(known: &KnownChannel) -> ChannelBody {
    ChannelBody {
        id: known.id.to_string(),
        sequence: known.sequence,
        at: known.at.to_string(),
        governed_here: known.governed_here,
        msp_version: known.channel().version().as_str().to_owned(),
        msps: known.channel().msps().iter().map(|msp| msp.id().to_owned()).collect(),
        policies: Vec::new(),
        orderers: Vec::new(),
    }
}
