//! `chancery signer`: the process that owns the PKCS#11 module.

use std::process::ExitCode;

use super::exit::Failure;
use super::output::Output;
use crate::signer::{self, SignerOptions};
use crate::telemetry;

/// Serves one token on a local socket. `chancery serve` starts it by itself; run apart, as a user of
/// its own, it takes `--socket`.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  chancery signer --token chancery \
    --module /usr/lib/softhsm/libsofthsm2.so --pin file:/run/secrets/pin \
    --register /var/lib/signer/register --ledger /var/lib/signer/ledger --socket /run/signer.sock")]
pub(super) struct SignerCommand {
    #[command(flatten)]
    options: SignerOptions,
    /// Log lines as JSON.
    #[arg(long)]
    log_json: bool,
}

impl SignerCommand {
    /// Runs until its peer is gone or it is told to stop; the exit code says what to do then.
    pub(super) fn run(self, out: &Output) -> ExitCode {
        let level = std::env::var("CHANCERY_LOG").unwrap_or_else(|_| "info".to_owned());
        if let Err(why) = telemetry::start_log(&level, self.log_json) {
            let failure = Failure::usage(why);
            out.failure(&failure);
            return failure.code();
        }
        ExitCode::from(signer::run(&self.options))
    }
}
