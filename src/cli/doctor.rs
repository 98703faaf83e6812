//! `chancery hsm doctor`: what a token allows, as a report for people or machines.

use std::io::{self, BufReader, IsTerminal as _};
use std::path::PathBuf;
use std::time::Duration;

use super::exit::Failure;
use super::output::Output;
use crate::clock::Clock;
use crate::hsm::doctor::{
    DoctorError, DoctorOptions, Finding, ProbeCommand, Progress, Rating, Report, attend, examine,
};
use crate::hsm::{PinSource, TokenSelector};

/// Arguments of `chancery hsm doctor`.
#[derive(Debug, clap::Args)]
pub(super) struct Doctor {
    /// The PKCS#11 module, by its absolute path.
    #[arg(long, value_name = "FILE")]
    module: PathBuf,
    /// The token's label.
    #[arg(long, value_name = "LABEL")]
    token: String,
    /// The token's serial number; needed when two tokens have one label.
    #[arg(long, value_name = "SERIAL")]
    serial: Option<String>,
    /// The file with the PIN; without a source it is asked for on the terminal.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["pin_env", "pin_credential"])]
    pin_file: Option<PathBuf>,
    /// The environment variable with the PIN.
    #[arg(long, value_name = "NAME", conflicts_with = "pin_credential")]
    pin_env: Option<String>,
    /// The systemd credential with the PIN.
    #[arg(long, value_name = "NAME")]
    pin_credential: Option<String>,
    /// Measure longer: 2,000 signatures for high S, five seconds for each rate.
    #[arg(long)]
    slow: bool,
    /// A probe that does not answer within this time is stopped; three times as long for those that
    /// measure or make RSA keys, and five times with --slow. Seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u16).range(1..))]
    deadline: u16,
    /// A shell command that cuts the connection to the token, mends it, and then ends; it may ask you
    /// to do so.
    #[arg(long, value_name = "COMMAND")]
    lost_connection_command: Option<String>,
}

impl Doctor {
    /// Examines the token.
    ///
    /// # Errors
    /// When it cannot be opened, or refuses the PIN.
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        if !self.module.is_absolute() {
            return Err(Failure::usage("`--module` is an absolute path"));
        }
        let source = match (self.pin_file, self.pin_env, self.pin_credential) {
            (Some(file), _, _) => PinSource::File(file),
            (_, Some(name), _) => PinSource::Env(name),
            (_, _, Some(name)) => PinSource::Credential(name),
            (None, None, None) => PinSource::Prompt,
        };
        let pin = source.read().map_err(|e| Failure::usage("no PIN").because(e))?;
        let options = DoctorOptions {
            module: self.module,
            token: TokenSelector { label: self.token, serial: self.serial },
            slow: self.slow,
            deadline: Duration::from_secs(self.deadline.into()),
            lost_connection: self.lost_connection_command,
            command: ProbeCommand {
                program: PathBuf::from("/proc/self/exe"),
                arguments: ["hsm", "doctor-probe"].map(Into::into).to_vec(),
            },
        };
        let watched = io::stderr().is_terminal();
        let report = examine(&options, &pin, Clock::system().now(), &mut |progress| {
            if let (true, Progress::Trying(probe)) = (watched, progress) {
                out.note(&format!("trying: {probe}"));
            }
        });
        let report = report.map_err(no_report)?;
        out.result(&report, &text(&report))
    }
}

/// Does one probe, as the doctor that started this process says.
///
/// # Errors
/// When it says nothing.
pub(super) fn probe(out: &Output) -> Result<(), Failure> {
    attend(Box::new(BufReader::new(io::stdin())), out.writer())
        .map_err(|e| Failure::usage("this is what `chancery hsm doctor` starts").because(e))
}

fn no_report(error: DoctorError) -> Failure {
    let hint = match &error {
        DoctorError::Pin(_) => "mend the PIN before the next run: a token locks itself after a few",
        DoctorError::Token(_) => {
            "see that module, label and serial are right, and the token is there"
        }
        DoctorError::Process(_) | DoctorError::NoRandomness(_) | DoctorError::Label(_) => {
            return Failure::refused("there is no report").because(error);
        }
    };
    Failure::refused("there is no report").because(error).hint(hint)
}

/// The report as a page for people.
fn text(report: &Report) -> String {
    let token = &report.token;
    let mut lines = vec![
        format!(
            "token   `{}` (serial {}), {} {}",
            token.label, token.serial, token.manufacturer, token.model
        ),
        format!(
            "module  {} {}, PKCS#11 {}",
            token.library_description, token.library_version, token.cryptoki_version
        ),
        format!("file    {}", token.module),
        String::new(),
    ];
    let rows: Vec<[&str; 4]> = report.probes.iter().map(row).collect();
    lines.extend(table(&rows));
    lines.push(String::new());
    lines.push(format!("verdict: {}", report.verdict.level));
    lines.push(format!("  {}", report.verdict.reason));
    for claim in &report.verdict.claims {
        let holds = if claim.holds { "yes" } else { "no " };
        lines.push(format!("  {holds}  {}: {}", claim.claim, claim.because));
    }
    lines.push(String::new());
    lines.push("what Chancery does on it:".to_owned());
    let items = report.settings.items.iter();
    let rows: Vec<[&str; 3]> = items.map(|item| ["", item.topic, item.value.as_str()]).collect();
    lines.extend(table(&rows));
    lines.push(String::new());
    let toml = report.settings.toml.lines();
    lines.extend(toml.map(|line| format!("    {line}").trim_end().to_owned()));
    lines.join("\n")
}

fn row(finding: &Finding) -> [&str; 4] {
    let mark = match finding.rating {
        Rating::Good => "good",
        Rating::Fair => "fair",
        Rating::Bad => "BAD",
        Rating::Unknown => "?",
    };
    [finding.probe.title(), mark, finding.outcome.as_str(), finding.summary.as_str()]
}

/// Rows in aligned columns; the last is as wide as it is.
fn table<const N: usize>(rows: &[[&str; N]]) -> Vec<String> {
    let mut widths = [0; N];
    for row in rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = cell.chars().count().max(*width);
        }
    }
    let line = |row: &[&str; N]| {
        let cells = row.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}"));
        cells.collect::<Vec<_>>().join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_aligned() {
        let rows = [["a", "bb", "c"], ["long", "b", "c c"]];
        assert_eq!(table(&rows), ["a     bb  c", "long  b   c c"]);
    }
}
