//! `kill -9` of the whole service at random moments, under load from several clients.
//!
//! `CHANCERY_KILLS` says how many; `CHANCERY_BIN` names a release build.

use std::time::{Duration, Instant};

use super::book::Book;
use super::load::work;
use super::member::{Key, Member};
use super::number;
use crate::support::server::Server;
use crate::support::tools::{root, wait};

/// Clients at once.
const CLIENTS: usize = 8;
/// Between two looks at everything, in kills.
const LOOK: usize = 100;

#[test]
fn what_was_answered_survives_kills_at_random_moments() {
    let kills = number("CHANCERY_KILLS", 12);
    let data = tempfile::tempdir_in(root().join("target/tmp")).unwrap();
    let (key, book) = (Key::new(), Book::default());
    // The first start makes the token and the keys: it is not one of those that are measured.
    let server = Server::start(data.path());
    let admin = Member::of(server.url(), &key).admin();
    assert!(server.stop().success());

    let began = Instant::now();
    let (mut starts, mut looking) = (Vec::new(), Duration::ZERO);
    for kill in 1..=kills {
        let server = Server::start(data.path());
        starts.push(server.started_in());
        let race = format!("race{kill}");
        Member::of(server.url(), &key).register(&admin, &race, 1).unwrap().unwrap();
        book.registered(&race, 1);
        let (url, before) = (server.url().to_owned(), book.answers());
        std::thread::scope(|clients| {
            for _ in 0..CLIENTS {
                clients.spawn(|| work(&url, &key, &admin, &race, &book));
            }
            wait(Duration::from_millis(20 + u64::from(random()) % 300));
            // On a machine that is busy with something else: at least something was answered.
            let patience = Instant::now() + Duration::from_secs(30);
            while book.answers() == before && Instant::now() < patience {
                wait(Duration::from_millis(1));
            }
            server.kill();
        });
        if kill % LOOK == 0 && kill < kills {
            let look = Instant::now();
            let server = Server::start(data.path());
            book.is_kept(server.url(), &key);
            assert!(server.stop().success(), "the server ends well, and its record is sound");
            looking += look.elapsed();
        }
    }
    let took = began.elapsed().saturating_sub(looking);

    let server = Server::start(data.path());
    book.is_kept(server.url(), &key);
    book.limits_are_exact(server.url(), &key);
    assert!(server.stop().success(), "the server ends well, and its record is sound");
    tell(&starts, took, &book);
    assert!(book.answers() >= 2 * kills, "{}", book.summary());
}

/// Prints the figures; start to ready is bounded where a release build is measured.
fn tell(starts: &[Duration], took: Duration, book: &Book) {
    let of = |slice: &[Duration]| {
        let mut sorted = slice.to_vec();
        sorted.sort();
        let at = |percent: usize| sorted[(sorted.len() - 1) * percent / 100];
        (at(50), at(99), at(100))
    };
    let (half, almost, all) = of(starts);
    println!("{} kills in {:.1} s; {}", starts.len(), took.as_secs_f64(), book.summary());
    println!("start to ready: median {half:.0?}, p99 {almost:.0?}, max {all:.0?}");
    let tenth = starts.len().div_ceil(10);
    let (first, last) = (of(&starts[..tenth]).0, of(&starts[starts.len() - tenth..]).0);
    println!("start to ready, median of the first tenth {first:.0?}, of the last {last:.0?}");
    let bound = if std::env::var_os("CHANCERY_BIN").is_some() { 300 } else { 5000 };
    assert!(half < Duration::from_millis(bound), "start to ready takes {half:.0?}");
}

fn random() -> u16 {
    let mut octets = [0; 2];
    aws_lc_rs::rand::fill(&mut octets).unwrap();
    u16::from_le_bytes(octets)
}
