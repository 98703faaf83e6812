//! `chancery channel`: the channels that the server knows.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use serde_json::json;

use super::admission;
use super::api;
use super::channel_files::{self, as_document, fetch};
use super::client::escaped;
use super::collections;
use super::fetch::Fetch;
use super::files::{self, Access};
use super::orderers::{Asker, Orderers};
use super::proposals;
use super::server::Session;
use crate::api::rfc3339;
use crate::api::v2::{
    ChannelBody, ChannelList, ConfigBody, DatedBody, ExpiryBody, ImportChannelRequest, PushBody,
    PushList,
};
use crate::cli::exit::Failure;
use crate::cli::genesis::Genesis;
use crate::cli::input::{LARGEST, read_argument};
use crate::cli::output::{Output, printable};
use crate::clock::Clock;

/// Channels: their first block, those that a server knows, and changes on their way
#[derive(Debug, Clone, clap::Args)]
pub struct Channels {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Clone, Subcommand)]
enum Command {
    Import(Box<Import>),
    /// List the channels
    #[command(after_help = "Example:\n  chancery channel list --json")]
    List {
        #[command(flatten)]
        session: Session,
    },
    /// Show a channel: its MSPs, and the paths of its policies; or all of it, as a document
    #[command(
        after_help = "Examples:\n  chancery channel show supply --config supply.config\n  chancery channel show supply --yaml"
    )]
    Show {
        /// The channel's ID
        #[arg(value_name = "ID")]
        id: String,
        /// As a document, which `channel propose --yaml` takes
        #[arg(long, conflicts_with = "config")]
        yaml: bool,
        /// Write its configuration, a `Config`, into this file too
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        #[command(flatten)]
        session: Session,
    },
    /// Tell what ends in a channel and when: every certificate of its configuration, and from when on nobody
    /// could satisfy which policy
    #[command(after_help = "Example:\n  chancery channel expiry supply --within 90")]
    Expiry {
        /// The channel's ID
        #[arg(value_name = "ID")]
        id: String,
        /// Only what ends within so many days, or has ended
        #[arg(long, value_name = "DAYS", value_parser = clap::value_parser!(u32).range(0..=36500))]
        within: Option<u32>,
        #[command(flatten)]
        session: Session,
    },
    Genesis(Genesis),
    #[command(flatten)]
    Files(channel_files::Command),
    #[command(flatten)]
    Proposals(proposals::Command),
    #[command(flatten)]
    Admission(admission::Command),
    #[command(flatten)]
    Collections(collections::Command),
    /// Tell how far what the server's CAs say has come into the channels: who is revoked, which issuers there are
    ///
    /// The server brings it there by itself. Exits with 1 when a channel lags behind.
    #[command(after_help = "Example:\n  chancery channel pushes supply")]
    Pushes {
        /// Only of this channel
        #[arg(value_name = "ID")]
        id: Option<String>,
        #[command(flatten)]
        session: Session,
    },
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

/// Make the server know a channel, or a later configuration of one
///
/// Takes a configuration block as peers and orderers give it (`peer channel fetch config`), a `ConfigEnvelope` or a
/// `Config`; or asks an orderer for the newest, with the member's key. Needs `chancery.ChannelMgr`, or at the root
/// affiliation the right to give it to others.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  chancery channel import supply config_block.pb
  chancery channel import supply --orderer orderer0.example.com:7050 --orderer-tls-ca orderer-ca.pem --msp-id Org1MSP
  chancery channel import supply --orderer orderer0.example.com:7050 --trust genesis.block --msp-id Org1MSP")]
struct Import {
    /// The channel's ID
    #[arg(value_name = "ID")]
    id: String,
    /// The file
    #[arg(value_name = "FILE", required_unless_present = "orderers", conflicts_with = "orderers")]
    config: Option<PathBuf>,
    /// The server decides over the configuration: what is proposed and signed enough is applied here, and
    /// sent to no orderer
    #[arg(long)]
    govern_here: bool,
    /// The MSP ID of the member, for orderers
    #[arg(long, value_name = "MSPID", requires = "orderers")]
    msp_id: Option<String>,
    /// A configuration block that you have from somebody whom you trust, e.g. the channel's first one: what an orderer
    /// sends must follow from it by the channel's own rules
    #[arg(long, value_name = "FILE", requires = "orderers")]
    trust: Option<PathBuf>,
    #[command(flatten)]
    orderers: Orderers,
    #[command(flatten)]
    session: Session,
}

impl Import {
    fn run(self, out: &Output) -> Result<(), Failure> {
        let (client, caller) = self.session.open()?;
        let (config, caller) = if let Some(file) = &self.config {
            (read_argument(file, LARGEST)?, caller)
        } else {
            let msp_id = self.msp_id.as_deref().ok_or_else(|| {
                Failure::usage("orderers are asked in the name of a member")
                    .hint("say of which MSP with `--msp-id`")
            })?;
            let asker = Asker::new(msp_id, caller);
            let fetch = Fetch {
                channel: &self.id,
                orderers: &self.orderers,
                asker: &asker,
                trust: self.trust.as_deref(),
            };
            (fetch.run(out)?, asker.into_caller())
        };
        let body = api::body(&ImportChannelRequest {
            config: STANDARD.encode(config),
            govern_here: self.govern_here.then_some(true),
        })?;
        let path = format!("channels/{}", escaped(&self.id));
        let kept: ChannelBody = client.call("PUT", &path, Some(&body), Some(&caller))?;
        out.result(&kept, &line(&kept))
    }
}

