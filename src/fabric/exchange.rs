//! One request on its way through this face: what every endpoint asks of it.

use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest::{SHA256, digest};
use axum::body::HttpBody as _;
use axum::extract::{ConnectInfo, Request};
use axum::http::{HeaderValue, Method, header};
use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt as _;
use serde::de::DeserializeOwned;
use tracing::{debug, info};

use crate::api::fabric::CaChoice;
use crate::fabric::fault::Fault;
use crate::fabric::json;
use crate::fabric::kept_list::KeptLists;
use crate::fabric::options::Options;
use crate::fabric::query::Query;
use crate::fabric::token::{Basic, Token, basic};
use crate::pki::{Certificate, signature};
use crate::service::{Authority, Caller, Enrollee, Error, Expiry, Kind, Office, SignedRequest};

/// The CAs and how this face shows them.
#[derive(Debug)]
pub(super) struct Face {
    /// The CAs.
    pub(super) office: Arc<Office>,
    /// What the operator chose.
    pub(super) options: Options,
    /// Long lists, as they were sent.
    pub(super) lists: KeptLists,
}

/// A request whose body has been read.
#[derive(Debug)]
pub(super) struct Exchange {
    face: Arc<Face>,
    /// The method.
    pub(super) method: Method,
    /// Path and query as they were sent.
    target: String,
    /// The query.
    pub(super) query: Query,
    authorization: Option<HeaderValue>,
    source: IpAddr,
    body: Bytes,
    /// The CA that is meant, once it was looked for.
    authority: OnceLock<Arc<Authority>>,
}

