//! Paths and methods of this face.
//!
//! Paths are matched as they were sent, for an enrollment ID may hold an escaped slash, and they are
//! exact. Each answers with and without the prefix `/api/v1`: the Go client uses the bare one.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::Response;
use tracing::{error, info};

use crate::fabric::envelope::{bodiless, failure};
use crate::fabric::exchange::{Exchange, Face};
use crate::fabric::fault::Fault;
use crate::fabric::kept_list::KeptLists;
use crate::fabric::options::Options;
use crate::fabric::query::unescape_segment;
use crate::fabric::{affiliations, certificates, crl, enroll, idemix, identities, info, revoke};
use crate::id::CaName;
use crate::service::{Office, causes};

/// Tells which line of the log belongs to an answer.
const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// The whole facade, as the fallback of a router: it answers every path that nobody else does.
pub fn router(office: Arc<Office>, options: Options) -> Router {
    Router::new().fallback(serve).with_state(Arc::new(Face {
        office,
        options,
        lists: KeptLists::default(),
    }))
}

/// Rides on each answer, for who counts them: the CA that was meant and the endpoint.
#[derive(Debug, Clone)]
pub struct Served {
    /// The CA that was meant, or the default one where none could be made out.
    pub ca: CaName,
    /// The path without its prefix, e.g. `identities/{id}`.
    pub endpoint: &'static str,
}

/// What a path names.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Resource {
    CaInfo,
    Enroll,
    Reenroll,
    Register,
    Revoke,
    GenCrl,
    Identities,
    Identity(String),
    Affiliations,
    Affiliation(String),
    Certificates,
    IdemixCredential,
    IdemixCri,
}

/// Where a path leads.
#[derive(Debug, PartialEq, Eq)]
enum Path {
    To(Resource),
    /// The same without doubled slashes and dots.
    Moved(String),
    /// An escape that is none.
    Broken,
    Nowhere,
}

async fn serve(State(face): State<Arc<Face>>, request: Request) -> Response {
    let cors = face.options.cors.clone();
    let origin = cors.as_ref().and_then(|cors| cors.allowed_origin(request.headers()));
    let preflight =
        cors.as_ref().and_then(|cors| cors.preflight(request.method(), request.headers()));
    if let Some(answer) = preflight {
        return answer;
    }
    let mut answer = match path(request.uri()) {
        Path::To(resource) => dispatch(face, request, &resource).await,
        Path::Moved(to) => moved(&to),
        Path::Broken => plain(StatusCode::BAD_REQUEST, "400 Bad Request"),
        Path::Nowhere => plain(StatusCode::NOT_FOUND, "404 page not found\n"),
    };
    if let Some(cors) = cors {
        cors.mark_answer(origin, &mut answer);
    }
    answer
}

/// The method first, then who asks, then the body; a failure becomes an envelope, and a log line.
async fn dispatch(face: Arc<Face>, request: Request, resource: &Resource) -> Response {
    let method = request.method().clone();
    let id = request_id();
    let mut served = Served { ca: face.office.default_name(), endpoint: resource.pattern() };
    let answer = if resource.offers(&method) {
        match Exchange::open(face, request, resource.needs_authorization_first()).await {
            Ok(exchange) => {
                if let Ok(authority) = exchange.authority() {
                    served.ca = authority.name().clone();
                }
                resource.answer(&exchange).await
            }
            Err(fault) => Err(fault),
        }
    } else {
        Err(Fault::method_not_allowed())
    };
    let mut answer = answer.unwrap_or_else(|fault| {
        log(&fault, &method, resource, &id);
        if method == Method::HEAD { bodiless(fault.status) } else { failure(&fault) }
    });
    if let Ok(id) = HeaderValue::from_str(&id) {
        answer.headers_mut().insert(REQUEST_ID, id);
    }
    answer.extensions_mut().insert(served);
    answer
}

impl Resource {
    /// The resource of a path without its prefix.
    fn named(path: &str) -> Option<Result<Self, ()>> {
        let single = |name: &str, make: fn(String) -> Self| {
            let segment = path.strip_prefix(name)?.strip_prefix('/')?;
            let segment = Some(segment).filter(|text| !text.is_empty() && !text.contains('/'))?;
            Some(unescape_segment(segment).map(make).ok_or(()))
        };
        Some(Ok(match path {
            "cainfo" => Self::CaInfo,
            "enroll" => Self::Enroll,
            "reenroll" => Self::Reenroll,
            "register" => Self::Register,
            "revoke" => Self::Revoke,
            "gencrl" => Self::GenCrl,
            "identities" => Self::Identities,
            "affiliations" => Self::Affiliations,
            "certificates" => Self::Certificates,
            "idemix/credential" => Self::IdemixCredential,
            "idemix/cri" => Self::IdemixCri,
            _ => {
                return single("identities", Self::Identity)
                    .or_else(|| single("affiliations", Self::Affiliation));
            }
        }))
    }

