//! What the arguments ask about: a policy that stands alone, one of a channel, or a whole channel.

use std::path::{Path, PathBuf};

use serde_json::json;

use super::super::document::read_any;
use super::super::exit::Failure;
use super::super::input;
use super::super::output::Output;
use super::text::{Signatures, Standalone, of_envelope, of_text};
use crate::channel::{Channel, ReadConfig};
use crate::clock::Timestamp;
use crate::msp::Msps;
use crate::policy::{LocalRight, Lookup, PolicyTree, Right, advise_at};
use crate::wire::{ImplicitMetaPolicy, Message as _, Policy, PolicyType};

/// A policy in words is read up to here, in octets.
const LARGEST_TEXT: u64 = 1 << 20;

/// Where the policy stands.
#[derive(Debug, clap::Args)]
pub(super) struct Source {
    /// The policy, in Fabric's language; with `--channel`, a policy's path or name, too.
    #[arg(value_name = "POLICY", conflicts_with_all = ["file", "envelope", "resource"])]
    text: Option<String>,
    /// A file with the policy, in Fabric's language; `-` is standard input.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["envelope", "resource"])]
    file: Option<PathBuf>,
    /// A file with a `SignaturePolicyEnvelope`, as channels and chaincode definitions hold it.
    #[arg(long, value_name = "FILE", conflicts_with = "resource")]
    envelope: Option<PathBuf>,
    /// A channel: a file with a configuration block, a `ConfigEnvelope` or a `Config`, or its document in YAML.
    #[arg(long, value_name = "FILE")]
    channel: Option<PathBuf>,
    /// The group of the channel that names and implicit policies are about.
    #[arg(long, value_name = "PATH", requires = "channel", default_value = "/Channel")]
    group: String,
    /// The policy that the channel asks for before a peer gives this resource, e.g. `event/Block`.
    #[arg(long, value_name = "NAME", requires = "channel")]
    resource: Option<String>,
}

/// A channel, as a file has it.
pub(super) struct ChannelFile {
    pub(super) read: ReadConfig,
    pub(super) channel: Channel,
}

/// What is asked about.
pub(super) enum Subject {
    /// A signature policy without a channel around it.
    Signatures(Signatures),
    /// An implicit one, which says little without a channel.
    Implicit(ImplicitMetaPolicy),
    /// A policy of a channel.
    Placed(Placed),
    /// What a channel has no policy for.
    Unplaced(Unplaced),
    /// All policies of a channel.
    Everything,
}

/// A policy of a channel.
pub(super) struct Placed {
    pub(super) tree: PolicyTree,
    pub(super) found: Lookup,
    /// Its path, or its text where it is not the channel's own.
    pub(super) name: String,
    /// The resource that asks for it.
    pub(super) resource: Option<String>,
}

/// What a resource asks for that is no policy of a channel.
pub(super) struct Unplaced {
    resource: String,
    /// For machines, and in words.
    right: (&'static str, &'static str),
}

impl Unplaced {
    pub(super) fn tell(&self, out: &Output) -> Result<(), Failure> {
        let (word, text) = self.right;
        let value = json!({ "resource": self.resource, "right": word });
        out.result(&value, &format!("the resource `{}` asks for {text}", self.resource))
    }
}

impl Placed {
    /// The policy's path, and what asks for it.
    pub(super) fn head(&self) -> String {
        match &self.resource {
            Some(resource) => format!("the resource `{resource}` asks for {}", self.name),
            None => self.name.clone(),
        }
    }

    /// What people stumble over in the policy, and below it.
    pub(super) fn notes(&self) -> Vec<String> {
        advise_at(&self.tree, self.found).into_iter().map(|advice| advice.text).collect()
    }
}

impl ChannelFile {
    /// All policies of the channel, by path.
    pub(super) fn policies(&self) -> Vec<Placed> {
        let tree = self.channel.policies();
        let root = tree.root().unwrap_or_default();
        let names = tree.names(root);
        let placed = names.iter().map(|name| Placed {
            tree: tree.clone(),
            found: tree.lookup(root, name),
            name: format!("/Channel/{name}"),
            resource: None,
        });
        placed.collect()
    }
}

pub(super) struct Asked {
    pub(super) subject: Subject,
    pub(super) channel: Option<ChannelFile>,
}

impl Asked {
    /// The MSPs of the channel.
    pub(super) fn msps(&self) -> Option<&Msps> {
        self.channel.as_ref().map(|file| file.channel.msps())
    }
}

pub(super) fn read(source: &Source, now: Timestamp) -> Result<Asked, Failure> {
    let channel = channel_of(source, now)?;
    let subject = match &channel {
        Some(file) => of_channel(source, &file.channel)?,
        None => match standalone(source)? {
            Some(Standalone::Signatures(signatures)) => Subject::Signatures(signatures),
            Some(Standalone::Implicit(implicit)) => Subject::Implicit(implicit),
            None => {
                return Err(Failure::usage("no policy is given")
                    .hint("name one, or `--file`, `--envelope` or `--channel`"));
            }
        },
    };
    Ok(Asked { subject, channel })
}

