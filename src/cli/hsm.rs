//! `chancery hsm`: what a token holds and allows, and new tokens for tests.

use std::path::PathBuf;

use clap::Subcommand;
use serde_json::json;

use super::ceremony::with_ceremony;
use super::compose;
use super::doctor::{self, Doctor};
use super::exit::Failure;
use super::output::Output;
use crate::hsm::{PinSource, init_token};

/// Looks at tokens.
#[derive(Debug, clap::Args)]
pub(super) struct HsmCommand {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Lists the keys of the token with what is proven about each.
    #[command(after_help = "Example:\n  chancery hsm inventory -c chancery.toml --json")]
    Inventory {
        /// The configuration file.
        #[arg(short, long, value_name = "FILE", default_value = "chancery.toml")]
        config: PathBuf,
    },
    /// Makes the keys that the configuration asks for beside those of the CAs, where they are missing: of the server's own
    /// certificate, of organizations' administrators.
    #[command(after_help = "Example:\n  chancery hsm make-keys -c chancery.toml")]
    MakeKeys {
        /// The configuration file.
        #[arg(short, long, value_name = "FILE", default_value = "chancery.toml")]
        config: PathBuf,
    },
    /// Tries what a token allows before it is trusted with keys, and says what it is good for.
    /// Whatever it makes on the token it takes away again; the PIN is tried once.
    #[command(
        after_help = "Example:\n  chancery hsm doctor --module /usr/lib/softhsm/libsofthsm2.so \
        --token chancery --pin-file pin --json"
    )]
    Doctor(Doctor),
    /// Does one probe for the doctor.
    #[command(hide = true)]
    DoctorProbe,
    /// Makes a new token, e.g. a private one of SoftHSM2. A token of this label is never touched.
    #[command(after_help = "Example:\n  SOFTHSM2_CONF=$PWD/softhsm2.conf chancery hsm init-token \
        --module /usr/lib/softhsm/libsofthsm2.so --label chancery --pin-file pin")]
    InitToken {
        /// The PKCS#11 module.
        #[arg(long, value_name = "FILE")]
        module: PathBuf,
        /// The token's label: 1 to 32 octets.
        #[arg(long, value_name = "TEXT")]
        label: String,
        /// The file with the user PIN that the token gets.
        #[arg(long, value_name = "FILE")]
        pin_file: PathBuf,
    },
}

impl HsmCommand {
    /// Runs the command.
    ///
    /// # Errors
    /// When the module or the token refuses.
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        match self.command {
            Command::Inventory { config } => inventory(&config, out),
            Command::MakeKeys { config } => make_keys(&config, out),
            Command::Doctor(doctor) => doctor.run(out),
            Command::DoctorProbe => doctor::probe(out),
            Command::InitToken { module, label, pin_file } => {
                if label.is_empty() || label.len() > 32 {
                    return Err(Failure::usage("`--label` has 1 to 32 octets"));
                }
                let pin = PinSource::File(pin_file).read();
                let pin = pin.map_err(|e| Failure::usage("no PIN").because(e))?;
                init_token(&module, &label, &pin)
                    .map_err(|e| Failure::refused("no token was made").because(e))?;
                out.result(&json!({ "token": label }), &format!("made the token `{label}`"))
            }
        }
    }
}

fn make_keys(path: &std::path::Path, out: &Output) -> Result<(), Failure> {
    let config = compose::read_config(path)?;
    compose::start_log(&config)?;
    let labels = compose::block_on(with_ceremony(&config, async |ceremony| {
        let mut labels = ceremony.make_administrator_keys(&config.organizations).await?;
        if config.server.tls.is_some() {
            labels.extend(ceremony.make_tls_key().await?);
        }
        Ok(labels)
    }))?;
    let text = match labels.as_slice() {
        [] => "every key is there already".to_owned(),
        labels => format!("made: {}", labels.join(", ")),
    };
    out.result(&json!({ "made": labels }), &text)
}

fn inventory(path: &std::path::Path, out: &Output) -> Result<(), Failure> {
    let config = compose::read_config(path)?;
    compose::start_log(&config)?;
    let inventory = compose::block_on(async {
        let hsm = compose::start_hsm(&config.signer, false)?;
        let inventory = match hsm.wait_ready(compose::TOKEN_PATIENCE).await {
            Ok(_) => hsm.inventory().await,
            Err(error) => Err(error),
        };
        hsm.shutdown().await;
        inventory.map_err(compose::no_token)
    })?;
    let keys = inventory.keys.iter().map(|key| {
        let algorithm = key.algorithm.map_or_else(|| "unknown".to_owned(), |a| a.to_string());
        let purposes: Vec<_> = key.purposes.iter().map(ToString::to_string).collect();
        let purposes = if purposes.is_empty() { "not ours".to_owned() } else { purposes.join(",") };
        let mut line = format!("{} {algorithm} {} {purposes}", key.label, key.level);
        for warning in &key.warnings {
            line.push_str("\n  warning: ");
            line.push_str(warning);
        }
        line
    });
    let missing = inventory.missing.iter().map(|label| format!("MISSING: {label}"));
    let head = format!("token {}", inventory.token);
    let text: Vec<_> = std::iter::once(head).chain(keys).chain(missing).collect();
    out.result(&inventory, &text.join("\n"))
}
