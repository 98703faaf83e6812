//! Proposals and their signatures.

use chancery::store::{Change, ProposalRow, ProposalSignature, ProposalState, Write};

use crate::fixture::*;

fn proposal(id: &str, seconds: i64) -> ProposalRow {
    ProposalRow {
        id: id.to_owned(),
        channel: "supply".parse().unwrap(),
        title: "Org3 joins".to_owned(),
        state: ProposalState::Open,
        sequence: u64::MAX,
        base: vec![1; 5000],
        content: vec![2; 300],
        proposer: "admin".to_owned(),
        at: at(seconds),
        closed_at: None,
        outcome: String::new(),
    }
}

fn sign(id: &str, signer: u8, seconds: i64) -> Change {
    let signature = ProposalSignature {
        signer: [signer; 32],
        at: at(seconds),
        header: vec![signer; 900],
        signature: vec![7; 70],
    };
    Change::SignProposal { id: id.to_owned(), signature }
}

fn close(id: &str, state: ProposalState) -> Change {
    Change::CloseProposal { id: id.to_owned(), state, outcome: "4".to_owned(), at: at(9) }
}

async fn a_proposal_takes_one_signature_of_each_signer_while_it_is_open(db: Database) {
    let store = db.open().await;
    store.make(Change::AddProposal(proposal("a", 1))).await.unwrap();
    assert_eq!(lost(store.make(Change::AddProposal(proposal("a", 2))).await), "proposal");
    store.make(sign("a", 2, 2)).await.unwrap();
    store.make(sign("a", 1, 3)).await.unwrap();
    assert_eq!(lost(store.make(sign("a", 2, 4)).await), "signature");
    assert_eq!(lost(store.make(sign("b", 2, 4)).await), "signature");
    let signers =
        |rows: Vec<ProposalSignature>| rows.iter().map(|row| row.signer[0]).collect::<Vec<_>>();
    assert_eq!(signers(store.read().proposal_signatures("a").await.unwrap()), [2, 1]);

    store.make(close("a", ProposalState::Withdrawn)).await.unwrap();
    assert_eq!(lost(store.make(close("a", ProposalState::Applied)).await), "proposal");
    assert_eq!(lost(store.make(sign("a", 3, 5)).await), "signature");
    let row = store.read().proposal("a").await.unwrap().unwrap();
    assert_eq!(
        (row.state, row.closed_at, row.outcome.as_str()),
        (ProposalState::Withdrawn, Some(at(9)), "4")
    );
    assert_eq!(store.read().proposal("b").await.unwrap(), None);
}

async fn proposals_are_listed_the_latest_first(db: Database) {
    let store = db.open().await;
    let channel = "supply".parse().unwrap();
    for (id, seconds) in [("a", 1), ("b", 3), ("c", 2)] {
        store.make(Change::AddProposal(proposal(id, seconds))).await.unwrap();
    }
    // What closes one and what opens another go together, or not at all.
    let replace = Write::new(Change::AddProposal(proposal("d", 4)), entry("propose", "d"));
    store.write(replace.then(close("b", ProposalState::Superseded))).await.unwrap();
    let again = Write::new(Change::AddProposal(proposal("e", 5)), entry("propose", "e"));
    assert_eq!(
        lost(store.write(again.then(close("b", ProposalState::Superseded))).await),
        "proposal"
    );
    let ids = |rows: Vec<ProposalRow>| rows.into_iter().map(|row| row.id).collect::<Vec<_>>();
    let reader = store.read();
    assert_eq!(ids(reader.proposals(&channel, false, 10).await.unwrap()), ["d", "b", "c", "a"]);
    assert_eq!(ids(reader.proposals(&channel, true, 2).await.unwrap()), ["d", "c"]);
    assert_eq!(reader.open_proposals().await.unwrap(), ["a", "c", "d"]);
    let other = "other".parse().unwrap();
    assert!(reader.proposals(&other, false, 10).await.unwrap().is_empty());
}

on_both!(
    a_proposal_takes_one_signature_of_each_signer_while_it_is_open,
    proposals_are_listed_the_latest_first,
);
