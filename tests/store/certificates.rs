use chancery::id::KeyId;
use chancery::store::{
    CertificateCursor, CertificateFilter, CertificateRow, Change, Claim, Identity, JournalKind,
    JournalRow, RevokedFilter, Span, Store, Write,
};

use crate::fixture::*;

async fn numbers(store: &Store, filter: &CertificateFilter, page: u32) -> Vec<u64> {
    let (mut numbers, mut after) = (Vec::new(), None::<CertificateCursor>);
    loop {
        let rows = store.read().certificates(&ca(), filter, after.as_ref(), page).await.unwrap();
        let Some(last) = rows.last() else { break };
        assert!(rows.len() <= page as usize);
        after = Some(last.cursor());
        numbers.extend(rows.iter().map(|row| u64::from_be_bytes(row.der[..8].try_into().unwrap())));
    }
    numbers
}

async fn a_certificate_is_kept_as_it_was_given(db: Database) {
    let store = db.open().await;
    let row = certificate(1, "peer0");
    store.issue(row.clone()).await;
    let read = store.read().certificate(&issuer(), &serial(1)).await.unwrap();
    assert_eq!(read, Some(row));
    assert_eq!(store.read().certificate(&issuer(), &serial(2)).await.unwrap(), None);
    let other = KeyId::from_octets(&[8; 20]).unwrap();
    assert_eq!(store.read().certificate(&other, &serial(1)).await.unwrap(), None);
}

async fn a_certificate_is_revoked_once(db: Database) {
    let store = db.open().await;
    store.issue(certificate(1, "x")).await;
    let revoke = |number, seconds, reason_code| Change::RevokeCertificate {
        issuer: issuer(),
        serial: serial(number),
        at: at(seconds),
        reason_code,
    };
    let outcome = store.make(revoke(1, 5, 1)).await.unwrap();
    assert_eq!(outcome.revoked, [(issuer(), serial(1))]);
    assert_eq!(lost(store.make(revoke(1, 9, 4)).await), "certificate");
    assert_eq!(lost(store.make(revoke(2, 9, 4)).await), "certificate");
    let read = store.read().certificate(&issuer(), &serial(1)).await.unwrap().unwrap();
    assert_eq!((read.revoked_at, read.reason_code), (Some(at(5)), Some(1)));
}

async fn revoking_an_identity_revokes_what_it_has_and_what_is_being_made(db: Database) {
    let store = db.open().await;
    store.register("x").await;
    store.register("y").await;
    for (number, owner) in [(3, "x"), (1, "x"), (2, "y"), (4, "x")] {
        store.issue(certificate(number, owner)).await;
    }
    let alone = Change::RevokeCertificate {
        issuer: issuer(),
        serial: serial(4),
        at: at(1),
        reason_code: 4,
    };
    store.make(alone).await.unwrap();
    store.record_intent(intent(5, "x"), Claim::Member, entry("intend", "5")).await.unwrap();
    store.record_intent(intent(6, "y"), Claim::Member, entry("intend", "6")).await.unwrap();
    let crl = JournalRow { name: "crl:1:aa".into(), kind: JournalKind::Crl, ..intent(7, "x") };
    store.record_intent(crl, Claim::None, entry("intend", "crl")).await.unwrap();

    let revoke = || {
        let guard = Change::RevokeIdentity { ca: ca(), id: id("x"), at: at(9) };
        Write::new(guard, entry("revoke-identity", "x")).then(Change::RevokeCertificatesOf {
            ca: ca(),
            enrollment_id: "x".into(),
            at: at(9),
            reason_code: 1,
        })
    };
    let outcome = store.write(revoke()).await.unwrap();
    assert_eq!(outcome.revoked, [(issuer(), serial(3)), (issuer(), serial(1))]);
    assert_eq!(store.write(revoke()).await.unwrap().revoked, []);

    // What was being signed cannot be kept any more, and lists carry its serial number.
    let seal = |number, owner| Change::SealCertificate { row: certificate(number, owner) };
    assert_eq!(lost(store.make(seal(5, "x")).await), "intent");
    store.make(seal(6, "y")).await.unwrap();
    let row = store.read().revoked_without_certificate(&issuer(), &serial(5)).await.unwrap();
    let row = row.unwrap();
    assert_eq!((row.at, row.reason_code), (at(9), 1));
    assert!(store.read().journal_row(&issuer(), "crl:1:aa").await.unwrap().is_some());

    let revoked = store.read().revoked(&issuer(), &RevokedFilter::default()).await.unwrap();
    let revoked: Vec<_> =
        revoked.iter().map(|row| (&row.serial, row.at, row.reason_code)).collect();
    assert_eq!(
        revoked,
        [
            (&serial(3), at(9), 1),
            (&serial(1), at(9), 1),
            (&serial(4), at(1), 4),
            (&serial(5), at(9), 1)
        ]
    );
    // Nor can a new one be begun.
    let begun = store.record_intent(intent(8, "x"), Claim::Member, entry("intend", "8")).await;
    assert_eq!(lost(begun), "enrollment");
}

