//! Channels and nonces.

use chancery::id::ChannelId;
use chancery::store::{Change, ChannelRow, Write};

use crate::fixture::*;

fn channel(id: &str, sequence: u64) -> ChannelRow {
    ChannelRow {
        id: id.parse().unwrap(),
        sequence,
        at: at(1),
        governed_here: sequence.is_multiple_of(2),
        config: vec![7; 3000],
    }
}

fn keep(row: &ChannelRow, follows: Option<u64>) -> Change {
    Change::KeepChannel { row: row.clone(), follows }
}

async fn a_channel_moves_on_from_the_sequence_that_was_read(db: Database) {
    let store = db.open().await;
    let before = store.read().membership_versions().await.unwrap();
    let (first, other) = (channel("supply", 3), channel("audit.eu-1", u64::MAX));
    store.make(keep(&first, None)).await.unwrap();
    store.make(keep(&other, None)).await.unwrap();
    assert_eq!(lost(store.make(keep(&channel("supply", 9), None)).await), "channel");
    assert_eq!(store.read().channels().await.unwrap(), [other.clone(), first]);

    let second = channel("supply", 4);
    assert_eq!(lost(store.make(keep(&second, Some(2))).await), "channel");
    store.make(keep(&second, Some(3))).await.unwrap();
    assert_eq!(lost(store.make(keep(&channel("supply", 5), Some(3))).await), "channel");
    assert_eq!(store.read().channels().await.unwrap(), [other.clone(), second]);

    let supply: ChannelId = "supply".parse().unwrap();
    let forget = |sequence| Change::ForgetChannel { id: supply.clone(), sequence };
    assert_eq!(lost(store.make(forget(3)).await), "channel");
    store.make(forget(4)).await.unwrap();
    assert_eq!(store.read().channels().await.unwrap(), [other]);

    // Whoever lost changed nothing, and is not counted.
    let after = store.read().membership_versions().await.unwrap();
    assert_eq!((after.0 - before.0, after.1 - before.1), (0, 4));
}

async fn a_nonce_is_taken_once_and_a_deed_without_it_is_not_done(db: Database) {
    let store = db.open().await;
    let spend =
        |number: u8, seconds| Change::SpendNonce { digest: [number; 32], expires: at(seconds) };
    let write = |id: &str, number, seconds| {
        let row = channel(id, 1);
        let write = Write::new(keep(&row, None), entry("import-channel", id));
        store.write(write.then(spend(number, seconds)))
    };
    write("one", 1, 120).await.unwrap();
    assert_eq!(lost(write("two", 1, 120).await), "nonce");
    assert_eq!(store.read().channels().await.unwrap(), [channel("one", 1)]);
    write("two", 2, -1).await.unwrap();
    // The last one is over by now, and may come again: its request is refused for its age.
    write("three", 2, 120).await.unwrap();
    assert_eq!(store.read().channels().await.unwrap().len(), 3);
}

on_both!(
    a_channel_moves_on_from_the_sequence_that_was_read,
    a_nonce_is_taken_once_and_a_deed_without_it_is_not_done,
);
