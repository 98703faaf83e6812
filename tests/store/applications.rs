//! Documents of channels, and organizations that ask to join.

use chancery::store::{
    ApplicationRow, ApplicationState, Change, ChannelRow, DocumentRow, ProposalRow, ProposalState,
    Write,
};

use crate::fixture::*;

fn application(id: &str, organization: &str, seconds: i64) -> ApplicationRow {
    ApplicationRow {
        id: id.to_owned(),
        channel: "supply".parse().unwrap(),
        organization: organization.to_owned(),
        msp_id: format!("{organization}MSP"),
        state: ApplicationState::Open,
        digest: [3; 32],
        content: vec![1; 5000],
        header: vec![2; 900],
        signature: vec![7; 70],
        applicant: "Org3MSP ab".to_owned(),
        proposal: format!("of-{id}"),
        at: at(seconds),
        expires_at: at(seconds + 100),
        closed_at: None,
        outcome: String::new(),
    }
}

fn add(row: ApplicationRow) -> Change {
    Change::AddApplication { row, most: 3 }
}

fn close(id: &str, state: ApplicationState) -> Change {
    Change::CloseApplication { id: id.to_owned(), state, outcome: "7".to_owned(), at: at(9) }
}

fn proposal(id: &str) -> ProposalRow {
    ProposalRow {
        id: id.to_owned(),
        channel: "supply".parse().unwrap(),
        title: "Org3 joins".to_owned(),
        state: ProposalState::Open,
        sequence: 1,
        base: Vec::new(),
        content: vec![2; 300],
        proposer: "Org3MSP ab".to_owned(),
        at: at(1),
        closed_at: None,
        outcome: String::new(),
    }
}

async fn one_application_is_open_for_a_name_and_for_an_msp(db: Database) {
    let store = db.open().await;
    store.make(add(application("a", "Org3", 1))).await.unwrap();
    for taken in [
        application("a", "Org4", 2),
        application("b", "Org3", 2),
        ApplicationRow { msp_id: "Org3MSP".to_owned(), ..application("b", "Org4", 2) },
    ] {
        assert_eq!(lost(store.make(add(taken)).await), "application");
    }
    // In another channel it is another matter.
    let other = ApplicationRow { channel: "other".parse().unwrap(), ..application("c", "Org3", 2) };
    store.make(add(other)).await.unwrap();
    // What is closed stands in nobody's way, and is closed once.
    store.make(close("a", ApplicationState::Declined)).await.unwrap();
    assert_eq!(lost(store.make(close("a", ApplicationState::Admitted)).await), "application");
    store.make(add(application("b", "Org3", 3))).await.unwrap();
    let row = store.read().application("a").await.unwrap().unwrap();
    let expected = ApplicationRow {
        state: ApplicationState::Declined,
        closed_at: Some(at(9)),
        outcome: "7".to_owned(),
        ..application("a", "Org3", 1)
    };
    assert_eq!(row, expected);
    assert_eq!(store.read().application("z").await.unwrap(), None);
}

async fn as_many_applications_are_open_as_may_be(db: Database) {
    let store = db.open().await;
    for (id, name) in [("a", "Org3"), ("b", "Org4"), ("c", "Org5")] {
        store.make(add(application(id, name, 1))).await.unwrap();
    }
    assert_eq!(lost(store.make(add(application("d", "Org6", 1))).await), "application");
    store.make(close("b", ApplicationState::Expired)).await.unwrap();
    store.make(add(application("d", "Org6", 2))).await.unwrap();
    let ids = |rows: Vec<ApplicationRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    let (reader, channel) = (store.read(), "supply".parse().unwrap());
    assert_eq!(ids(reader.applications(&channel, false, 10).await.unwrap()), ["d", "a", "b", "c"]);
    assert_eq!(ids(reader.applications(&channel, true, 2).await.unwrap()), ["d", "a"]);
    assert_eq!(reader.open_applications().await.unwrap(), ["a", "c", "d"]);
}

