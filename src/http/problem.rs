//! The table from kinds of errors to HTTP: problem details.
//! [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use tracing::{error, info};

use crate::api::v2::ProblemBody;
use crate::service::{Error, Kind, causes};

/// What every type begins with.
const PREFIX: &str = "urn:chancery:problem:";

/// The signature that a request needs ([RFC 9421 section 5](https://www.rfc-editor.org/rfc/rfc9421#section-5)).
const ACCEPT_SIGNATURE: &str =
    "sig1=(\"@method\" \"@path\" \"@query\" \"content-digest\");created;nonce;keyid";

/// An error on its way to the client.
#[derive(Debug)]
pub(super) struct Problem {
    status: StatusCode,
    word: &'static str,
    title: &'static str,
    detail: String,
    details: Vec<String>,
    /// For the log alone.
    cause: Option<String>,
}

impl Problem {
    fn new(row: (u16, &'static str, &'static str), detail: impl Into<String>) -> Self {
        let (status, word, title) = row;
        let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        Self { status, word, title, detail: detail.into(), details: Vec::new(), cause: None }
    }

    /// The request is not what the endpoint takes.
    pub(super) fn malformed(detail: impl Into<String>) -> Self {
        Self::new(table(Kind::Malformed), detail)
    }

    /// The request does not say who sends it, or not as it must be said.
    pub(super) fn unauthenticated(detail: impl Into<String>) -> Self {
        Self::new(table(Kind::Unauthenticated), detail)
    }

    /// The body is longer than the endpoint takes.
    pub(super) fn too_large(limit: usize) -> Self {
        let detail = format!("the body is longer than {limit} octets");
        Self::new((413, "tooLarge", "The request is too large"), detail)
    }

    /// The body did not come in time.
    pub(super) fn too_slow() -> Self {
        Self::new((408, "tooSlow", "The request came too slowly"), "the body did not come in time")
    }

    /// The path is there, the method is not.
    pub(super) fn no_method() -> Self {
        let row = (405, "methodNotAllowed", "The method is not offered");
        Self::new(row, "this path does not offer the method")
    }
}

/// Status, type and title of each kind.
fn table(kind: Kind) -> (u16, &'static str, &'static str) {
    match kind {
        Kind::BadCsr => (400, "badCsr", "The certification request is not good"),
        Kind::BadKey => (400, "badKey", "The key is not certified"),
        Kind::Malformed
        | Kind::SubjectTooLong
        | Kind::UnknownProfile
        | Kind::MissingAttribute
        | Kind::CaRefused
        | Kind::BadMaxEnrollments
        | Kind::BadRevokedRange
        | Kind::BadExpiryRange
        | Kind::WrongOwner
        | Kind::NothingNamed
        | Kind::AffiliationInUse
        | Kind::AuthorityNotBoolean => (400, "malformed", "The request is not good"),
        Kind::Unauthenticated | Kind::LockedOut | Kind::RevocationUnchecked => {
            (401, "unauthenticated", "The caller is not known")
        }
        Kind::Forbidden | Kind::NameMismatch | Kind::RemovalDisabled => {
            (403, "forbidden", "The caller may not do this")
        }
        Kind::UnknownCa
        | Kind::UnknownChannel
        | Kind::UnknownOrganization
        | Kind::UnknownProposal
        | Kind::UnknownApplication
        | Kind::UnknownDocument
        | Kind::UnknownIdentity
        | Kind::UnknownCertificate
        | Kind::UnknownAffiliation
        | Kind::NoAffiliations => (404, "notFound", "There is no such thing"),
        Kind::Lacking => (422, "lacking", "The application is not good enough"),
        Kind::AlreadyRevoked => (409, "alreadyRevoked", "It is revoked already"),
        Kind::AlreadyRegistered | Kind::AffiliationExists | Kind::Conflict => {
            (409, "conflict", "It is not as the request expects")
        }
        Kind::Busy => (503, "busy", "The server is busy"),
        Kind::Unavailable => (503, "unavailable", "Something that the server needs is not there"),
        Kind::Internal => (500, "internal", "The server failed"),
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        let mut problem = Self::new(table(error.kind), error.detail.clone());
        problem.cause = Some(causes(&error));
        problem.details = error.details;
        problem
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        // Without randomness nothing of worth is answered anyway.
        let id = hex::encode(crate::secret::random::<8>().unwrap_or_default());
        let (status, cause) = (self.status.as_u16(), self.cause.as_deref().unwrap_or(&self.detail));
        if self.status.is_server_error() {
            error!(request.id = id, status, problem = self.word, cause, "request failed");
        } else {
            info!(request.id = id, status, problem = self.word, cause, "request refused");
        }
        let body = ProblemBody {
            kind: format!("{PREFIX}{}", self.word),
            title: self.title.to_owned(),
            status,
            detail: self.detail,
            details: self.details,
            request_id: id,
        };
        let mut response = (self.status, axum::Json(body)).into_response();
        let headers = response.headers_mut();
        let problem = HeaderValue::from_static("application/problem+json");
        headers.insert(header::CONTENT_TYPE, problem);
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self.status == StatusCode::UNAUTHORIZED {
            headers.insert("accept-signature", HeaderValue::from_static(ACCEPT_SIGNATURE));
        }
        response
    }
}
