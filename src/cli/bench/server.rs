//! The server that is measured: this program again, started as an operator would.

use std::net::SocketAddr;
use std::process::Stdio;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::process::{Child, Command};
use tokio::time::timeout;

use super::place::{Place, ourselves};
use super::processes;
use crate::cli::exit::Failure;

/// How long making the keys and starting may take; a slow token takes its time for a key.
const PATIENCE: Duration = Duration::from_mins(3);
/// How long stopping may take.
const STOPPING: Duration = Duration::from_secs(20);

/// A running server. It is killed when this goes.
#[derive(Debug)]
pub(super) struct Server {
    child: Child,
    pid: u32,
    /// Where it serves.
    pub(super) address: SocketAddr,
    /// From its start until it said that it serves.
    pub(super) ready: Duration,
}

impl Server {
    /// Holds the ceremony when that was not done here before, and starts the server.
    ///
    /// # Errors
    /// When it is not ready in time; the end of its log is told.
    pub(super) async fn start(place: &Place) -> Result<Self, Failure> {
        if !place.is_known() {
            let mut init = command(place, "init")?;
            init.arg("--transcript").arg(place.ceremony()).stdout(Stdio::null());
            let ended = timeout(PATIENCE, init.status()).await;
            if !matches!(ended, Ok(Ok(status)) if status.success()) {
                return Err(failure(place, "the keys of the server could not be made"));
            }
        }
        let began = Instant::now();
        let mut child = command(place, "serve")?
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| Failure::refused("could not start the server").because(e))?;
        let (Some(stdout), Some(pid)) = (child.stdout.take(), child.id()) else {
            return Err(failure(place, "the server ended at once"));
        };
        let mut lines = BufReader::new(stdout).lines();
        let said = timeout(PATIENCE, lines.next_line()).await;
        let ready = began.elapsed();
        let address = match said {
            Ok(Ok(Some(line))) => line
                .strip_prefix("ready http://")
                .and_then(|address| address.trim().parse::<SocketAddr>().ok()),
            Ok(Ok(None) | Err(_)) | Err(_) => None,
        };
        let address = address.ok_or_else(|| failure(place, "the server did not get ready"))?;
        Ok(Self { child, pid, address, ready })
    }

    /// Its processes: the service and its signer.
    pub(super) fn processes(&self) -> Vec<u32> {
        processes::with_children(self.pid)
    }

    /// Asks it to stop and waits for its end.
    ///
    /// # Errors
    /// When it does not end in time, or not well.
    pub(super) async fn stop(mut self) -> Result<(), Failure> {
        let pid = i32::try_from(self.pid).ok().and_then(Pid::from_raw);
        let asked = pid.map(|pid| kill_process(pid, Signal::TERM));
        if !matches!(asked, Some(Ok(()))) {
            return Err(Failure::refused("the server was gone before it was stopped"));
        }
        match timeout(STOPPING, self.child.wait()).await {
            Ok(Ok(status)) if status.success() => Ok(()),
            Ok(Ok(status)) => Err(Failure::refused(format!("the server ended with {status}"))),
            Ok(Err(e)) => Err(Failure::refused("the server could not be waited for").because(e)),
            Err(_) => Err(Failure::refused("the server did not stop")),
        }
    }
}

fn command(place: &Place, deed: &str) -> Result<Command, Failure> {
    let path = place.folder.join("server.log");
    let log = std::fs::File::options().create(true).append(true).open(&path);
    let log = log.map_err(|e| {
        Failure::refused(format!("could not write `{}`", path.display())).because(e)
    })?;
    let mut command = Command::from(ourselves());
    command.arg(deed).arg("-c").arg(place.config_file());
    command.stdin(Stdio::null()).stderr(log).kill_on_drop(true);
    Ok(command)
}

/// What went wrong, with the last line of the server's log.
fn failure(place: &Place, what: &str) -> Failure {
    let log = std::fs::read_to_string(place.folder.join("server.log")).unwrap_or_default();
    let last = log.lines().rev().find(|line| !line.trim().is_empty());
    let failure = Failure::refused(what);
    match last {
        Some(line) => failure.because(line.to_owned()),
        None => failure,
    }
}
