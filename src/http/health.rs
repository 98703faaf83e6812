//! Health, readiness, metrics and version.

use std::sync::Arc;

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use serde_json::json;

use crate::clock::Clock;
use crate::service::Office;

/// Renders the metrics; the roof knows them, this room only serves the text.
type Render = dyn Fn() -> Option<Vec<u8>> + Send + Sync;

/// What the operations listener tells about.
#[derive(Clone)]
pub struct Operations {
    office: Arc<Office>,
    clock: Clock,
    metrics: Arc<Render>,
}

impl std::fmt::Debug for Operations {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Operations(..)")
    }
}

impl Operations {
    /// Tells of this office, with `metrics` rendered on demand.
    pub fn new(office: Arc<Office>, clock: Clock, metrics: Arc<Render>) -> Self {
        Self { office, clock, metrics }
    }
}

/// `/healthz`, `/readyz`, `/metrics`, `/version`.
pub fn operations_router(operations: Operations) -> Router {
    Router::new()
        .route("/healthz", get(health))
        .route("/readyz", get(ready))
        .route("/metrics", get(metrics))
        .route("/version", get(version))
        .with_state(operations)
}

/// As Fabric CA's: the process serves and its store answers.
async fn health(State(operations): State<Operations>) -> Response {
    tell(&operations, operations.office.failed_store_checks().await)
}

/// The store answers and the token answers with every issuer key.
async fn ready(State(operations): State<Operations>) -> Response {
    tell(&operations, operations.office.failed_checks().await)
}

fn tell(operations: &Operations, failed: Vec<(&'static str, String)>) -> Response {
    let time = operations.clock.now().to_string();
    if failed.is_empty() {
        return axum::Json(json!({ "status": "OK", "time": time })).into_response();
    }
    let failed: Vec<_> = failed
        .into_iter()
        .map(|(component, reason)| json!({ "component": component, "reason": reason }))
        .collect();
    let body = json!({ "status": "Service Unavailable", "time": time, "failed_checks": failed });
    (StatusCode::SERVICE_UNAVAILABLE, axum::Json(body)).into_response()
}

async fn metrics(State(operations): State<Operations>) -> Response {
    match (operations.metrics)() {
        Some(text) => ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], text)
            .into_response(),
        None => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn version() -> Response {
    let body = json!({ "Version": env!("CARGO_PKG_VERSION") }).to_string();
    ([(header::CONTENT_TYPE, "text/plain; charset=utf-8")], body).into_response()
}