impl Exchange {
    /// Takes a request in. Its body is read when the header that must be there is.
    pub(super) async fn open(
        face: Arc<Face>,
        request: Request,
        needs_authorization: bool,
    ) -> Result<Self, Fault> {
        let (parts, mut body) = request.into_parts();
        let target = parts.uri.path_and_query().map_or("/", |target| target.as_str()).to_owned();
        let authorization = parts.headers.get(header::AUTHORIZATION);
        let authorization = authorization.filter(|value| !value.is_empty()).cloned();
        if needs_authorization && authorization.is_none() {
            return Err(Fault::no_authorization());
        }
        let source = parts.extensions.get::<ConnectInfo<SocketAddr>>();
        let source = source.map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |peer| peer.0.ip());
        let limit = face.options.max_body_bytes;
        // A length that is told beforehand is judged before the client is asked to go on.
        if usize::try_from(body.size_hint().lower()).is_ok_and(|length| length > limit) {
            return Err(Fault::too_large(limit));
        }
        let mut read = BytesMut::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|error| {
                debug!(%error, "a body broke off");
                if is_late(&error) { Fault::slow_body() } else { Fault::unreadable_body() }
            })?;
            let Ok(data) = frame.into_data() else { continue };
            if read.len() + data.len() > limit {
                return Err(Fault::too_large(limit));
            }
            read.extend_from_slice(&data);
        }
        Ok(Self {
            face,
            method: parts.method,
            query: Query::parse(parts.uri.query().unwrap_or_default()),
            target,
            authorization,
            source,
            body: read.freeze(),
            authority: OnceLock::new(),
        })
    }

    /// Fails when the body is not there.
    pub(super) fn need_body(&self) -> Result<(), Fault> {
        if self.body.is_empty() { Err(Fault::empty_body()) } else { Ok(()) }
    }

    /// The body as a shape.
    pub(super) fn body<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        self.need_body()?;
        json::decode(&self.body).map_err(|error| Fault::bad_body(&error.to_string()))
    }

    /// The CA that is meant: of the query, of the body, the default one. Any body that is there is
    /// parsed for it.
    pub(super) fn authority(&self) -> Result<&Arc<Authority>, Fault> {
        if let Some(found) = self.authority.get() {
            return Ok(found);
        }
        let named =
            if self.body.is_empty() { CaChoice::default() } else { self.body::<CaChoice>()? };
        let asked = self.query.first("ca");
        let name = if asked.is_empty() { named.caname.as_str() } else { asked };
        let found = self.face.office.authority(name)?;
        Ok(self.authority.get_or_init(|| Arc::clone(found)))
    }

    /// Long lists, as they were sent.
    pub(super) fn lists(&self) -> &KeptLists {
        &self.face.lists
    }

    /// Fails when nobody claims to be anybody.
    pub(super) fn need_authorization(&self) -> Result<(), Fault> {
        self.header().map(|_| ())
    }

    /// The CA and the caller, for the endpoints that take a token.
    pub(super) async fn enter(&self) -> Result<(&Arc<Authority>, Caller), Fault> {
        self.enter_with(Expiry::Enforced).await
    }

    /// As [`Exchange::enter`], where an expired certificate may be good enough.
    pub(super) async fn enter_with(
        &self,
        expiry: Expiry,
    ) -> Result<(&Arc<Authority>, Caller), Fault> {
        self.need_authorization()?;
        let authority = self.authority()?;
        let caller = self.caller(authority, expiry).await?;
        Ok((authority, caller))
    }

    /// The CA and who proved their secret, for `enroll`.
    pub(super) async fn enter_by_secret(&self) -> Result<(&Arc<Authority>, Enrollee), Fault> {
        // A header that is no password is told before the body is looked at.
        let Basic { id, secret } = basic(self.header()?).map_err(|error| {
            info!(%error, "refused a password");
            Fault::unauthenticated()
        })?;
        let authority = self.authority()?;
        let enrollee = authority.prove_secret(&id, &secret, self.source).await?;
        Ok((authority, enrollee))
    }

    fn header(&self) -> Result<&[u8], Fault> {
        self.authorization.as_ref().map(HeaderValue::as_bytes).ok_or_else(Fault::no_authorization)
    }

    async fn caller(&self, authority: &Authority, expiry: Expiry) -> Result<Caller, Fault> {
        let token = Token::parse(self.header()?).map_err(|error| {
            info!(%error, "refused a token");
            Fault::unauthenticated()
        })?;
        let certificate = Certificate::from_der(&token.certificate).map_err(|error| {
            info!(%error, "refused the certificate of a token");
            Fault::unauthenticated()
        })?;
        let mut message = token.message(self.method.as_str(), &self.target, &self.body);
        let is_version_1 = self.face.options.compatibility_tokens_v1
            && !signs(&certificate, &message, &token.signature);
        if is_version_1 {
            message = token.message_v1(&self.body);
        }
        let request = SignedRequest {
            certificate: &certificate,
            message: &message,
            signature: &token.signature,
        };
        let caller = authority.authenticate(&request, expiry).await?;
        if is_version_1 {
            // Who still sends these must be known before the switch can be turned off.
            info!(ca.name = %authority.name(), enrollment.id = caller.id(), "took a token of version 1");
        }
        Ok(caller)
    }
}

/// Whether a body broke off because its time was over.
fn is_late(error: &(dyn std::error::Error + 'static)) -> bool {
    std::iter::successors(Some(error), |error| error.source())
        .filter_map(|error| error.downcast_ref::<io::Error>())
        .any(|error| error.kind() == io::ErrorKind::TimedOut)
}

/// Whether the certificate's key signed the message, by the rules of a token: SHA-256 for any curve.
fn signs(certificate: &Certificate, message: &[u8], signature: &[u8]) -> bool {
    let hash = digest(&SHA256, message);
    signature::verify_digest(certificate.public_key(), hash.as_ref(), signature).is_ok()
}

/// A fault of body or query is told only to those who have the authority to ask: `asked` is what a
/// deed that reads answered them.
pub(super) fn refusal_first<T>(fault: Fault, asked: Result<T, Error>) -> Fault {
    match asked {
        Err(error) if matches!(error.kind, Kind::Forbidden | Kind::AuthorityNotBoolean) => {
            Fault::from(error)
        }
        _ => fault,
    }
}