async fn lists_of_revoked_certificates_are_narrowed(db: Database) {
    let store = db.open().await;
    for number in 1..=4_u32 {
        let row = CertificateRow {
            not_after: at(100 * i64::from(number)),
            ..certificate(u64::from(number), "x")
        };
        store.issue(row).await;
        if number < 4 {
            let revoke = Change::RevokeCertificate {
                issuer: issuer(),
                serial: serial(u64::from(number)),
                at: at(i64::from(number)),
                reason_code: 0,
            };
            store.make(revoke).await.unwrap();
        }
    }
    // One that was given up after it may have been signed, at 2.
    store.record_intent(intent(9, ""), Claim::None, entry("intend", "9")).await.unwrap();
    let abandon =
        Change::Abandon { issuer: issuer(), name: serial(9).to_string(), at: at(2), signed: true };
    store.make(abandon).await.unwrap();

    let listed = async |filter: RevokedFilter| {
        let rows = store.read().revoked(&issuer(), &filter).await.unwrap();
        rows.into_iter().map(|row| row.serial).collect::<Vec<_>>()
    };
    let serials = |numbers: &[u64]| numbers.iter().map(|n| serial(*n)).collect::<Vec<_>>();
    let all = RevokedFilter::default();
    assert_eq!(listed(all).await, serials(&[1, 2, 3, 9]));
    let some = RevokedFilter { revoked_after: Some(at(1)), ..all };
    assert_eq!(listed(some).await, serials(&[2, 3, 9]));
    let some = RevokedFilter { revoked_before: Some(at(2)), ..all };
    assert_eq!(listed(some).await, serials(&[1]));
    let some = RevokedFilter { expires_after: Some(at(200)), ..all };
    assert_eq!(listed(some).await, serials(&[3, 9]));
    let some = RevokedFilter { expires_before: Some(at(200)), ..all };
    assert_eq!(listed(some).await, serials(&[1]));
    let other = KeyId::from_octets(&[8; 20]).unwrap();
    assert_eq!(store.read().revoked(&other, &all).await.unwrap(), []);
}

async fn certificates_are_listed_in_order_and_pages(db: Database) {
    let store = db.open().await;
    // Against the order of their serial numbers.
    for number in (1..=9).rev() {
        store.issue(certificate(number, "x")).await;
    }
    let all = CertificateFilter::default();
    for page in [1, 2, 4, 100] {
        assert_eq!(numbers(&store, &all, page).await, [9, 8, 7, 6, 5, 4, 3, 2, 1]);
    }
    let elsewhere = "ca-org2".parse().unwrap();
    assert_eq!(store.read().certificates(&elsewhere, &all, None, 9).await.unwrap(), []);
}

