//! How far what CAs say has come into channels.

use chancery::store::{Change, ChannelRow, PushRow, PushState};

use crate::fixture::*;

fn push(matter: &str, version: i64, state: PushState) -> PushRow {
    PushRow {
        channel: "supply".parse().unwrap(),
        msp_id: "Org1MSP".parse().unwrap(),
        matter: matter.to_owned(),
        state,
        detail: "waiting for Org1MSP.admin".to_owned(),
        proposal: "57ecb0bb5e0aa2a8".to_owned(),
        since: at(1),
        at: at(version),
        attempts: 2,
        next_at: at(9),
        version,
    }
}

async fn how_a_push_stands_follows_what_was_read(db: Database) {
    let store = db.open().await;
    let first = push("issuers", 1, PushState::Waiting);
    store.make(Change::KeepPush(first.clone())).await.unwrap();
    assert_eq!(lost(store.make(Change::KeepPush(first)).await), "push");
    let lists = push("revocation-lists", 1, PushState::Submitted);
    store.make(Change::KeepPush(lists.clone())).await.unwrap();
    let second = push("issuers", 2, PushState::Failed);
    store.make(Change::KeepPush(second.clone())).await.unwrap();
    // Another process has read the first and comes late.
    assert_eq!(lost(store.make(Change::KeepPush(second.clone())).await), "push");
    assert_eq!(store.read().pushes().await.unwrap(), [second, lists]);
}

async fn a_channel_that_is_forgotten_takes_its_pushes_along(db: Database) {
    let store = db.open().await;
    let row = ChannelRow {
        id: "supply".parse().unwrap(),
        sequence: 3,
        at: at(1),
        governed_here: false,
        config: vec![1, 2],
    };
    store.make(Change::KeepChannel { row, follows: None }).await.unwrap();
    store.make(Change::KeepPush(push("issuers", 1, PushState::Effective))).await.unwrap();
    let id: chancery::id::ChannelId = "supply".parse().unwrap();
    let other = Change::ForgetChannel { id: id.clone(), sequence: 2 };
    assert_eq!(lost(store.make(other).await), "channel");
    assert_eq!(store.read().pushes().await.unwrap().len(), 1);
    store.make(Change::ForgetChannel { id, sequence: 3 }).await.unwrap();
    assert!(store.read().pushes().await.unwrap().is_empty());
}

on_both!(
    how_a_push_stands_follows_what_was_read,
    a_channel_that_is_forgotten_takes_its_pushes_along,
);
