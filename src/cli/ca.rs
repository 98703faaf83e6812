//! `chancery ca`: issuers, rollover, checks. These work on the store itself, while no server runs.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::ceremony::with_ceremony;
use super::compose;
use super::exit::Failure;
use super::init::write_transcript;
use super::input;
use super::output::Output;
use crate::hsm::ledger::Line;
use crate::id::CaName;
use crate::service::{LedgerLine, Transcript, check};

/// Looks after the CAs of a configuration.
#[derive(Debug, clap::Args)]
pub(super) struct Ca {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Verifies every stored certificate, serial number, chain, revocation and journal row again, and
    /// that every signature in the signer's ledger is in the journal.
    #[command(after_help = "Example:\n  chancery ca check -c chancery.toml")]
    Check {
        /// The configuration file.
        #[arg(short, long, value_name = "FILE", default_value = "chancery.toml")]
        config: PathBuf,
    },
    /// Lists the issuers of all CAs.
    #[command(after_help = "Example:\n  chancery ca issuers -c chancery.toml --json")]
    Issuers {
        /// The configuration file.
        #[arg(short, long, value_name = "FILE", default_value = "chancery.toml")]
        config: PathBuf,
    },
    /// Makes the next issuing issuer of a CA and makes it the active one.
    #[command(after_help = "Example:\n  chancery ca rollover -c chancery.toml --ca ca-org1 \
                            --transcript rollover.json")]
    Rollover {
        /// The configuration file.
        #[arg(short, long, value_name = "FILE", default_value = "chancery.toml")]
        config: PathBuf,
        /// The CA.
        #[arg(long, value_name = "NAME")]
        ca: CaName,
        /// Where the transcript is written.
        #[arg(long, value_name = "FILE")]
        transcript: PathBuf,
    },
    /// Checks the transcript of a ceremony; needs neither token nor store.
    #[command(
        after_help = "Example:\n  chancery ca verify-transcript ceremony.json -c chancery.toml"
    )]
    VerifyTranscript {
        /// The transcript.
        transcript: PathBuf,
        /// The configuration that the ceremony carried out.
        #[arg(short, long, value_name = "FILE")]
        config: Option<PathBuf>,
    },
}

impl Ca {
    /// Runs the command.
    ///
    /// # Errors
    /// When it is refused or fails; a check that finds something fails.
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        match self.command {
            Command::Check { config } => run_check(&config, out),
            Command::Issuers { config } => list_issuers(&config, out),
            Command::Rollover { config, ca, transcript } => {
                roll_over(&config, &ca, &transcript, out)
            }
            Command::VerifyTranscript { transcript, config } => {
                verify_transcript(&transcript, config.as_deref(), out)
            }
        }
    }
}

fn run_check(path: &std::path::Path, out: &Output) -> Result<(), Failure> {
    let config = compose::read_config(path)?;
    compose::start_log(&config)?;
    let (ledger, cut_short) = read_ledger(&config.signer.dir.join("ledger"))?;
    let names: Vec<_> = config.cas.iter().map(|ca| ca.name.clone()).collect();
    let mut report = compose::block_on(async {
        let store = compose::stored(&config).await?;
        let report = check(store.read(), &names, ledger.as_deref()).await;
        store.close().await;
        report.map_err(compose::refused)
    })?;
    report.cut_short = cut_short;
    let text = format!(
        "{} issuers, {} certificates ({} revoked), {} journal rows ({} abandoned), {} CRLs, \
         {} signatures of the ledger ({} repeated, {} lines cut short): {} faults",
        report.issuers,
        report.certificates,
        report.revoked,
        report.journal,
        report.abandoned,
        report.crls,
        report.signatures,
        report.repeated,
        report.cut_short,
        report.faults.len(),
    );
    out.result(&report, &text)?;
    match report.faults.as_slice() {
        [] => Ok(()),
        faults => Err(Failure::refused(faults.join("; "))),
    }
}

/// The signer's ledger, and how many of its lines were cut short; `None` when there is none, because
/// the signer runs elsewhere. It may be of any length: a line for every signature ever made.
fn read_ledger(path: &std::path::Path) -> Result<(Option<Vec<LedgerLine>>, u64), Failure> {
    if !path.exists() {
        return Ok((None, 0));
    }
    let failed = |e| Failure::refused(format!("could not read `{}`", path.display())).because(e);
    let file = BufReader::new(File::open(path).map_err(failed)?);
    let (mut lines, mut cut_short) = (Vec::new(), 0);
    for (number, text) in file.lines().enumerate() {
        let text = text.map_err(failed)?;
        match text.parse::<Line>() {
            Ok(line) => lines.push(LedgerLine { key: line.key, digest: line.sha256 }),
            Err(_) if Line::is_cut_short(&text) => cut_short += 1,
            Err(error) => {
                let what = format!("`{}` is damaged at line {}", path.display(), number + 1);
                return Err(Failure::refused(what).because(error));
            }
        }
    }
    Ok((Some(lines), cut_short))
}

fn list_issuers(path: &std::path::Path, out: &Output) -> Result<(), Failure> {
    let config = compose::read_config(path)?;
    compose::start_log(&config)?;
    compose::block_on(async {
        let store = compose::stored(&config).await?;
        let mut list = out.list();
        for ca in &config.cas {
            let rows = store.read().issuers(&ca.name).await;
            for row in rows.map_err(|e| compose::refused(e.into()))? {
                let role = row.role.to_string();
                let value = json!({ "ca": row.ca, "key_id": row.key_id, "key_label": row.label,
                    "spki_sha256": hex::encode(row.spki_hash), "role": role, "active": row.active });
                let active = if row.active { "active" } else { "" };
                list.element(
                    &value,
                    &format!("{} {} {role} `{}` {active}", row.ca, row.key_id, row.label),
                )?;
            }
        }
        store.close().await;
        list.end()
    })
}

fn roll_over(
    path: &std::path::Path,
    name: &CaName,
    target: &std::path::Path,
    out: &Output,
) -> Result<(), Failure> {
    let config = compose::read_config(path)?;
    let text = input::read_file(path, input::LARGEST)?;
    let ca = config.cas.iter().find(|ca| ca.name == *name);
    let ca = ca.ok_or_else(|| Failure::usage(format!("there is no [[ca]] `{name}`")))?;
    if target.exists() {
        return Err(Failure::refused(format!("`{}` exists already", target.display())));
    }
    compose::start_log(&config)?;
    let transcript = compose::block_on(with_ceremony(&config, async |ceremony| {
        ceremony.roll_over(ca, &text).await
    }))?;
    write_transcript(target, &transcript)?;
    let labels: Vec<_> = transcript.issuers.iter().map(|i| i.key_label.as_str()).collect();
    out.result(
        &transcript,
        &format!("the active issuer of `{name}` has the key `{}`", labels.join("`, `")),
    )
}

fn verify_transcript(
    path: &std::path::Path,
    config: Option<&std::path::Path>,
    out: &Output,
) -> Result<(), Failure> {
    let text = String::from_utf8(input::read_file(path, input::LARGEST)?)
        .map_err(|e| Failure::refused("the transcript is not text").because(e))?;
    let transcript = Transcript::parse(&text).map_err(compose::refused)?;
    let configuration = config.map(|path| input::read_file(path, input::LARGEST)).transpose()?;
    let faults = transcript.faults(configuration.as_deref());
    if !faults.is_empty() {
        return Err(Failure::refused(faults.join("; ")));
    }
    let told = format!("the transcript is good: {} issuers", transcript.issuers.len());
    out.result(&json!({ "ok": true, "issuers": transcript.issuers.len() }), &told)
}