    /// The path without its prefix, as Fabric CA's metrics name it.
    fn pattern(&self) -> &'static str {
        match self {
            Self::CaInfo => "cainfo",
            Self::Enroll => "enroll",
            Self::Reenroll => "reenroll",
            Self::Register => "register",
            Self::Revoke => "revoke",
            Self::GenCrl => "gencrl",
            Self::Identities => "identities",
            Self::Identity(_) => "identities/{id}",
            Self::Affiliations => "affiliations",
            Self::Affiliation(_) => "affiliations/{affiliation}",
            Self::Certificates => "certificates",
            Self::IdemixCredential => "idemix/credential",
            Self::IdemixCri => "idemix/cri",
        }
    }

    fn offers(&self, method: &Method) -> bool {
        let methods: &[&str] = match self {
            Self::CaInfo => &["GET", "POST", "HEAD"],
            Self::Identities | Self::Affiliations => &["GET", "POST"],
            Self::Identity(_) | Self::Affiliation(_) => &["GET", "PUT", "DELETE"],
            Self::Certificates => &["GET", "DELETE"],
            Self::Enroll
            | Self::Reenroll
            | Self::Register
            | Self::Revoke
            | Self::GenCrl
            | Self::IdemixCredential
            | Self::IdemixCri => &["POST"],
        };
        methods.contains(&method.as_str())
    }

    /// Some tell a faulty body before a missing header, and one asks for no header at all.
    fn needs_authorization_first(&self) -> bool {
        !matches!(self, Self::CaInfo | Self::Register | Self::Revoke | Self::GenCrl)
    }

    async fn answer(&self, exchange: &Exchange) -> Result<Response, Fault> {
        let (get, put) = (exchange.method == Method::GET, exchange.method == Method::PUT);
        match self {
            Self::CaInfo => info::info(exchange),
            Self::Enroll => enroll::enroll(exchange).await,
            Self::Reenroll => enroll::reenroll(exchange).await,
            Self::Register => identities::register(exchange).await,
            Self::Revoke => revoke::revoke(exchange).await,
            Self::GenCrl => crl::generate(exchange).await,
            Self::Identities if get => identities::all(exchange).await,
            Self::Identities => identities::create(exchange).await,
            Self::Identity(id) if get => identities::one(exchange, id).await,
            Self::Identity(id) if put => identities::modify(exchange, id).await,
            Self::Identity(id) => identities::remove(exchange, id).await,
            Self::Affiliations if get => affiliations::all(exchange).await,
            Self::Affiliations => affiliations::add(exchange).await,
            Self::Affiliation(name) if get => affiliations::one(exchange, name).await,
            Self::Affiliation(name) if put => affiliations::rename(exchange, name).await,
            Self::Affiliation(name) => affiliations::remove(exchange, name).await,
            Self::Certificates if get => certificates::find(exchange).await,
            Self::Certificates => certificates::remove(exchange).await,
            Self::IdemixCredential => idemix::credential(exchange),
            Self::IdemixCri => idemix::cri(exchange),
        }
    }
}

fn path(uri: &Uri) -> Path {
    let raw = uri.path();
    // `*`, of OPTIONS.
    if !raw.starts_with('/') {
        return Path::Nowhere;
    }
    let clean = clean(raw);
    if clean != raw {
        let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
        return Path::Moved(clean + &query);
    }
    let name = raw.strip_prefix("/api/v1/").or_else(|| raw.strip_prefix('/')).unwrap_or(raw);
    match Resource::named(name) {
        Some(Ok(resource)) => Path::To(resource),
        Some(Err(())) => Path::Broken,
        None => Path::Nowhere,
    }
}

/// Where a path leads, in a word and the name or target that goes with it.
pub(super) fn told(uri: &Uri) -> (&'static str, String) {
    match path(uri) {
        Path::To(Resource::Identity(name) | Resource::Affiliation(name)) => ("named", name),
        Path::To(resource) => ("to", resource.pattern().to_owned()),
        Path::Moved(to) => ("moved", to),
        Path::Broken => ("broken", String::new()),
        Path::Nowhere => ("nowhere", String::new()),
    }
}