async fn an_application_and_its_proposal_go_together(db: Database) {
    let store = db.open().await;
    let both = |row: ApplicationRow| {
        let made = proposal(&row.proposal);
        Write::new(add(row), entry("apply", "a")).then(Change::AddProposal(made))
    };
    store.write(both(application("a", "Org3", 1))).await.unwrap();
    // Its proposal is there already: nothing of it is kept.
    let same = ApplicationRow { proposal: "of-a".to_owned(), ..application("b", "Org4", 1) };
    assert_eq!(lost(store.write(both(same)).await), "proposal");
    assert_eq!(store.read().application("b").await.unwrap(), None);
    assert_eq!(store.read().application_of("of-a").await.unwrap().unwrap().id, "a");

    // A rebased proposal takes the application along, once.
    let carry = |from: &str, to: &str| {
        let closed = Change::CloseProposal {
            id: from.to_owned(),
            state: ProposalState::Superseded,
            outcome: to.to_owned(),
            at: at(5),
        };
        Write::new(Change::AddProposal(proposal(to)), entry("propose", to))
            .then(closed)
            .then(Change::CarryApplication { from: from.to_owned(), to: to.to_owned() })
    };
    store.write(carry("of-a", "next")).await.unwrap();
    assert_eq!(store.read().application_of("next").await.unwrap().unwrap().id, "a");
    assert_eq!(store.read().application_of("of-a").await.unwrap(), None);
    let channel = "supply".parse().unwrap();
    let before = store.read().superseded_by(&channel, "next").await.unwrap();
    assert_eq!(before.as_deref(), Some("of-a"));
    store.make(close("a", ApplicationState::Withdrawn)).await.unwrap();
    assert_eq!(lost(store.write(carry("next", "last")).await), "application");
    assert_eq!(store.read().proposal("last").await.unwrap(), None);
}

async fn a_document_follows_the_one_that_was_read(db: Database) {
    let store = db.open().await;
    let keep = |content: &str, follows: Option<&str>, seconds: i64| Change::KeepDocument {
        row: DocumentRow {
            channel: "supply".parse().unwrap(),
            kind: "admission".to_owned(),
            content: content.as_bytes().to_vec(),
            at: at(seconds),
        },
        follows: follows.map(|text| text.as_bytes().to_vec()),
    };
    assert_eq!(lost(store.make(keep("two", Some("one"), 1)).await), "document");
    store.make(keep("one", None, 1)).await.unwrap();
    assert_eq!(lost(store.make(keep("two", None, 2)).await), "document");
    store.make(keep("two", Some("one"), 2)).await.unwrap();
    assert_eq!(lost(store.make(keep("three", Some("one"), 3)).await), "document");
    let channel = "supply".parse().unwrap();
    let row = store.read().channel_document(&channel, "admission").await.unwrap().unwrap();
    assert_eq!((row.content.as_slice(), row.at), (&b"two"[..], at(2)));
    assert_eq!(store.read().channel_document(&channel, "other").await.unwrap(), None);

    // It goes with its channel.
    let kept = ChannelRow {
        id: "supply".parse().unwrap(),
        sequence: 1,
        at: at(1),
        governed_here: true,
        config: vec![1],
    };
    store.make(Change::KeepChannel { row: kept, follows: None }).await.unwrap();
    let forget = |sequence| Change::ForgetChannel { id: "supply".parse().unwrap(), sequence };
    assert_eq!(lost(store.make(forget(2)).await), "channel");
    assert!(store.read().channel_document(&channel, "admission").await.unwrap().is_some());
    store.make(forget(1)).await.unwrap();
    assert_eq!(store.read().channel_document(&channel, "admission").await.unwrap(), None);
}

on_both!(
    one_application_is_open_for_a_name_and_for_an_msp,
    as_many_applications_are_open_as_may_be,
    an_application_and_its_proposal_go_together,
    a_document_follows_the_one_that_was_read,
);
