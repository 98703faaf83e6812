//! A mistyped PIN is shown to the token once: not again by the next start, by the supervisor, or by an
//! operator who is impatient. The right one is taken when it is there.

use std::time::Duration;

use rustix::process::{Signal, kill_process};

use super::member::Key;
use super::module::{Function, Module};
use super::signer::signer;
use super::token::Bench;
use crate::support::server::Server;
use crate::support::tools::{output, wait};

#[test]
fn a_wrong_pin_at_the_start_is_tried_once() {
    let data = tempfile::tempdir().unwrap();
    let module = Module::build(data.path());
    let pin = data.path().join("pin");
    assert!(Server::spawn(module.dev(data.path()), data.path()).stop().success());
    let right = std::fs::read(&pin).unwrap();

    std::fs::write(&pin, "mistyped").unwrap();
    let before = module.calls(Function::Login);
    for start in 1..=3 {
        let refused = output(&mut module.dev(data.path()));
        let said = String::from_utf8_lossy(&refused.stderr);
        assert!(!refused.status.success());
        assert!(said.contains("the token refused the PIN"), "start {start}: {said}");
        assert_eq!(module.calls(Function::Login), before + 1, "start {start}");
    }

    std::fs::write(&pin, right).unwrap();
    let server = Server::spawn(module.dev(data.path()), data.path());
    assert!(server.stop().success(), "the token is not locked");
}

#[test]
fn a_pin_that_goes_wrong_while_it_serves_is_tried_once_and_mended_without_a_restart() {
    let data = tempfile::tempdir().unwrap();
    let module = Module::build(data.path());
    let pin = data.path().join("pin");
    let server = Server::spawn(module.dev(data.path()), data.path());
    let right = std::fs::read(&pin).unwrap();
    let key = Key::new();
    Bench::run(&server, &key, |bench| {
        let before = module.calls(Function::Login);
        let begin = || {
            std::fs::write(&pin, "mistyped").unwrap();
            kill_process(signer(&server), Signal::KILL).unwrap();
        };
        let end = || {
            assert_eq!(module.calls(Function::Login), before + 1, "tried once");
            std::fs::write(&pin, right).unwrap();
        };
        // Longer than the first looks for another PIN.
        let seen = bench.suffer(begin, Duration::from_secs(5), end);
        assert!(seen.all < Duration::from_secs(20), "taken after {:?}", seen.all);
        println!("a PIN that is mended is taken after {:.1?}", seen.all);
        wait(Duration::from_millis(100));
        assert_eq!(module.calls(Function::Login), before + 2, "and one right login");
    });
    assert!(server.stop().success(), "it is the same process, and its record is sound");
}
