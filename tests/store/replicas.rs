//! Several processes on one PostgreSQL. Here they are several stores, which share nothing either.

use chancery::store::{Change, Claim, Identity, JournalFilter, Store, Write};

use crate::fixture::*;
use crate::postgres::Cluster;

async fn three(db: &Database) -> [Store; 3] {
    let [a, b, c] = [db.open(), db.open(), db.open()];
    let (a, b, c) = tokio::join!(a, b, c);
    [a, b, c]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_grant_one_enrollment() {
    let db = Database::postgres();
    let stores = three(&db).await;
    let row = Identity { max_enrollments: 1, ..identity("x") };
    stores[0].make(Change::AddIdentity(row)).await.unwrap();
    let tries: Vec<_> = (0..60_u64)
        .map(|number| {
            let store = stores[usize::try_from(number % 3).unwrap()].clone();
            tokio::spawn(async move {
                let claim = Claim::Enrollment { cap: -1 };
                store.record_intent(intent(number, "x"), claim, entry("intend", "x")).await
            })
        })
        .collect();
    let mut granted = 0;
    for one in tries {
        granted += usize::from(one.await.unwrap().is_ok());
    }
    assert_eq!(granted, 1);
    assert_eq!(stores[2].read().journal_count(&JournalFilter::default()).await.unwrap(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_number_the_trail_without_gaps() {
    let db = Database::postgres();
    let stores = three(&db).await;
    let deeds: Vec<_> = (0..300_u64)
        .map(|number| {
            let store = stores[usize::try_from(number % 3).unwrap()].clone();
            tokio::spawn(async move {
                let name = format!("id{}", number / 2);
                // Every name is wanted twice, and by different replicas.
                let done = store.make(Change::AddIdentity(identity(&name))).await.is_ok();
                let claim = Claim::Enrollment { cap: -1 };
                // The other one may not have registered it yet.
                let enrolled = store
                    .record_intent(intent(number, &name), claim, entry("intend", &name))
                    .await
                    .is_ok();
                usize::from(done) + usize::from(enrolled)
            })
        })
        .collect();
    let mut done = 0;
    for deed in deeds {
        done += deed.await.unwrap();
    }
    let trail = stores[1].read().audit(0, u32::MAX).await.unwrap();
    assert_eq!(trail.len(), done);
    for (line, number) in trail.iter().zip(1..) {
        assert_eq!(line.number, number);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn replicas_that_deadlock_try_again() {
    let db = Database::postgres();
    let stores = three(&db).await;
    for name in ["a", "b"] {
        stores[0].register(name).await;
    }
    // Two rows, taken in opposite orders.
    let revoke = |first: &str, then: &str| {
        let change = |name: &str| Change::RevokeIdentity { ca: ca(), id: id(name), at: at(1) };
        Write::new(change(first), entry("revoke", first)).then(change(then))
    };
    for _ in 0..10 {
        let (one, other) =
            tokio::join!(stores[0].write(revoke("a", "b")), stores[1].write(revoke("b", "a")),);
        one.unwrap();
        other.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_revocation_and_a_seal_never_both_win() {
    let db = Database::postgres();
    let stores = three(&db).await;
    for number in 0..40_u64 {
        let name = format!("id{number}");
        stores[0].register(&name).await;
        let claim = Claim::Member;
        let row = intent(number, &name);
        stores[0].record_intent(row, claim, entry("intend", &name)).await.unwrap();
        let guard = Change::RevokeIdentity { ca: ca(), id: id(&name), at: at(1) };
        let revoke = Write::new(guard, entry("revoke", &name)).then(Change::RevokeCertificatesOf {
            ca: ca(),
            enrollment_id: name.clone(),
            at: at(1),
            reason_code: 1,
        });
        let seal = Change::SealCertificate { row: certificate(number, &name) };
        let (sealed, revoked) = tokio::join!(stores[1].make(seal), stores[2].write(revoke));
        let revoked = revoked.unwrap().revoked;
        let read = stores[0].read();
        if sealed.is_ok() {
            assert_eq!(revoked, [(issuer(), serial(number))]);
            let row = read.certificate(&issuer(), &serial(number)).await.unwrap().unwrap();
            assert_eq!(row.revoked_at, Some(at(1)));
        } else {
            assert_eq!(lost(sealed), "intent");
            assert_eq!(revoked, []);
            let row = read.revoked_without_certificate(&issuer(), &serial(number)).await.unwrap();
            assert!(row.is_some());
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_was_cut_is_replaced() {
    let db = Database::postgres();
    let store = db.open().await;
    store.register("x").await;
    assert!(store.read().identity(&ca(), "x").await.unwrap().is_some());
    Cluster::shared().sql(
        "postgres",
        &format!(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{}'",
            db.url.rsplit('/').find_map(|part| part.split_once("?host=")).unwrap().0
        ),
    );
    // Reader and writer find out by themselves, and nobody notices.
    assert!(store.read().identity(&ca(), "x").await.unwrap().is_some());
    store.make(Change::AddIdentity(identity("y"))).await.unwrap();
}
