//! `chancery dev` as a child: started on a free port, stopped in any way, never left behind.

use std::io::{BufRead as _, BufReader};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use super::tools;

/// How long a server may take to say that it serves: the first start makes a token and keys.
const READY_WITHIN: Duration = Duration::from_mins(2);

/// How long a server may take to stop when it is asked to.
const STOPPED_WITHIN: Duration = Duration::from_secs(20);

pub(crate) struct Server {
    child: Child,
    url: String,
    stopped: bool,
    data: PathBuf,
    started_in: Duration,
}

impl Server {
    /// `chancery dev` on `data`, with one CA and the administrator `admin:adminpw`.
    pub(crate) fn start(data: &Path) -> Self {
        Self::start_with(data, &[])
    }

    /// The same with more arguments, e.g. `["--ca", "ca-two", "--hierarchy", "two"]`.
    pub(crate) fn start_with(data: &Path, more: &[&str]) -> Self {
        let mut command = tools::chancery();
        command.args(["dev", "--listen", "127.0.0.1:0", "--bootstrap", "admin:adminpw", "--data"]);
        command.arg(data).args(more);
        Self::spawn(command, data)
    }

    /// A server by its command, which says `ready URL` on its standard output. What it says on
    /// standard error is appended to `log` under `data`.
    pub(crate) fn spawn(mut command: Command, data: &Path) -> Self {
        std::fs::create_dir_all(data).unwrap();
        let log_path = data.join("server.log");
        let log = std::fs::File::options().create(true).append(true).open(&log_path).unwrap();
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).process_group(0);
        let began = Instant::now();
        let mut child = command.spawn().expect("the server starts");
        let stdout = child.stdout.take().unwrap();
        let (tell, told) = mpsc::channel();
        std::thread::spawn(move || {
            for line in BufReader::new(stdout).lines().map_while(Result::ok) {
                if tell.send(line).is_err() {
                    return;
                }
            }
        });
        let data = data.to_owned();
        let (url, started_in) = (String::new(), Duration::ZERO);
        let mut server = Self { child, url, stopped: false, data, started_in };
        let until = Instant::now() + READY_WITHIN;
        loop {
            match told.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(url) = line.strip_prefix("ready ") {
                        url.trim().clone_into(&mut server.url);
                        server.started_in = began.elapsed();
                        return server;
                    }
                }
                Err(reason) => {
                    let log = std::fs::read_to_string(&log_path).unwrap_or_default();
                    panic!("the server is not ready ({reason}); its log:\n{log}");
                }
            }
        }
    }

    /// Where it serves, e.g. `http://127.0.0.1:34567`.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// From the start of the process to its word that it serves.
    pub(crate) fn started_in(&self) -> Duration {
        self.started_in
    }

    /// Its process.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Asks it to stop (SIGTERM) and waits for its end.
    pub(crate) fn stop(mut self) -> ExitStatus {
        self.signal(Signal::TERM);
        let until = Instant::now() + STOPPED_WITHIN;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                // Its helpers are to be gone too.
                self.signal(Signal::KILL);
                self.stopped = true;
                is_sound(&self.data);
                return status;
            }
            assert!(Instant::now() < until, "the server did not stop within {STOPPED_WITHIN:?}");
            tools::pause();
        }
    }

    /// Kills it and all its helpers at once, as a crash would.
    pub(crate) fn kill(mut self) {
        self.end();
    }

    fn end(&mut self) {
        if !self.stopped {
            self.signal(Signal::KILL);
            self.child.wait().unwrap();
            self.stopped = true;
        }
    }

    /// Sends a signal to the server's process group.
    fn signal(&self, signal: Signal) {
        // Nobody of the group may be left.
        let _ = kill_process_group(Pid::from_child(&self.child), signal);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if !self.stopped {
            self.end();
            // A test that fails says why by itself.
            if !std::thread::panicking() {
                is_sound(&self.data);
            }
        }
    }
}

/// Whatever was done to a server that has stopped: everything stored verifies, and every signature that
/// the signer's own ledger tells of has its row in the journal (I2).
pub(crate) fn is_sound(data: &Path) {
    let mut check = tools::chancery();
    let said = tools::run(check.args(["ca", "check", "-c"]).arg(data.join("chancery.toml")));
    assert!(said.contains(" 0 faults"), "{said}");
}
