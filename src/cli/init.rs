//! `chancery init`: the key ceremony.

use std::fs;
use std::path::{Path, PathBuf};

use super::ceremony::with_ceremony;
use super::compose;
use super::exit::Failure;
use super::input;
use super::output::Output;
use crate::service::Transcript;

/// Holds the key ceremony: makes the keys of all CAs in the token and certifies them.
///
/// Refuses when an issuer or a key label exists already. Writes a transcript that
/// `chancery ca verify-transcript` checks.
#[derive(Debug, clap::Args)]
#[command(after_help = "Example:\n  chancery init -c chancery.toml --transcript ceremony.json")]
pub(super) struct Init {
    /// The configuration file.
    #[arg(short, long, value_name = "FILE", default_value = "chancery.toml")]
    config: PathBuf,
    /// Where the transcript is written. Default: `ceremony.json` beside the configuration.
    #[arg(long, value_name = "FILE")]
    transcript: Option<PathBuf>,
}

impl Init {
    /// Holds the ceremony.
    ///
    /// # Errors
    /// When something exists already, or the token, the store or a parent does not do its part.
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        let config = compose::read_config(&self.config)?;
        let text = input::read_file(&self.config, input::LARGEST)?;
        compose::start_log(&config)?;
        let target = self.transcript.unwrap_or_else(|| self.config.with_file_name("ceremony.json"));
        if target.exists() {
            return Err(Failure::refused(format!("`{}` exists already", target.display()))
                .hint("a ceremony is held once; name another file with `--transcript`"));
        }
        let with_tls = config.server.tls.is_some();
        let transcript = compose::block_on(with_ceremony(&config, async |ceremony| {
            let transcript = ceremony.hold(&config.cas, with_tls, &text).await?;
            ceremony.make_administrator_keys(&config.organizations).await?;
            Ok(transcript)
        }))?;
        write_transcript(&target, &transcript)?;
        let made: Vec<_> = transcript
            .issuers
            .iter()
            .map(|issuer| format!("{} {}: key `{}`", issuer.ca, issuer.role, issuer.key_label))
            .collect();
        let text = format!("{}\ntranscript: {}", made.join("\n"), target.display());
        out.result(&transcript, &text)
    }
}

/// Writes a transcript for good: readable by all, changed by none.
pub(super) fn write_transcript(path: &Path, transcript: &Transcript) -> Result<(), Failure> {
    let failed = |e: std::io::Error| {
        Failure::refused(format!("could not write `{}`", path.display())).because(e)
    };
    let text = serde_json::to_string_pretty(transcript)
        .map_err(|e| Failure::refused("could not write the transcript").because(e))?;
    fs::write(path, text + "\n").map_err(failed)
}
