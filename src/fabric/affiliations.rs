//! `affiliations`.

use axum::http::StatusCode;
use axum::response::Response;

use crate::api::fabric::{Affiliation, AffiliationRequest, RenameAffiliationRequest};
use crate::fabric::envelope::success;
use crate::fabric::exchange::{Exchange, refusal_first};
use crate::fabric::fault::Fault;
use crate::fabric::identities::shown as identity;
use crate::service::rules::as_fabric_ca_lists;
use crate::service::{AffiliationTree, Authority};

/// Codes of a `force` that is no boolean: of PUT, and of POST and DELETE.
const BAD_FORCE_OF_PUT: u16 = 60;
const BAD_FORCE: u16 = 61;

/// `GET affiliations`: the tree from the caller's own down.
pub(super) async fn all(exchange: &Exchange) -> Result<Response, Fault> {
    let (authority, caller) = exchange.enter().await?;
    let tree = authority.affiliations(&caller).await?;
    success(StatusCode::OK, &top(authority, tree))
}

/// `GET affiliations/{name}`.
pub(super) async fn one(exchange: &Exchange, name: &str) -> Result<Response, Fault> {
    let (authority, caller) = exchange.enter().await?;
    let tree = authority.affiliation(&caller, name).await?;
    success(StatusCode::OK, &single(authority, &tree))
}

/// `POST affiliations`.
pub(super) async fn add(exchange: &Exchange) -> Result<Response, Fault> {
    let (authority, caller) = exchange.enter().await?;
    let asked = exchange.body::<AffiliationRequest>().and_then(|request| {
        let force = exchange.query.boolean("force");
        Ok((request, force.map_err(|bad| Fault::bad_request(BAD_FORCE, bad.detail()))?))
    });
    let (request, force) = match asked {
        Ok(asked) => asked,
        Err(fault) => return Err(refusal_first(fault, authority.affiliations(&caller).await)),
    };
    let added = authority.add_affiliation(&caller, &request.name, force).await?;
    success(StatusCode::CREATED, &single(authority, &added))
}

/// `PUT affiliations/{name}`: renames it and everything below it.
pub(super) async fn rename(exchange: &Exchange, name: &str) -> Result<Response, Fault> {
    let (authority, caller) = exchange.enter().await?;
    let asked = exchange.body::<RenameAffiliationRequest>().and_then(|request| {
        let force = exchange.query.exact_boolean("force");
        Ok((request, force.map_err(|bad| Fault::bad_request(BAD_FORCE_OF_PUT, bad.detail()))?))
    });
    let (request, force) = match asked {
        Ok(asked) => asked,
        Err(fault) => return Err(refusal_first(fault, authority.affiliation(&caller, name).await)),
    };
    let renamed = authority.rename_affiliation(&caller, name, request.new_name(), force).await?;
    success(StatusCode::OK, &single(authority, &renamed))
}

/// `DELETE affiliations/{name}`.
pub(super) async fn remove(exchange: &Exchange, name: &str) -> Result<Response, Fault> {
    let (authority, caller) = exchange.enter().await?;
    let force = match exchange.query.boolean("force") {
        Ok(force) => force,
        Err(bad) => {
            let fault = Fault::bad_request(BAD_FORCE, bad.detail());
            return Err(refusal_first(fault, authority.affiliation(&caller, name).await));
        }
    };
    let removed = authority.remove_affiliation(&caller, name, force).await?;
    success(StatusCode::OK, &single(authority, &removed))
}

/// A single affiliation, with the repetitions that the real server's answers have.
fn single(authority: &Authority, tree: &AffiliationTree) -> Affiliation {
    top(authority, as_fabric_ca_lists(tree))
}

fn top(authority: &Authority, tree: AffiliationTree) -> Affiliation {
    Affiliation { caname: authority.name().to_string(), ..below(tree) }
}

fn below(tree: AffiliationTree) -> Affiliation {
    Affiliation {
        name: tree.name.into(),
        affiliations: tree.children.into_iter().map(below).collect(),
        identities: tree.identities.into_iter().map(identity).collect(),
        caname: String::new(),
    }
}
