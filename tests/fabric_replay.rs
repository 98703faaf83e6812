//! What the real fabric-ca-server answered is what we answer: the recorded exchanges of
//! `tests/vectors/fabric-ca`, against two servers set up as the reference was.

use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::support::server::is_sound;
use crate::support::tools::{output, python, root, run};

/// The two servers of `tests/fabric-ca-fixture`, stopped when this goes.
struct Fixture {
    directory: PathBuf,
}

impl Fixture {
    fn start(directory: &Path, [main, aux, operations]: [u16; 3]) -> Self {
        let fixture = Self { directory: directory.to_owned() };
        let mut command = Self::command();
        command.arg("start").arg(directory);
        command.args(["--main-port", &main.to_string(), "--aux-port", &aux.to_string()]);
        let text = run(command.args(["--ops-port", &operations.to_string()]));
        assert_eq!(text.lines().last(), Some("ready"), "{text}");
        fixture
    }

    fn command() -> Command {
        let mut command = python("python");
        command.arg(root().join("tests/fabric-ca-fixture"));
        command.env("CHANCERY_BIN", env!("CARGO_BIN_EXE_chancery"));
        command
    }
}

impl Drop for Fixture {
    fn drop(&mut self) {
        output(Self::command().arg("stop").arg(&self.directory));
        if !std::thread::panicking() {
            for server in ["main", "aux"] {
                is_sound(&self.directory.join(server));
            }
        }
    }
}

/// Ports that were free a moment ago.
fn free_ports<const N: usize>() -> [u16; N] {
    let held: [_; N] = std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").unwrap());
    held.map(|listener| listener.local_addr().unwrap().port())
}

#[test]
fn every_recorded_exchange_is_answered_as_the_real_server_did() {
    let directory = tempfile::tempdir().unwrap();
    let ports @ [main, aux, operations] = free_ports();
    let _fixture = Fixture::start(directory.path(), ports);
    let url = |port: u16| format!("http://127.0.0.1:{port}");

    let mut replay = python("python");
    replay.arg(root().join("tests/tools/replay_fabric_ca.py")).arg(url(main));
    replay.arg(root().join("tests/vectors/fabric-ca")).arg("--without-idemix");
    replay.args(["--aux-url", &url(aux), "--ops-url", &url(operations)]);
    let output = output(&mut replay);
    let text = String::from_utf8_lossy(&output.stdout);
    println!("{text}");
    assert!(output.status.success(), "{text}{}", String::from_utf8_lossy(&output.stderr));
    assert!(text.contains(" 0 failed"), "{text}");
}
