//! An orderer over gRPC, with TLS that asks for a client's certificate when it is told to: it holds a channel's blocks, takes
//! updates by the rules of the channel, and misbehaves on demand.
#![expect(clippy::wildcard_enum_match_arm, reason = "a mood differs in one thing from all others")]

use std::future::pending;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Buf as _;
use chancery::channel::{Current, Update};
use chancery::clock::Timestamp;
use chancery::msp::Epoch;
use chancery::orderer::{BROADCAST, DELIVER};
use chancery::policy::{Signatures, SignedData, header_octets};
use chancery::wire::{
    Block, BlockData, BlockHeader, BlockMetadata, BroadcastResponse, ChannelHeader, Config,
    ConfigEnvelope, DeliverResponse, DeliverType, Envelope, Header, HeaderType, LastConfig,
    Message, Metadata, MetadataSignature, OrdererBlockMetadata, Payload, SeekInfo, SeekType,
    SignatureHeader, Status, decode,
};
use futures_util::stream::BoxStream;
use futures_util::{StreamExt as _, stream};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::oneshot;
use tokio_rustls::TlsAcceptor;
use tonic::codec::{Codec, DecodeBuf, Decoder, EncodeBuf, Encoder};

use super::network::{Member, Pair};

/// How it behaves.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As an orderer should.
    Good,
    /// It says no with this status.
    Refuses(Status),
    /// It gives blocks, and says no to envelopes with this status.
    RefusesEnvelopes(Status),
    /// It takes the question and never answers; it does nothing.
    Hangs,
    /// It does what it is asked and never answers.
    DoesAndHangs,
    /// It does what it is asked and ends the stream.
    DoesAndDrops,
    /// It ends the stream.
    Drops,
    /// It closes connections before TLS.
    Closes,
    /// It has the first blocks only, so many.
    Behind(usize),
    /// The signature of each block is of other octets.
    BadSignature,
    /// The data of each block is other than its hash says.
    BadHash,
    /// Each block is signed by somebody who may not.
    Stranger,
    /// Each configuration has something in it that nobody agreed on, and is signed by the orderer.
    Forges,
    /// Each block says to be of another channel.
    OtherChannel,
    /// It gives the block before the one that it is asked for.
    OtherBlock,
    /// It tells that the configuration stands in a block to come.
    LooksAhead,
    /// It answers with what is no message.
    Garbage,
    /// It answers with so many octets.
    Long(usize),
    /// It answers with gRPC's own word for that it cannot serve.
    Unavailable,
}

/// What it has.
pub(crate) struct Chain {
    pub(crate) current: Current,
    pub(crate) blocks: Vec<Block>,
    last_config: u64,
    orderer: Member,
    stranger: Member,
    mood: Mood,
    /// How many envelopes came to be put in order.
    pub(crate) taken: usize,
}

