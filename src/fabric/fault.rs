//! Why a request failed, in Fabric CA's terms: status, code, message. The one table of this face.

use axum::http::StatusCode;

use crate::service::{Error, Kind};

/// `No Authorization header, or an empty one`.
pub(super) const NO_AUTHORIZATION: u16 = 2;
/// The body could not be read.
const UNREADABLE_BODY: u16 = 3;
/// A body is needed and there is none.
const EMPTY_BODY: u16 = 4;
/// The body is not the JSON wanted.
const BAD_BODY: u16 = 5;

/// A failure as the client sees it.
#[derive(Debug)]
pub(super) struct Fault {
    /// The HTTP status.
    pub(super) status: StatusCode,
    /// Fabric CA's number.
    pub(super) code: u16,
    /// For people. Holds nothing of the body, which may hold a secret.
    pub(super) message: String,
    /// For the log.
    pub(super) cause: Option<Error>,
}

/// Where it happened, as some kinds have another code at some endpoints.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Endpoint {
    /// `PUT identities/{id}`.
    ModifyIdentity,
    /// `revoke`.
    Revoke,
    /// All others.
    Other,
}

impl Fault {
    /// A fault of the request that no deed found.
    pub(super) fn new(status: StatusCode, code: u16, message: impl Into<String>) -> Self {
        Self { status, code, message: message.into(), cause: None }
    }

    /// A method that the endpoint does not offer.
    pub(super) fn method_not_allowed() -> Self {
        Self::new(StatusCode::METHOD_NOT_ALLOWED, 1, "the method is not allowed here")
    }

    /// No proof of who is asking.
    pub(super) fn no_authorization() -> Self {
        Self::new(StatusCode::UNAUTHORIZED, NO_AUTHORIZATION, "No authorization header")
    }

    /// A proof that proves nothing. Which of the reasons it was is for the log.
    pub(super) fn unauthenticated() -> Self {
        Self::from(Error::unauthenticated())
    }

    /// A body beyond the limit, in octets.
    pub(super) fn too_large(limit: usize) -> Self {
        let message = format!("the body is longer than {limit} octets");
        Self::new(StatusCode::PAYLOAD_TOO_LARGE, UNREADABLE_BODY, message)
    }

    /// A body that broke off. The client's fault, where the real server tells 500.
    pub(super) fn unreadable_body() -> Self {
        Self::new(StatusCode::BAD_REQUEST, UNREADABLE_BODY, "the body could not be read")
    }

    /// A body that did not come in its time.
    pub(super) fn slow_body() -> Self {
        Self::new(StatusCode::REQUEST_TIMEOUT, UNREADABLE_BODY, "the body came too slowly")
    }

    /// No body where one is needed.
    pub(super) fn empty_body() -> Self {
        Self::new(StatusCode::BAD_REQUEST, EMPTY_BODY, "Empty request body")
    }

    /// A body that is not the JSON wanted; `why` does not repeat it.
    pub(super) fn bad_body(why: &str) -> Self {
        Self::new(StatusCode::BAD_REQUEST, BAD_BODY, format!("Invalid request body: {why}"))
    }

    /// A fault of the request with a code of its own.
    pub(super) fn bad_request(code: u16, message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, code, message)
    }

    /// What a deed answered at this endpoint.
    pub(super) fn at(endpoint: Endpoint, error: Error) -> Self {
        let (status, code) = table(endpoint, error.kind);
        let detail = &error.detail;
        let message = if error.kind == Kind::Unauthenticated {
            "Authentication failure".to_owned()
        } else if error.kind == Kind::Forbidden {
            // Whoever is refused here has proved who they are, so they may read the cause.
            format!("Authorization failure: {detail}")
        } else {
            detail.clone()
        };
        Self {
            status: StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
            code,
            message,
            cause: Some(error),
        }
    }

    /// Whether the same request may succeed a moment later.
    pub(super) fn passes(&self) -> bool {
        self.status == StatusCode::SERVICE_UNAVAILABLE
    }
}

impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        Self::at(Endpoint::Other, error)
    }
}

/// Status and code of each kind. What the real server tells as 500/0 although the client is at
/// fault is 400/0 here.
fn table(endpoint: Endpoint, kind: Kind) -> (u16, u16) {
    match (kind, endpoint) {
        (Kind::UnknownIdentity, Endpoint::Revoke) => (404, 10),
        (Kind::UnknownAffiliation, Endpoint::ModifyIdentity) => (400, 58),
        (Kind::BadCsr | Kind::BadKey, _) => (400, 31),
        (Kind::SubjectTooLong, _) => (400, 80),
        (Kind::Malformed | Kind::UnknownProfile | Kind::MissingAttribute | Kind::CaRefused, _) => {
            (400, 0)
        }
        (Kind::BadMaxEnrollments, _) => (400, 82),
        (Kind::BadRevokedRange, _) => (400, 36),
        (Kind::BadExpiryRange, _) => (400, 37),
        (Kind::WrongOwner, _) => (400, 9),
        (Kind::NothingNamed, _) => (400, 15),
        (Kind::AffiliationInUse, _) => (400, 64),
        (Kind::AuthorityNotBoolean, _) => (400, 79),
        (Kind::Unauthenticated, _) => (401, 20),
        (Kind::LockedOut, _) => (401, 73),
        (Kind::RevocationUnchecked, _) => (401, 29),
        (Kind::Forbidden, _) => (403, 71),
        (Kind::NameMismatch, _) => (403, 77),
        (Kind::RemovalDisabled, _) => (403, 56),
        (Kind::UnknownCa, _) => (404, 19),
        (Kind::UnknownIdentity | Kind::UnknownAffiliation, _) => (404, 63),
        (Kind::UnknownCertificate, _) => (404, 8),
        (Kind::NoAffiliations, _) => (404, 16),
        (Kind::AlreadyRevoked, _) => (404, 66),
        (Kind::AlreadyRegistered, _) => (409, 74),
        (Kind::AffiliationExists, _) => (409, 60),
        (Kind::Conflict, _) => (409, 0),
        (Kind::Busy | Kind::Unavailable, _) => (503, 0),
        (
            Kind::UnknownChannel
            | Kind::UnknownOrganization
            | Kind::UnknownProposal
            | Kind::UnknownApplication
            | Kind::UnknownDocument,
            _,
        ) => (404, 0),
        (Kind::Lacking, _) => (422, 0),
        (Kind::Internal, _) => (500, 0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(endpoint: Endpoint, kind: Kind) -> (u16, u16) {
        let fault = Fault::at(endpoint, Error::new(kind, "detail"));
        (fault.status.as_u16(), fault.code)
    }

    #[test]
    fn some_kinds_have_another_code_at_some_endpoints() {
        assert_eq!(seen(Endpoint::Other, Kind::UnknownIdentity), (404, 63));
        assert_eq!(seen(Endpoint::Revoke, Kind::UnknownIdentity), (404, 10));
        assert_eq!(seen(Endpoint::Other, Kind::UnknownAffiliation), (404, 63));
        assert_eq!(seen(Endpoint::ModifyIdentity, Kind::UnknownAffiliation), (400, 58));
    }

    #[test]
    fn the_generic_texts_are_fabric_cas() {
        assert_eq!(Fault::unauthenticated().message, "Authentication failure");
        let fault = Fault::from(Error::forbidden("no"));
        assert_eq!(fault.message, "Authorization failure: no");
        let fault = Fault::from(Error::internal(std::io::Error::other("disk /dev/x")));
        assert_eq!((fault.status.as_u16(), fault.code), (500, 0));
        assert!(!fault.message.contains("disk"));
        assert!(Fault::from(Error::new(Kind::Busy, "full")).passes());
    }
}
