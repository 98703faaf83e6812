//! The signer's process: from its options to its exit code.

use std::error::Error as StdError;
use std::fs::Permissions;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{DumpableBehavior, Signal, getpid, kill_process, set_dumpable_behavior};
use tokio::signal::unix::{SignalKind, signal};
use tracing::{error, info, warn};

use super::connection::converse;
use super::desk::Desk;
use super::options::{OptionsError, SignerOptions};
use super::refused_pin::RefusedPin;
use super::register::{Register, RegisterError};
use crate::clock::Clock;
use crate::hsm::ledger::Ledger;
use crate::hsm::{
    DeviceOptions, Engine, EngineOptions, Module, ModuleError, PinError, Pkcs11Device, Stop,
};
use crate::secret::Pin;

/// It was asked to stop, and every request was served.
pub const EXIT_DONE: u8 = 0;
/// Its options or files cannot be used.
pub const EXIT_USAGE: u8 = 2;
/// The token stayed unwell: a fresh process may do better.
pub const EXIT_UNWELL: u8 = 75;
/// The token refused the PIN: do not start it again before an operator has acted. For systemd:
/// `RestartPreventExitStatus=78`.
pub const EXIT_PIN: u8 = 78;
/// The same, and it could not be written down that it was refused: another start would try it again.
pub const EXIT_PIN_FORGOTTEN: u8 = 79;

/// How long requests that wait are still served after the peer has gone.
const DRAIN: Duration = Duration::from_secs(5);
/// How long a peer may go on after SIGTERM, when the socket is its own.
const GRACE: Duration = Duration::from_secs(10);
/// How often the ledger is synced.
const SYNC: Duration = Duration::from_secs(2);