/// The channel that is given, if one is.
pub(super) fn channel_of(source: &Source, now: Timestamp) -> Result<Option<ChannelFile>, Failure> {
    source.channel.as_deref().map(|path| read_channel(path, now)).transpose()
}

/// The policy that is given by itself, if one is.
fn standalone(source: &Source) -> Result<Option<Standalone>, Failure> {
    if let Some(path) = &source.envelope {
        let octets = input::read_argument(path, LARGEST_TEXT)?;
        return of_envelope(octets).map(|signatures| Some(Standalone::Signatures(signatures)));
    }
    if let Some(text) = &source.text {
        return of_text(text).map(Some);
    }
    let Some(path) = &source.file else { return Ok(None) };
    let octets = input::read_argument(path, LARGEST_TEXT)?;
    let text = String::from_utf8(octets).map_err(|error| {
        Failure::usage(format!("`{}` is no text", path.display())).because(error)
    })?;
    of_text(text.trim_end_matches(['\n', '\r'])).map(Some)
}

fn read_channel(path: &Path, now: Timestamp) -> Result<ChannelFile, Failure> {
    let read = read_any(path, now)?;
    let channel = Channel::load(&read.config, now).map_err(|why| {
        let what = format!("a node would not load the configuration ({})", why.word());
        Failure::refused(what).because(why)
    })?;
    Ok(ChannelFile { read, channel })
}

fn of_channel(source: &Source, channel: &Channel) -> Result<Subject, Failure> {
    let tree = channel.policies();
    let group = group(tree, &source.group)?;
    if let Some(resource) = &source.resource {
        return of_resource(resource, channel);
    }
    // A path or a name has none of these, a policy's text has one.
    let path = source.text.as_ref().filter(|text| !text.contains(['(', ' ', '\'', '"']));
    if let Some(path) = path {
        return of_path(path, group, tree);
    }
    Ok(match standalone(source)? {
        None => Subject::Everything,
        Some(Standalone::Signatures(signatures)) => Subject::Signatures(signatures),
        Some(Standalone::Implicit(implicit)) => {
            let value = implicit.encode_to_vec();
            let policy = Policy { r#type: PolicyType::ImplicitMeta.into(), value };
            let (tree, found) = tree
                .with(group, &policy)
                .map_err(|why| Failure::refused("a node would not load the policy").because(why))?;
            let text = tree.text(found).unwrap_or_default();
            let name = format!("{text} of {}", source.group);
            Subject::Placed(Placed { tree, found, name, resource: None })
        }
    })
}

fn group(tree: &PolicyTree, path: &str) -> Result<usize, Failure> {
    let below =
        path.strip_prefix("/Channel").filter(|rest| rest.is_empty() || rest.starts_with('/'));
    let way = below.map(|below| below.split('/').filter(|name| !name.is_empty()));
    way.and_then(|way| tree.group(way)).ok_or_else(|| {
        Failure::usage(format!("the channel has no group `{path}`"))
            .hint(format!("it has {}", tree.paths().join(", ")))
    })
}

fn of_path(path: &str, group: usize, tree: &PolicyTree) -> Result<Subject, Failure> {
    // From the root, as nodes look up whatever begins with `/`.
    let (from, name) = if path.starts_with('/') {
        (tree.root().unwrap_or(group), path.to_owned())
    } else {
        (group, format!("{}/{path}", tree.path(group).unwrap_or_default()))
    };
    let found = tree.lookup(from, path);
    match found {
        Lookup::Found(_) => {
            Ok(Subject::Placed(Placed { tree: tree.clone(), found, name, resource: None }))
        }
        Lookup::Missing | Lookup::Crash => Err(Failure::refused(format!(
            "the channel has no policy `{name}`: what asks for it is refused"
        ))
        .hint("`chancery policy check --channel FILE` lists its policies")),
    }
}

fn of_resource(resource: &str, channel: &Channel) -> Result<Subject, Failure> {
    let unplaced = |word, text| {
        let resource = resource.to_owned();
        Ok(Subject::Unplaced(Unplaced { resource, right: (word, text) }))
    };
    match channel.access().right(resource) {
        Right::Policy(path) => {
            let tree = channel.policies();
            let found = tree.lookup(tree.root().unwrap_or_default(), &path);
            let (tree, resource) = (tree.clone(), Some(resource.to_owned()));
            Ok(Subject::Placed(Placed { tree, found, name: path, resource }))
        }
        Right::Local(LocalRight::Admin) => unplaced(
            "local-admin",
            "an administrator of the peer's own organization: no channel decides about it",
        ),
        Right::Local(LocalRight::Member) => unplaced(
            "local-member",
            "any member of the peer's own organization: no channel decides about it",
        ),
        Right::Proposal => {
            unplaced("proposal", "nothing beyond what the proposal had to satisfy (`peer/Propose`)")
        }
        Right::Denied => Err(Failure::refused(format!(
            "nobody knows the resource `{resource}`: access to it is denied"
        ))
        .hint("resources are named as in `core.yaml` and `ACLs`, e.g. `event/Block`")),
    }
}
