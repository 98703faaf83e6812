use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use chancery::audit::Entry;
use chancery::store::{
    Change, Claim, Error, Fault, IdentityFilter, JournalFilter, Moment, Options, Step, Store, Write,
};

use crate::fixture::*;

/// The trail has the numbers from 1 without gaps.
async fn trail_is_whole(store: &Store) -> usize {
    let lines = store.read().audit(0, u32::MAX).await.unwrap();
    for (line, number) in lines.iter().zip(1..) {
        assert_eq!(line.number, number);
    }
    lines.len()
}

async fn five_hundred_deeds_at_once_are_all_done(db: Database) {
    let commits = Arc::new(AtomicUsize::new(0));
    let counted = commits.clone();
    let options = Options {
        faults: Some(Arc::new(move |moment: Moment| {
            counted.fetch_add(usize::from(moment.step == Step::AfterCommit), Ordering::SeqCst);
            Fault::None
        })),
        ..db.options()
    };
    let store = Store::open(&options).await.unwrap();
    let deeds: Vec<_> = (0..500)
        .map(|number| {
            let store = store.clone();
            tokio::spawn(async move {
                // Every fifth name is taken by the one before.
                let name = if number % 5 == 4 { number - 1 } else { number };
                store.make(Change::AddIdentity(identity(&format!("id{name}")))).await
            })
        })
        .collect();
    let (mut done, mut refused) = (0, 0);
    for deed in deeds {
        match deed.await.unwrap() {
            Ok(_) => done += 1,
            other => {
                assert_eq!(lost(other), "identity");
                refused += 1;
            }
        }
    }
    assert_eq!((done, refused), (400, 100));
    let all = IdentityFilter::default();
    assert_eq!(store.read().identities(&ca(), &all, None, 1000).await.unwrap().len(), 400);
    assert_eq!(trail_is_whole(&store).await, 400);
    assert_eq!(commits.load(Ordering::SeqCst), 400);
}

async fn a_lost_deed_leaves_no_trace_and_harms_no_other(db: Database) {
    let store = db.open().await;
    store.register("x").await;
    // Together in one batch: one that loses before it wrote, one after, and one that is done.
    let clean = Write::new(Change::AddIdentity(identity("x")), entry("lost", "x"))
        .then(Change::AddIdentity(identity("follower1")));
    let late = Write::new(Change::AddIdentity(identity("y")), entry("lost", "y"))
        .then(Change::AddIdentity(identity("x")));
    let done = Write::new(Change::AddIdentity(identity("z")), entry("done", "z"));
    let (clean, late, done) =
        tokio::join!(store.write(clean), store.write(late), store.write(done));
    assert_eq!(lost(clean), "identity");
    assert_eq!(lost(late), "identity");
    done.unwrap();
    for (name, there) in [("y", false), ("follower1", false), ("z", true)] {
        assert_eq!(store.read().identity(&ca(), name).await.unwrap().is_some(), there, "{name}");
    }
    let trail = store.read().audit(1, 10).await.unwrap();
    let trail: Vec<_> = trail.iter().map(|line| (line.number, &*line.deed)).collect();
    assert_eq!(trail, [(2, "done")]);
}

async fn a_statement_that_fails_fails_its_deed_alone(db: Database) {
    let store = db.open().await;
    // PostgreSQL keeps no U+0000; SQLite does, and finds nobody of that name.
    let bad = Change::RevokeCertificatesOf {
        ca: ca(),
        enrollment_id: "a\0b".into(),
        at: at(0),
        reason_code: 0,
    };
    let writes = [
        Write::new(Change::AddIdentity(identity("a")), entry("good", "a")),
        Write::new(bad, entry("bad", "b")),
        Write::new(Change::AddIdentity(identity("c")), entry("good", "c")),
    ];
    let [first, bad, last] = writes.map(|write| {
        let store = store.clone();
        tokio::spawn(async move { store.write(write).await })
    });
    first.await.unwrap().unwrap();
    last.await.unwrap().unwrap();
    if db.url.starts_with("postgres") {
        assert!(matches!(bad.await.unwrap(), Err(Error::Unavailable { .. })));
        assert_eq!(trail_is_whole(&store).await, 2);
    } else {
        bad.await.unwrap().unwrap();
    }
}

