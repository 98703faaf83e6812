//! The command: what is measured, in which order.

use std::path::PathBuf;
use std::time::Duration;

use tokio::signal::unix::{SignalKind, signal};

use super::growth;
use super::member::Admin;
use super::operations::{Operation, Stage};
use super::place::{Folder, Place, TokenOptions};
use super::report::{Limits, Report, ServerFigure};
use super::server::Server;
use super::{disk, limits, processes};
use crate::cli::exit::Failure;
use crate::cli::output::Output;

/// Measures this machine and a token: what the processor, the token and the disk can do at most, and
/// what a server of ours makes of it, each figure beside its limit.
#[derive(Debug, clap::Args)]
#[command(after_help = "\
Examples:
  chancery bench
  chancery bench --module /usr/lib/libvendor.so --token bench --pin-file pin --data /var/tmp/bench
  chancery bench --growth 1000000 --data /var/tmp/bench")]
pub(crate) struct Bench {
    /// The folder for the run's store and keys; it stays. Best on the file system that the server will
    /// use. Without it a new folder under the system's temporary one, which is removed
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,

    /// Seconds that each operation is measured for
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,

    /// Connections at once
    #[arg(long, value_name = "N", default_value_t = 64, value_parser = clap::value_parser!(u16).range(1..=2048))]
    connections: u16,

    /// Measure these operations only
    #[arg(long, value_name = "OP", value_delimiter = ',')]
    only: Option<Vec<Operation>>,

    /// Measure enrollments alone, while the store fills up with so many certificates
    #[arg(long, value_name = "N", conflicts_with = "only", value_parser = clap::value_parser!(u32).range(10..))]
    growth: Option<u32>,

    #[command(flatten)]
    token: TokenOptions,
}

impl Bench {
    /// Measures.
    ///
    /// # Errors
    /// When something cannot be started or breaks, or the server refuses a request of the load.
    pub(crate) fn run(self, out: &Output) -> Result<(), Failure> {
        // One thread: the client is to leave the processors to the server.
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|e| Failure::refused("could not start").because(e))?;
        let report = runtime.block_on(async {
            let mut interrupted = listen(SignalKind::interrupt())?;
            let mut terminated = listen(SignalKind::terminate())?;
            tokio::select! {
                report = self.measure(out) => report,
                _ = interrupted.recv() => Err(Failure::refused("interrupted")),
                _ = terminated.recv() => Err(Failure::refused("told to stop")),
            }
        });
        out.progress("");
        let report = report?;
        out.result(&report, &report.text())?;
        match report.refused() {
            0 => Ok(()),
            refused => Err(Failure::refused(format!("{refused} answers were not of 2xx"))),
        }
    }

    async fn measure(&self, out: &Output) -> Result<Report, Failure> {
        out.progress("preparing the token");
        // Declared first, so that it goes last: after the server that works in it.
        let folder = Folder::make(self.data.as_deref())?;
        let place = Place::lay_out(&folder, &self.token)?;
        let limits = self.limits(&place, out).await?;

        out.progress("starting the server");
        let server = Server::start(&place).await?;
        let idle = processes::resident(&server.processes());
        let admin = Admin::enroll(server.address).await?;
        let stage = Stage {
            server: &server,
            admin: &admin,
            connections: usize::from(self.connections),
            length: Duration::from_secs(self.seconds),
            limits: &limits,
        };
        let (mut operations, mut steps) = (Vec::new(), Vec::new());
        if let Some(total) = self.growth {
            let total = usize::try_from(total)
                .map_err(|e| Failure::usage("`--growth` is too large").because(e))?;
            steps = growth::measure(&stage, total, out).await?;
        } else {
            let wanted = |operation: &Operation| {
                self.only.as_ref().is_none_or(|only| only.contains(operation))
            };
            for operation in Operation::ALL.into_iter().filter(wanted) {
                out.progress(&format!("measuring {operation:?}").to_lowercase());
                operations.push(stage.measure(operation).await?);
            }
        }
        let figure = ServerFigure {
            start_to_ready_ms: server.ready.as_secs_f64() * 1000.0,
            idle_resident_bytes: idle,
            most_resident_bytes: processes::most_resident(&server.processes()),
        };
        out.progress("stopping the server");
        server.stop().await?;
        Ok(Report {
            version: env!("CARGO_PKG_VERSION"),
            cores: limits::cores(),
            module: place.config.signer.module.display().to_string(),
            token: place.config.signer.token.clone(),
            seconds: self.seconds,
            connections: usize::from(self.connections),
            limits,
            server: figure,
            operations,
            growth: steps,
        })
    }

    /// Measures what needs no server, on a thread that may block: a signal is heard meanwhile.
    async fn limits(&self, place: &Place, out: &Output) -> Result<Limits, Failure> {
        // Each limit has several parts, which together take about as long as an operation.
        let slice = Duration::from_secs(self.seconds) / 3;
        out.progress("measuring the limits: verification");
        let verification = apart(move || limits::verifications(slice)).await?;
        out.progress("measuring the limits: token and signer");
        let at = place.clone();
        let (token, signer) = apart(move || limits::token(&at, slice)).await?;
        out.progress("measuring the limits: disk");
        let at = place.clone();
        let store = apart(move || disk::measure(&at, slice)).await?;
        Ok(Limits { verification, token, signer, store })
    }
}

fn listen(kind: SignalKind) -> Result<tokio::signal::unix::Signal, Failure> {
    signal(kind).map_err(|e| Failure::refused("could not listen for signals").because(e))
}

/// Runs what blocks on a thread of its own.
async fn apart<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    let (tell, told) = tokio::sync::oneshot::channel();
    std::thread::spawn(move || {
        // Nobody listens any more when the command was told to stop.
        let _ = tell.send(work());
    });
    told.await.map_err(|e| Failure::refused("a thread that measures died").because(e))?
}
