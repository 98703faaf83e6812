use chancery::id::Affiliation;
use chancery::store::{Change, Identity, Store, Write};

use crate::fixture::*;

async fn add(store: &Store, names: &[&str]) {
    for name in names {
        store.make(Change::AddAffiliation { ca: ca(), name: path(name) }).await.unwrap();
    }
}

async fn names(store: &Store) -> String {
    let names = store.read().affiliations(&ca()).await.unwrap();
    names.iter().map(Affiliation::as_str).collect::<Vec<_>>().join(" ")
}

async fn place(store: &Store, name: &str, affiliation: &str) -> Identity {
    let row = Identity { affiliation: path(affiliation), ..identity(name) };
    store.make(Change::AddIdentity(row.clone())).await.unwrap();
    row
}

async fn an_affiliation_is_added_once(db: Database) {
    let store = db.open().await;
    add(&store, &["org2", "org1.b", "org1", "Org1", "org1.a"]).await;
    let again = Change::AddAffiliation { ca: ca(), name: path("org1") };
    assert_eq!(lost(store.make(again).await), "affiliation");
    // Ensuring what is there is no loss.
    let ensure = |name| Change::EnsureAffiliation { ca: ca(), name: path(name) };
    let write = Write::new(
        Change::AddAffiliation { ca: ca(), name: path("x.y.z") },
        entry("add-affiliation", "x.y.z"),
    );
    store.write(write.then(ensure("x.y")).then(ensure("x")).then(ensure("org1"))).await.unwrap();
    assert_eq!(names(&store).await, "Org1 org1 org1.a org1.b org2 x x.y x.y.z");

    let exists = async |name| store.read().affiliation_exists(&ca(), &path(name)).await.unwrap();
    assert!(exists("org1.a").await);
    assert!(!exists("org1.c").await);
    assert!(!exists("ORG1").await);
    assert!(exists("").await);
    let elsewhere = store.read().affiliations(&"ca-org2".parse().unwrap()).await.unwrap();
    assert!(elsewhere.is_empty());
}

async fn a_subtree_is_removed_with_its_identities(db: Database) {
    let store = db.open().await;
    add(&store, &["org1", "org1.d", "org10", "org1_", "org1%"]).await;
    let below = place(&store, "in", "org1.d").await;
    place(&store, "out", "org10").await;

    let remove = || {
        let change = Change::RemoveAffiliations { ca: ca(), under: path("org1") };
        Write::new(change, entry("remove-affiliation", "org1"))
    };
    // Someone still belongs there: nothing happens.
    assert_eq!(lost(store.write(remove()).await), "identity");
    assert_eq!(names(&store).await, "org1 org1% org1.d org10 org1_");

    let with_identities = remove().then(Change::RemoveIdentity {
        ca: ca(),
        id: below.id.clone(),
        version: below.version,
    });
    store.write(with_identities).await.unwrap();
    assert_eq!(names(&store).await, "org1% org10 org1_");
    assert!(store.read().identity(&ca(), "in").await.unwrap().is_none());
    assert!(store.read().identity(&ca(), "out").await.unwrap().is_some());
    assert_eq!(lost(store.write(remove()).await), "affiliation");
}

async fn a_follower_that_loses_undoes_its_deed(db: Database) {
    let store = db.open().await;
    add(&store, &["org1"]).await;
    let write = Write::new(
        Change::RemoveAffiliations { ca: ca(), under: path("org1") },
        entry("remove-affiliation", "org1"),
    );
    let write = write.then(Change::RemoveIdentity { ca: ca(), id: id("nobody"), version: 1 });
    assert_eq!(lost(store.write(write).await), "identity");
    assert_eq!(names(&store).await, "org1");
    let trail = store.read().audit(0, 100).await.unwrap();
    assert!(trail.iter().all(|line| line.deed != "remove-affiliation"));
}

async fn a_subtree_is_renamed_with_its_identities(db: Database) {
    let store = db.open().await;
    add(&store, &["org1", "org1.d", "org10", "ünï.d", "ünï"]).await;
    let top = place(&store, "top", "org1").await;
    place(&store, "below", "org1.d").await;
    place(&store, "other", "org10").await;

    let rename = |from, to| {
        let change = Change::RenameAffiliations { ca: ca(), from: path(from), to: path(to) };
        Write::new(change, entry("rename-affiliation", from))
    };
    for (from, to) in [("org1", "org10"), ("org1", "org1.d"), ("nowhere", "new"), ("org1", "ünï")]
    {
        assert_eq!(lost(store.write(rename(from, to)).await), "affiliation", "{from} -> {to}");
    }

    // The caller rewrites attributes by the version that was read before.
    let rewritten = Identity { affiliation: path("new"), attributes: vec![], ..top.clone() };
    let write = rename("org1", "new").then(Change::UpdateIdentity(rewritten.clone()));
    store.write(write).await.unwrap();
    assert_eq!(names(&store).await, "new new.d org10 ünï ünï.d");
    let read = async |name| store.read().identity(&ca(), name).await.unwrap().unwrap();
    assert_eq!(read("top").await, Identity { version: 3, ..rewritten });
    let moved = read("below").await;
    assert_eq!((moved.affiliation, moved.version), (path("new.d"), 2));
    assert_eq!(read("other").await.affiliation, path("org10"));

    // Someone changed the identity since it was read: the rename does not happen.
    let stale = rename("new", "newer").then(Change::UpdateIdentity(top));
    assert_eq!(lost(store.write(stale).await), "identity");
    assert_eq!(read("below").await.affiliation, path("new.d"));

    store.write(rename("ünï", "uni.x")).await.unwrap();
    store.write(rename("new", "new.deeper")).await.unwrap();
    assert_eq!(names(&store).await, "new.deeper new.deeper.d org10 uni.x uni.x.d");
}

on_both!(
    an_affiliation_is_added_once,
    a_subtree_is_removed_with_its_identities,
    a_follower_that_loses_undoes_its_deed,
    a_subtree_is_renamed_with_its_identities,
);
