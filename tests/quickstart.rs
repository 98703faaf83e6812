//! `softhsm/quickstart`: from nothing to a channel that carries a revocation, in one command.

use std::path::Path;
use std::process::Command;

use crate::support::tools::{chancery, output, root, run};

/// What it made, and the server that it leaves behind.
struct Quickstart {
    home: tempfile::TempDir,
}

impl Quickstart {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(root().join("softhsm/quickstart"));
        command.args(arguments).env("CHANCERY_HOME", self.home.path().join("home"));
        command.env("CHANCERY_BIN", chancery().get_program()).env_remove("CHANCERY_PORT");
        command
    }

    fn pid(&self) -> String {
        let pid = std::fs::read_to_string(self.home.path().join("home/pid")).unwrap();
        pid.trim().to_owned()
    }
}

impl Drop for Quickstart {
    fn drop(&mut self) {
        // However the test ends, nobody goes on serving.
        output(&mut self.command(&["stop"]));
    }
}

#[test]
fn a_newcomer_has_a_channel_that_carries_a_revocation_and_again_the_next_day() {
    let quickstart = Quickstart { home: tempfile::tempdir().unwrap() };
    let first = run(&mut quickstart.command(&[]));
    let order = [
        "the transcript is good: 8 issuers",
        "the server decides over the channel `supply`",
        "yes: Org1MSP.member, by signature 0",
        "still needed: (1 of: a signature of Org2MSP.admin; a signature of Org3MSP.admin)",
        "revoked serial ",
        "the certificate was revoked by its CA",
        "supply  Org1MSP  revocation-lists  effective",
        "revocation list of Org1MSP: 1 revoked certificate",
        "Done, and still serving",
    ];
    let mut rest = first.as_str();
    for words in order {
        let (_, after) = rest.split_once(words).unwrap_or_else(|| panic!("`{words}`: {first}"));
        rest = after;
    }
    let pid = quickstart.pid();
    assert!(Path::new("/proc").join(&pid).exists(), "it serves still");

    // What is there is used; another visitor comes, and is revoked.
    let second = run(&mut quickstart.command(&[]));
    for words in [
        "the token is there already",
        "it was held already: ceremony.json",
        "it serves already",
        "admin has members/admin-org2/msp already",
        "the channel `supply` is there already",
        "applied (2)  supply",
    ] {
        assert!(second.contains(words), "`{words}`: {second}");
    }
    assert_eq!(quickstart.pid(), pid);
    let stopped = run(&mut quickstart.command(&["clean"]));
    assert!(stopped.contains(&format!("stopped (pid {pid})")), "{stopped}");
    assert!(!quickstart.home.path().join("home").exists());
}
