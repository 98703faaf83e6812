//! Starts the signer, watches it, and starts it again.

use std::ffi::OsString;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::net::UnixStream;
use tokio::process::{Child, Command};
use tokio::sync::{Notify, watch};
use tokio::time::{sleep, timeout};
use tracing::{error, info, warn};

use super::calls::millis;
use super::protocol::{Answer, Ask};
use super::remote::Connection;
use crate::secret::random;

/// The exit code of a signer whose token refused the PIN, and that knows it again.
const EXIT_PIN: i32 = 78;
/// The same of one that would try the PIN again.
const EXIT_PIN_FORGOTTEN: i32 = 79;

/// The variable that tells a signer how long opening its token took the one before it, in milliseconds.
pub const OPENED_MS: &str = "CHANCERY_SIGNER_OPENED_MS";

/// Where the signer is.
#[derive(Debug, Clone)]
pub enum SignerSource {
    /// A process of ours, on a socket that is its standard input.
    Spawn(SignerCommand),
    /// A process that somebody else runs, on this socket.
    Socket(PathBuf),
}

/// How to start the signer.
#[derive(Debug, Clone)]
pub struct SignerCommand {
    /// The program, e.g. `/proc/self/exe`.
    pub program: PathBuf,
    /// Its arguments; a PIN is never among them.
    pub arguments: Vec<OsString>,
    /// Variables that it gets besides ours, e.g. `SOFTHSM2_CONF`.
    pub environment: Vec<(OsString, OsString)>,
}

/// How the signer is watched.
#[derive(Debug, Clone)]
pub struct WatchOptions {
    /// How often it is asked for a sign of life.
    pub ping: Duration,
    /// Without one for so long it is killed and started again.
    pub patience: Duration,
    /// The pause before the first new start; it doubles with each further one.
    pub pause: Duration,
    /// The longest pause.
    pub longest_pause: Duration,
    /// After a refused PIN: how often it is looked whether there is another one. The pause doubles up to
    /// sixteen times as long.
    pub look: Duration,
    /// How long it may take to finish what waits when we stop.
    pub drain: Duration,
}

impl Default for WatchOptions {
    fn default() -> Self {
        Self {
            ping: Duration::from_secs(1),
            patience: Duration::from_secs(3),
            pause: Duration::from_millis(100),
            longest_pause: Duration::from_millis(1500),
            look: Duration::from_secs(2),
            drain: Duration::from_secs(8),
        }
    }
}

/// The present connection, or why there is none.
#[derive(Debug, Clone)]
pub(super) enum Link {
    Up(Arc<Connection>),
    Down {
        until: Instant,
        why: Arc<str>,
    },
    /// The PIN was refused: it is not shown to the token again.
    Stopped,
}

/// What the supervisor and the handles share.
#[derive(Debug, Default)]
pub(super) struct Watch {
    /// Told when the supervisor shall stop.
    pub(super) stop: Notify,
    /// How often the signer was started or connected to.
    pub(super) starts: AtomicU64,
    /// The signer's process; 0 while there is none.
    pub(super) pid: AtomicU32,
    /// How long opening the token took the last time, in milliseconds; 0 when it is not known.
    opened_ms: AtomicU32,
}

pub(super) struct Supervisor {
    pub(super) source: SignerSource,
    pub(super) options: WatchOptions,
    pub(super) link: watch::Sender<Link>,
    pub(super) watch: Arc<Watch>,
}

/// Why a connection is over.
enum Over {
    /// We were asked to stop, or nobody holds a handle any more.
    Asked,
    /// It is to be made again.
    Failed(String),
    /// The token refused the PIN; a new start does not show it again.
    Pin,
    /// The token refused the PIN, and a new start might show it again.
    PinForGood,
}

impl Supervisor {
    /// Keeps the link up until it is asked to stop.
    pub(super) async fn run(self) {
        let mut failures = 0_u32;
        let mut refusals = 0_u32;
        loop {
            let started = Instant::now();
            let attached = tokio::select! {
                attached = self.attach() => attached,
                () = self.asked() => Err(Over::Asked),
            };
            let over = match attached {
                Ok((connection, child)) => self.attend(&connection, child).await,
                Err(over) => over,
            };
            self.watch.pid.store(0, Ordering::Relaxed);
            let why = match over {
                Over::Asked => {
                    self.is_down("the signer was stopped", Duration::ZERO);
                    return;
                }
                Over::PinForGood => {
                    error!("the token refused the PIN; the signer is not started again");
                    self.link.send_replace(Link::Stopped);
                    self.asked().await;
                    return;
                }
                Over::Pin => {
                    if refusals == 0 {
                        error!("the token refused the PIN; it is not tried again, another one is");
                    }
                    self.link.send_replace(Link::Stopped);
                    // The signer knows the PIN again before it touches the token: a start of it is a
                    // look whether the operator has put another one there.
                    let pause = self.options.look.saturating_mul(1 << refusals.min(4));
                    refusals += 1;
                    tokio::select! {
                        () = sleep(pause) => continue,
                        () = self.asked() => return,
                    }
                }
                Over::Failed(why) => why,
            };
            refusals = 0;
            let was_well = started.elapsed() > self.options.longest_pause * 2;
            failures = if was_well { 1 } else { failures + 1 };
            let pause = self.pause(failures);
            warn!(reason = why, failures, duration_ms = millis(pause), "the signer is down");
            self.is_down(&why, pause);
            tokio::select! {
                () = sleep(pause) => {}
                () = self.asked() => return,
            }
        }
    }

