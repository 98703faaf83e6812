//! `chancery channel genesis`: the first block of a channel, from a profile of `configtx.yaml`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use aws_lc_rs::digest;
use serde_json::json;

use super::exit::Failure;
use super::input::{LARGEST, read_argument};
use super::member::files::{Access, write};
use super::output::Output;
use crate::channel::{Current, Generated, check_join, generate, genesis_block, read_profile};
use crate::clock::Clock;
use crate::folder::DiskFolder;
use crate::policy::header_octets;
use crate::wire::{Block, ConfigGroup, Message as _};

/// What variables of the environment begin with that stand in for values of the file.
const VARIABLES: &str = "CONFIGTX_";

/// Make the first block of a channel from a profile of `configtx.yaml`
///
/// Reads the file as Fabric's tools do, and then judges the block as an orderer does before it joins the channel: one
/// that orderers would refuse is not written. Paths in the file are relative to it. Variables of the environment such as
/// `CONFIGTX_PROFILES_P_ORDERER_BATCHTIMEOUT` stand in for values that the file has.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "Examples:\n  \
    chancery channel genesis --configtx configtx.yaml --profile Supply --channel-id supply -o supply.block\n  \
    osnadmin channel join --channelID supply --config-block supply.block -o localhost:7053")]
pub(super) struct Genesis {
    /// The file.
    #[arg(long, value_name = "FILE", default_value = "configtx.yaml")]
    configtx: PathBuf,
    /// The profile in it; upper and lower case differ.
    #[arg(long, value_name = "NAME")]
    profile: String,
    /// The ID of the channel.
    #[arg(long, value_name = "ID")]
    channel_id: String,
    /// Where the block goes; `-` is standard output.
    #[arg(long, short, value_name = "FILE")]
    output: PathBuf,
    /// Replace a block that is there. An orderer that joined by the old one stays with it.
    #[arg(long)]
    force: bool,
    /// Write the block though orderers would refuse it.
    #[arg(long)]
    unchecked: bool,
}

impl Genesis {
    /// Makes the block.
    ///
    /// # Errors
    /// When the file makes no block, orderers would refuse it, or it cannot be written.
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        let to_stdout = self.output == Path::new("-");
        if !to_stdout && !self.force && self.output.exists() {
            let what = format!("`{}` is there already", self.output.display());
            return Err(Failure::usage(what).hint("--force replaces it"));
        }
        let generated = self.generate()?;
        let now = Clock::system().now();
        let mut nonce = [0; 24];
        getrandom::fill(&mut nonce)
            .map_err(|why| Failure::refused("the system gives no randomness").because(why))?;
        let organizations = organizations(&generated.channel_group);
        let block = genesis_block(&self.channel_id, generated.channel_group, now, nonce);
        let octets = block.encode_to_vec();
        let mut notes = generated.warnings;
        let refused = match check_join(&octets, now) {
            Ok(current) => {
                notes.extend(unknown_capability(&current));
                None
            }
            Err(why) if self.unchecked => {
                notes.push(format!("orderers would refuse the block: {why}"));
                Some(why.word())
            }
            Err(why) => {
                tell(&notes, out);
                let what = format!("orderers would refuse the block ({})", why.word());
                return Err(Failure::refused(what).because(why).hint("--unchecked writes it"));
            }
        };
        if to_stdout {
            tell(&notes, out);
            return out.octets(&octets);
        }
        write(&self.output, &octets, Access::Public)?;
        let hash = hash_of(&block);
        let value = json!({
            "channel_id": self.channel_id,
            "file": self.output.display().to_string(),
            "octets": octets.len(),
            "hash": hash,
            "organizations": organizations,
            "refused": refused,
            "notes": notes,
        });
        let mut lines = vec![
            format!(
                "block 0 of the channel `{}` is in `{}`",
                self.channel_id,
                self.output.display()
            ),
            format!("hash: {hash}"),
        ];
        lines.extend(
            organizations.iter().map(|(section, names)| format!("{section}: {}", names.join(", "))),
        );
        lines.extend(notes.iter().map(|note| format!("note: {note}")));
        out.result(&value, &lines.join("\n"))
    }

    fn generate(&self) -> Result<Generated, Failure> {
        let text = read_argument(&self.configtx, LARGEST)?;
        let wrong = || Failure::refused(format!("`{}` makes no block", self.configtx.display()));
        let profile = read_profile(&text, &variables()?, &self.profile)
            .map_err(|why| wrong().because(why))?;
        let folder = self.configtx.parent().unwrap_or(Path::new(""));
        generate(&profile, &DiskFolder::new(folder)).map_err(|why| wrong().because(why))
    }
}

fn tell(notes: &[String], out: &Output) {
    for note in notes {
        out.note(note);
    }
}

/// Variables of the environment that may mean the file.
fn variables() -> Result<BTreeMap<String, String>, Failure> {
    let mut variables = BTreeMap::new();
    for (name, value) in std::env::vars_os() {
        let Some(name) = name.to_str().filter(|name| name.starts_with(VARIABLES)) else { continue };
        let value = value.into_string();
        let value =
            value.map_err(|_| Failure::usage(format!("the variable {name} is no UTF-8")))?;
        variables.insert(name.to_owned(), value);
    }
    Ok(variables)
}

/// The organizations of each section by name.
fn organizations(root: &ConfigGroup) -> BTreeMap<String, Vec<String>> {
    let names = |section: &ConfigGroup| section.groups.keys().cloned().collect();
    let some = root.groups.iter().filter(|(_, section)| !section.groups.is_empty());
    some.map(|(name, section)| (name.clone(), names(section))).collect()
}

/// An orderer joins first and asks then whether it can do what the channel needs.
fn unknown_capability(current: &Current) -> Option<String> {
    current.channel().check_capabilities().err().map(|why| format!("nodes will not go on: {why}"))
}

fn hash_of(block: &Block) -> String {
    let header = block.header.clone().unwrap_or_default();
    hex::encode(digest::digest(&digest::SHA256, &header_octets(&header)))
}
