//! What a client got an answer for survives `kill -9`, and no signature is off the record.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::support::server::Server;
use crate::support::tools::{chancery, pause, python, root, run};

fn lines(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    text.lines().map(str::to_owned).collect()
}

/// Starts the server, lets clients at it, kills it while they are at work.
fn storm(data: &Path, answered: &Path) {
    let server = Server::start(data);
    let before = lines(answered).len();
    let script = root().join("tests/support/storm.py");
    let mut storm = python("python");
    let mut storm = storm.arg(script).arg(server.url()).arg(answered).spawn().unwrap();
    let until = Instant::now() + Duration::from_mins(1);
    while lines(answered).len() < before + 40 {
        assert!(Instant::now() < until, "nothing is answered");
        assert_eq!(storm.try_wait().unwrap(), None, "the clients ended early");
        pause();
    }
    server.kill();
    assert!(storm.wait().unwrap().success(), "the clients met something unexpected");
}

#[test]
fn what_was_answered_survives_a_kill() {
    let data = tempfile::tempdir().unwrap();
    let answered = data.path().join("answered");
    for _ in 0..3 {
        storm(data.path(), &answered);
    }

    let server = Server::start(data.path());
    let mut list = python("python");
    list.arg(root().join("tests/support/storm.py")).arg(server.url()).arg("--list");
    let known: BTreeSet<_> = run(&mut list).lines().map(str::to_owned).collect();
    assert!(server.stop().success(), "the server ends well");

    let answered = lines(&answered);
    let lost: Vec<_> = answered.iter().filter(|line| !known.contains(*line)).collect();
    assert!(answered.len() >= 120 && lost.is_empty(), "of {} lost: {lost:#?}", answered.len());

    // Every certificate is good, and every signature of the ledger has its journal row.
    let mut check = chancery();
    let said = run(check.args(["ca", "check", "-c"]).arg(data.path().join("chancery.toml")));
    assert!(said.contains(" 0 faults"), "{said}");
}
