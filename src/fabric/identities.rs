//! `register` and `identities`.

use std::sync::Arc;

use axum::http::{HeaderValue, StatusCode, header};
use axum::response::Response;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};

use crate::api::SecretText;
use crate::api::fabric::{Attribute, Identity, RegisterRequest, RegisterResponse};
use crate::fabric::envelope::{CHUNK, list, success};
use crate::fabric::exchange::{Exchange, refusal_first};
use crate::fabric::fault::{Endpoint, Fault};
use crate::fabric::kept_list::Span;
use crate::fabric::query::Query;
use crate::id::EnrollmentId;
use crate::service::{
    AffiliationChoice, Authority, Caller, Error, Kind, ModifyIdentity, Register, Registered,
};
use crate::store;

/// Code of an identity to add that has no name, or none that can be one.
const NO_NAME: u16 = 52;

/// Code of a part of the list that is none.
const BAD_SPAN: u16 = 61;

/// A part of the list has no more identities.
const MOST: u32 = 1000;

/// Code of a `force` that is no boolean.
const BAD_FORCE: u16 = 61;

/// What Go's `url.PathEscape` leaves as it is.
const SEGMENT: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'$')
    .remove(b'&')
    .remove(b'+')
    .remove(b':')
    .remove(b'=')
    .remove(b'@');

/// `POST register`. The body is read before the token is looked at.
pub(super) async fn register(exchange: &Exchange) -> Result<Response, Fault> {
    let request: RegisterRequest = exchange.body()?;
    let (authority, caller) = exchange.enter().await?;
    let registered = add(authority, &caller, request).await?;
    let answer = RegisterResponse { secret: SecretText::from(&registered.secret) };
    located(success(StatusCode::CREATED, &answer)?, &registered)
}

/// `POST identities`.
pub(super) async fn create(exchange: &Exchange) -> Result<Response, Fault> {
    let (authority, caller) = exchange.enter().await?;
    let registered = add(authority, &caller, exchange.body()?).await?;
    let answer = Identity {
        secret: SecretText::from(&registered.secret),
        ..single(authority, &registered.identity)
    };
    located(success(StatusCode::CREATED, &answer)?, &registered)
}

/// `GET identities`: those that the caller may manage. With `limit`, which the real server does not
/// know, so many of them; with `after`, those after this enrollment ID.
pub(super) async fn all(exchange: &Exchange) -> Result<Response, Fault> {
    let (authority, caller) = exchange.enter().await?;
    let view = authority.identities_view(&caller).await?;
    let caller = Arc::new(caller);
    let span = span(&exchange.query)?;
    let write = || written(authority, &caller, &span);
    exchange.lists().answer(authority.name(), view, span.clone(), write).await
}

fn span(query: &Query) -> Result<Span, Fault> {
    let bad = |why: &str| Fault::bad_request(BAD_SPAN, why);
    let limit = match query.first("limit") {
        "" => None,
        text => {
            let limit = text.parse().ok().filter(|limit| (1..=MOST).contains(limit));
            Some(limit.ok_or_else(|| bad("`limit` is no number from 1 to 1000"))?)
        }
    };
    let after = match query.first("after") {
        "" => None,
        text => Some(text.parse().map_err(|_| bad("`after` is no enrollment ID"))?),
    };
    Ok(Span { limit, after })
}

async fn written(
    authority: &Arc<Authority>,
    caller: &Arc<Caller>,
    span: &Span,
) -> Result<Response, Fault> {
    let chunk = span.limit.unwrap_or(CHUNK);
    let mut first = authority.identities(caller, span.after.as_ref(), chunk).await?;
    if let Some(limit) = span.limit.and_then(|limit| usize::try_from(limit).ok()) {
        // A page of the registry may hold few that the caller may see; one that is asked for is full.
        while let Some(after) = first.next.take().filter(|_| first.items.len() < limit) {
            let more = authority.identities(caller, Some(&after), chunk).await?;
            first.items.extend(more.items);
            first.next = more.next;
        }
        first.items.truncate(limit);
    }
    let first = first.map(shown);
    let (reader, caller) = (Arc::clone(authority), Arc::clone(caller));
    list("identities", authority.name().as_str(), first, move |after: EnrollmentId| {
        let (reader, caller) = (Arc::clone(&reader), Arc::clone(&caller));
        async move { Ok(reader.identities(&caller, Some(&after), CHUNK).await?.map(shown)) }
    })
}

/// `GET identities/{id}`.
pub(super) async fn one(exchange: &Exchange, id: &str) -> Result<Response, Fault> {
    let (authority, caller) = exchange.enter().await?;
    let identity = authority.identity(&caller, id).await?;
    success(StatusCode::OK, &single(authority, &identity))
}

