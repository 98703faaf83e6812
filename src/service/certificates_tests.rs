use super::*;
use crate::service::error::Kind;
use crate::service::revoke::{Revoke, Target};
use crate::service::testing::{NOW, Registry, issuer, kind, retired_issuer};

const EVER: i64 = NOW + 1000;

/// `reg` of `x` has certificate 1, `u` below has 2 and the revoked 3, `away` of `y` has 4 by the
/// retired issuer; 5 is of somebody who is gone, 6 is expired.
async fn registry() -> (Registry, Caller) {
    let registry = Registry::open().await;
    let reg = registry.caller("reg", "client", "x", "hf.Registrar.Roles=client,peer").await;
    registry.caller("u", "peer", "x.sub", "").await;
    registry.caller("away", "peer", "y", "").await;
    registry.issue("reg", 1).await;
    registry.issue("u", 2).await;
    registry.issue("u", 3).await;
    registry.issue_by(&retired_issuer(), "away", 4, EVER).await;
    registry.issue("gone", 5).await;
    registry.issue_by(&issuer(), "u", 6, NOW - 10).await;
    let target = Target::read("", "4003", &issuer().to_string()).unwrap();
    let request = Revoke { target, reason: crate::pki::Reason::Unspecified };
    registry.authority.revoke(&registry.admin, request).await.unwrap();
    (registry, reg)
}

/// The numbers of the certificates that are listed.
async fn listed(registry: &Registry, caller: &Caller, query: &CertificateQuery) -> Vec<u8> {
    let mut after = None;
    let mut numbers = Vec::new();
    loop {
        let page = registry.authority.certificates(caller, query, after.as_ref(), 2).await.unwrap();
        numbers.extend(page.items.iter().map(|row| row.der[0]));
        after = page.next;
        if after.is_none() {
            return numbers;
        }
    }
}

#[tokio::test]
async fn with_an_affiliation_one_sees_whose_owner_is_within_and_at_the_root_all() {
    let (registry, reg) = registry().await;
    let all = CertificateQuery::default();
    assert_eq!(listed(&registry, &reg, &all).await, [1, 2, 3, 6]);
    assert_eq!(listed(&registry, &registry.admin, &all).await, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn the_list_is_for_holders_of_roles_be_they_empty_and_for_revokers() {
    let (registry, _) = registry().await;
    for (name, holding, seen) in [
        ("a", "", false),
        ("b", "hf.Registrar.Roles=", true),
        ("c", "hf.Revoker=true", true),
        ("d", "hf.Revoker=false", false),
        ("e", "hf.Revoker=", false),
    ] {
        let caller = registry.caller(name, "client", "x", holding).await;
        let query = CertificateQuery::default();
        let done = registry.authority.certificates(&caller, &query, None, 10).await;
        assert_eq!(kind(done), (!seen).then_some(Kind::Forbidden), "{holding}");
    }
    assert_eq!(registry.audit().await[1], "a refused-list-certificates ");
}

#[tokio::test]
async fn queries_narrow_the_list() {
    let (registry, reg) = registry().await;
    let query = CertificateQuery::default;
    let at = |seconds: i64| Some(Timestamp::from_unix(seconds));
    let text = |text: &str| Some(text.to_owned());
    let cases = [
        (CertificateQuery { enrollment_id: text("u"), ..query() }, vec![2, 3, 6]),
        (CertificateQuery { enrollment_id: text("away"), ..query() }, vec![]),
        (CertificateQuery { enrollment_id: text("nobody"), ..query() }, vec![]),
        (CertificateQuery { serial: text("4002"), ..query() }, vec![2]),
        (CertificateQuery { serial: text("004002"), ..query() }, vec![2]),
        (CertificateQuery { serial: text("40:02"), ..query() }, vec![]),
        (CertificateQuery { serial: text("no number"), ..query() }, vec![]),
        (
            CertificateQuery { aki: Some(issuer().to_string().to_uppercase()), ..query() },
            vec![1, 2, 3, 6],
        ),
        (CertificateQuery { aki: Some(issuer().short_hex()), ..query() }, vec![1, 2, 3, 6]),
        (CertificateQuery { aki: Some(retired_issuer().to_string()), ..query() }, vec![]),
        (CertificateQuery { aki: text("ff"), ..query() }, vec![]),
        (CertificateQuery { not_revoked: true, ..query() }, vec![1, 2, 6]),
        (CertificateQuery { not_expired: true, ..query() }, vec![1, 2, 3]),
        (CertificateQuery { revoked: Some(Span::default()), ..query() }, vec![3]),
        (
            CertificateQuery { revoked: Some(Span { from: at(NOW), until: None }), ..query() },
            vec![3],
        ),
        (
            CertificateQuery { revoked: Some(Span { from: at(NOW + 1), until: None }), ..query() },
            vec![],
        ),
        (
            CertificateQuery { expires: Some(Span { from: None, until: at(NOW) }), ..query() },
            vec![6],
        ),
        (
            CertificateQuery { expires: Some(Span { from: at(NOW), until: at(EVER) }), ..query() },
            vec![1, 2, 3],
        ),
    ];
    for (query, want) in cases {
        assert_eq!(listed(&registry, &reg, &query).await, want, "{query:?}");
    }
}
