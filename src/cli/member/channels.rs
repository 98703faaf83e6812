//! `chancery channel`: the channels that the server knows.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use serde_json::json;

use super::api;
use super::client::escaped;
use super::proposals;
use super::server::Session;
use crate::api::v2::{ChannelBody, ChannelList, ImportChannelRequest};
use crate::cli::exit::Failure;
use crate::cli::genesis::Genesis;
use crate::cli::input::{LARGEST, read_argument};
use crate::cli::output::{Output, printable};

/// Channels: their first block, those that a server knows, and changes on their way
#[derive(Debug, Clone, clap::Args)]
pub struct Channels {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    /// Make the server know a channel, or a later configuration of one
    ///
    /// Takes a configuration block as peers and orderers give it (`peer channel fetch config`), a
    /// `ConfigEnvelope` or a `Config`. Needs `chancery.ChannelMgr`, or at the root affiliation the right to give
    /// it to others.
    #[command(after_help = "Example:\n  chancery channel import supply config_block.pb")]
    Import {
        /// The channel's ID
        #[arg(value_name = "ID")]
        id: String,
        /// The file
        #[arg(value_name = "FILE")]
        config: PathBuf,
        /// The server decides over the configuration: what is proposed and signed enough is applied here, and
        /// sent to no orderer
        #[arg(long)]
        govern_here: bool,
        #[command(flatten)]
        session: Session,
    },
    /// List the channels
    #[command(after_help = "Example:\n  chancery channel list --json")]
    List {
        #[command(flatten)]
        session: Session,
    },
    /// Show a channel: its MSPs, and the paths of its policies
    #[command(after_help = "Example:\n  chancery channel show supply")]
    Show {
        /// The channel's ID
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        session: Session,
    },
    Genesis(Genesis),
    #[command(flatten)]
    Proposals(proposals::Command),
    /// Make the server forget a channel
    #[command(after_help = "Example:\n  chancery channel forget supply")]
    Forget {
        /// The channel's ID
        #[arg(value_name = "ID")]
        id: String,
        #[command(flatten)]
        session: Session,
    },
}

impl Channels {
    /// Asks.
    ///
    /// # Errors
    /// When a file cannot be read, or the server refuses.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        match self.command {
            Command::Import { id, config, govern_here, session } => {
                let config = STANDARD.encode(read_argument(&config, LARGEST)?);
                let body = api::body(&ImportChannelRequest {
                    config,
                    govern_here: govern_here.then_some(true),
                })?;
                let (client, caller) = session.open()?;
                let path = format!("channels/{}", escaped(&id));
                let kept: ChannelBody = client.call("PUT", &path, Some(&body), Some(&caller))?;
                out.result(&kept, &line(&kept))
            }
            Command::List { session } => {
                let (client, caller) = session.open()?;
                let list: ChannelList = client.call("GET", "channels", None, Some(&caller))?;
                let lines: Vec<String> = list.channels.iter().map(line).collect();
                out.result(&list, &lines.join("\n"))
            }
            Command::Show { id, session } => {
                let (client, caller) = session.open()?;
                let path = format!("channels/{}", escaped(&id));
                let shown: ChannelBody = client.call("GET", &path, None, Some(&caller))?;
                let mut lines = vec![line(&shown)];
                lines.extend(shown.policies.iter().map(|path| printable(path).into_owned()));
                out.result(&shown, &lines.join("\n"))
            }
            Command::Genesis(genesis) => genesis.run(out),
            Command::Proposals(command) => command.run(out),
            Command::Forget { id, session } => {
                let (client, caller) = session.open()?;
                let path = format!("channels/{}", escaped(&id));
                client.call_for_octets("DELETE", &path, None, Some(&caller))?;
                out.result(&json!({ "forgotten": id }), &format!("forgotten: {id}"))
            }
        }
    }
}

fn line(channel: &ChannelBody) -> String {
    format!(
        "{}  sequence {}  rules {}  {}",
        printable(&channel.id),
        channel.sequence,
        printable(&channel.msp_version),
        printable(&channel.msps.join(", "))
    )
}
