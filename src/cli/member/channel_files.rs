//! `chancery channel create`, `export` and `diff`: channels as documents and files.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use serde_json::json;

use super::api;
use super::client::escaped;
use super::collections::set_document;
use super::files::{self, Access};
use super::server::Session;
use crate::api::v2::{ChannelBody, ConfigBody, ImportChannelRequest};
use crate::channel::document::{Compiled, compile_collections, write};
use crate::channel::{
    AdmissionRules, Channel, ReadConfig, check_join, diff, effects, genesis_block,
};
use crate::cli::document::{read_any, read_channel, read_text};
use crate::cli::exit::Failure;
use crate::cli::output::{Output, printable};
use crate::clock::{Clock, Timestamp};
use crate::secret::random;
use crate::wire::{Config, ConfigGroup, Message as _, canonical, decode};

#[derive(Debug, Clone, Subcommand)]
pub(super) enum Command {
    /// Begin a channel that a document describes: with its first block, or in the server
    ///
    /// What orderers would refuse is refused here, with the line and the reason.
    #[command(after_help = "\
Examples:
  chancery channel create policies/three-organizations/channel.yaml -o supply.block
  chancery channel create policies/three-organizations/channel.yaml --govern-here
  chancery channel create channel.yaml --govern-here --rules admission.yaml --collections collections.yaml")]
    Create(Box<Create>),
    /// Write the configuration of a channel: as a document, or as a `Config`
    #[command(after_help = "\
Examples:
  chancery channel export supply -o channel.yaml
  chancery channel export config_block.pb -o channel.yaml")]
    Export(Box<Export>),
    /// Tell in words what differs between two configurations
    #[command(after_help = "Example:\n  chancery channel diff supply channel.yaml")]
    Diff {
        /// A document, a block, a configuration, or the ID of a channel that the server knows
        #[arg(value_name = "BEFORE")]
        before: String,
        /// Likewise
        #[arg(value_name = "AFTER")]
        after: String,
        #[command(flatten)]
        session: Box<Session>,
    },
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Create {
    /// The document
    #[arg(value_name = "FILE")]
    document: PathBuf,
    /// Write the first block, for the channel's orderers
    #[arg(long, short, value_name = "FILE", required_unless_present = "govern_here")]
    output: Option<PathBuf>,
    /// Replace a block that is there. An orderer that joined by the old one stays with it.
    #[arg(long, requires = "output")]
    force: bool,
    /// Make the server know the channel and decide over it
    #[arg(long)]
    govern_here: bool,
    /// A document with the rules of admission of the channel, for the server
    #[arg(long, value_name = "FILE", requires = "govern_here")]
    rules: Option<PathBuf>,
    /// A document with its collections of private data, for the server
    #[arg(long, value_name = "FILE", requires = "govern_here")]
    collections: Option<PathBuf>,
    #[command(flatten)]
    session: Session,
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Export {
    /// The ID of a channel that the server knows, or a file with a block, a configuration or a document
    #[arg(value_name = "CHANNEL")]
    channel: String,
    /// The channel's ID, where the file does not tell it
    #[arg(long, value_name = "ID")]
    id: Option<String>,
    /// Where it goes: a document where the name ends in `.yaml`, else a `Config`; without it, a document on standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    #[command(flatten)]
    session: Session,
}

impl Command {
    /// Does it.
    ///
    /// # Errors
    /// When a file is none, or the server refuses.
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        let now = Clock::system().now();
        match self {
            Self::Create(create) => create.run(out, now),
            Self::Export(export) => export.run(out, now),
            Self::Diff { before, after, session } => {
                let before = find(&before, &session, now)?;
                let after = find(&after, &session, now)?;
                tell_diff(&before.config, &after.config, now, out)
            }
        }
    }
}

impl Create {
    fn run(&self, out: &Output, now: Timestamp) -> Result<(), Failure> {
        let compiled = read_channel(&self.document, now)?;
        let wrong = || Failure::refused(format!("`{}` begins no channel", self.document.display()));
        compiled.check_new().map_err(|why| wrong().because(why))?;
        let current = &compiled.current;
        current.check_at_orderer(current, now).map_err(|why| wrong().because(why))?;
        for warning in &compiled.warnings {
            out.note(warning);
        }
        let id = current.channel_id().to_owned();
        let documents = self.documents(&compiled, now)?;
        let mut lines = Vec::new();
        if let Some(path) = &self.output {
            self.write_block(&compiled, path, now)?;
            lines.push(format!("block 0 of the channel `{id}` is in `{}`", path.display()));
        }
        if self.govern_here {
            let config = STANDARD.encode(current.config().encode_to_vec());
            let body = api::body(&ImportChannelRequest { config, govern_here: Some(true) })?;
            let (client, caller) = self.session.open()?;
            let path = format!("channels/{}", escaped(&id));
            let kept: ChannelBody = client.call("PUT", &path, Some(&body), Some(&caller))?;
            lines.push(format!("the server decides over the channel `{}`", printable(&kept.id)));
            for (kind, content) in documents {
                let set = set_document(&self.session, &id, kind, content);
                set.map_err(|why| {
                    why.hint("the channel is there; `channel rules` and `channel collections` set its documents")
                })?;
                lines.push(format!("its document `{kind}` is set"));
            }
        }
        let value = json!({
            "channel_id": id,
            "file": self.output,
            "governed_here": self.govern_here,
            "notes": compiled.warnings,
        });
        out.result(&value, &lines.join("\n"))
    }

