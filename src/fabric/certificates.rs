//! `certificates`: what was issued.

use std::sync::Arc;

use axum::http::StatusCode;
use axum::response::Response;

use crate::api::fabric::CertificatePem;
use crate::clock::Timestamp;
use crate::fabric::envelope::{CHUNK, list};
use crate::fabric::exchange::{Exchange, refusal_first};
use crate::fabric::fault::Fault;
use crate::fabric::query::Query;
use crate::fabric::when;
use crate::pki::pem;
use crate::service::CertificateQuery;
use crate::store::{CertificateCursor, CertificateRow, Span};

/// Code of a query that cannot be read.
const BAD_QUERY: u16 = 67;

/// `GET certificates`.
pub(super) async fn find(exchange: &Exchange) -> Result<Response, Fault> {
    let (authority, caller) = exchange.enter().await?;
    let query = match query(&exchange.query, authority.clock().now()) {
        Ok(query) => query,
        Err(why) => {
            let fault = Fault::bad_request(BAD_QUERY, format!("Invalid Request: {why}"));
            let any = CertificateQuery::default();
            return Err(refusal_first(fault, authority.certificates(&caller, &any, None, 1).await));
        }
    };
    let first = authority.certificates(&caller, &query, None, CHUNK).await?.map(|row| shown(&row));
    let asked = Arc::new((Arc::clone(authority), caller, query));
    // The CA as the query names it, not as it is called: nothing when it names none.
    list("certs", exchange.query.first("ca"), first, move |after: CertificateCursor| {
        let asked = Arc::clone(&asked);
        async move {
            let (authority, caller, query) = &*asked;
            Ok(authority
                .certificates(caller, query, Some(&after), CHUNK)
                .await?
                .map(|row| shown(&row)))
        }
    })
}

/// `DELETE certificates`: the real server has the route and nothing behind it, and tells 500.
pub(super) async fn remove(exchange: &Exchange) -> Result<Response, Fault> {
    let (authority, caller) = exchange.enter().await?;
    authority.certificates(&caller, &CertificateQuery::default(), None, 1).await?;
    Err(Fault::new(StatusCode::METHOD_NOT_ALLOWED, 0, "DELETE Not Implemented"))
}

/// Reads the query; the error is a sentence for the caller.
pub(super) fn query(query: &Query, now: Timestamp) -> Result<CertificateQuery, String> {
    let given = |name| Some(query.first(name).to_owned()).filter(|text| !text.is_empty());
    let time =
        |name| when::parse(query.first(name), now).map_err(|_| format!("`{name}` is no time"));
    let span = |from, until| {
        let span = Span { from: time(from)?, until: time(until)? };
        Ok::<_, String>((span != Span::default()).then_some(span))
    };
    let wanted = CertificateQuery {
        enrollment_id: given("id"),
        serial: given("serial"),
        aki: given("aki"),
        not_revoked: query.boolean("notrevoked").map_err(|bad| bad.detail())?,
        not_expired: query.boolean("notexpired").map_err(|bad| bad.detail())?,
        revoked: span("revoked_start", "revoked_end")?,
        expires: span("expired_start", "expired_end")?,
    };
    if wanted.not_revoked && wanted.revoked.is_some() {
        return Err("`notrevoked` and a range of revocation exclude each other".to_owned());
    }
    if wanted.not_expired && wanted.expires.is_some() {
        return Err("`notexpired` and a range of expiry exclude each other".to_owned());
    }
    Ok(wanted)
}

fn shown(row: &CertificateRow) -> CertificatePem {
    CertificatePem { pem: pem::encode("CERTIFICATE", &row.der) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<CertificateQuery, String> {
        query(&Query::parse(text), Timestamp::from_unix(1_000_000))
    }

    #[test]
    fn a_query_is_read() {
        assert_eq!(read(""), Ok(CertificateQuery::default()));
        let wanted = read("id=u&serial=0A&aki=0b&notrevoked=TRUE&expired_end=%2B1d&ca=x").unwrap();
        assert_eq!(
            wanted,
            CertificateQuery {
                enrollment_id: Some("u".into()),
                serial: Some("0A".into()),
                aki: Some("0b".into()),
                not_revoked: true,
                expires: Some(Span { from: None, until: Some(Timestamp::from_unix(1_086_400)) }),
                ..CertificateQuery::default()
            }
        );
    }

    #[test]
    fn what_is_malformed_or_contradicts_itself_is_refused() {
        for bad in [
            "notrevoked=maybe",
            "notexpired=2",
            "expired_start=-xd",
            "revoked_start=soon",
            // An unescaped plus is a space.
            "expired_end=+1d",
            "expired_end=%2B1y",
            "notexpired=true&expired_end=%2B1d",
            "notrevoked=1&revoked_start=2020-01-01",
        ] {
            assert!(read(bad).is_err(), "{bad}");
        }
        assert!(read("notrevoked=false&revoked_start=2020-01-01").is_ok());
    }
}