/// An orderer that runs. It ends when this is dropped.
pub(crate) struct Stub {
    pub(crate) address: SocketAddr,
    pub(crate) chain: Arc<Mutex<Chain>>,
    end: Option<oneshot::Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Stub {
    fn drop(&mut self) {
        if let Some(end) = self.end.take() {
            let _ = end.send(());
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// What it proves itself with, and the roots of clients when these must have a certificate.
pub(crate) struct Tls<'a> {
    pub(crate) server: &'a Pair,
    pub(crate) clients: Option<&'a str>,
}

impl Stub {
    /// An orderer of a channel that begins with this configuration, whatever its sequence. Without `tls` it speaks in the clear.
    pub(crate) fn start(
        channel: &str,
        config: Config,
        orderer: Member,
        stranger: Member,
        tls: Option<&Tls<'_>>,
    ) -> Self {
        let acceptor = tls.map(acceptor);
        let chain = Arc::new(Mutex::new(Chain::new(channel, config, orderer, stranger)));
        let (end, ended) = oneshot::channel();
        let (tell, told) = std::sync::mpsc::channel();
        let shared = Arc::clone(&chain);
        let thread = std::thread::spawn(move || {
            let runtime =
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async move {
                let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
                tell.send(listener.local_addr().unwrap()).unwrap();
                tokio::select! {
                    () = serve(listener, acceptor, shared) => {}
                    _ = ended => {}
                }
            });
        });
        let address = told.recv().unwrap();
        Self { address, chain, end: Some(end), thread: Some(thread) }
    }

    pub(crate) fn mood(&self, mood: Mood) {
        self.chain.lock().unwrap().mood = mood;
    }

    pub(crate) fn sequence(&self) -> u64 {
        self.chain.lock().unwrap().current.config().sequence
    }

    /// How many envelopes came to be put in order.
    pub(crate) fn taken(&self) -> usize {
        self.chain.lock().unwrap().taken
    }

    /// The newest block with a configuration.
    pub(crate) fn config_block(&self) -> Vec<u8> {
        let chain = self.chain.lock().unwrap();
        chain.blocks[usize::try_from(chain.last_config).unwrap()].encode_to_vec()
    }

    /// Puts a transaction that changes no configuration in a block.
    pub(crate) fn transact(&self) {
        self.chain.lock().unwrap().transact();
    }

    /// Puts an update in order; it must be good.
    pub(crate) fn apply(&self, update: &Update) {
        let envelope = update.to_envelope(Vec::new());
        self.chain.lock().unwrap().apply(&envelope).unwrap();
    }
}

fn now() -> Timestamp {
    chancery::clock::Clock::system().now()
}

fn sha256(octets: &[u8]) -> Vec<u8> {
    digest(&SHA256, octets).as_ref().to_vec()
}

impl Chain {
    fn new(channel: &str, config: Config, orderer: Member, stranger: Member) -> Self {
        let current = Current::load(channel, config.clone(), now()).unwrap();
        let mut chain = Self {
            current,
            blocks: Vec::new(),
            last_config: 0,
            orderer,
            stranger,
            mood: Mood::Good,
            taken: 0,
        };
        let config = ConfigEnvelope { config: Some(config), last_update: None };
        let entry = chain.entry(HeaderType::Config, config.encode_to_vec());
        chain.push(entry, true);
        chain
    }

    fn entry(&self, kind: HeaderType, data: Vec<u8>) -> Vec<u8> {
        entry(self.current.channel_id(), kind, data)
    }

    fn push(&mut self, entry: Vec<u8>, is_config: bool) {
        let number = self.blocks.len() as u64;
        if is_config {
            self.last_config = number;
        }
        let before = self.blocks.last().and_then(|block| block.header.as_ref());
        let previous_hash = before.map_or_else(Vec::new, |header| sha256(&header_octets(header)));
        let header = BlockHeader { number, previous_hash, data_hash: sha256(&entry) };
        let metadata = BlockMetadata { metadata: vec![Vec::new(); 5] };
        let data = BlockData { data: vec![entry] };
        let mut block = Block { header: Some(header), data: Some(data), metadata: Some(metadata) };
        sign(&mut block, self.last_config, &self.orderer);
        self.blocks.push(block);
    }

    fn transact(&mut self) {
        let entry = self.entry(HeaderType::EndorserTransaction, b"a transaction".to_vec());
        self.push(entry, false);
    }

    /// As an orderer takes an update: by the rules of the channel.
    fn apply(&mut self, envelope: &Envelope) -> Result<(), String> {
        let update = Update::from_envelope(envelope).map_err(|why| why.to_string())?;
        let members = Epoch::new(self.current.channel().msps().clone(), 100);
        let next = self.current.apply(&update, &members, now()).map_err(|why| why.to_string())?;
        self.current = next.into_current();
        let config = ConfigEnvelope {
            config: Some(self.current.config().clone()),
            last_update: Some(envelope.clone()),
        };
        let entry = self.entry(HeaderType::Config, config.encode_to_vec());
        self.push(entry, true);
        Ok(())
    }

    /// Whether the sender of an envelope may.
    fn may(&self, envelope: &Envelope, policy: &str) -> Result<(ChannelHeader, Payload), Status> {
        let payload: Payload = decode(&envelope.payload).map_err(|_| Status::BadRequest)?;
        let header = payload.header.clone().ok_or(Status::BadRequest)?;
        let channel: ChannelHeader =
            decode(&header.channel_header).map_err(|_| Status::BadRequest)?;
        if channel.channel_id != self.current.channel_id() {
            return Err(Status::NotFound);
        }
        let sender: SignatureHeader =
            decode(&header.signature_header).map_err(|_| Status::BadRequest)?;
        let signed = [SignedData {
            identity: sender.creator.into(),
            data: envelope.payload.as_slice().into(),
            signature: envelope.signature.as_slice().into(),
        }];
        let members = Epoch::new(self.current.channel().msps().clone(), 100);
        let signatures = Signatures::new(&members, &signed);
        let verdict = self.current.channel().policies().evaluate(policy, &signatures);
        if verdict.is_satisfied() { Ok((channel, payload)) } else { Err(Status::Forbidden) }
    }

    fn broadcast(&mut self, envelope: &Envelope) -> BroadcastResponse {
        self.taken += 1;
        let answer =
            |status: Status, info: String| BroadcastResponse { status: status.into(), info };
        if let Err(status) = self.may(envelope, "/Channel/Writers") {
            return answer(status, "the sender may not".to_owned());
        }
        match self.apply(envelope) {
            Ok(()) => answer(Status::Success, String::new()),
            Err(why) => answer(Status::BadRequest, why),
        }
    }

    fn deliver(&self, envelope: &Envelope, client: &[u8]) -> Result<Block, Status> {
        let (header, payload) = self.may(envelope, "/Channel/Readers")?;
        let time = header.timestamp.ok_or(Status::BadRequest)?;
        if (now().unix() - time.seconds).abs() > 900 || header.tls_cert_hash != client {
            return Err(Status::BadRequest);
        }
        let seek: SeekInfo = decode(&payload.data).map_err(|_| Status::BadRequest)?;
        let has = match self.mood {
            Mood::Behind(has) => has.min(self.blocks.len()),
            _ => self.blocks.len(),
        };
        let newest = has as u64 - 1;
        let number = match seek.start.and_then(|start| start.r#type) {
            Some(SeekType::Newest(_)) => newest,
            Some(SeekType::Specified(place)) => place.number,
            Some(SeekType::Oldest(_) | SeekType::NextCommit(_)) | None => {
                return Err(Status::BadRequest);
            }
        };
        if number > newest {
            return Err(Status::NotFound);
        }
        let number = usize::try_from(number).unwrap();
        let mut block = self.blocks[number].clone();
        let last = last_config(&block);
        match self.mood {
            Mood::BadSignature => sign_other(&mut block, last, &self.orderer),
            Mood::Stranger => sign(&mut block, last, &self.stranger.clone()),
            Mood::BadHash => block.data.as_mut().unwrap().data[0].push(0),
            Mood::LooksAhead => sign(&mut block, last + 100, &self.orderer.clone()),
            Mood::OtherBlock => block = self.blocks[number.saturating_sub(1)].clone(),
            Mood::OtherChannel => {
                let other = entry("another", HeaderType::EndorserTransaction, Vec::new());
                replace(&mut block, other, last, &self.orderer);
            }
            Mood::Forges => forge(&mut block, last, &self.orderer),
            _ => {}
        }
        Ok(block)
    }
}

fn entry(channel: &str, kind: HeaderType, data: Vec<u8>) -> Vec<u8> {
    let header = ChannelHeader {
        r#type: kind.into(),
        channel_id: channel.to_owned(),
        ..ChannelHeader::default()
    };
    let header = Header { channel_header: header.encode_to_vec(), signature_header: Vec::new() };
    let payload = Payload { header: Some(header), data }.encode_to_vec();
    Envelope { payload, signature: Vec::new() }.encode_to_vec()
}

fn last_config(block: &Block) -> u64 {
    let metadata: Metadata = decode(&block.metadata.as_ref().unwrap().metadata[0]).unwrap();
    let value: OrdererBlockMetadata = decode(&metadata.value).unwrap();
    value.last_config.unwrap().index
}

/// Signs a block as an orderer does: what it tells of the configuration, who signs, the header.
fn sign(block: &mut Block, last_config: u64, by: &Member) {
    let value = OrdererBlockMetadata {
        last_config: Some(LastConfig { index: last_config }),
        consenter_metadata: Vec::new(),
    };
    let (value, signature_header) = (value.encode_to_vec(), by.header());
    let header = header_octets(block.header.as_ref().unwrap());
    let signature = by.sign_octets(&[value.as_slice(), &signature_header, &header].concat());
    let signature =
        MetadataSignature { signature_header, signature, identifier_header: Vec::new() };
    let metadata = Metadata { value, signatures: vec![signature] };
    block.metadata.as_mut().unwrap().metadata[0] = metadata.encode_to_vec();
}

/// A good signature of another header.
fn sign_other(block: &mut Block, last_config: u64, by: &Member) {
    let header = block.header.clone().unwrap();
    block.header.as_mut().unwrap().previous_hash = vec![1; 32];
    sign(block, last_config, by);
    block.header = Some(header);
}

fn replace(block: &mut Block, entry: Vec<u8>, last_config: u64, by: &Member) {
    block.header.as_mut().unwrap().data_hash = sha256(&entry);
    block.data = Some(BlockData { data: vec![entry] });
    sign(block, last_config, by);
}

/// Puts something into the configuration of a block that its update does not lead to.
fn forge(block: &mut Block, last_config: u64, by: &Member) {
    let envelope: Envelope = decode(&block.data.as_ref().unwrap().data[0]).unwrap();
    let payload: Payload = decode(&envelope.payload).unwrap();
    let header: ChannelHeader = decode(&payload.header.unwrap().channel_header).unwrap();
    if header.r#type != i32::from(HeaderType::Config) {
        return;
    }
    let mut config: ConfigEnvelope = decode(&payload.data).unwrap();
    let root = config.config.as_mut().unwrap().channel_group.as_mut().unwrap();
    root.groups.get_mut("Application").unwrap().mod_policy = "Writers".to_owned();
    let other = entry(&header.channel_id, HeaderType::Config, config.encode_to_vec());
    replace(block, other, last_config, by);
}

fn acceptor(tls: &Tls<'_>) -> TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let certificates = |pem: &str| -> Vec<CertificateDer<'static>> {
        CertificateDer::pem_slice_iter(pem.as_bytes()).map(Result::unwrap).collect()
    };
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .unwrap();
    let builder = match tls.clients {
        None => builder.with_no_client_auth(),
        Some(root) => {
            let mut roots = RootCertStore::empty();
            roots.add_parsable_certificates(certificates(root));
            let verifier =
                WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider).build();
            builder.with_client_cert_verifier(verifier.unwrap())
        }
    };
    let key = PrivateKeyDer::from_pem_slice(tls.server.key.as_bytes()).unwrap();
    let mut config = builder.with_single_cert(certificates(&tls.server.certificate), key).unwrap();
    config.alpn_protocols = vec![b"h2".to_vec()];
    TlsAcceptor::from(Arc::new(config))
}

