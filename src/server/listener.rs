//! Connections: accepted within limits, served, and drained at the end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use hyper::body::Incoming;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, watch};
use tokio::time::{sleep, timeout};
use tokio_rustls::TlsAcceptor;
use tower::ServiceExt as _;
use tracing::{debug, warn};

use super::linger::Linger;
use super::slow_body::SlowBody;
use crate::http::ClientCertificate;

/// What bounds a listener.
#[derive(Debug, Clone)]
pub struct Limits {
    /// Connections served at once; further ones wait in the listen queue.
    pub connections: usize,
    /// In which a request's head must have come, and from then on its body; an idle connection is
    /// closed after it.
    pub read: Duration,
    /// In which a request is answered, and in which a client must take something of its answer.
    pub answer: Duration,
    /// What open requests are given when the server stops.
    pub drain: Duration,
}

/// One address, what answers there, and how.
pub struct Listener {
    socket: TcpListener,
    router: Router,
    tls: Option<TlsAcceptor>,
    limits: Limits,
}

impl std::fmt::Debug for Listener {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Listener").field("socket", &self.socket).finish_non_exhaustive()
    }
}

impl Listener {
    /// Binds the address.
    ///
    /// # Errors
    /// When it is taken or not ours.
    pub async fn bind(
        address: SocketAddr,
        router: Router,
        tls: Option<TlsAcceptor>,
        limits: Limits,
    ) -> io::Result<Self> {
        let socket = TcpListener::bind(address).await?;
        Ok(Self { socket, router, tls, limits })
    }

    /// The address, with the port that the system chose where 0 was asked for.
    ///
    /// # Errors
    /// When the system does not tell.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.socket.local_addr()
    }

    /// Serves until `stop` becomes true, then gives open requests their time.
    pub async fn serve(self, mut stop: watch::Receiver<bool>) {
        let places = Arc::new(Semaphore::new(self.limits.connections));
        let all = u32::try_from(self.limits.connections).unwrap_or(u32::MAX);
        loop {
            let Ok(place) = Arc::clone(&places).acquire_owned().await else { break };
            let (stream, peer) = tokio::select! {
                accepted = self.socket.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of descriptors or the like: it passes, and must not spin.
                        warn!(%error, "could not accept a connection");
                        sleep(Duration::from_millis(50)).await;
                        continue;
                    }
                },
                () = asked(&mut stop) => break,
            };
            let connection = Connection {
                router: self.router.clone(),
                tls: self.tls.clone(),
                limits: self.limits.clone(),
                peer,
                stop: stop.clone(),
            };
            tokio::spawn(async move {
                connection.serve(stream).await;
                drop(place);
            });
        }
        if timeout(self.limits.drain, places.acquire_many(all)).await.is_err() {
            warn!("connections were still open after {:?} and are cut off", self.limits.drain);
        }
    }
}

struct Connection {
    router: Router,
    tls: Option<TlsAcceptor>,
    limits: Limits,
    peer: SocketAddr,
    stop: watch::Receiver<bool>,
}

impl Connection {
    async fn serve(self, stream: TcpStream) {
        // Small answers must not wait for the peer's acknowledgement.
        if let Err(error) = stream.set_nodelay(true) {
            debug!(%error, "could not set TCP_NODELAY");
        }
        match self.tls.clone() {
            None => self.serve_http(stream, None).await,
            Some(tls) => match timeout(self.limits.read, tls.accept(stream)).await {
                Ok(Ok(stream)) => {
                    let certificates = stream.get_ref().1.peer_certificates();
                    let own = certificates.and_then(|certificates| certificates.first());
                    let client = own.map(|own| ClientCertificate(own.as_ref().into()));
                    self.serve_http(stream, client).await;
                }
                Ok(Err(error)) => debug!(peer = %self.peer, %error, "TLS handshake failed"),
                Err(_) => debug!(peer = %self.peer, "TLS handshake took too long"),
            },
        }
    }

    async fn serve_http(
        mut self,
        stream: impl AsyncRead + AsyncWrite + Unpin,
        client: Option<ClientCertificate>,
    ) {
        let (router, peer) = (self.router, self.peer);
        let Limits { read, answer, .. } = self.limits;
        let stream = Linger::new(stream, answer, self.stop.clone());
        let service = hyper::service::service_fn(move |request: Request<Incoming>| {
            let (router, client) = (router.clone(), client.clone());
            async move {
                let mut request = request.map(|body| SlowBody::within(body, read));
                request.extensions_mut().insert(ConnectInfo(peer));
                if let Some(client) = client {
                    request.extensions_mut().insert(client);
                }
                let answered = timeout(answer, router.oneshot(request)).await;
                Ok::<_, Infallible>(match answered {
                    Ok(Ok(response)) => response,
                    Err(_) => too_slow(),
                })
            }
        });
        let connection = hyper::server::conn::http1::Builder::new()
            .timer(TokioTimer::new())
            .header_read_timeout(read)
            .max_headers(64)
            .max_buf_size(64 * 1024)
            // Not `pipeline_flush`: with it hyper drops its own 400, 414 and 431 when octets are
            // left that it could not read.
            .serve_connection(TokioIo::new(stream), service);
        let mut connection = std::pin::pin!(connection);
        tokio::select! {
            ended = connection.as_mut() => {
                if let Err(error) = ended { debug!(%peer, %error, "connection ended"); }
                return;
            }
            () = asked(&mut self.stop) => connection.as_mut().graceful_shutdown(),
        }
        if let Err(error) = connection.await {
            debug!(%peer, %error, "connection ended");
        }
    }
}

/// Returns when the server is asked to stop, or nobody is left who could ask.
async fn asked(stop: &mut watch::Receiver<bool>) {
    // The guard that this gives must not live across a wait.
    let _ = stop.wait_for(|stop| *stop).await.map(drop);
}

/// The deed goes on in its own task; the client is told to ask again.
fn too_slow() -> Response {
    let mut response = StatusCode::SERVICE_UNAVAILABLE.into_response();
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}
