//! Logs, metrics, and what the rooms below tell of themselves.
//!
//! Invariant: no secret, no body and no header of a request goes into a log line or a label.

use std::time::Duration;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;
use prometheus::{
    Encoder as _, HistogramOpts, HistogramVec, IntCounterVec, IntGaugeVec, Opts, Registry,
    TextEncoder,
};
use tokio::time::Instant;
use tracing_subscriber::EnvFilter;

use crate::fabric::Served;
use crate::hsm::{Hsm, Status};

/// Starts the log on stderr: `level` in tracing's filter syntax, lines as JSON when asked.
///
/// # Errors
/// When the filter cannot be read or a log was started before.
pub fn start_log(level: &str, json: bool) -> Result<(), String> {
    let filter = EnvFilter::try_new(level).map_err(|e| format!("log level `{level}`: {e}"))?;
    let log = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        // A log that cannot be written (its disk is full) must not take a deed down: complaining of it
        // on the same full disk panics.
        .log_internal_errors(false);
    if json { log.json().flatten_event(true).try_init() } else { log.with_ansi(false).try_init() }
        .map_err(|e| e.to_string())
}

/// The metrics of a server, with Fabric CA's names where it has one.
#[derive(Debug, Clone)]
pub struct Metrics {
    registry: Registry,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    store_calls: IntCounterVec,
    store_seconds: HistogramVec,
    gauges: IntGaugeVec,
    expiry: IntGaugeVec,
    lag: IntGaugeVec,
    signatures: IntGaugeVec,
}

impl Metrics {
    /// Makes and registers all metrics.
    ///
    /// # Errors
    /// When two of them bear one name: a fault of ours, told rather than hidden.
    pub fn new() -> Result<Self, prometheus::Error> {
        let registry = Registry::new();
        let request_labels = ["ca_name", "api_name", "status_code"];
        let store_labels = ["ca_name", "func_name", "dbapi_name"];
        let metrics = Self {
            requests: IntCounterVec::new(
                Opts::new("api_request_count", "Number of requests made to an API"),
                &request_labels,
            )?,
            request_seconds: HistogramVec::new(
                HistogramOpts::new("api_request_duration", "Time taken in seconds for the request"),
                &request_labels,
            )?,
            store_calls: IntCounterVec::new(
                Opts::new("db_api_request_count", "Number of requests made to a database API"),
                &store_labels,
            )?,
            store_seconds: HistogramVec::new(
                HistogramOpts::new(
                    "db_api_request_duration",
                    "Time taken in seconds for the request to a database API",
                ),
                &store_labels,
            )?,
            gauges: IntGaugeVec::new(
                Opts::new(
                    "chancery_state",
                    "signer_up (-1: wrong PIN), signer_starts, signer_places_free",
                ),
                &["of"],
            )?,
            expiry: IntGaugeVec::new(
                Opts::new("chancery_issuer_expiry_seconds", "When an issuer expires, Unix seconds"),
                &["ca_name", "key_id"],
            )?,
            lag: IntGaugeVec::new(
                Opts::new(
                    "chancery_channel_lag_seconds",
                    "For how long a channel lags behind what a CA says, in seconds; 0 when it does not",
                ),
                &["channel_id", "msp_id", "matter"],
            )?,
            signatures: IntGaugeVec::new(
                Opts::new("chancery_signer_signatures", "Signatures and MACs asked of the signer"),
                &["key", "purpose", "outcome"],
            )?,
            registry,
        };
        for vec in [&metrics.requests, &metrics.store_calls] {
            metrics.registry.register(Box::new(vec.clone()))?;
        }
        for vec in [&metrics.request_seconds, &metrics.store_seconds] {
            metrics.registry.register(Box::new(vec.clone()))?;
        }
        for vec in [&metrics.gauges, &metrics.expiry, &metrics.lag, &metrics.signatures] {
            metrics.registry.register(Box::new(vec.clone()))?;
        }
        Ok(metrics)
    }

    /// Sets for how long channels lag behind: channel, MSP ID, matter and seconds of each. Those that are not told are
    /// forgotten.
    pub fn channel_lags(&self, lags: &[([String; 3], i64)]) {
        self.lag.reset();
        for (labels, seconds) in lags {
            self.lag.with_label_values(&labels.each_ref().map(String::as_str)).set(*seconds);
        }
    }

    /// Counts one call of the store.
    pub fn stored(&self, function: &str, call: &str, took: Duration) {
        let labels = ["", function, call];
        self.store_calls.with_label_values(&labels).inc();
        self.store_seconds.with_label_values(&labels).observe(took.as_secs_f64());
    }

    /// Reads off the signer's face what has changed since the last time.
    pub fn refresh(&self, hsm: &Hsm) {
        let (up, starts, free) = match hsm.status() {
            Status::Up { starts, free, .. } => (1, starts, free),
            Status::Down { starts, .. } => (0, starts, 0),
            Status::WrongPin => (-1, 0, 0),
        };
        let number = |count: u64| i64::try_from(count).unwrap_or(i64::MAX);
        self.gauges.with_label_values(&["signer_up"]).set(up);
        self.gauges.with_label_values(&["signer_starts"]).set(number(starts));
        let free = i64::try_from(free).unwrap_or(i64::MAX);
        self.gauges.with_label_values(&["signer_places_free"]).set(free);
        for count in hsm.counts() {
            let (key, purpose) = (hex::encode(count.key), count.purpose.to_string());
            let made = [key.as_str(), purpose.as_str(), "made"];
            self.signatures.with_label_values(&made).set(number(count.made));
            let failed = [key.as_str(), purpose.as_str(), "failed"];
            self.signatures.with_label_values(&failed).set(number(count.failed));
        }
    }

    /// Tells when an issuer expires.
    pub fn issuer_expiry(&self, ca: &str, key_id: &str, at: i64) {
        self.expiry.with_label_values(&[ca, key_id]).set(at);
    }

    /// All of it in Prometheus' text format, version 0.0.4.
    ///
    /// # Errors
    /// When a value cannot be written.
    pub fn text(&self) -> Result<Vec<u8>, prometheus::Error> {
        let mut text = Vec::new();
        TextEncoder::new().encode(&self.registry.gather(), &mut text)?;
        Ok(text)
    }

    /// A layer that counts and times the requests of the facade.
    pub async fn observe(self, request: Request, next: Next) -> Response {
        let since = Instant::now();
        let response = next.run(request).await;
        // Only what the facade recognised is counted: unknown paths make no labels.
        if let Some(served) = response.extensions().get::<Served>() {
            let status = response.status().as_u16().to_string();
            let labels = [served.ca.as_str(), served.endpoint, status.as_str()];
            self.requests.with_label_values(&labels).inc();
            self.request_seconds.with_label_values(&labels).observe(since.elapsed().as_secs_f64());
        }
        response
    }
}
