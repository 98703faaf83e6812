//! Paths and methods of `/api/v2`. What is told of each stands in `endpoints.rs`.

use std::sync::Arc;

use axum::Router;
use axum::response::IntoResponse as _;
use axum::routing::{MethodRouter, get, post};

use super::endpoints::BASE;
use super::problem::Problem;
use super::{
    applications, channels, collections, expiry, msps, openapi, proposals, pushes, verify,
};
use crate::service::Office;

/// Our own API. Its paths are whole, not nested: what is signed is the target as it was sent. Other paths
/// below are the facade's, which answers as Fabric CA does to versions that it does not know.
pub fn api_router(office: Arc<Office>) -> Router {
    let at = |path: &str| format!("{BASE}{path}");
    Router::new()
        .route(&at("/verify"), offered(post(verify::verify)))
        .route(&at("/channels"), offered(get(channels::list)))
        .route(
            &at("/channels/{id}"),
            offered(get(channels::one).put(channels::import).delete(channels::forget)),
        )
        .route(&at("/channels/{id}/config"), offered(get(channels::config)))
        .route(&at("/channels/{id}/expiry"), offered(get(channels::expiry)))
        .route(&at("/channels/{id}/simulate"), offered(post(proposals::simulate)))
        .route(
            &at("/channels/{id}/proposals"),
            offered(get(proposals::list).post(proposals::propose)),
        )
        .route(
            &at("/channels/{id}/documents/{kind}"),
            offered(get(applications::document).put(applications::set_document)),
        )
        .route(&at("/channels/{id}/collections"), offered(get(collections::list)))
        .route(&at("/channels/{id}/collections/access"), offered(post(collections::access)))
        .route(
            &at("/channels/{id}/applications"),
            offered(get(applications::list).post(applications::apply)),
        )
        .route(&at("/applications/{id}"), offered(get(applications::one)))
        .route(&at("/applications/{id}/state"), offered(get(applications::state)))
        .route(&at("/applications/{id}/decline"), offered(post(applications::decline)))
        .route(&at("/applications/{id}/withdrawal"), offered(post(applications::withdraw)))
        .route(&at("/proposals/{id}"), offered(get(proposals::one).delete(proposals::withdraw)))
        .route(&at("/proposals/{id}/signatures"), offered(post(proposals::sign)))
        .route(&at("/proposals/{id}/rebase"), offered(post(proposals::rebase)))
        .route(&at("/proposals/{id}/envelope"), offered(get(proposals::envelope)))
        .route(&at("/expiry"), offered(get(expiry::soon)))
        .route(&at("/pushes"), offered(get(pushes::list)))
        .route(&at("/msps"), offered(get(msps::list)))
        .route(&at("/msps/{id}"), offered(get(msps::one)))
        .route(&at("/openapi.json"), offered(get(openapi::document)))
        .with_state(office)
}

/// Other methods of a path are told as problems too.
fn offered(methods: MethodRouter<Arc<Office>>) -> MethodRouter<Arc<Office>> {
    methods.fallback(|| async { Problem::no_method().into_response() })
}