    /// The documents that go with the channel, which are judged before anything is done.
    fn documents(
        &self,
        compiled: &Compiled,
        now: Timestamp,
    ) -> Result<Vec<(&'static str, String)>, Failure> {
        let current = &compiled.current;
        let mut documents = Vec::new();
        if let Some(file) = &self.rules {
            let text = read_text(file)?;
            AdmissionRules::read(text.as_bytes())
                .and_then(|rules| rules.compile(current.channel_id(), current.channel(), now))
                .map_err(|why| {
                    let what = format!("`{}` is no document of its rules", file.display());
                    Failure::refused(what).because(why)
                })?;
            documents.push(("admission", text));
        }
        if let Some(file) = &self.collections {
            let text = read_text(file)?;
            compile_collections(&text, Some(current.channel())).map_err(|why| {
                let what = format!("`{}` holds no collections of it", file.display());
                Failure::refused(what).because(why)
            })?;
            documents.push(("collections", text));
        }
        Ok(documents)
    }

    fn write_block(&self, compiled: &Compiled, path: &Path, now: Timestamp) -> Result<(), Failure> {
        if !self.force && path.exists() {
            let what = format!("`{}` is there already", path.display());
            return Err(Failure::usage(what).hint("--force replaces it"));
        }
        let current = &compiled.current;
        let nonce = random::<24>()
            .map_err(|why| Failure::refused("the system gives no randomness").because(why))?;
        let block = genesis_block(current.channel_id(), current.root().clone(), now, nonce);
        let octets = block.encode_to_vec();
        check_join(&octets, now).map_err(|why| {
            Failure::refused(format!("orderers would refuse the block ({})", why.word()))
                .because(why)
        })?;
        files::write(path, &octets, Access::Public)
    }
}

impl Export {
    fn run(&self, out: &Output, now: Timestamp) -> Result<(), Failure> {
        let found = find(&self.channel, &self.session, now)?;
        let id = self.id.clone().or(found.channel_id);
        let is_document = self
            .output
            .as_ref()
            .is_none_or(|path| path.extension().is_some_and(|end| end == "yaml" || end == "yml"));
        if !is_document && let Some(path) = &self.output {
            files::write(path, &canonical(&found.config), Access::Public)?;
            return out.result(&json!({ "file": path }), &format!("written {}", path.display()));
        }
        let id = id.ok_or_else(|| {
            Failure::usage("the file does not tell its channel").hint("`--id` says it")
        })?;
        let text = as_document(&id, &found.config)?;
        match &self.output {
            Some(path) => {
                files::write(path, text.as_bytes(), Access::Public)?;
                out.result(&json!({ "file": path }), &format!("written {}", path.display()))
            }
            None => out.result(&json!({ "channel_id": id, "document": text }), &text),
        }
    }
}

/// A configuration as a document.
pub(super) fn as_document(id: &str, config: &Config) -> Result<String, Failure> {
    write(id, config).map_err(|why| {
        Failure::refused(format!("the channel `{id}` cannot be written")).because(why)
    })
}

/// What a file holds, or what the server has.
fn find(named: &str, session: &Session, now: Timestamp) -> Result<ReadConfig, Failure> {
    let path = Path::new(named);
    if path.exists() {
        return read_any(path, now);
    }
    fetch(named, session)
}

/// The configuration that the server has.
pub(super) fn fetch(id: &str, session: &Session) -> Result<ReadConfig, Failure> {
    let (client, caller) = session.open()?;
    let path = format!("channels/{}/config", escaped(id));
    let body: ConfigBody = client.call("GET", &path, None, Some(&caller))?;
    let bad = || Failure::refused("the server's configuration cannot be used");
    let octets = STANDARD.decode(&body.config).map_err(|why| bad().because(why))?;
    let config: Config = decode(&octets).map_err(|why| bad().because(why))?;
    Ok(ReadConfig { config, channel_id: Some(id.to_owned()), block: None, last_update: None })
}

fn tell_diff(before: &Config, after: &Config, now: Timestamp, out: &Output) -> Result<(), Failure> {
    let none = ConfigGroup::default();
    let root = |config: &Config| config.channel_group.clone().unwrap_or_else(|| none.clone());
    let changes: Vec<String> =
        diff(&root(before), &root(after)).iter().map(ToString::to_string).collect();
    let mut told: Vec<String> = Vec::new();
    if let (Ok(before), Ok(after)) = (Channel::load(before, now), Channel::load(after, now)) {
        let all = effects(before.policies(), after.policies());
        told.extend(all.iter().map(ToString::to_string));
    }
    let mut lines: Vec<String> =
        changes.iter().chain(&told).map(|line| printable(line).into_owned()).collect();
    if changes.is_empty() {
        lines.push("they say the same".to_owned());
    }
    out.result(&json!({ "changes": changes, "effects": told }), &lines.join("\n"))
}
