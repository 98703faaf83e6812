use std::os::unix::fs::PermissionsExt as _;

use chancery::store::{Change, Error, Options, Store};

use crate::fixture::*;

async fn tables_are_made_once(db: Database) {
    let store = db.open().await;
    store.register("x").await;
    store.close().await;
    let store = db.open().await;
    assert!(store.read().identity(&ca(), "x").await.unwrap().is_some());
    store.close().await;
    let store = db.open().await;
    store.register("y").await;
    assert_eq!(store.read().audit(0, 9).await.unwrap().len(), 2);
}

on_both!(tables_are_made_once);

#[tokio::test]
async fn a_file_belongs_to_one_process() {
    let db = Database::sqlite();
    let store = db.open().await;
    let second = Store::open(&db.options()).await.unwrap_err();
    assert!(matches!(second, Error::InUse { .. }), "{second}");
    // Nor by another name of the same file.
    let file = db.url.strip_prefix("sqlite://").unwrap();
    let link = format!("{file}.link");
    std::os::unix::fs::symlink(file, &link).unwrap();
    let second = Store::open(&Options::new(format!("sqlite://{link}"))).await.unwrap_err();
    assert!(matches!(second, Error::InUse { .. }), "{second}");
    store.register("x").await;
    store.close().await;
    db.open().await;
}

#[tokio::test]
async fn files_are_private() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("a #?%20ü.db");
    std::fs::write(&file, "").unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o644)).unwrap();
    let url = format!("sqlite://{}", directory.path().join("a %23%3F%2520%C3%BC.db").display());
    let store = Store::open(&Options::new(url)).await.unwrap();
    store.make(Change::AddIdentity(identity("x"))).await.unwrap();
    let mut seen = 0;
    for entry in std::fs::read_dir(directory.path()).unwrap() {
        let entry = entry.unwrap();
        let mode = entry.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, 0o600, "{:?}", entry.file_name());
        seen += 1;
    }
    assert_eq!(seen, 4, "database, log, index and lock");
    assert!(file.exists());
}

#[tokio::test]
async fn a_url_that_is_none_is_told() {
    for url in ["", "mysql://x/y", "sqlite:", "sqlite::memory:", "sqlite:///x.db?mode=ro"] {
        let refused = Store::open(&Options::new(url)).await.unwrap_err();
        assert!(matches!(refused, Error::BadUrl(_)), "{url}: {refused}");
    }
    let refused = Store::open(&Options::new("sqlite:///no/such/directory/x.db")).await.unwrap_err();
    assert!(matches!(refused, Error::Unavailable { .. }), "{refused}");
}
