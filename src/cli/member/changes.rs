//! What shall be changed of a channel, as arguments say it.

use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::api::v2::{ChangeBody, ConsenterBody, SectionBody};
use crate::cli::document::read_channel;
use crate::cli::exit::Failure;
use crate::cli::input::{LARGEST, read_argument};
use crate::clock::Clock;
use crate::wire::canonical;

/// What shall be changed.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Changes {
    /// Let an organization in, with the usual policies; may repeat
    #[arg(long, value_name = "NAME=MSPCONFIG")]
    admit: Vec<Pair>,
    /// Remove an organization; may repeat
    #[arg(long, value_name = "NAME")]
    remove: Vec<String>,
    /// Replace an MSP wherever it stands, e.g. by what `chancery msp export` wrote; may repeat
    #[arg(long, value_name = "MSPCONFIG")]
    replace_msp: Vec<PathBuf>,
    /// Set a policy; may repeat
    #[arg(long, value_name = "PATH=RULE")]
    policy: Vec<Pair>,
    /// What a resource of peers asks for; nothing after the sign for the usual; may repeat
    #[arg(long, value_name = "RESOURCE=POLICY")]
    acl: Vec<Pair>,
    /// The anchor peers of an organization, all of them between commas; may repeat
    #[arg(long, value_name = "NAME=HOST:PORT,...")]
    anchor_peers: Vec<Pair>,
    #[command(flatten)]
    orderers: OrdererChanges,
    /// A document with the whole channel as it shall be; versions in it are not looked at
    #[arg(long, value_name = "FILE", conflicts_with_all = ["config", "update"])]
    yaml: Option<PathBuf>,
    /// A file with the whole configuration as it shall be
    #[arg(long, value_name = "FILE", conflicts_with = "update")]
    config: Option<PathBuf>,
    /// A file with a `ConfigUpdate`
    #[arg(long, value_name = "FILE")]
    update: Option<PathBuf>,
}

/// Changes of the orderers and of what nodes must be able to do.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Orderers and capabilities")]
struct OrdererChanges {
    /// Where the orderers of an organization are, all of them between commas; may repeat
    #[arg(long, value_name = "NAME=HOST:PORT,...")]
    endpoints: Vec<Pair>,
    /// The capabilities of `channel`, `orderer` or `application`, all of them between commas; may repeat
    #[arg(long, value_name = "SECTION=NAME,...")]
    capabilities: Vec<Pair>,
    /// Forget the consortium that the channel was made for
    #[arg(long)]
    forget_consortium: bool,
    /// Transactions of a block at most
    #[arg(long, value_name = "NUMBER")]
    max_message_count: Option<u32>,
    /// Octets of a block at most
    #[arg(long, value_name = "OCTETS")]
    absolute_max_bytes: Option<u32>,
    /// Octets of a block at most, unless one transaction is larger
    #[arg(long, value_name = "OCTETS")]
    preferred_max_bytes: Option<u32>,
    /// How long a block is waited for, e.g. `2s`
    #[arg(long, value_name = "DURATION")]
    batch_timeout: Option<String>,
    /// Enter (`on`) or leave (`off`) maintenance; it goes with no other change
    #[arg(long, value_name = "on|off")]
    maintenance: Option<Switch>,
    /// Let a consenter take part: where it listens, and the files of its TLS certificates as client and server; with
    /// BFT also its MSP ID and the file of its certificate
    #[arg(long, value_name = "HOST:PORT,CLIENT,SERVER[,MSPID,CERTIFICATE]")]
    add_consenter: Vec<String>,
    /// Let a consenter take part no longer
    #[arg(long, value_name = "HOST:PORT")]
    remove_consenter: Vec<String>,
    /// Put a consenter in another's place
    #[arg(long, value_name = "HOST:PORT=HOST:PORT,CLIENT,SERVER[,...]")]
    exchange_consenter: Vec<Pair>,
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Switch {
    On,
    Off,
}

/// `NAME=VALUE`.
#[derive(Debug, Clone)]
pub(super) struct Pair(pub(super) String, pub(super) String);

impl FromStr for Pair {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, value) = text.split_once('=').ok_or("has no `=`")?;
        if name.is_empty() {
            return Err("has nothing before the `=`");
        }
        Ok(Self(name.to_owned(), value.to_owned()))
    }
}

/// What a body asks for.
#[derive(Debug, Default)]
pub(super) struct Asked {
    pub(super) changes: Vec<ChangeBody>,
    pub(super) config: Option<String>,
    pub(super) update: Option<String>,
}