async fn serve(listener: TcpListener, tls: Option<TlsAcceptor>, chain: Arc<Mutex<Chain>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else { continue };
        if chain.lock().unwrap().mood == Mood::Closes {
            continue;
        }
        let (tls, chain) = (tls.clone(), Arc::clone(&chain));
        tokio::spawn(connection(stream, tls, chain));
    }
}

async fn connection(stream: TcpStream, tls: Option<TlsAcceptor>, chain: Arc<Mutex<Chain>>) {
    let Some(tls) = tls else {
        answer(TokioIo::new(stream), Vec::new(), chain).await;
        return;
    };
    let Ok(stream) = tls.accept(stream).await else { return };
    let client = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
    let client = client.map_or_else(Vec::new, |client| sha256(client));
    answer(TokioIo::new(stream), client, chain).await;
}

async fn answer<I>(io: I, client: Vec<u8>, chain: Arc<Mutex<Chain>>)
where
    I: hyper::rt::Read + hyper::rt::Write + Unpin + Send + 'static,
{
    let service = service_fn(move |request: hyper::Request<Incoming>| {
        let (client, chain) = (client.clone(), Arc::clone(&chain));
        async move {
            let path = request.uri().path().to_owned();
            let asked =
                tower::service_fn(move |request: tonic::Request<tonic::Streaming<Envelope>>| {
                    let (path, client, chain) = (path.clone(), client.clone(), Arc::clone(&chain));
                    async move { called(&path, request.into_inner(), &client, &chain).await }
                });
            let mut grpc = tonic::server::Grpc::new(Octets)
                .max_decoding_message_size(usize::MAX)
                .max_encoding_message_size(usize::MAX);
            Ok::<_, std::convert::Infallible>(grpc.streaming(asked, request).await)
        }
    });
    // Clients go when they have what they want.
    let _ = http2::Builder::new(TokioExecutor::new()).serve_connection(io, service).await;
}

