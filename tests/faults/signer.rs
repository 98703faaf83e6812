//! The signer's process is killed, or stopped for ten seconds, under load.

use std::process::Command;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use super::member::Key;
use super::number;
use super::token::Bench;
use crate::support::server::Server;
use crate::support::tools::run;

pub(super) fn signer(server: &Server) -> Pid {
    let children = run(Command::new("pgrep").args(["-P", &server.pid().to_string()]));
    Pid::from_raw(children.trim().parse().expect("one child")).unwrap()
}

#[test]
fn a_signer_that_is_killed_or_stopped_is_replaced() {
    let data = tempfile::tempdir().unwrap();
    let server = Server::start(data.path());
    let key = Key::new();
    Bench::run(&server, &key, |bench| {
        for kill in 1..=number("CHANCERY_SIGNER_KILLS", 3) {
            let begin = || kill_process(signer(&server), Signal::KILL).unwrap();
            let seen = bench.suffer(begin, Duration::ZERO, || ());
            seen.tell(&format!("kill -9 of the signer, {kill}"));
        }
        let stopped = signer(&server);
        let begin = || kill_process(stopped, Signal::STOP).unwrap();
        // By then it was killed and replaced: nothing is left that could go on.
        let end = || assert!(kill_process(stopped, Signal::CONT).is_err(), "it is still there");
        let seen = bench.suffer(begin, Duration::from_secs(10), end);
        seen.tell("SIGSTOP of the signer for ten seconds");
        let stopped = signer(&server);
        let begin = || kill_process(stopped, Signal::STOP).unwrap();
        let end = || kill_process(stopped, Signal::CONT).unwrap();
        let seen = bench.suffer(begin, Duration::from_secs(2), end);
        seen.tell("SIGSTOP of the signer for two seconds");
    });
    assert!(server.stop().success(), "it is the same process, and its record is sound");
}