/// `PUT identities/{id}`: what is absent or empty stays.
pub(super) async fn modify(exchange: &Exchange, id: &str) -> Result<Response, Fault> {
    let (authority, caller) = exchange.enter().await?;
    let request: RegisterRequest = match exchange.body() {
        Ok(request) => request,
        // A body is told as faulty to those alone who may see the identity.
        Err(fault) => return Err(visible_first(fault, authority, &caller, id).await),
    };
    let change = ModifyIdentity {
        kind: Some(request.kind).filter(|kind| !kind.is_empty()),
        affiliation: Some(AffiliationChoice::read(&request.affiliation)),
        attributes: attributes(request.attrs),
        secret: request.secret.given(),
        max_enrollments: request.max_enrollments,
    };
    let modified = authority.modify_identity(&caller, id, change).await;
    let identity = modified.map_err(|error| Fault::at(Endpoint::ModifyIdentity, error))?;
    let answer = Identity { secret: request.secret, ..single(authority, &identity) };
    success(StatusCode::OK, &answer)
}

/// `DELETE identities/{id}`.
pub(super) async fn remove(exchange: &Exchange, id: &str) -> Result<Response, Fault> {
    let (authority, caller) = exchange.enter().await?;
    let force = exchange
        .query
        .boolean("force")
        .map_err(|bad| Fault::bad_request(BAD_FORCE, bad.detail()))?;
    let removed = authority.remove_identity(&caller, id, force).await?;
    success(StatusCode::OK, &single(authority, &removed))
}

/// An identity as answers show it, without a CA.
pub(super) fn shown(identity: store::Identity) -> Identity {
    Identity {
        id: identity.id.into(),
        kind: identity.kind,
        affiliation: identity.affiliation.into(),
        attrs: identity
            .attributes
            .into_iter()
            .map(|held| Attribute { name: held.name, value: held.value, ecert: held.ecert })
            .collect(),
        max_enrollments: identity.max_enrollments,
        ..Identity::default()
    }
}

fn single(authority: &Authority, identity: &store::Identity) -> Identity {
    Identity { caname: authority.name().to_string(), ..shown(identity.clone()) }
}

async fn add(
    authority: &Authority,
    caller: &Caller,
    request: RegisterRequest,
) -> Result<Registered, Fault> {
    let id: EnrollmentId = request
        .id
        .parse()
        .map_err(|bad: crate::id::BadName| Fault::bad_request(NO_NAME, bad.to_string()))?;
    let wanted = Register {
        id: id.clone(),
        kind: request.kind,
        secret: request.secret.given(),
        max_enrollments: request.max_enrollments,
        affiliation: AffiliationChoice::read(&request.affiliation),
        attributes: attributes(request.attrs),
    };
    authority.register(caller, wanted).await.map_err(|error| {
        let taken = error.kind == Kind::AlreadyRegistered;
        let mut fault = Fault::from(error);
        if taken {
            // Published sample code looks for these words.
            fault.message = format!("Identity '{id}' is already registered");
        }
        fault
    })
}

fn attributes(given: Vec<Attribute>) -> Vec<store::Attribute> {
    let given = given.into_iter();
    given
        .map(|one| store::Attribute { name: one.name, value: one.value, ecert: one.ecert })
        .collect()
}

fn located(mut response: Response, registered: &Registered) -> Result<Response, Fault> {
    let id = segment(registered.identity.id.as_str());
    let location = HeaderValue::try_from(format!("/api/v1/identities/{id}"));
    let location = location.map_err(|error| Fault::from(Error::internal(error)))?;
    response.headers_mut().insert(header::LOCATION, location);
    Ok(response)
}

/// An enrollment ID as a segment of a path.
pub(super) fn segment(id: &str) -> String {
    utf8_percent_encode(id, SEGMENT).to_string()
}

async fn visible_first(fault: Fault, authority: &Authority, caller: &Caller, id: &str) -> Fault {
    match authority.identity(caller, id).await {
        Err(error) if error.kind == Kind::UnknownIdentity => Fault::from(error),
        seen => refusal_first(fault, seen),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn locations_are_escaped_as_go_escapes_a_segment() {
        assert_eq!(segment("a/b c@d:e+f,g;h?i=j&k~l$m"), "a%2Fb%20c@d:e+f%2Cg%3Bh%3Fi=j&k~l$m");
        assert_eq!(segment("é!*'()"), "%C3%A9%21%2A%27%28%29");
    }
}