impl Changes {
    /// Reads the files that are named. `id` is the channel's.
    pub(super) fn read(&self, id: &str) -> Result<Asked, Failure> {
        let mut changes = Vec::new();
        for path in &self.replace_msp {
            changes.push(ChangeBody::ReplaceMsp { msp: file(path)? });
        }
        for Pair(name, path) in &self.admit {
            changes.push(ChangeBody::Admit { name: name.clone(), msp: file(path.as_ref())? });
        }
        let remove = |name: &String| ChangeBody::Remove { name: name.clone() };
        changes.extend(self.remove.iter().map(remove));
        changes.extend(self.policy.iter().map(|Pair(path, rule)| ChangeBody::SetPolicy {
            path: path.clone(),
            rule: rule.clone(),
        }));
        changes.extend(self.acl.iter().map(|Pair(resource, policy)| ChangeBody::SetAcl {
            resource: resource.clone(),
            policy: Some(policy.clone()).filter(|policy| !policy.is_empty()),
        }));
        changes.extend(self.anchor_peers.iter().map(|Pair(name, peers)| {
            ChangeBody::SetAnchorPeers { name: name.clone(), peers: parts(peers) }
        }));
        changes.extend(self.orderers.read()?);
        let whole = match (&self.yaml, &self.config) {
            (Some(path), _) => Some(of_document(path, id)?),
            (None, Some(path)) => Some(file(path)?),
            (None, None) => None,
        };
        let update = self.update.as_deref().map(file).transpose()?;
        match (changes.is_empty(), whole.is_some() || update.is_some()) {
            (true, false) => Err(Failure::usage("nothing is changed").hint(
                "say what with `--admit`, `--remove`, `--replace-msp`, `--policy`, `--acl`, `--anchor-peers`, `--yaml`, \
                 `--config`, `--update` or an option for orderers",
            )),
            (false, true) => Err(Failure::usage(
                "`--yaml`, `--config` and `--update` say everything: other changes do not go with them",
            )),
            (true, true) | (false, false) => Ok(Asked { changes, config: whole, update }),
        }
    }
}

impl OrdererChanges {
    fn read(&self) -> Result<Vec<ChangeBody>, Failure> {
        let mut changes: Vec<ChangeBody> = Vec::new();
        changes.extend(self.endpoints.iter().map(|Pair(name, endpoints)| {
            ChangeBody::SetEndpoints { name: name.clone(), endpoints: parts(endpoints) }
        }));
        for Pair(section, names) in &self.capabilities {
            let section = match section.as_str() {
                "channel" => SectionBody::Channel,
                "orderer" => SectionBody::Orderer,
                "application" => SectionBody::Application,
                other => {
                    let why = format!("`{other}` is none of channel, orderer and application");
                    return Err(Failure::usage(why));
                }
            };
            changes.push(ChangeBody::SetCapabilities { section, names: parts(names) });
        }
        if self.forget_consortium {
            changes.push(ChangeBody::ForgetConsortium {});
        }
        let sizes = (self.max_message_count, self.absolute_max_bytes, self.preferred_max_bytes);
        if sizes != (None, None, None) {
            changes.push(ChangeBody::SetBatchSize {
                max_message_count: sizes.0,
                absolute_max_bytes: sizes.1,
                preferred_max_bytes: sizes.2,
            });
        }
        let timeout = self.batch_timeout.clone();
        changes.extend(timeout.map(|timeout| ChangeBody::SetBatchTimeout { timeout }));
        for at in &self.remove_consenter {
            changes.push(ChangeBody::RemoveConsenter { at: at.clone() });
        }
        for Pair(at, new) in &self.exchange_consenter {
            let (at, consenter) = (at.clone(), consenter(new)?);
            changes.push(ChangeBody::ExchangeConsenter { at, consenter });
        }
        for new in &self.add_consenter {
            changes.push(ChangeBody::AddConsenter { consenter: consenter(new)? });
        }
        changes.extend(
            self.maintenance
                .map(|switch| ChangeBody::SetMaintenance { on: matches!(switch, Switch::On) }),
        );
        Ok(changes)
    }
}

fn file(path: &Path) -> Result<String, Failure> {
    Ok(STANDARD.encode(read_argument(path, LARGEST)?))
}

fn parts(text: &str) -> Vec<String> {
    text.split(',').filter(|part| !part.is_empty()).map(str::to_owned).collect()
}

fn consenter(text: &str) -> Result<ConsenterBody, Failure> {
    let pem = |path: &str| {
        let octets = read_argument(Path::new(path), LARGEST)?;
        String::from_utf8(octets)
            .map_err(|why| Failure::usage(format!("`{path}` is no PEM file")).because(why))
    };
    let parts: Vec<&str> = text.split(',').collect();
    let (at, client, server, identity) = match parts.as_slice() {
        [at, client, server] => (at, client, server, None),
        [at, client, server, msp_id, certificate] => {
            (at, client, server, Some((*msp_id, *certificate)))
        }
        _ => {
            let why = format!(
                "`{text}` is not HOST:PORT,CLIENT,SERVER or HOST:PORT,CLIENT,SERVER,MSPID,CERTIFICATE"
            );
            return Err(Failure::usage(why));
        }
    };
    Ok(ConsenterBody {
        at: (*at).to_owned(),
        client_tls: pem(client)?,
        server_tls: pem(server)?,
        msp_id: identity.map(|(msp_id, _)| msp_id.to_owned()),
        identity: identity.map(|(_, certificate)| pem(certificate)).transpose()?,
        id: None,
    })
}

/// The configuration of a document, which must be of this channel.
fn of_document(path: &Path, id: &str) -> Result<String, Failure> {
    let compiled = read_channel(path, Clock::system().now())?;
    let told = compiled.current.channel_id();
    if told != id {
        let why = format!("`{}` is of the channel `{told}`", path.display());
        return Err(Failure::usage(why));
    }
    Ok(STANDARD.encode(canonical(compiled.current.config())))
}
