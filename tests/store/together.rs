//! Deeds and questions that wait together have the outcome that they have one by one.

use chancery::store::{Change, Claim, Error, Identity, JournalFilter, Outcome, Store};
use futures_util::future::join_all;

use crate::fixture::*;

const TOO_MANY: usize = 50;

/// Asks for as many enrollments at once, each for another serial number; tells how many were granted.
async fn enroll(store: &Store, name: &str, first: u64, claim: Claim) -> usize {
    let intents = (first..).take(TOO_MANY).map(|number| intent(number, name));
    let asked = intents.map(|row| store.record_intent(row, claim, entry("intend", name)));
    let answers: Vec<Result<_, Error>> = join_all(asked).await;
    let (granted, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    for answer in refused {
        assert_eq!(lost(answer), "enrollment");
    }
    granted.len()
}

async fn enrollments_are_taken_up_to_the_limit_and_no_further(db: Database) {
    let store = db.open().await;
    for (name, limit) in [("never", 0), ("one", 1), ("three", 3), ("free", -1), ("gone", -1)] {
        let identity = Identity { max_enrollments: limit, ..identity(name) };
        store.make(Change::AddIdentity(identity)).await.unwrap();
    }
    store.make(Change::RevokeIdentity { ca: ca(), id: id("gone"), at: at(0) }).await.unwrap();

    let (unlimited, capped) = (Claim::Enrollment { cap: -1 }, Claim::Enrollment { cap: 7 });
    let asked = [
        ("never", unlimited, 0),
        ("one", unlimited, 1),
        ("three", capped, 3),
        ("free", capped, 7),
        ("free", unlimited, TOO_MANY),
        ("one", Claim::Member, TOO_MANY),
        ("gone", unlimited, 0),
        ("gone", Claim::Member, 0),
        ("nobody", unlimited, 0),
        ("nobody", Claim::None, TOO_MANY),
    ];
    // Those for several identities too.
    let all = asked.iter().zip(0_u64..).map(async |((name, claim, granted), at)| {
        assert_eq!(enroll(&store, name, at * 1000, *claim).await, *granted, "{name} {claim:?}");
    });
    // But not the two for `free` in any order: first up to the cap, then without.
    let mut all: Vec<_> = all.collect();
    let late = all.remove(4);
    join_all(all).await;
    late.await;
    for (name, taken) in [("never", 0), ("one", 1), ("three", 3), ("free", 57), ("gone", 0)] {
        let identity = store.read().identity(&ca(), name).await.unwrap().unwrap();
        assert_eq!(identity.enrollments, taken, "{name}");
    }
    let granted: usize = asked.iter().map(|(.., granted)| granted).sum();
    let count = store.read().journal_count(&JournalFilter::default()).await.unwrap();
    assert_eq!(usize::try_from(count).unwrap(), granted);
}

/// The one outcome of deeds of which one can be done; the others lost `which`.
fn only(answers: Vec<Result<Outcome, Error>>, which: &str) -> Outcome {
    let (mut done, refused): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
    for answer in refused {
        assert_eq!(lost(answer), which);
    }
    assert_eq!(done.len(), 1);
    done.remove(0).unwrap()
}

async fn of_equal_deeds_one_is_done(db: Database) {
    let store = db.open().await;
    let at_once = |make: &dyn Fn(u64) -> Change| {
        let changes: Vec<_> = (0..60).map(make).collect();
        join_all(changes.into_iter().map(|change| store.make(change)))
    };

    // Twenty of each of three names.
    let names =
        at_once(&|number| Change::AddIdentity(identity(&format!("id{}", number % 3)))).await;
    assert_eq!(names.iter().filter(|answer| answer.is_ok()).count(), 3);
    only(at_once(&|_| Change::AddIdentity(identity("same"))).await, "identity");

    let row = certificate(1, "same");
    store.record_intent(intent(1, "same"), Claim::None, entry("intend", "x")).await.unwrap();
    only(at_once(&|_| Change::SealCertificate { row: row.clone() }).await, "intent");
    assert_eq!(store.read().certificate(&issuer(), &serial(1)).await.unwrap(), Some(row));

    // Half of them for another reason.
    let revoke = |number: u64| Change::RevokeCertificate {
        issuer: issuer(),
        serial: serial(1),
        at: at(1),
        reason_code: (number % 2).try_into().unwrap(),
    };
    let outcome = only(at_once(&revoke).await, "certificate");
    assert_eq!(outcome.revoked, [(issuer(), serial(1))]);
    assert_eq!(store.read().revoked_count(&issuer()).await.unwrap(), 1);
}

async fn each_of_many_certificates_is_sealed_and_revoked_for_its_asker(db: Database) {
    let store = db.open().await;
    store.register("x").await;
    let intents = (0..90).map(|number| {
        store.record_intent(intent(number, "x"), Claim::Member, entry("intend", "x"))
    });
    for answer in join_all(intents).await {
        answer.unwrap();
    }
    let seals =
        (0..90).map(|number| store.make(Change::SealCertificate { row: certificate(number, "x") }));
    for answer in join_all(seals).await {
        answer.unwrap();
    }
    let revocations = (0..100).map(async |number| {
        let (serial, at) = (serial(number), at(number.cast_signed() % 4));
        let revoke = Change::RevokeCertificate {
            issuer: issuer(),
            serial: serial.clone(),
            at,
            reason_code: 1,
        };
        (serial, store.make(revoke).await)
    });
    for (number, (serial, answer)) in join_all(revocations).await.into_iter().enumerate() {
        if number < 90 {
            assert_eq!(answer.unwrap().revoked, [(issuer(), serial)]);
        } else {
            assert_eq!(lost(answer), "certificate");
        }
    }
    assert_eq!(store.read().revoked_count(&issuer()).await.unwrap(), 90);
}

async fn who_asks_together_is_told_what_stands_there(db: Database) {
    let store = db.open().await;
    for number in 0..20 {
        store.register(&format!("id{number}")).await;
        store.issue(certificate(number, "x")).await;
    }
    let reader = store.read();
    let asked = (0..300_u64).map(|number| number % 25).map(async |number| {
        let (ca, issuer, serial) = (ca(), issuer(), serial(number));
        let name = format!("id{number}");
        let (identity, certificate) =
            tokio::join!(reader.identity(&ca, &name), reader.certificate(&issuer, &serial));
        (number, identity.unwrap(), certificate.unwrap())
    });
    for (number, found, certified) in join_all(asked).await {
        let there = number < 20;
        assert_eq!(found, there.then(|| identity(&format!("id{number}"))));
        assert_eq!(certified, there.then(|| certificate(number, "x")));
    }
}

async fn the_version_of_identities_counts_their_changes_alone(db: Database) {
    let store = db.open().await;
    let version = async || store.read().identities_version().await.unwrap();
    let mut last = version().await;
    let registered = store.register("x").await;
    let change = |limit| Identity { max_enrollments: limit, ..registered.clone() };
    let changes = [
        Change::AddIdentity(identity("y")),
        Change::UpdateIdentity(change(5)),
        Change::RevokeIdentity { ca: ca(), id: id("x"), at: at(0) },
        Change::RemoveIdentity { ca: ca(), id: id("y"), version: 1 },
    ];
    for change in changes {
        store.make(change).await.unwrap();
        let now = version().await;
        assert!(now > last);
        last = now;
    }
    store.register("z").await;
    last = version().await;
    enroll(&store, "z", 0, Claim::Enrollment { cap: -1 }).await;
    store.issue(certificate(1000, "z")).await;
    assert_eq!(version().await, last);
}

async fn the_version_of_revocations_counts_whatever_comes_onto_a_list(db: Database) {
    let store = db.open().await;
    let versions = async || {
        let reader = store.read();
        (
            reader.revocations_version().await.unwrap(),
            reader.revoked_count(&issuer()).await.unwrap(),
        )
    };
    store.register("x").await;
    for number in 0..6 {
        store.issue(certificate(number, "x")).await;
    }
    for number in 10..13 {
        let row = intent(number, "x");
        store.record_intent(row, Claim::Member, entry("intend", "x")).await.unwrap();
    }
    let revoke = |number| Change::RevokeCertificate {
        issuer: issuer(),
        serial: serial(number),
        at: at(0),
        reason_code: 0,
    };
    let abandon = |number, signed| Change::Abandon {
        issuer: issuer(),
        name: serial(number).to_string(),
        at: at(0),
        signed,
    };

    let before = versions().await;
    store.make(abandon(10, false)).await.unwrap();
    assert_eq!(versions().await, before, "what was never signed is on no list");

    let mut last = before;
    for changes in [vec![revoke(0)], vec![revoke(1), revoke(2)], vec![abandon(11, true)]] {
        for answer in join_all(changes.into_iter().map(|change| store.make(change))).await {
            answer.unwrap();
        }
        let now = versions().await;
        assert!(now.0 > last.0 && now.1 > last.1, "{last:?}, then {now:?}");
        last = now;
    }
    // The intent that is open still goes onto the list with the certificates.
    let all_of = Change::RevokeCertificatesOf {
        ca: ca(),
        enrollment_id: "x".to_owned(),
        at: at(0),
        reason_code: 0,
    };
    store.make(all_of).await.unwrap();
    let now = versions().await;
    assert!(now.0 > last.0);
    assert_eq!(now.1, 8);
}

on_both!(
    enrollments_are_taken_up_to_the_limit_and_no_further,
    of_equal_deeds_one_is_done,
    each_of_many_certificates_is_sealed_and_revoked_for_its_asker,
    who_asks_together_is_told_what_stands_there,
    the_version_of_identities_counts_their_changes_alone,
    the_version_of_revocations_counts_whatever_comes_onto_a_list,
);
