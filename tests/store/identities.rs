use chancery::store::{Attribute, Change, Identity, IdentityFilter};

use crate::fixture::*;

async fn an_identity_is_kept_as_it_was_given(db: Database) {
    let store = db.open().await;
    let given = Identity {
        max_enrollments: 3,
        enrollments: 2,
        revoked_at: Some(at(-5)),
        version: 9,
        attributes: vec![
            Attribute { name: "z".into(), value: String::new(), ecert: false },
            Attribute { name: "a".into(), value: "\u{1F600} \0 \\ \"".into(), ecert: true },
        ],
        ..identity("peer0")
    };
    store.make(Change::AddIdentity(given.clone())).await.unwrap();
    assert_eq!(store.read().identity(&ca(), "peer0").await.unwrap(), Some(given));
    assert_eq!(store.read().identity(&ca(), "Peer0").await.unwrap(), None);
    assert_eq!(store.read().identity(&"other".parse().unwrap(), "peer0").await.unwrap(), None);
}

async fn a_name_is_taken_once(db: Database) {
    let store = db.open().await;
    store.register("x").await;
    let again = Identity { secret: "new".into(), ..identity("x") };
    assert_eq!(lost(store.make(Change::AddIdentity(again)).await), "identity");
    assert_eq!(store.read().identity(&ca(), "x").await.unwrap().unwrap().secret, "opaque");
    // Another CA has names of its own.
    let elsewhere = Identity { ca: "ca-org2".parse().unwrap(), ..identity("x") };
    store.make(Change::AddIdentity(elsewhere)).await.unwrap();
}

async fn an_update_needs_the_version_that_was_read(db: Database) {
    let store = db.open().await;
    let read = store.register("x").await;
    let new = Identity {
        kind: "peer".into(),
        affiliation: path("org2.d"),
        secret: "s2".into(),
        max_enrollments: 5,
        attributes: vec![],
        enrollments: 99,
        revoked_at: Some(at(1)),
        ..read.clone()
    };
    store.make(Change::UpdateIdentity(new.clone())).await.unwrap();
    // Counts and revocation are not an update's to write.
    let kept = Identity { enrollments: 0, revoked_at: None, version: 2, ..new };
    assert_eq!(store.read().identity(&ca(), "x").await.unwrap(), Some(kept));

    assert_eq!(lost(store.make(Change::UpdateIdentity(read)).await), "identity");
    let unknown = Change::UpdateIdentity(identity("nobody"));
    assert_eq!(lost(store.make(unknown).await), "identity");
}

async fn a_removal_needs_the_version_that_was_read(db: Database) {
    let store = db.open().await;
    store.register("x").await;
    let remove = |version| Change::RemoveIdentity { ca: ca(), id: id("x"), version };
    assert_eq!(lost(store.make(remove(2)).await), "identity");
    store.make(remove(1)).await.unwrap();
    assert_eq!(store.read().identity(&ca(), "x").await.unwrap(), None);
    assert_eq!(lost(store.make(remove(1)).await), "identity");
}

async fn a_revoked_identity_stays_revoked(db: Database) {
    let store = db.open().await;
    store.register("x").await;
    let revoke = |seconds| Change::RevokeIdentity { ca: ca(), id: id("x"), at: at(seconds) };
    store.make(revoke(5)).await.unwrap();
    store.make(revoke(9)).await.unwrap();
    let read = store.read().identity(&ca(), "x").await.unwrap().unwrap();
    assert_eq!((read.revoked_at, read.version), (Some(at(5)), 2));
    let unknown = Change::RevokeIdentity { ca: ca(), id: id("nobody"), at: at(0) };
    assert_eq!(lost(store.make(unknown).await), "identity");
}