/// Go's `path.Clean` of a rooted path, but a slash at the end stays.
fn clean(path: &str) -> String {
    let mut parts = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    let end = if path.ends_with('/') && !parts.is_empty() { "/" } else { "" };
    format!("/{}{end}", parts.join("/"))
}

fn moved(to: &str) -> Response {
    let mut response = Response::new(Body::empty());
    match HeaderValue::from_str(to) {
        Ok(to) => {
            *response.status_mut() = StatusCode::MOVED_PERMANENTLY;
            response.headers_mut().insert(header::LOCATION, to);
            response
        }
        Err(_) => plain(StatusCode::NOT_FOUND, "404 page not found\n"),
    }
}

fn plain(status: StatusCode, text: &'static str) -> Response {
    let mut response = Response::new(Body::from(text));
    *response.status_mut() = status;
    let headers = response.headers_mut();
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    response
}

fn request_id() -> String {
    // Without randomness nothing of worth is answered anyway.
    hex::encode(crate::secret::random::<8>().unwrap_or_default())
}

fn log(fault: &Fault, method: &Method, resource: &Resource, id: &str) {
    let (status, code) = (fault.status.as_u16(), fault.code);
    let cause = fault.cause.as_ref().map(|cause| causes(cause)).unwrap_or_default();
    if fault.status.is_server_error() {
        error!(request.id = id, %method, ?resource, status, code, cause, "request failed");
    } else {
        info!(request.id = id, %method, ?resource, status, code, cause, "request refused");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(target: &str) -> Path {
        path(&target.parse().unwrap())
    }

    #[test]
    fn every_endpoint_answers_on_two_paths() {
        for prefix in ["/api/v1", "", "http://ca.example.com/api/v1"] {
            assert_eq!(at(&format!("{prefix}/cainfo?ca=x")), Path::To(Resource::CaInfo));
            assert_eq!(at(&format!("{prefix}/idemix/cri")), Path::To(Resource::IdemixCri));
            assert_eq!(
                at(&format!("{prefix}/identities/a%2Fb%20%C3%A9+c")),
                Path::To(Resource::Identity("a/b é+c".into()))
            );
            assert_eq!(
                at(&format!("{prefix}/affiliations/org1.d")),
                Path::To(Resource::Affiliation("org1.d".into()))
            );
        }
    }

    #[test]
    fn paths_are_exact() {
        for nowhere in [
            "/",
            "/api/v1/cainfo/",
            "/api/v2/cainfo",
            "/api/v1",
            "/api/v1/",
            "/API/v1/cainfo",
            "/cainfox",
            "/identities/",
            "/identities/a/b",
            "/identities/a/",
            "/api/v1/api/v1/cainfo",
            "/c%61info",
        ] {
            assert_eq!(at(nowhere), Path::Nowhere, "{nowhere}");
        }
        assert_eq!(at("*"), Path::Nowhere);
        assert_eq!(at("/identities/%zz"), Path::Broken);
        assert_eq!(at("/identities/%4"), Path::Broken);
    }

    #[test]
    fn doubled_slashes_lead_to_the_clean_path() {
        for (from, to) in [
            ("//api/v1/cainfo?ca=x", "/api/v1/cainfo?ca=x"),
            ("/api//v1/cainfo", "/api/v1/cainfo"),
            ("//cainfo/", "/cainfo/"),
            ("/api/v1/../v1/./cainfo", "/api/v1/cainfo"),
            ("/../..", "/"),
        ] {
            assert_eq!(at(from), Path::Moved(to.into()), "{from}");
        }
    }

    #[test]
    fn methods_are_those_of_the_resource() {
        let offers = |resource: &Resource| {
            ["GET", "POST", "PUT", "DELETE", "HEAD", "PATCH", "OPTIONS"]
                .into_iter()
                .filter(|method| resource.offers(&method.parse().unwrap()))
                .collect::<Vec<_>>()
        };
        assert_eq!(offers(&Resource::CaInfo), ["GET", "POST", "HEAD"]);
        assert_eq!(offers(&Resource::Enroll), ["POST"]);
        assert_eq!(offers(&Resource::Identities), ["GET", "POST"]);
        assert_eq!(offers(&Resource::Identity(String::new())), ["GET", "PUT", "DELETE"]);
        assert_eq!(offers(&Resource::Certificates), ["GET", "DELETE"]);
    }

    proptest! {
        #[test]
        fn no_path_makes_it_panic(text in "/[a-z/.%0-9é ]{0,40}") {
            let cleaned = clean(&text);
            prop_assert_eq!(clean(&cleaned), cleaned.clone());
            let _ = Resource::named(&text);
        }
    }
}
