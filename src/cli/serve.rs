//! `chancery serve`: composes the rooms, serves, drains.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;
use tracing::info;

use super::compose::{self, Parts};
use super::exit::Failure;
use super::output::Output;
use crate::config::Config;
use crate::fabric;
use crate::http::{Operations, api_router, crl_router, operations_router};
use crate::server::{Limits, Listener};

/// Serves the CAs of a configuration.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  chancery serve -c chancery.toml")]
pub(super) struct Serve {
    /// The configuration file.
    #[arg(short, long, value_name = "FILE", default_value = "chancery.toml")]
    config: PathBuf,
    /// Only reads and checks the configuration.
    #[arg(long)]
    check: bool,
}

impl Serve {
    /// Runs until SIGTERM or SIGINT.
    ///
    /// # Errors
    /// When the configuration, the token, the store or an address is not as it must be.
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        let config = compose::read_config(&self.config)?;
        if self.check {
            return out.result(&serde_json::json!({ "ok": true }), "the configuration is good");
        }
        compose::start_log(&config)?;
        compose::block_on(async move {
            let parts = Parts::start(&config, false).await?;
            serve(&config, parts, out).await
        })
    }
}

/// Serves what was composed; prints `ready` with the address once every listener is bound.
pub(super) async fn serve(config: &Config, mut parts: Parts, out: &Output) -> Result<(), Failure> {
    let metrics = parts.metrics.clone();
    let office = parts.open_office(config).await?;
    let limits = Limits {
        connections: config.server.max_connections,
        read: Duration::from_secs(config.server.read_timeout_seconds),
        answer: Duration::from_secs(config.server.answer_timeout_seconds),
        drain: Duration::from_secs(config.server.drain_seconds),
    };
    let facade = fabric::router(
        Arc::clone(&office),
        fabric::Options {
            compatibility_tokens_v1: config.fabric.compatibility_tokens_v1,
            cors: cors(&config.fabric.cors_origins),
            ..fabric::Options::default()
        },
    );
    let observe = metrics.clone();
    let facade = facade.layer(axum::middleware::from_fn(move |request, next| {
        let metrics = observe.clone();
        metrics.observe(request, next)
    }));
    let (observed, watched) = (metrics, parts.commons.hsm.clone());
    let pushed = Arc::clone(&office);
    let operations = operations_router(Operations::new(
        Arc::clone(&office),
        parts.commons.clock.clone(),
        Arc::new(move || {
            observed.refresh(&watched);
            let lags = pushed.last_pushes().into_iter().map(|push| {
                let row = push.row;
                ([row.channel.to_string(), row.msp_id.to_string(), row.matter], push.lag_seconds)
            });
            observed.channel_lags(&lags.collect::<Vec<_>>());
            observed.text().ok()
        }),
    ));
    let mut public =
        Router::new().merge(crl_router(Arc::clone(&office))).merge(api_router(Arc::clone(&office)));
    if config.server.operations_listen.is_none() {
        public = public.merge(operations.clone());
    }
    let public = public.fallback_service(facade);
    let tls = match &config.server.tls {
        Some(options) => Some(TlsAcceptor::from(compose::tls(options, &parts, &office).await?)),
        None => None,
    };
    let scheme = if tls.is_some() { "https" } else { "http" };

    let listener = bind(config.server.listen, public, tls, &limits).await?;
    let address = listener.address().map_err(|e| Failure::refused("no address").because(e))?;
    let (stop, stopped) = watch::channel(false);
    let mut serving = vec![tokio::spawn(listener.serve(stopped.clone()))];
    if let Some(listen) = config.server.operations_listen {
        let listener = bind(listen, operations, None, &limits).await?;
        serving.push(tokio::spawn(listener.serve(stopped)));
    }
    let mut background = Vec::new();
    for authority in office.authorities() {
        background.push(tokio::spawn(Arc::clone(authority).keep_crls_published()));
    }
    background.push(tokio::spawn(compose::sweep(parts.commons.clone())));
    background.push(tokio::spawn(compose::settle(Arc::clone(&office))));
    background.push(tokio::spawn(Arc::clone(&office).keep_channels_current()));

    // Before anybody is told: who reads the line may stop us at once.
    let terminated = termination()?;
    out.octets(format!("ready {scheme}://{address}\n").as_bytes())?;
    info!("serving on {scheme}://{address}");
    terminated.await;
    info!("stopping: open requests are answered first");
    // Nobody listens when every listener has ended by itself.
    let _ = stop.send(true);
    for listener in serving {
        if let Err(error) = listener.await {
            tracing::error!(%error, "a listener died");
        }
    }
    background.iter().for_each(tokio::task::JoinHandle::abort);
    parts.stop().await;
    Ok(())
}

async fn bind(
    address: SocketAddr,
    router: Router,
    tls: Option<TlsAcceptor>,
    limits: &Limits,
) -> Result<Listener, Failure> {
    Listener::bind(address, router, tls, limits.clone())
        .await
        .map_err(|e| Failure::refused(format!("could not listen on `{address}`")).because(e))
}

/// Listens for SIGTERM and SIGINT from now on; the future that it gives resolves with the first.
fn termination() -> Result<impl Future<Output = ()>, Failure> {
    let failed = |e| Failure::refused("could not wait for signals").because(e);
    let mut term = signal(SignalKind::terminate()).map_err(failed)?;
    let mut int = signal(SignalKind::interrupt()).map_err(failed)?;
    Ok(async move {
        tokio::select! {
            _ = term.recv() => {}
            _ = int.recv() => {}
        }
    })
}

/// Pages of these origins may call, with what our endpoints need.
fn cors(origins: &[String]) -> Option<fabric::Cors> {
    let texts = |list: &[&str]| list.iter().map(|text| (*text).to_owned()).collect();
    (!origins.is_empty()).then(|| fabric::Cors {
        origins: origins.iter().cloned().collect(),
        headers: texts(&["Authorization", "Content-Type"]),
        methods: texts(&["PUT", "DELETE"]),
    })
}