async fn certificates_are_filtered(db: Database) {
    let store = db.open().await;
    let other = KeyId::from_octets(&[8; 20]).unwrap();
    let place = async |name, affiliation| {
        let row = Identity { affiliation: path(affiliation), ..identity(name) };
        store.make(Change::AddIdentity(row)).await.unwrap();
    };
    place("a", "org1").await;
    place("b", "org1.d").await;
    place("c", "org10").await;
    place("d", "").await;
    for (number, owner, issuer, expires) in [
        (1, "a", issuer(), 100),
        (2, "b", other.clone(), 200),
        (3, "c", issuer(), 300),
        (4, "d", issuer(), 400),
        (5, "gone", issuer(), 500),
    ] {
        let row = CertificateRow { issuer, not_after: at(expires), ..certificate(number, owner) };
        store.issue(row).await;
    }
    for (number, seconds) in [(1, 10), (3, 30)] {
        let revoke = Change::RevokeCertificate {
            issuer: issuer(),
            serial: serial(number),
            at: at(seconds),
            reason_code: 1,
        };
        store.make(revoke).await.unwrap();
    }

    let all = CertificateFilter::default();
    let span = |from: Option<i64>, until: Option<i64>| {
        Some(Span { from: from.map(at), until: until.map(at) })
    };
    let owner = Some("b".to_owned());
    let expected: Vec<(CertificateFilter, &[u64])> = vec![
        (all.clone(), &[1, 2, 3, 4, 5]),
        (CertificateFilter { enrollment_id: owner.clone(), ..all.clone() }, &[2]),
        (CertificateFilter { serial: Some(serial(4)), ..all.clone() }, &[4]),
        (CertificateFilter { issuers: Some(vec![other.clone()]), ..all.clone() }, &[2]),
        (
            CertificateFilter { issuers: Some(vec![other.clone(), issuer()]), ..all.clone() },
            &[1, 2, 3, 4, 5],
        ),
        (CertificateFilter { issuers: Some(vec![]), ..all.clone() }, &[]),
        (CertificateFilter { not_revoked: true, ..all.clone() }, &[2, 4, 5]),
        (CertificateFilter { revoked: span(None, None), ..all.clone() }, &[1, 3]),
        (CertificateFilter { revoked: span(Some(10), Some(29)), ..all.clone() }, &[1]),
        (CertificateFilter { revoked: span(Some(11), None), ..all.clone() }, &[3]),
        (CertificateFilter { not_expired_at: Some(at(300)), ..all.clone() }, &[3, 4, 5]),
        (CertificateFilter { expires: span(Some(200), Some(400)), ..all.clone() }, &[2, 3, 4]),
        (CertificateFilter { expires: span(None, Some(199)), ..all.clone() }, &[1]),
        (CertificateFilter { scope: Some(path("org1")), ..all.clone() }, &[1, 2]),
        (CertificateFilter { scope: Some(path("org1.d")), ..all.clone() }, &[2]),
        (CertificateFilter { scope: Some(path("")), ..all.clone() }, &[1, 2, 3, 4]),
        (
            CertificateFilter {
                enrollment_id: owner,
                serial: Some(serial(2)),
                issuers: Some(vec![other]),
                not_revoked: true,
                revoked: None,
                not_expired_at: Some(at(0)),
                expires: span(Some(0), Some(900)),
                scope: Some(path("org1")),
            },
            &[2],
        ),
        (CertificateFilter { not_revoked: true, revoked: span(None, None), ..all }, &[]),
    ];
    for (filter, wanted) in expected {
        assert_eq!(numbers(&store, &filter, 2).await, wanted, "{filter:?}");
    }
}

on_both!(
    a_certificate_is_kept_as_it_was_given,
    a_certificate_is_revoked_once,
    revoking_an_identity_revokes_what_it_has_and_what_is_being_made,
    lists_of_revoked_certificates_are_narrowed,
    certificates_are_listed_in_order_and_pages,
    certificates_are_filtered,
);
