//! `chancery config`: reads the configuration and explains it.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::compose;
use super::exit::Failure;
use super::output::Output;
use crate::service::Hierarchy;

/// Looks at configurations.
#[derive(Debug, clap::Args)]
pub(super) struct ConfigCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Reads the file with the environment over it, and says what it means or what is wrong.
    #[command(after_help = "Example:\n  chancery config check -c chancery.toml")]
    Check {
        /// The configuration file.
        #[arg(short, long, value_name = "FILE", default_value = "chancery.toml")]
        config: PathBuf,
    },
}

impl ConfigCommand {
    /// Runs the command; touches nothing.
    ///
    /// # Errors
    /// Names the key and the reason.
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        let Command::Check { config } = self.command;
        let config = compose::read_config(&config)?;
        let scheme = if config.server.tls.is_some() { "https" } else { "http" };
        let store = config.store.url.split(':').next().unwrap_or_default();
        let mut lines = vec![
            format!("serves {scheme}://{}", config.server.listen),
            match config.server.operations_listen {
                Some(address) => format!("health and metrics on http://{address}"),
                None => "health and metrics on the same address".to_owned(),
            },
            format!("store: {store}"),
            format!(
                "token `{}` of {}, {} sessions",
                config.signer.token,
                config.signer.module.display(),
                config.signer.workers
            ),
        ];
        for ca in &config.cas {
            let levels = match (&ca.parent, ca.hierarchy) {
                (Some(parent), _) => format!("certified by {}", parent.url),
                (None, Hierarchy::One) => "signs itself".to_owned(),
                (None, Hierarchy::Two) => "under a root of its own".to_owned(),
            };
            let default =
                if config.default_ca() == Some(&ca.name) { ", the default CA" } else { "" };
            lines.push(format!("CA `{}`: {levels}{default}", ca.name));
        }
        out.result(&json!({ "ok": true, "explained": lines }), &lines.join("\n"))
    }
}