type Answers = BoxStream<'static, Result<Vec<u8>, tonic::Status>>;

async fn called(
    path: &str,
    mut asked: tonic::Streaming<Envelope>,
    client: &[u8],
    chain: &Mutex<Chain>,
) -> Result<tonic::Response<Answers>, tonic::Status> {
    let Some(envelope) = asked.message().await? else {
        return Ok(tonic::Response::new(stream::empty().boxed()));
    };
    let mood = chain.lock().unwrap().mood;
    let one = |octets: Vec<u8>| Ok(tonic::Response::new(stream::iter([Ok(octets)]).boxed()));
    match mood {
        Mood::Hangs => return pending().await,
        Mood::Drops => return Ok(tonic::Response::new(stream::empty().boxed())),
        Mood::Garbage => return one(b"\xff\xff\xff".to_vec()),
        Mood::Long(octets) => return one(vec![0; octets]),
        Mood::Unavailable => return Err(tonic::Status::unavailable("no leader")),
        _ => {}
    }
    match path {
        BROADCAST => {
            if let Mood::Refuses(status) | Mood::RefusesEnvelopes(status) = mood {
                let info = "not in the mood".to_owned();
                return one(BroadcastResponse { status: status.into(), info }.encode_to_vec());
            }
            let answer = chain.lock().unwrap().broadcast(&envelope);
            match mood {
                Mood::DoesAndHangs => pending().await,
                Mood::DoesAndDrops => Ok(tonic::Response::new(stream::empty().boxed())),
                _ => one(answer.encode_to_vec()),
            }
        }
        DELIVER => {
            let found = match mood {
                Mood::Refuses(status) => Err(status),
                _ => chain.lock().unwrap().deliver(&envelope, client),
            };
            let told = |r#type| DeliverResponse { r#type: Some(r#type) }.encode_to_vec();
            let answers = match found {
                Ok(block) => vec![
                    told(DeliverType::Block(block)),
                    told(DeliverType::Status(Status::Success.into())),
                ],
                Err(status) => vec![told(DeliverType::Status(status.into()))],
            };
            Ok(tonic::Response::new(stream::iter(answers.into_iter().map(Ok)).boxed()))
        }
        _ => Err(tonic::Status::unimplemented("no such method")),
    }
}

/// Octets as they are, one way; envelopes, the other.
struct Octets;

impl Codec for Octets {
    type Encode = Vec<u8>;
    type Decode = Envelope;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Octets {
    type Item = Vec<u8>;
    type Error = tonic::Status;

    fn encode(&mut self, item: Vec<u8>, to: &mut EncodeBuf<'_>) -> Result<(), tonic::Status> {
        bytes::BufMut::put_slice(to, &item);
        Ok(())
    }
}

impl Decoder for Octets {
    type Item = Envelope;
    type Error = tonic::Status;

    fn decode(&mut self, from: &mut DecodeBuf<'_>) -> Result<Option<Envelope>, tonic::Status> {
        let octets = from.copy_to_bytes(from.remaining());
        decode(&octets).map(Some).map_err(|bad| tonic::Status::data_loss(bad.to_string()))
    }
}
