//! Power loss: no answer leaves before the sync that covers it, and no key signs before the sync that
//! covers its intent. Seen from outside, in the order of the system's calls. Where processes may not be
//! traced it says so.
//!
//! What a disk does with a sync is the disk's; what we do is ask for it in time.

use std::process::Command;

use super::member::{Key, Member};
use super::trace::{Call, calls};
use crate::support::server::Server;
use crate::support::tools::{chancery, output, pause};

const TRACED: &str = "trace=read,readv,recvfrom,recvmsg,write,writev,pwrite64,pwritev,sendto,sendmsg,\
                      fsync,fdatasync";

#[test]
fn no_answer_leaves_before_the_sync_that_covers_it() {
    let probe = output(Command::new("strace").args(["-f", "-o", "/dev/null", "true"]));
    if !probe.status.success() {
        println!("skipped: strace may not trace processes here");
        return;
    }
    let data = tempfile::tempdir().unwrap();
    let trace = data.path().join("trace");
    let mut dev = Command::new("strace");
    dev.args(["-f", "-yy", "-s", "100000", "-e", TRACED, "-o"]).arg(&trace);
    let plain = chancery();
    dev.arg(plain.get_program());
    dev.args(["dev", "--listen", "127.0.0.1:0", "--data"]).arg(data.path());
    let server = Server::spawn(dev, data.path());
    // The first revocation list is published by itself; afterwards nothing is written but what is asked.
    let log = data.path().join("server.log");
    while !std::fs::read_to_string(&log).unwrap().contains("published CRL 1") {
        pause();
    }
    let key = Key::new();
    let mut member = Member::of(server.url(), &key);
    let admin = member.admin();
    for number in 0..5 {
        let id = format!("power{number}");
        member.register(&admin, &id, -1).unwrap().unwrap();
        let pem = member.enroll(&id, "s").unwrap().unwrap();
        member.reenroll(&id, &pem).unwrap().unwrap();
    }
    // Last, and one: a revocation makes a list be published a second later.
    member.revoke(&admin, "power0").unwrap().unwrap();
    assert!(server.stop().success());

    let calls = calls(&std::fs::read_to_string(&trace).unwrap());
    let judged =
        [("register", 1, false), ("enroll", 2, true), ("reenroll", 2, true), ("revoke", 1, false)]
            .map(|(deed, commits, signs)| judge(&calls, deed, commits, signs));
    assert_eq!(judged, [5, 6, 5, 1], "every request was seen");
}

/// Judges every request for `deed`; tells how many there were.
fn judge(calls: &[Call], deed: &str, commits: usize, signs: bool) -> usize {
    let post = format!("POST /api/v1/{deed} ");
    let client = |call: &&Call| call.is_on("TCP:");
    let requests =
        calls.iter().filter(client).filter(|call| call.is_read() && call.text.contains(&post));
    let mut count = 0;
    for request in requests {
        count += 1;
        let answer = calls
            .iter()
            .filter(client)
            .find(|call| call.is_write() && call.began > request.ended)
            .expect("an answer");
        assert!(answer.text.contains("\"HTTP/1.1 20"), "{}", answer.text);
        let log: Vec<_> = calls
            .iter()
            .filter(|call| call.is_on("chancery.db-wal") && (call.is_write() || call.is_sync()))
            .filter(|call| call.began > request.ended && call.began < answer.began)
            .collect();
        let durable = durable_commits(&log, answer).expect(deed);
        assert!(durable >= commits, "{deed}: {durable} commits: {log:#?}");
        if signs {
            // The request to the signer holds what is to be signed, and that the subject's name.
            let name = ["power", "admin"];
            let asked = calls
                .iter()
                .filter(|call| call.began > request.ended && call.began < answer.began)
                .filter(|call| call.is_write() && call.is_on("UNIX"))
                .find(|call| name.iter().any(|name| call.text.contains(name)))
                .expect("the signer is asked");
            let before: Vec<_> = log.iter().copied().filter(|c| c.began < asked.began).collect();
            assert_eq!(durable_commits(&before, asked), Ok(1), "the intent: {before:#?}");
        }
    }
    count
}

/// How many times something was written and then synced, all of it before `then` began.
fn durable_commits(log: &[&Call], then: &Call) -> Result<usize, &'static str> {
    let (mut commits, mut unsynced) = (0, None);
    for call in log {
        if call.is_write() {
            unsynced = Some(call.ended);
        } else if let Some(written) = unsynced {
            if call.began < written || call.ended > then.began || !call.went_well() {
                return Err("a sync that does not cover what was written");
            }
            unsynced = None;
            commits += 1;
        }
    }
    if unsynced.is_some() { Err("something is not synced") } else { Ok(commits) }
}