impl Channels {
    /// Asks.
    ///
    /// # Errors
    /// When a file cannot be read, or the server refuses.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        match self.command {
            Command::Import(import) => import.run(out),
            Command::List { session } => {
                let (client, caller) = session.open()?;
                let list: ChannelList = client.call("GET", "channels", None, Some(&caller))?;
                let lines: Vec<String> = list.channels.iter().map(line).collect();
                out.result(&list, &lines.join("\n"))
            }
            Command::Show { id, yaml: true, session, .. } => {
                let text = as_document(&id, &fetch(&id, &session)?.config)?;
                out.result(&json!({ "channel_id": id, "document": text }), &text)
            }
            Command::Show { id, yaml: false, config: file, session } => {
                let (client, caller) = session.open()?;
                let path = format!("channels/{}", escaped(&id));
                let shown: ChannelBody = client.call("GET", &path, None, Some(&caller))?;
                if let Some(file) = file {
                    let path = format!("{path}/config");
                    let told: ConfigBody = client.call("GET", &path, None, Some(&caller))?;
                    let octets = STANDARD.decode(&told.config).map_err(|error| {
                        Failure::refused("the server's configuration cannot be used").because(error)
                    })?;
                    files::write(&file, &octets, Access::Public)?;
                }
                let mut lines = vec![line(&shown)];
                lines.extend(shown.policies.iter().map(|path| printable(path).into_owned()));
                out.result(&shown, &lines.join("\n"))
            }
            Command::Expiry { id, within, session } => {
                let (client, caller) = session.open()?;
                let path = format!("channels/{}/expiry", escaped(&id));
                let mut ends: ExpiryBody = client.call("GET", &path, None, Some(&caller))?;
                if let Some(days) = within {
                    let limit = Clock::system().now().plus(i64::from(days) * 86_400);
                    let is_near = |end: Option<&str>| {
                        end.and_then(|end| rfc3339(end).ok()).is_none_or(|end| end <= limit.unix())
                    };
                    ends.certificates.retain(|one| is_near(one.not_after.as_deref()));
                    ends.policies.retain(|one| {
                        matches!(one.satisfiable.as_str(), "never" | "unknown")
                            || one.satisfiable == "until" && is_near(one.until.as_deref())
                    });
                }
                out.result(&ends, &expiry_lines(&ends).join("\n"))
            }
            Command::Genesis(genesis) => genesis.run(out),
            Command::Files(command) => command.run(out),
            Command::Proposals(command) => command.run(out),
            Command::Admission(command) => command.run(out),
            Command::Collections(command) => command.run(out),
            Command::Pushes { id, session } => {
                let (client, caller) = session.open()?;
                let mut list: PushList = client.call("GET", "pushes", None, Some(&caller))?;
                if let Some(id) = id {
                    list.pushes.retain(|push| push.channel == id);
                }
                let lines: Vec<String> = list.pushes.iter().map(push_line).collect();
                out.result(&list, &lines.join("\n"))?;
                match list.pushes.iter().filter(|push| push.state != "effective").count() {
                    0 => Ok(()),
                    1 => Err(Failure::refused("a channel lags behind")),
                    count => Err(Failure::refused(format!("{count} of them lag behind"))),
                }
            }
            Command::Forget { id, session } => {
                let (client, caller) = session.open()?;
                let path = format!("channels/{}", escaped(&id));
                client.call_for_octets("DELETE", &path, None, Some(&caller))?;
                out.result(&json!({ "forgotten": id }), &format!("forgotten: {id}"))
            }
        }
    }
}

fn push_line(push: &PushBody) -> String {
    let words = [&push.channel, &push.msp_id, &push.matter, &push.state];
    let words = words.map(|word| printable(word).into_owned()).join("  ");
    let lag = if push.lag_seconds > 0 {
        format!("  {} s behind", push.lag_seconds)
    } else {
        String::new()
    };
    let detail = if push.detail.is_empty() {
        String::new()
    } else {
        format!("  {}", printable(&push.detail))
    };
    let proposal = push.proposal.as_ref().filter(|_| push.state != "effective");
    let proposal = proposal.map(|id| format!("  proposal {}", printable(id)));
    format!("{words}{lag}{detail}{}", proposal.unwrap_or_default())
}

pub(super) fn expiry_lines(ends: &ExpiryBody) -> Vec<String> {
    let certificate = |one: &DatedBody| {
        let end = one.not_after.as_deref().unwrap_or("unknown");
        let words =
            [end, &one.held, &one.name, &one.element].map(|word| printable(word).into_owned());
        words.join("  ")
    };
    let mut lines: Vec<String> = ends.certificates.iter().map(certificate).collect();
    lines.extend(ends.policies.iter().map(|one| printable(&one.detail).into_owned()));
    if lines.is_empty() {
        lines.push("nothing ends by then".to_owned());
    }
    lines
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