#[derive(Debug, thiserror::Error)]
enum StartError {
    #[error("the options cannot be used")]
    Options(#[source] OptionsError),
    #[error("there is no PIN")]
    Pin(#[source] PinError),
    #[error(
        "this PIN was refused before ({reason}); remove `{}` once the PIN is right",
        path.display()
    )]
    PinRefused { reason: String, path: PathBuf },
    #[error("the register cannot be used")]
    Register(#[source] RegisterError),
    #[error("could not {operation} `{}`", path.display())]
    File { operation: &'static str, path: PathBuf, source: io::Error },
    #[error("the module cannot be used")]
    Module(#[source] ModuleError),
    #[error("could not {operation}")]
    System { operation: &'static str, source: io::Error },
}

impl StartError {
    fn exit(&self) -> u8 {
        match self {
            Self::PinRefused { .. } => EXIT_PIN,
            Self::Options(_)
            | Self::Pin(_)
            | Self::Register(_)
            | Self::File { .. }
            | Self::Module(_)
            | Self::System { .. } => EXIT_USAGE,
        }
    }
}

/// What the main thread is told.
enum Event {
    /// SIGTERM or SIGINT.
    Asked(SignalKind),
    /// The one peer has closed its end.
    Closed,
    /// The token's threads have ended.
    Stopped(Stop),
}

/// Runs the signer until it is asked to stop, its peer has gone, or its token cannot be served.
/// Returns the exit code of the process. Logs through `tracing`; prints nothing.
pub fn run(options: &SignerOptions) -> u8 {
    match try_run(options) {
        Ok(code) => code,
        Err(error) => {
            let mut reason = error.to_string();
            let mut source = error.source();
            while let Some(inner) = source {
                reason = format!("{reason}: {inner}");
                source = inner.source();
            }
            error!(reason, "the signer did not start");
            error.exit()
        }
    }
}

fn try_run(options: &SignerOptions) -> Result<u8, StartError> {
    let resolved = options.resolve().map_err(StartError::Options)?;
    let pin = resolved.pin.read().map_err(StartError::Pin)?;
    // After the PIN: /dev/fd may be closed to a process that cannot be traced. From here on its
    // memory can be neither dumped nor read by others of its user.
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        warn!(reason = %error, "the memory of the signer could not be closed to others");
    }

    let memory = RefusedPin::beside(&options.register);
    let file = |operation, path: &Path| {
        let path = path.to_owned();
        move |source| StartError::File { operation, path, source }
    };
    let refused = memory.recall(&pin).map_err(file("read", memory.path()))?;
    if let Some(reason) = refused {
        let path = memory.path().to_owned();
        return Err(StartError::PinRefused { reason, path });
    }

    let register = Register::open(&options.register).map_err(StartError::Register)?;
    let ledger = Ledger::open(&options.ledger).map_err(file("open", &options.ledger))?;
    let module = Module::load(&resolved.module).map_err(StartError::Module)?;
    info!(module = %module, "loaded the PKCS#11 module");
    let device_options = DeviceOptions {
        token: resolved.token,
        custody: options.custody,
        generates: options.allow_generate,
        reserve: options.reserve.into(),
    };
    let device = Pkcs11Device::new(module, device_options, pin.clone());
    let system = |operation| move |source| StartError::System { operation, source };
    let engine = Engine::start(Box::new(device), engine_options(options))
        .map_err(system("start the token's threads"))?;
    let desk = Arc::new(Desk {
        engine,
        register: Arc::new(register),
        ledger: Arc::new(ledger),
        generates: options.allow_generate,
        custody: options.custody,
        depth: options.queue.into(),
    });

    let (tell, told) = channel();
    watch_signals(tell.clone()).map_err(system("watch for signals"))?;
    watch_engine(desk.clone(), tell.clone()).map_err(system("start a thread"))?;
    if let Some(path) = &options.socket {
        let listener = listen(path, options.socket_group).map_err(file("listen on", path))?;
        accept(desk.clone(), listener).map_err(system("start a thread"))?;
        info!("the signer serves on {}", path.display());
    } else {
        let stream = inherited().map_err(system("use standard input as a socket"))?;
        let served = desk.clone();
        let converse = move || {
            converse(&served, &stream);
            let _ = tell.send(Event::Closed);
        };
        spawn("connection", converse).map_err(system("start a thread"))?;
    }
    let stop = serve(&desk, &told, options.socket.is_some());
    if let Err(error) = desk.ledger.sync() {
        error!(reason = %error, "the ledger could not be synced");
    }
    if let Some(path) = &options.socket {
        // Another signer may have taken the name over; its socket goes on all the same.
        let _ = std::fs::remove_file(path);
    }
    Ok(finish(stop, &memory, &pin))
}

fn engine_options(options: &SignerOptions) -> EngineOptions {
    EngineOptions {
        workers: options.workers.into(),
        depth: options.queue.into(),
        hang: Duration::from_secs(options.hang.into()),
        opened: options.opened_ms.map(|took| Duration::from_millis(took.into())),
        keep_alive: options.keep_alive(),
        pause: Duration::from_millis(100),
        // With the time that opening takes, a token that has returned is served within 3 seconds.
        longest_pause: Duration::from_millis(1500),
        give_up: 6,
        on_hang: Arc::new(|_| leave_at_once()),
        clock: Clock::system(),
    }
}

/// Waits for the end. `None` when the token's threads did not end in time.
fn serve(desk: &Desk, told: &std::sync::mpsc::Receiver<Event>, apart: bool) -> Option<Stop> {
    // While it is set: no later than this.
    let mut until: Option<Instant> = None;
    loop {
        let patience =
            until.map_or(SYNC, |at| at.saturating_duration_since(Instant::now()).min(SYNC));
        match told.recv_timeout(patience) {
            Ok(Event::Stopped(stop)) => return Some(stop),
            // Ctrl-C reaches every process of the terminal; who started us decides.
            Ok(Event::Asked(kind)) if kind == SignalKind::interrupt() && !apart => {}
            Ok(Event::Asked(_)) if apart => {
                desk.engine.close();
                return desk.engine.wait(Some(DRAIN));
            }
            // The one who started us may be draining on the same signal, and needs us for that.
            Ok(Event::Asked(_)) => until = Some(Instant::now() + GRACE),
            Ok(Event::Closed) => {
                desk.engine.close();
                return desk.engine.wait(Some(DRAIN));
            }
            Err(RecvTimeoutError::Timeout) => {
                if let Err(error) = desk.ledger.sync() {
                    error!(reason = %error, "the ledger could not be synced");
                }
                if until.is_some_and(|at| Instant::now() >= at) {
                    desk.engine.close();
                    return desk.engine.wait(Some(DRAIN));
                }
            }
            Err(RecvTimeoutError::Disconnected) => return None,
        }
    }
}

fn finish(stop: Option<Stop>, memory: &RefusedPin, pin: &Pin) -> u8 {
    match stop {
        Some(Stop::Drained) => {
            info!("the signer has stopped");
            EXIT_DONE
        }
        Some(Stop::Pin(reason)) => {
            let kept = memory.remember(pin, &reason, Clock::system().now());
            error!(
                reason,
                "the signer has stopped: the token refused the PIN; it is not tried again"
            );
            match kept {
                Ok(()) => EXIT_PIN,
                Err(error) => {
                    error!(reason = %error, "the refused PIN could not be remembered");
                    EXIT_PIN_FORGOTTEN
                }
            }
        }
        Some(Stop::Unwell(reason)) => {
            error!(reason, "the signer has stopped: the token stayed unwell");
            EXIT_UNWELL
        }
        None => {
            error!("the token's threads did not end in time");
            leave_at_once();
            EXIT_UNWELL
        }
    }
}

/// Ends the process without running anything more in it: the module's own exit handlers wait for
/// locks that a hanging call holds, or crash under it.
fn leave_at_once() {
    if kill_process(getpid(), Signal::KILL).is_err() {
        std::process::abort();
    }
}

fn spawn(name: &str, run: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(run).map(|_| ())
}

fn watch_engine(desk: Arc<Desk>, tell: Sender<Event>) -> io::Result<()> {
    spawn("engine", move || {
        if let Some(stop) = desk.engine.wait(None) {
            let _ = tell.send(Event::Stopped(stop));
        }
    })
}

/// The only use of a runtime here: the standard library has no safe way to wait for a signal.
fn watch_signals(tell: Sender<Event>) -> io::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_io().build()?;
    let guard = runtime.enter();
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    drop(guard);
    spawn("signals", move || {
        runtime.block_on(async {
            loop {
                let kind = tokio::select! {
                    _ = terminate.recv() => SignalKind::terminate(),
                    _ = interrupt.recv() => SignalKind::interrupt(),
                };
                if tell.send(Event::Asked(kind)).is_err() {
                    return;
                }
            }
        });
    })
}

/// The socket that we were started with, as standard input.
fn inherited() -> io::Result<UnixStream> {
    let stream = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    // Fails when it is no socket.
    stream.peer_addr()?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

/// Listens on `path`. The socket is made under another name and gets its mode before anybody can
/// find it; one that a dead signer left behind is replaced.
fn listen(path: &Path, group: bool) -> io::Result<UnixListener> {
    let mut fresh = path.as_os_str().to_owned();
    fresh.push(format!(".{}", std::process::id()));
    let fresh = PathBuf::from(fresh);
    let _ = std::fs::remove_file(&fresh);
    let listener = UnixListener::bind(&fresh)?;
    let mode = if group { 0o660 } else { 0o600 };
    std::fs::set_permissions(&fresh, Permissions::from_mode(mode))?;
    std::fs::rename(&fresh, path)?;
    Ok(listener)
}

fn accept(desk: Arc<Desk>, listener: UnixListener) -> io::Result<()> {
    spawn("listener", move || {
        for stream in listener.incoming() {
            let served = stream.and_then(|stream| {
                let desk = desk.clone();
                spawn("connection", move || converse(&desk, &stream))
            });
            if let Err(error) = served {
                warn!(reason = %error, "a connection could not be served");
            }
        }
    })
}