async fn the_trail_tells_what_was_said(db: Database) {
    let store = db.open().await;
    let said = Entry {
        at: at(7),
        ca: ca(),
        actor: "'; --".into(),
        deed: "refuse-login",
        subject: "nul \0 \u{1F600} \\ %".into(),
        reason: "wrong secret".into(),
    };
    store.write(Write::note(said)).await.unwrap();
    store.register("x").await;
    let lines = store.read().audit(0, 1).await.unwrap();
    assert_eq!(lines.len(), 1);
    let line = &lines[0];
    assert_eq!((line.number, line.at, &line.ca), (1, at(7), &ca()));
    assert_eq!(
        (&*line.actor, &*line.deed, &*line.reason),
        ("'; --", "refuse-login", "wrong secret")
    );
    assert_eq!(line.subject, "nul \u{fffd} \u{1F600} \\ %");
    assert_eq!(store.read().audit(1, 9).await.unwrap().len(), 1);
    assert_eq!(store.read().audit(2, 9).await.unwrap(), []);
}

fn failing(db: &Database, deed: &'static str, step: Step) -> Options {
    let moment = Moment { deed, step };
    let faults = move |now: Moment| if now == moment { Fault::Fail } else { Fault::None };
    Options { faults: Some(Arc::new(faults)), ..db.options() }
}

async fn a_commit_that_fails_before_is_not_done(db: Database) {
    let store = Store::open(&failing(&db, "intend-certificate", Step::BeforeCommit)).await.unwrap();
    store.register("x").await;
    let claim = Claim::Enrollment { cap: -1 };
    let failed = store.record_intent(intent(1, "x"), claim, entry("intend-certificate", "1"));
    let other = store.record_intent(intent(2, "x"), claim, entry("intend-other", "2"));
    let (failed, other) = tokio::join!(failed, other);
    assert!(matches!(failed, Err(Error::Unavailable { operation: "commit", .. })));
    other.unwrap();
    assert_eq!(store.read().journal_count(&JournalFilter::default()).await.unwrap(), 1);
    assert_eq!(store.read().identity(&ca(), "x").await.unwrap().unwrap().enrollments, 1);
    assert_eq!(trail_is_whole(&store).await, 2);
}

async fn a_commit_that_fails_after_is_done(db: Database) {
    let store = Store::open(&failing(&db, "issue-certificate", Step::AfterCommit)).await.unwrap();
    store.record_intent(intent(1, ""), Claim::None, entry("intend", "1")).await.unwrap();
    let seal = Change::SealCertificate { row: certificate(1, "") };
    let failed = store.write(Write::new(seal, entry("issue-certificate", "1"))).await;
    assert!(matches!(failed, Err(Error::Unavailable { operation: "commit", .. })));
    assert!(store.read().certificate(&issuer(), &serial(1)).await.unwrap().is_some());
    assert_eq!(trail_is_whole(&store).await, 2);
}

async fn a_full_queue_is_busy_and_nothing_is_written(db: Database) {
    let options = Options { queue: 1, batch: 1, ..db.options() };
    let store = Store::open(&options).await.unwrap();
    let deeds: Vec<_> =
        (0..40).map(|n| store.make(Change::AddIdentity(identity(&format!("{n}"))))).collect();
    let answers = futures_util::future::join_all(deeds).await;
    let done = answers.iter().filter(|answer| answer.is_ok()).count();
    let busy = answers.iter().filter(|answer| matches!(answer, Err(Error::Busy))).count();
    assert_eq!(done + busy, 40);
    assert!(done > 0 && busy > 0, "{done} done, {busy} busy");
    let all = store.read().identities(&ca(), &IdentityFilter::default(), None, 99).await.unwrap();
    assert_eq!(all.len(), done);
}

async fn a_closed_store_finished_what_was_asked(db: Database) {
    let store = db.open().await;
    store.ping().await.unwrap();
    let late = store.clone();
    let deeds: Vec<_> = (0..20)
        .map(|number| {
            let store = store.clone();
            let name = format!("id{number}");
            tokio::spawn(async move { store.make(Change::AddIdentity(identity(&name))).await })
        })
        .collect();
    tokio::task::yield_now().await;
    store.close().await;
    let mut done = 0;
    for deed in deeds {
        done += usize::from(deed.await.unwrap().is_ok());
    }
    let refused = late.make(Change::AddIdentity(identity("late"))).await;
    assert!(matches!(refused, Err(Error::Unavailable { .. })));
    assert!(late.ping().await.is_err());

    let store = db.open().await;
    let all = store.read().identities(&ca(), &IdentityFilter::default(), None, 99).await.unwrap();
    assert_eq!(all.len(), done);
}

on_both!(
    five_hundred_deeds_at_once_are_all_done,
    a_lost_deed_leaves_no_trace_and_harms_no_other,
    a_statement_that_fails_fails_its_deed_alone,
    the_trail_tells_what_was_said,
    a_commit_that_fails_before_is_not_done,
    a_commit_that_fails_after_is_done,
    a_full_queue_is_busy_and_nothing_is_written,
    a_closed_store_finished_what_was_asked,
);
