use chancery::store::{
    Change, Claim, Identity, JournalCursor, JournalFilter, JournalKind, JournalRow, JournalState,
    Store,
};

use crate::fixture::*;

async fn enrollments(store: &Store, name: &str) -> i64 {
    store.read().identity(&ca(), name).await.unwrap().unwrap().enrollments
}

async fn enroll(store: &Store, number: u64, cap: i64) -> Result<(), chancery::store::Error> {
    let claim = Claim::Enrollment { cap };
    let recorded = store.record_intent(intent(number, "x"), claim, entry("intend", "x")).await?;
    assert_eq!(recorded.intent(), &intent(number, "x").intent);
    Ok(())
}

async fn an_intent_is_kept_until_it_is_sealed(db: Database) {
    let store = db.open().await;
    store.register("x").await;
    enroll(&store, 1, -1).await.unwrap();
    let name = serial(1).to_string();
    let open = JournalRow { consumed: true, ..intent(1, "x") };
    assert_eq!(store.read().journal_row(&issuer(), &name).await.unwrap(), Some(open.clone()));

    store.make(Change::SealCertificate { row: certificate(1, "x") }).await.unwrap();
    let read = store.read().journal_row(&issuer(), &name).await.unwrap().unwrap();
    assert_eq!(read.state, JournalState::Sealed);
    assert_eq!(read.intent.digest, open.intent.digest);
    assert!(read.intent.to_be_signed.is_empty());
    assert_eq!(enrollments(&store, "x").await, 1);

    // Once.
    let again = store.make(Change::SealCertificate { row: certificate(1, "x") }).await;
    assert_eq!(lost(again), "intent");
    let unknown = store.make(Change::SealCertificate { row: certificate(2, "x") }).await;
    assert_eq!(lost(unknown), "intent");
}

async fn a_serial_number_is_used_once(db: Database) {
    let store = db.open().await;
    store.register("x").await;
    enroll(&store, 1, -1).await.unwrap();
    assert_eq!(lost(enroll(&store, 1, -1).await), "intent");
    // The enrollment of the one that lost is not spent.
    assert_eq!(enrollments(&store, "x").await, 1);
    assert_eq!(store.read().journal_count(&JournalFilter::default()).await.unwrap(), 1);
}

async fn enrollments_end_at_the_lower_limit(db: Database) {
    let store = db.open().await;
    let named = |name: &str, max_enrollments| Identity { max_enrollments, ..identity(name) };
    let mut numbers = 100..;
    for (name, own, cap, granted) in [
        ("unlimited", -1, -1, 5),
        ("own", 2, -1, 2),
        ("own-lower", 2, 3, 2),
        ("cap-lower", 3, 2, 2),
        ("cap", -1, 1, 1),
        ("never", 0, -1, 0),
        ("ca-never", -1, 0, 0),
    ] {
        store.make(Change::AddIdentity(named(name, own))).await.unwrap();
        let mut count = 0;
        for number in numbers.by_ref().take(5) {
            let row = intent(number, name);
            let claim = Claim::Enrollment { cap };
            match store.record_intent(row, claim, entry("intend", name)).await {
                Ok(_) => count += 1,
                refused => assert_eq!(lost(refused), "enrollment"),
            }
        }
        assert_eq!(count, granted, "{name}");
        assert_eq!(enrollments(&store, name).await, granted);
    }
    // Reenrolling is neither counted nor limited.
    let row = intent(7, "never");
    store.record_intent(row, Claim::Member, entry("intend", "never")).await.unwrap();
    assert_eq!(enrollments(&store, "never").await, 0);
    for (number, claim) in [(8, Claim::Member), (9, Claim::Enrollment { cap: -1 })] {
        let row = intent(number, "nobody");
        let refused = store.record_intent(row, claim, entry("intend", "nobody")).await;
        assert_eq!(lost(refused), "enrollment");
    }
}