    /// Resolves when the service stops.
    async fn asked(&self) {
        tokio::select! {
            () = self.watch.stop.notified() => self.watch.stop.notify_one(),
            () = self.link.closed() => {}
        }
    }

    fn is_down(&self, why: &str, pause: Duration) {
        self.link.send_replace(Link::Down { until: Instant::now() + pause, why: why.into() });
    }

    fn pause(&self, failures: u32) -> Duration {
        let doubled = self.options.pause.saturating_mul(1 << failures.saturating_sub(1).min(16));
        let spread = random::<1>().map_or(128, |[octet]| octet);
        doubled.min(self.options.longest_pause).mul_f64(0.75 + f64::from(spread) / 512.0)
    }

    /// Starts or finds the signer, and says hello.
    async fn attach(&self) -> Result<(Arc<Connection>, Option<Child>), Over> {
        self.watch.starts.fetch_add(1, Ordering::Relaxed);
        let command = match &self.source {
            SignerSource::Spawn(command) => command,
            SignerSource::Socket(path) => {
                let stream = UnixStream::connect(path).await;
                let stream = stream.map_err(failed(&format!("connect to {}", path.display())))?;
                let connection = Connection::open(stream).await;
                return Ok((connection.map_err(failed("greet the signer"))?, None));
            }
        };
        let opened_ms = self.watch.opened_ms.load(Ordering::Relaxed);
        let spawned = spawn(command, (opened_ms > 0).then_some(opened_ms));
        let (stream, mut child) = spawned.map_err(failed("start the signer"))?;
        match Connection::open(stream).await {
            Ok(connection) => Ok((connection, Some(child))),
            // It may have ended for a reason of its own, which says more.
            Err(error) => {
                Err(ended(&mut child).await.unwrap_or_else(|| failed("greet the signer")(error)))
            }
        }
    }

    /// Watches one connection until it is over.
    async fn attend(&self, connection: &Arc<Connection>, mut child: Option<Child>) -> Over {
        let pid = connection.welcome().pid;
        info!(signer.pid = pid, "the signer is connected");
        self.watch.pid.store(pid, Ordering::Relaxed);
        self.link.send_replace(Link::Up(connection.clone()));
        let why = tokio::select! {
            () = self.asked() => return self.drain(connection, child).await,
            () = connection.ended() => "the connection to the signer ended".to_owned(),
            why = self.ping(connection) => why,
        };
        connection.finish();
        match &mut child {
            None => Over::Failed(why),
            Some(child) => ended(child).await.unwrap_or(Over::Failed(why)),
        }
    }

    /// Asks for signs of life; returns when there is none.
    async fn ping(&self, connection: &Connection) -> String {
        loop {
            sleep(self.options.ping).await;
            match connection.ask(Ask::Health, self.options.patience).await {
                Ok(Answer::Health(health)) => {
                    self.watch.opened_ms.store(health.opened_ms, Ordering::Relaxed);
                }
                Ok(_) => {}
                Err(_) => {
                    let patience = millis(self.options.patience);
                    return format!("the signer gave no sign of life for {patience} ms");
                }
            }
        }
    }

    /// Lets the signer finish what waits, then lets it go.
    async fn drain(&self, connection: &Connection, child: Option<Child>) -> Over {
        connection.finish();
        if let Some(mut child) = child
            && timeout(self.options.drain, child.wait()).await.is_err()
        {
            warn!("the signer did not finish in time and is killed");
            kill(&mut child).await;
        }
        Over::Asked
    }
}

/// What a signer that has closed its end says by its exit code; `None` when it did not exit by
/// itself and had to be killed.
async fn ended(child: &mut Child) -> Option<Over> {
    // Its end closes when it exits: its code comes soon, or it is stuck.
    if let Ok(Ok(status)) = timeout(Duration::from_millis(500), child.wait()).await {
        return Some(match status.code() {
            Some(EXIT_PIN) => Over::Pin,
            Some(EXIT_PIN_FORGOTTEN) => Over::PinForGood,
            Some(_) | None => Over::Failed(format!("the signer ended with {status}")),
        });
    }
    kill(child).await;
    None
}

fn failed(what: &str) -> impl Fn(std::io::Error) -> Over {
    move |error| Over::Failed(format!("could not {what}: {error}"))
}

async fn kill(child: &mut Child) {
    if let Err(error) = child.kill().await {
        error!(reason = %error, "the signer could not be killed");
    }
}

fn spawn(command: &SignerCommand, opened_ms: Option<u32>) -> std::io::Result<(UnixStream, Child)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let child = Command::new(&command.program)
        .args(&command.arguments)
        .envs(command.environment.iter().map(|(name, value)| (name, value)))
        .envs(opened_ms.map(|opened_ms| (OPENED_MS, opened_ms.to_string())))
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        // What the service prints is its own; the signer logs to standard error.
        .stdout(Stdio::null())
        .kill_on_drop(true)
        .spawn()?;
    Ok((UnixStream::from_std(ours)?, child))
}
