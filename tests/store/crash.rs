//! What is answered survives; what is not answered is whole or absent.

use std::collections::HashSet;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use chancery::store::{
    Change, Claim, IdentityFilter, JournalFilter, JournalState, Options, Store, Write,
};

use crate::fixture::*;

const URL: &str = "CHANCERY_TEST_CRASH_URL";
const FIRST: &str = "CHANCERY_TEST_CRASH_FIRST";

/// Not a test of its own: runs in a process that is killed. Says each number that was answered.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn victim() {
    let Ok(url) = std::env::var(URL) else { return };
    let store = Store::open(&Options::new(url)).await.unwrap();
    let first: u64 = std::env::var(FIRST).unwrap().parse().unwrap();
    let workers: Vec<_> = (0..16_u64)
        .map(|worker| {
            let store = store.clone();
            tokio::spawn(async move {
                for number in (0..).map(|turn| first + worker + 16 * turn) {
                    let name = format!("id{number}");
                    let claim = Claim::Enrollment { cap: -1 };
                    let write =
                        Write::new(Change::AddIdentity(identity(&name)), entry("register", &name))
                            .then(Change::EnsureAffiliation { ca: ca(), name: path("org1") });
                    store.write(write).await.unwrap();
                    let row = intent(number, &name);
                    store.record_intent(row, claim, entry("intend", &name)).await.unwrap();
                    let row = certificate(number, &name);
                    store.make(Change::SealCertificate { row }).await.unwrap();
                    println!("\ndone {number}");
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
}

async fn what_was_answered_survives_a_kill(db: Database) {
    for round in 1..=3 {
        let answered = kill_in_the_middle(&db, round);
        let store = db.open().await;
        check(&store, &answered).await;
        store.close().await;
    }
}

/// Runs the victim until it has said some numbers, and kills it in the middle of its work.
fn kill_in_the_middle(db: &Database, round: usize) -> HashSet<u64> {
    let mut victim = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::victim", "--nocapture"])
        .env(URL, &db.url)
        .env(FIRST, (round * 1_000_000).to_string())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut answered = HashSet::new();
    let mut lines = BufReader::new(victim.stdout.take().unwrap()).lines().map_while(Result::ok);
    while answered.len() < 150 * round {
        let line = lines.next().expect("the victim ended by itself");
        answered.extend(line.strip_prefix("done ").and_then(|number| number.parse::<u64>().ok()));
    }
    victim.kill().unwrap();
    victim.wait().unwrap();
    // What it said before it died was answered, too.
    let rest = lines.filter_map(|line| line.strip_prefix("done ")?.parse::<u64>().ok());
    answered.extend(rest);
    answered
}

async fn check(store: &Store, answered: &HashSet<u64>) {
    let read = store.read();
    for number in answered {
        assert!(read.certificate(&issuer(), &serial(*number)).await.unwrap().is_some());
    }
    // Each deed is whole: identity with its count, intent with its claim, certificate with its seal.
    let all = IdentityFilter::default();
    let identities = read.identities(&ca(), &all, None, u32::MAX).await.unwrap();
    let journal = read.journal(&JournalFilter::default(), None, u32::MAX).await.unwrap();
    let enrollments: i64 = identities.iter().map(|row| row.enrollments).sum();
    assert_eq!(enrollments, i64::try_from(journal.len()).unwrap());
    assert!(identities.iter().all(|row| row.enrollments <= 1));
    let mut sealed = 0;
    for row in &journal {
        let serial = row.name.parse().unwrap();
        let kept = read.certificate(&issuer(), &serial).await.unwrap();
        assert_eq!(kept.is_some(), row.state == JournalState::Sealed);
        sealed += usize::from(kept.is_some());
    }
    let trail = read.audit(0, u32::MAX).await.unwrap();
    for (line, number) in trail.iter().zip(1..) {
        assert_eq!(line.number, number);
    }
    assert_eq!(trail.len(), identities.len() + journal.len() + sealed);
}

on_both!(what_was_answered_survives_a_kill);