async fn fifty_at_once_take_one_enrollment(db: Database) {
    let store = db.open().await;
    let row = Identity { max_enrollments: 1, ..identity("x") };
    store.make(Change::AddIdentity(row)).await.unwrap();
    let tries: Vec<_> = (0..50)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move { enroll(&store, number, -1).await })
        })
        .collect();
    let mut granted = 0;
    for one in tries {
        match one.await.unwrap() {
            Ok(()) => granted += 1,
            refused => assert_eq!(lost(refused), "enrollment"),
        }
    }
    assert_eq!(granted, 1);
    assert_eq!(enrollments(&store, "x").await, 1);
    assert_eq!(store.read().journal_count(&JournalFilter::default()).await.unwrap(), 1);
}

async fn giving_up_gives_the_enrollment_back(db: Database) {
    let store = db.open().await;
    let row = Identity { max_enrollments: 1, ..identity("x") };
    store.make(Change::AddIdentity(row)).await.unwrap();
    enroll(&store, 1, -1).await.unwrap();
    let abandon = |number, signed| Change::Abandon {
        issuer: issuer(),
        name: serial(number).to_string(),
        at: at(3),
        signed,
    };
    store.make(abandon(1, false)).await.unwrap();
    assert_eq!(enrollments(&store, "x").await, 0);
    assert_eq!(lost(store.make(abandon(1, true)).await), "intent");
    assert_eq!(enrollments(&store, "x").await, 0);
    let sealed = store.make(Change::SealCertificate { row: certificate(1, "x") }).await;
    assert_eq!(lost(sealed), "intent");
    let unsigned = store.read().revoked_without_certificate(&issuer(), &serial(1)).await.unwrap();
    assert_eq!(unsigned, None);

    // What may have been signed is on the lists, even so.
    enroll(&store, 2, -1).await.unwrap();
    store.make(abandon(2, true)).await.unwrap();
    let signed = store.read().revoked_without_certificate(&issuer(), &serial(2)).await.unwrap();
    assert_eq!(signed.unwrap().at, at(3));

    // A reenrollment took nothing.
    let row = intent(3, "x");
    store.record_intent(row, Claim::Member, entry("intend", "x")).await.unwrap();
    enroll(&store, 4, -1).await.unwrap();
    store.make(abandon(3, false)).await.unwrap();
    assert_eq!(enrollments(&store, "x").await, 1);

    // A later identity of the same name has nothing to be given back.
    let read = store.read().identity(&ca(), "x").await.unwrap().unwrap();
    let remove = Change::RemoveIdentity { ca: ca(), id: id("x"), version: read.version };
    store.make(remove).await.unwrap();
    let later = Identity { created_at: at(60), enrollments: 5, ..identity("x") };
    store.make(Change::AddIdentity(later)).await.unwrap();
    store.make(abandon(4, false)).await.unwrap();
    assert_eq!(enrollments(&store, "x").await, 5);
}

