//! `/api/v2/expiry`: what ends soon, of all that the server knows.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Query, Request, State};
use serde::Deserialize;

use super::caller::Called;
use super::channels::{NO_BODY, ends};
use super::problem::Problem;
use crate::api::v2::{ChannelExpiryBody, EndingBody, ExpiringBody};
use crate::clock::Timestamp;
use crate::service::{CertificateQuery, Membership, Office, on_cores};
use crate::store::{CertificateCursor, CertificateRow, Span};

/// Certificates on a page.
const PAGE: u32 = 1_000;
/// How far one may look ahead, in days.
const FARTHEST: u32 = 36_500;

/// What is asked for.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Asked {
    /// Only what ends within so many days. Default 90.
    #[serde(default = "usual")]
    within: u32,
    /// The last certificate of the page before, `AKI.SERIAL`.
    after: Option<String>,
}

const fn usual() -> u32 {
    90
}

pub(super) async fn soon(
    State(office): State<Arc<Office>>,
    asked: Result<Query<Asked>, axum::extract::rejection::QueryRejection>,
    request: Request,
) -> Result<Json<ExpiringBody>, Problem> {
    let called = Called::by(&office, request, NO_BODY).await?;
    let Query(asked) = asked.map_err(|why| Problem::malformed(why.body_text()))?;
    if asked.within > FARTHEST {
        return Err(Problem::malformed(format!("`within` is more than {FARTHEST} days")));
    }
    let now = office.clock().now();
    let until = now.plus(i64::from(asked.within) * 86_400);
    let after = asked.after.as_deref().map(cursor).transpose()?;
    let query = CertificateQuery {
        not_revoked: true,
        expires: Some(Span { from: Some(now), until: Some(until) }),
        ..CertificateQuery::default()
    };
    let authority = office.authority(called.caller.identity().ca.as_str())?;
    let page = authority.certificates(&called.caller, &query, after.as_ref(), PAGE).await?;
    let channels = if after.is_none() {
        let membership = office.membership().await?;
        on_cores(move || in_channels(&membership, now, until)).await?
    } else {
        Vec::new()
    };
    let next = page.next.map(|last| format!("{}.{}", last.issuer, last.serial));
    let certificates = page.items.iter().map(ending).collect();
    Ok(Json(ExpiringBody { until: until.to_string(), certificates, next, channels }))
}

fn cursor(text: &str) -> Result<CertificateCursor, Problem> {
    let read = || {
        let (issuer, serial) = text.split_once('.')?;
        Some(CertificateCursor { issuer: issuer.parse().ok()?, serial: serial.parse().ok()? })
    };
    read().ok_or_else(|| Problem::malformed("`after` is none that was given as `next`"))
}

fn ending(row: &CertificateRow) -> EndingBody {
    EndingBody {
        ca: row.ca.to_string(),
        // Certificates of the server itself have owners that no identity can be.
        enrollment_id: row.enrollment_id.trim_start_matches('\u{1}').to_owned(),
        aki: row.issuer.to_string(),
        serial: row.serial.to_string(),
        not_after: row.not_after.to_string(),
    }
}

fn in_channels(
    membership: &Membership,
    now: Timestamp,
    until: Timestamp,
) -> Vec<ChannelExpiryBody> {
    let all = membership.channels().map(|known| ChannelExpiryBody {
        id: known.id.to_string(),
        ends: ends(known, now, Some(until)),
    });
    all.filter(|one| !one.ends.certificates.is_empty() || !one.ends.policies.is_empty()).collect()
}
