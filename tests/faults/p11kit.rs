//! A token behind `p11-kit server`, as a network HSM is behind its wire: the server is killed, stopped and
//! started again under load.

use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};

use super::member::Key;
use super::module::softhsm2;
use super::token::Bench;
use crate::support::server::Server;
use crate::support::tools::{chancery, pause};

/// The client's half, where distributions put it.
const CLIENTS: &[&str] = &[
    "/usr/lib/x86_64-linux-gnu/pkcs11/p11-kit-client.so",
    "/usr/lib/aarch64-linux-gnu/pkcs11/p11-kit-client.so",
    "/usr/lib64/pkcs11/p11-kit-client.so",
];

/// A `p11-kit server` in a process group of its own: it forks for each client.
struct Remote {
    child: Child,
    socket: PathBuf,
}

impl Remote {
    fn start(data: &Path) -> Self {
        let socket = data.join("p11-kit.sock");
        let _ = std::fs::remove_file(&socket);
        let mut server = Command::new("p11-kit");
        server.args(["server", "--foreground", "--name"]).arg(&socket);
        server.arg("--provider").arg(softhsm2()).arg("pkcs11:");
        server.env("SOFTHSM2_CONF", data.join("softhsm2.conf"));
        server.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        let child = server.spawn().expect("p11-kit is installed by tests/run");
        while !socket.exists() {
            pause();
        }
        Self { child, socket }
    }

    fn signal(&self, signal: Signal) {
        kill_process_group(Pid::from_child(&self.child), signal).unwrap();
    }
}

impl Drop for Remote {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        self.child.wait().unwrap();
    }
}

#[test]
fn a_token_behind_a_wire_that_breaks_is_found_again() {
    let data = tempfile::tempdir().unwrap();
    let path = data.path();
    std::fs::create_dir(path.join("tokens")).unwrap();
    let conf = format!("directories.tokendir = {}\n", path.join("tokens").display());
    std::fs::write(path.join("softhsm2.conf"), conf).unwrap();
    let mut remote = Some(Remote::start(path));
    let client = CLIENTS.iter().map(PathBuf::from).find(|client| client.exists());
    let mut dev = chancery();
    let address = format!("unix:path={}", remote.as_ref().unwrap().socket.display());
    dev.env("P11_KIT_SERVER_ADDRESS", address).args(["dev", "--listen", "127.0.0.1:0"]);
    dev.arg("--module").arg(client.expect("p11-kit-modules is installed by tests/run"));
    let server = Server::spawn(
        {
            dev.arg("--data").arg(path);
            dev
        },
        path,
    );
    let key = Key::new();
    Bench::run(&server, &key, |bench| {
        for (name, lasts) in [
            ("kill -9 of `p11-kit server`, back at once", Duration::ZERO),
            ("kill -9 of `p11-kit server`, back after 1 s", Duration::from_secs(1)),
            ("kill -9 of `p11-kit server`, back after 12 s", Duration::from_secs(12)),
        ] {
            let gone = remote.take();
            let end = || remote = Some(Remote::start(path));
            bench.suffer(|| drop(gone), lasts, end).tell(name);
        }
        let remote = remote.as_ref().unwrap();
        let begin = || remote.signal(Signal::STOP);
        let end = || remote.signal(Signal::CONT);
        let seen = bench.suffer(begin, Duration::from_secs(10), end);
        seen.tell("SIGSTOP of `p11-kit server` for ten seconds");
    });
    assert!(server.stop().success(), "it is the same process, and its record is sound");
}