async fn the_journal_is_read_by_what_is_asked(db: Database) {
    let store = db.open().await;
    for number in 0..6_u64 {
        let row = JournalRow {
            ca: if number == 5 { "ca-org2".parse().unwrap() } else { ca() },
            instance: if number % 2 == 0 { "a".into() } else { "b".into() },
            at: at(i64::try_from(number).unwrap()),
            kind: if number == 4 { JournalKind::Request } else { JournalKind::Certificate },
            ..intent(number, "")
        };
        store.record_intent(row, Claim::None, entry("intend", "")).await.unwrap();
    }
    store.make(Change::SealCertificate { row: certificate(0, "") }).await.unwrap();
    let abandon =
        Change::Abandon { issuer: issuer(), name: serial(1).to_string(), at: at(9), signed: true };
    store.make(abandon).await.unwrap();
    let seal_as =
        |kind| Change::SealRequest { issuer: issuer(), name: serial(4).to_string(), kind };
    assert_eq!(lost(store.make(seal_as(JournalKind::Crl)).await), "intent");

    let all = JournalFilter::default();
    let of = |state| JournalFilter { state: Some(state), ..all.clone() };
    let expected: Vec<(JournalFilter, &[u64])> = vec![
        (all.clone(), &[0, 1, 2, 3, 4, 5]),
        (JournalFilter { ca: Some(ca()), ..all.clone() }, &[0, 1, 2, 3, 4]),
        (of(JournalState::Open), &[2, 3, 4, 5]),
        (of(JournalState::Sealed), &[0]),
        (of(JournalState::Abandoned), &[1]),
        (JournalFilter { kind: Some(JournalKind::Request), ..all.clone() }, &[4]),
        (JournalFilter { instance: Some("b".into()), ..all.clone() }, &[1, 3, 5]),
        (JournalFilter { before: Some(at(3)), ..all.clone() }, &[0, 1, 2]),
        (
            JournalFilter {
                ca: Some(ca()),
                kind: Some(JournalKind::Certificate),
                state: Some(JournalState::Open),
                instance: Some("b".into()),
                before: Some(at(5)),
            },
            &[3],
        ),
    ];
    for (filter, wanted) in expected {
        let (mut found, mut after) = (Vec::new(), None::<JournalCursor>);
        loop {
            let rows = store.read().journal(&filter, after.as_ref(), 2).await.unwrap();
            let Some(last) = rows.last() else { break };
            after = Some(last.cursor());
            found.extend(rows.iter().map(|row| {
                let digest = row.intent.digest;
                u64::from_be_bytes(digest[..8].try_into().unwrap())
            }));
        }
        found.sort_unstable();
        assert_eq!(found, wanted, "{filter:?}");
        let count = store.read().journal_count(&filter).await.unwrap();
        assert_eq!(count, i64::try_from(wanted.len()).unwrap());
    }

    store.make(seal_as(JournalKind::Request)).await.unwrap();
    assert_eq!(store.read().journal_count(&of(JournalState::Sealed)).await.unwrap(), 2);
}

async fn lists_take_rising_numbers(db: Database) {
    let store = db.open().await;
    assert_eq!(store.read().next_crl_number(&issuer()).await.unwrap(), 1);
    assert_eq!(store.read().latest_crl(&issuer()).await.unwrap(), None);
    let seal = async |number: i64, random: &str| {
        let name = format!("crl:{number}:{random}");
        let row = JournalRow { name: name.clone(), kind: JournalKind::Crl, ..intent(0, "") };
        store.record_intent(row, Claim::None, entry("intend-crl", "")).await.unwrap();
        let der = name.clone().into_bytes();
        store.make(Change::SealCrl { issuer: issuer(), name, der, number }).await
    };
    for number in 1..=7 {
        assert_eq!(store.read().next_crl_number(&issuer()).await.unwrap(), number);
        seal(number, "a").await.unwrap();
    }
    // Another process was faster.
    assert_eq!(lost(seal(7, "b").await), "crl");
    assert_eq!(lost(seal(2, "b").await), "crl");
    let latest = store.read().latest_crl(&issuer()).await.unwrap().unwrap();
    assert_eq!((latest.number, latest.at, &*latest.der), (7, at(0), &b"crl:7:a"[..]));
    // The intent of the one that lost is open still, to be given up.
    let lost_one = store.read().journal_row(&issuer(), "crl:7:b").await.unwrap().unwrap();
    assert_eq!(lost_one.state, JournalState::Open);
    let abandon =
        Change::Abandon { issuer: issuer(), name: "crl:7:b".into(), at: at(0), signed: true };
    store.make(abandon).await.unwrap();
}

on_both!(
    an_intent_is_kept_until_it_is_sealed,
    a_serial_number_is_used_once,
    enrollments_end_at_the_lower_limit,
    fifty_at_once_take_one_enrollment,
    giving_up_gives_the_enrollment_back,
    the_journal_is_read_by_what_is_asked,
    lists_take_rising_numbers,
);
