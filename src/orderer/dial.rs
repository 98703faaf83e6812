//! A connection to one orderer: TCP, TLS, HTTP/2.

use std::sync::Arc;

use futures_util::future::BoxFuture;
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper::http::{Request, Response, Uri};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::ClientConfig;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio::task::JoinHandle;
use tokio_rustls::TlsConnector;
use tonic::body::Body;
use tonic::client::Grpc;
use tower::util::{ServiceFn, service_fn};

use super::address::Address;
use super::error::{Error, Kind};

/// A request on its way.
type Sending = BoxFuture<'static, Result<Response<Incoming>, hyper::Error>>;
/// What sends requests.
type Sender = Box<dyn FnMut(Request<Body>) -> Sending + Send>;

/// Windows of HTTP/2, in octets: blocks are long, and 64 KiB a round trip are little.
const WINDOW: u32 = 4 << 20;

/// An open connection. It is closed when this is dropped.
pub(super) struct Line {
    pub(super) grpc: Grpc<ServiceFn<Sender>>,
    driver: JoinHandle<()>,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

/// Connects to `at`, which has to prove that it is `address`. Messages either way have `longest` octets at most.
pub(super) async fn dial(
    address: &Address,
    at: &Address,
    tls: Option<Arc<ClientConfig>>,
    longest: usize,
) -> Result<Line, Error> {
    let unavailable = |detail: &str| Error::new(Kind::Unavailable, address, detail);
    let tcp = TcpStream::connect((at.host(), at.port()));
    let tcp = tcp.await.map_err(|error| unavailable("cannot be reached").because(error))?;
    // A request is one small write, and is waited for.
    tcp.set_nodelay(true).map_err(|error| unavailable("cannot be reached").because(error))?;
    let Some(tls) = tls else { return line(address, "http", tcp, longest).await };
    let name = ServerName::try_from(address.host().to_owned())
        .map_err(|error| unavailable("has a name that TLS cannot check").because(error))?;
    let stream = TlsConnector::from(tls).connect(name, tcp);
    let stream =
        stream.await.map_err(|error| unavailable("did not agree on TLS").because(error))?;
    line(address, "https", stream, longest).await
}

async fn line<S>(address: &Address, scheme: &str, stream: S, longest: usize) -> Result<Line, Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let unavailable = || Error::new(Kind::Unavailable, address, "does not speak HTTP/2");
    let handshake = http2::Builder::new(TokioExecutor::new())
        .initial_stream_window_size(WINDOW)
        .initial_connection_window_size(WINDOW)
        .handshake(TokioIo::new(stream));
    let (sender, connection) = handshake.await.map_err(|error| unavailable().because(error))?;
    // How it ended is told to whoever waits for an answer.
    let driver = tokio::spawn(async move { drop(connection.await) });
    let origin: Uri = format!("{scheme}://{address}")
        .parse()
        .map_err(|error: hyper::http::uri::InvalidUri| unavailable().because(error))?;
    let send = move |request| -> Sending {
        let mut sender = sender.clone();
        Box::pin(async move {
            sender.ready().await?;
            sender.send_request(request).await
        })
    };
    let send: Sender = Box::new(send);
    let grpc = Grpc::with_origin(service_fn(send), origin)
        .max_decoding_message_size(longest)
        .max_encoding_message_size(longest);
    Ok(Line { grpc, driver })
}