async fn identities_are_listed_in_pages_by_scope_and_kind(db: Database) {
    let store = db.open().await;
    for (name, kind, affiliation) in [
        ("a", "client", "org1"),
        ("B", "Peer", "org1.d1"),
        ("c", "peer", "org10"),
        ("d", "peer", "org1.d1.e"),
        ("É", "orderer", ""),
        ("e_%", "client", "org1_"),
    ] {
        let row = Identity { kind: kind.into(), affiliation: path(affiliation), ..identity(name) };
        store.make(Change::AddIdentity(row)).await.unwrap();
    }
    let names = async |filter: &IdentityFilter, page: u32| {
        let (mut names, mut after) = (Vec::new(), None::<String>);
        loop {
            let rows =
                store.read().identities(&ca(), filter, after.as_deref(), page).await.unwrap();
            let Some(last) = rows.last() else { break };
            assert!(rows.len() <= page as usize);
            after = Some(last.id.to_string());
            names.extend(rows.into_iter().map(|row| row.id.to_string()));
        }
        names
    };
    let sorted = |mut names: Vec<String>| {
        names.sort();
        names.join(" ")
    };
    let all = IdentityFilter::default();
    let whole = names(&all, 100).await;
    assert_eq!(sorted(whole.clone()), "B a c d e_% É");
    for page in 1..4 {
        assert_eq!(names(&all, page).await, whole, "pages of {page}");
    }

    let scope = |text| IdentityFilter { scope: Some(path(text)), kinds: None };
    assert_eq!(sorted(names(&scope("org1"), 2).await), "B a d");
    assert_eq!(sorted(names(&scope("org1.d1"), 2).await), "B d");
    assert_eq!(sorted(names(&scope("org1_"), 2).await), "e_%");
    assert_eq!(sorted(names(&scope(""), 2).await), "B a c d e_% É");
    assert_eq!(sorted(names(&scope("org"), 2).await), "");

    let kinds = |kinds: &[&str]| IdentityFilter {
        scope: None,
        kinds: Some(kinds.iter().map(ToString::to_string).collect()),
    };
    assert_eq!(sorted(names(&kinds(&["PEER"]), 2).await), "B c d");
    assert_eq!(sorted(names(&kinds(&["peer", "client"]), 2).await), "B a c d e_%");
    assert_eq!(sorted(names(&kinds(&[]), 2).await), "");
    let both = IdentityFilter { scope: Some(path("org1")), ..kinds(&["peer"]) };
    assert_eq!(sorted(names(&both, 2).await), "B d");

    let under = store.read().identities_under(&ca(), &path("org1.d1")).await.unwrap();
    assert_eq!(sorted(under.into_iter().map(|row| row.id.to_string()).collect()), "B d");
}

async fn names_that_look_like_sql_are_names(db: Database) {
    let store = db.open().await;
    let names = [
        "'; DROP TABLE identities; --",
        "\"quoted\"",
        "100%",
        "under_score",
        "back\\slash",
        "\\x41",
        "$1",
        "?1",
        "äöü 名前 \u{1F511}",
        "{\"json\": null}",
        " leading and trailing ",
    ];
    for (number, name) in (0..).zip(names) {
        let row = Identity {
            kind: name.into(),
            affiliation: path(name.trim()),
            secret: name.into(),
            attributes: vec![Attribute { name: name.into(), value: name.into(), ecert: true }],
            ..identity(name)
        };
        store.make(Change::AddIdentity(row.clone())).await.unwrap();
        assert_eq!(store.read().identity(&ca(), name).await.unwrap(), Some(row.clone()));
        let scope = path(name.trim());
        assert_eq!(store.read().identities_under(&ca(), &scope).await.unwrap(), [row]);
        store.issue(certificate(number, name)).await;
        assert_eq!(store.read().certificates_of(&ca(), name).await.unwrap().len(), 1);
        let kinds = IdentityFilter { scope: None, kinds: Some(vec![name.into()]) };
        assert_eq!(store.read().identities(&ca(), &kinds, None, 9).await.unwrap().len(), 1);
    }
    let all = store.read().identities(&ca(), &IdentityFilter::default(), None, 99).await.unwrap();
    assert_eq!(all.len(), names.len());
}

on_both!(
    an_identity_is_kept_as_it_was_given,
    a_name_is_taken_once,
    an_update_needs_the_version_that_was_read,
    a_removal_needs_the_version_that_was_read,
    a_revoked_identity_stays_revoked,
    identities_are_listed_in_pages_by_scope_and_kind,
    names_that_look_like_sql_are_names,
);
