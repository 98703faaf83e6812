//! One orderer.

use std::fmt;
use std::sync::Arc;

use futures_util::future::BoxFuture;
use futures_util::stream;
use hyper::http::uri::PathAndQuery;
use rustls::ClientConfig;
use tokio::time::timeout;
use tonic::{Code, Request};

use super::address::Address;
use super::codec::WireCodec;
use super::dial::{Line, dial};
use super::error::{Error, Kind};
use super::options::{BadOptions, Options};
use crate::wire::{
    Block, BroadcastResponse, DeliverResponse, DeliverType, Envelope, Message, Shaped, Status,
};

/// The method that takes envelopes.
pub const BROADCAST: &str = "/orderer.AtomicBroadcast/Broadcast";
/// The method that gives blocks.
pub const DELIVER: &str = "/orderer.AtomicBroadcast/Deliver";

/// Whoever puts envelopes in order, and keeps the blocks.
pub trait Orderer: fmt::Debug + Send + Sync {
    /// What it is told apart by: its address.
    fn name(&self) -> String;

    /// SHA-256 of the certificate with which we connect; empty without one. Seeks are bound to it.
    fn client_hash(&self) -> Vec<u8>;

    /// Hands over an envelope. That it was taken does not say that it is in a block, or ever will be.
    ///
    /// # Errors
    /// When it was not taken, or nobody knows.
    fn broadcast(&self, envelope: Envelope) -> BoxFuture<'_, Result<(), Error>>;

    /// Asks for one block: the first that the orderer sends.
    ///
    /// # Errors
    /// When none came.
    fn block(&self, seek: Envelope) -> BoxFuture<'_, Result<Block, Error>>;
}

/// One orderer, over gRPC.
#[derive(Debug, Clone)]
pub struct Remote {
    address: Address,
    options: Arc<Options>,
    tls: Option<Arc<ClientConfig>>,
}

impl Remote {
    /// The orderer at this address; nothing is sent yet.
    ///
    /// # Errors
    /// When nobody could be trusted, or our certificate cannot be used.
    pub fn new(address: Address, options: Arc<Options>) -> Result<Self, BadOptions> {
        let tls = options.security.tls()?;
        Ok(Self { address, options, tls })
    }

    /// Where it is.
    pub fn address(&self) -> &Address {
        &self.address
    }

    async fn connect(&self) -> Result<Line, Error> {
        let at = self.options.overrides.get(&self.address).unwrap_or(&self.address);
        let limit = self.options.connect;
        let line =
            timeout(limit, dial(&self.address, at, self.tls.clone(), self.options.max_message))
                .await;
        line.unwrap_or_else(|_| {
            let detail = format!("could not be connected to within {} ms", limit.as_millis());
            Err(Error::new(Kind::TimedOut, &self.address, detail))
        })
    }

    /// Sends one message and takes the first of the answers.
    async fn ask<R: Shaped + 'static>(
        &self,
        method: &'static str,
        envelope: Envelope,
    ) -> Result<R, Error> {
        let mut line = self.connect().await?;
        let limit = self.options.answer;
        let answer = timeout(limit, self.first(&mut line, method, envelope)).await;
        answer.unwrap_or_else(|_| {
            let detail = format!("did not answer within {} ms", limit.as_millis());
            Err(Error::new(Kind::TimedOut, &self.address, detail).perhaps())
        })
    }

    async fn first<R: Shaped + 'static>(
        &self,
        line: &mut Line,
        method: &'static str,
        envelope: Envelope,
    ) -> Result<R, Error> {
        let path = PathAndQuery::from_static(method);
        let request = Request::new(stream::iter([envelope]));
        let answers = line.grpc.streaming(request, path, WireCodec::<Envelope, R>::default()).await;
        let mut answers = answers.map_err(|status| self.failed(status))?.into_inner();
        let first = answers.message().await.map_err(|status| self.failed(status))?;
        first.ok_or_else(|| Error::new(Kind::Dropped, &self.address, "").perhaps())
    }

    /// What gRPC said instead of an answer. Whatever it was, the request had left.
    fn failed(&self, status: tonic::Status) -> Error {
        let told = format!("{:?}: {}", status.code(), status.message());
        let (kind, detail) = match status.code() {
            Code::Unavailable | Code::ResourceExhausted => {
                (Kind::Unavailable, format!("cannot serve ({told})"))
            }
            Code::DeadlineExceeded => (Kind::TimedOut, format!("gave up ({told})")),
            // What the connection itself came to.
            Code::Unknown | Code::Cancelled | Code::Aborted | Code::Internal => {
                (Kind::Dropped, told)
            }
            Code::Ok
            | Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::OutOfRange
            | Code::Unimplemented
            | Code::DataLoss
            | Code::Unauthenticated => (Kind::BadAnswer, told),
        };
        Error::new(kind, &self.address, detail).because(status).perhaps()
    }

    fn refused(&self, status: i32, info: &str) -> Error {
        Error::new(Kind::Refused(status), &self.address, info)
    }
}

impl Orderer for Remote {
    fn name(&self) -> String {
        self.address.to_string()
    }

    fn client_hash(&self) -> Vec<u8> {
        self.options.security.client_hash()
    }

    fn broadcast(&self, envelope: Envelope) -> BoxFuture<'_, Result<(), Error>> {
        Box::pin(async move {
            let longest = self.options.max_message;
            if envelope.encoded_len() > longest {
                let why = format!("it was not sent: it has more than {longest} octets");
                let status = Status::RequestEntityTooLarge.into();
                return Err(self.refused(status, &why));
            }
            let answer: BroadcastResponse = self.ask(BROADCAST, envelope).await?;
            if answer.status == i32::from(Status::Success) {
                return Ok(());
            }
            Err(self.refused(answer.status, &answer.info))
        })
    }

    fn block(&self, seek: Envelope) -> BoxFuture<'_, Result<Block, Error>> {
        Box::pin(async move {
            let answer: DeliverResponse = self.ask(DELIVER, seek).await.map_err(Error::surely)?;
            match answer.r#type {
                Some(DeliverType::Block(block)) => Ok(block),
                Some(DeliverType::Status(status)) => Err(self.refused(status, "")),
                None => {
                    let why = "neither a block nor a status";
                    Err(Error::new(Kind::BadAnswer, &self.address, why))
                }
            }
        })
    }
}
