//! `chancery policy explain --collection`: whose private data, who keeps it, who sees it.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::super::document::read_text;
use super::super::exit::Failure;
use super::super::output::Output;
use super::asked::ChannelFile;
use super::outline;
use crate::channel::document::compile_collections;
use crate::msp::Msps;
use crate::policy::{SignaturePolicy, implicit_collection, implicit_msp, language, member_orgs};
use crate::wire::{ApplicationPolicyType, CollectionPolicyPayload, StaticCollectionConfig};

/// Which collection.
#[derive(Debug, clap::Args)]
pub(super) struct CollectionArguments {
    /// A collection instead of a policy: its name, or CHAINCODE/NAME; `_implicit_org_MSPID` for an organization's own.
    #[arg(long, value_name = "NAME", conflicts_with_all = ["text", "file", "envelope", "resource"])]
    pub(super) collection: Option<String>,
    /// The document of the kind `collections` that it stands in.
    #[arg(long, value_name = "FILE", requires = "collection")]
    document: Option<PathBuf>,
}

impl CollectionArguments {
    pub(super) fn run(
        &self,
        name: &str,
        channel: Option<&ChannelFile>,
        out: &Output,
    ) -> Result<(), Failure> {
        let configs = match (&self.document, implicit_msp(name)) {
            (_, Some(id)) => vec![(String::new(), implicit(id, channel)?)],
            (Some(path), None) => found(path, name, channel)?,
            (None, None) => {
                return Err(Failure::usage(format!(
                    "where the collection `{name}` stands is not told"
                ))
                .hint(
                    "`--document FILE` names the document; only `_implicit_org_MSPID` needs none",
                ));
            }
        };
        let explained: Vec<(Value, Vec<String>)> = configs
            .iter()
            .map(|(chaincode, config)| explain(chaincode, config, channel))
            .collect::<Result<_, _>>()?;
        let (values, lines): (Vec<_>, Vec<_>) = explained.into_iter().unzip();
        out.result(&json!({ "collections": values }), &lines.concat().join("\n"))
    }
}

type Found = Vec<(String, StaticCollectionConfig)>;

fn found(path: &Path, name: &str, channel: Option<&ChannelFile>) -> Result<Found, Failure> {
    let text = read_text(path)?;
    let read = compile_collections(&text, channel.map(|file| &file.channel)).map_err(|why| {
        Failure::refused(format!("`{}` holds no collections", path.display())).because(why)
    })?;
    let (chaincode, name) = match name.split_once('/') {
        Some((chaincode, name)) => (Some(chaincode), name),
        None => (None, name),
    };
    let found = read.find(chaincode, name).into_iter();
    let found: Found =
        found.map(|(chaincode, config)| (chaincode.to_owned(), config.clone())).collect();
    if found.is_empty() {
        let what = format!("`{}` has no collection `{name}`", path.display());
        return Err(Failure::refused(what));
    }
    Ok(found)
}

/// An organization's own collection, which every chaincode has.
fn implicit(id: &str, channel: Option<&ChannelFile>) -> Result<StaticCollectionConfig, Failure> {
    if channel.is_some_and(|file| file.channel.application_org(id).is_none()) {
        return Err(Failure::refused(format!("no organization of the channel has the MSP `{id}`")));
    }
    Ok(implicit_collection(id))
}

fn explain(
    chaincode: &str,
    config: &StaticCollectionConfig,
    channel: Option<&ChannelFile>,
) -> Result<(Value, Vec<String>), Failure> {
    let none = Msps::default();
    let msps = channel.map_or(&none, |file| file.channel.msps());
    let stores: Vec<String> = member_orgs(config, msps).into_iter().collect();
    let payload = config.member_orgs_policy.as_ref().and_then(|it| it.payload.as_ref());
    let policy = payload.map(|CollectionPolicyPayload::SignaturePolicy(envelope)| {
        SignaturePolicy::from_envelope(envelope)
            .map_err(|why| Failure::refused("a node would not load its policy").because(why))
    });
    let members = policy.transpose()?.map_or_else(String::new, |policy| in_words(&policy));
    let own = implicit_msp(&config.name);
    let endorsed = endorsed_by(config, own, channel);
    let who = |only: bool| {
        if only { format!("members alone: {members}") } else { "whoever may propose".to_owned() }
    };
    let (required, most) = (config.required_peer_count, config.maximum_peer_count);
    let sent = match own {
        Some(_) => "as the organization's own peers are configured".to_owned(),
        None => format!(
            "to {required} other peers at least, {most} are tried, before an endorsement is given"
        ),
    };
    let kept = match config.block_to_live {
        0 => "for ever".to_owned(),
        blocks => format!("for {blocks} blocks"),
    };
    let of = if chaincode.is_empty() {
        String::new()
    } else {
        format!(" of the chaincode `{chaincode}`")
    };
    let lines = vec![
        format!("the collection `{}`{of}:", config.name),
        format!("  kept by peers of {}, {kept}", stores.join(", ")),
        format!("  given to {members}"),
        format!("  read by {}", who(config.member_only_read)),
        format!("  written by {}", who(config.member_only_write)),
        format!("  sent {sent}"),
        format!("  writes are endorsed by {endorsed}"),
    ];
    let value = json!({
        "chaincode": Some(chaincode).filter(|chaincode| !chaincode.is_empty()),
        "name": config.name,
        "members": members,
        "stored_by": stores,
        "read": if config.member_only_read { "members" } else { "anyone" },
        "write": if config.member_only_write { "members" } else { "anyone" },
        "required_peer_count": required,
        "max_peer_count": most,
        "block_to_live": config.block_to_live,
        "endorsement": endorsed,
    });
    Ok((value, lines))
}

fn endorsed_by(
    config: &StaticCollectionConfig,
    own: Option<&str>,
    channel: Option<&ChannelFile>,
) -> String {
    let kind = config.endorsement_policy.as_ref().and_then(|policy| policy.kind.as_ref());
    match (kind, own) {
        (Some(ApplicationPolicyType::SignaturePolicy(envelope)), _) => {
            match SignaturePolicy::from_envelope(envelope) {
                Ok(policy) => in_words(&policy),
                Err(why) => format!("nobody: {why}"),
            }
        }
        (Some(ApplicationPolicyType::ChannelConfigPolicyReference(path)), _) => {
            let said = channel.and_then(|file| outline::first_line(&file.channel, path));
            said.map_or_else(|| path.clone(), |said| format!("{path}: {said}"))
        }
        (None, Some(id)) => {
            let group = channel.and_then(|file| file.channel.application_org(id));
            match group {
                Some(group) => format!(
                    "/Channel/Application/{group}/Endorsement, or any member where it is not there"
                ),
                None => {
                    "the organization's policy Endorsement, or any member where it is not there"
                        .to_owned()
                }
            }
        }
        (None, None) => "whoever the chaincode's policy asks for".to_owned(),
    }
}

fn in_words(policy: &SignaturePolicy) -> String {
    let text = policy.written().and_then(|written| language::print(&written));
    text.unwrap_or_else(|| "a policy that the language has no text for".to_owned())
}
