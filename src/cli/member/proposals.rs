//! `chancery channel propose` and what follows: updates of channels on their way.

use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use serde_json::json;

use super::api;
use super::changed::tell_changes;
use super::changes::{Asked, Changes};
use super::client::escaped;
use super::files::{self, Access};
use super::key::sha256;
use super::orderers::signature_header;
use super::server::{Member, Server, Session};
use super::submit::Submit;
use crate::api::v2::{
    EnvelopeBody, ProposalBody, ProposalList, ProposeRequest, SignProposalRequest, SimulateRequest,
    StandingBody,
};
use crate::cli::exit::Failure;
use crate::cli::input::{LARGEST, read_argument};
use crate::cli::output::{Output, printable};
use crate::wire::Message as _;

#[derive(Debug, Clone, Subcommand)]
pub(super) enum Command {
    /// Propose a change of a channel, and see what it means before anyone signs
    ///
    /// Changes are made in the order: MSPs, organizations that join and leave, policies, access control lists, anchor
    /// peers, endpoints, capabilities, blocks, consenters, maintenance. Needs `chancery.ChannelMgr`.
    #[command(after_help = "\
Examples:
  chancery channel propose supply --title 'Org3 joins' --admit Org3=org3.mspconfig
  chancery channel propose supply --title 'new list' --replace-msp org1.mspconfig
  chancery channel propose supply --title 'stricter' --policy '/Channel/Application/Endorsement=ALL Endorsement'
  chancery channel propose supply --title 'as in the document' --yaml channel.yaml
  chancery channel propose supply --title 'faster blocks' --batch-timeout 500ms")]
    Propose(Box<Propose>),
    /// Tell all that a proposal would tell, and keep nothing
    ///
    /// Takes what `propose` takes. Nobody needs a right for it.
    #[command(
        after_help = "Example:\n  chancery channel simulate supply --remove Org3\n  chancery channel simulate supply --yaml channel.yaml"
    )]
    Simulate(Box<Simulate>),
    /// List the latest proposals of a channel
    #[command(after_help = "Example:\n  chancery channel proposals supply --open")]
    Proposals {
        /// The channel's ID
        #[arg(value_name = "ID")]
        id: String,
        /// Only those that take signatures
        #[arg(long)]
        open: bool,
        #[command(flatten)]
        session: Session,
    },
    /// Show a proposal: what it changes, who must sign, who has
    #[command(after_help = "Example:\n  chancery channel proposal 57ecb0bb5e0aa2a8")]
    Proposal {
        /// The proposal
        #[arg(value_name = "PROPOSAL")]
        proposal: String,
        #[command(flatten)]
        session: Session,
    },
    /// Sign a proposal with the member's key, in a file or in a token; the last signature that is needed
    /// applies it
    ///
    /// What it changes is told first.
    #[command(after_help = "\
Examples:
  chancery channel sign 57ecb0bb5e0aa2a8 --msp-id Org1MSP --msp-dir org1-admin/msp
  chancery channel sign 57ecb0bb5e0aa2a8 --msp-id Org2MSP --msp-dir org2-admin/msp --update update.pb")]
    Sign(Box<Sign>),
    Submit(Box<Submit>),
    /// Take a proposal back
    #[command(after_help = "Example:\n  chancery channel withdraw 57ecb0bb5e0aa2a8")]
    Withdraw {
        /// The proposal
        #[arg(value_name = "PROPOSAL")]
        proposal: String,
        #[command(flatten)]
        session: Session,
    },
    /// Put a proposal where it fits after the channel has moved on; it is signed anew
    #[command(after_help = "Example:\n  chancery channel rebase 57ecb0bb5e0aa2a8")]
    Rebase {
        /// The proposal
        #[arg(value_name = "PROPOSAL")]
        proposal: String,
        #[command(flatten)]
        session: Session,
    },
    /// Write the update with its signatures as an envelope for the channel's orderers, signed by the member
    #[command(
        after_help = "Example:\n  chancery channel envelope 57ecb0bb5e0aa2a8 --msp-id Org1MSP --out update.envelope"
    )]
    Envelope {
        /// The proposal
        #[arg(value_name = "PROPOSAL")]
        proposal: String,
        /// The MSP ID of the member, who is its sender
        #[arg(long, value_name = "MSPID")]
        msp_id: String,
        /// Where it goes
        #[arg(long, short, value_name = "FILE")]
        out: PathBuf,
        #[command(flatten)]
        session: Session,
    },
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Propose {
    /// The channel's ID
    #[arg(value_name = "ID")]
    id: String,
    /// What people shall call it
    #[arg(long, value_name = "TEXT")]
    title: String,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    session: Session,
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Simulate {
    /// The channel's ID
    #[arg(value_name = "ID")]
    id: String,
    #[command(flatten)]
    changes: Changes,
    #[command(flatten)]
    session: Session,
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Sign {
    /// The proposal
    #[arg(value_name = "PROPOSAL")]
    proposal: String,
    /// The MSP ID of the member
    #[arg(long, value_name = "MSPID")]
    msp_id: String,
    /// The update that was looked at before, for members whose CA is not the server's: they cannot fetch it
    #[arg(long, value_name = "FILE")]
    update: Option<PathBuf>,
    #[command(flatten)]
    server: Server,
    #[command(flatten)]
    member: Member,
}

impl Command {
    /// Asks.
    ///
    /// # Errors
    /// When a file cannot be read, or the server refuses.
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        match self {
            Self::Propose(propose) => propose.run(out),
            Self::Simulate(simulate) => simulate.run(out),
            Self::Sign(sign) => sign.run(out),
            Self::Submit(submit) => submit.run(out),
            Self::Proposals { id, open, session } => {
                let (client, caller) = session.open()?;
                let query = if open { "?state=open" } else { "" };
                let path = format!("channels/{}/proposals{query}", escaped(&id));
                let list: ProposalList = client.call("GET", &path, None, Some(&caller))?;
                let lines: Vec<String> = list.proposals.iter().map(line).collect();
                out.result(&list, &lines.join("\n"))
            }
            Self::Proposal { proposal, session } => {
                let (client, caller) = session.open()?;
                let path = format!("proposals/{}", escaped(&proposal));
                let shown: ProposalBody = client.call("GET", &path, None, Some(&caller))?;
                tell(&shown, out)
            }
            Self::Withdraw { proposal, session } => {
                let (client, caller) = session.open()?;
                let path = format!("proposals/{}", escaped(&proposal));
                client.call_for_octets("DELETE", &path, None, Some(&caller))?;
                out.result(&json!({ "withdrawn": proposal }), &format!("withdrawn: {proposal}"))
            }
            Self::Rebase { proposal, session } => {
                let (client, caller) = session.open()?;
                let path = format!("proposals/{}/rebase", escaped(&proposal));
                let shown: ProposalBody = client.call("POST", &path, None, Some(&caller))?;
                tell(&shown, out)
            }
            Self::Envelope { proposal, msp_id, out: file, session } => {
                let (client, caller) = session.open()?;
                let header = signature_header(&msp_id, &caller.certificate.to_pem(), &[])?;
                let path = format!(
                    "proposals/{}/envelope?header={}",
                    escaped(&proposal),
                    escaped(&STANDARD.encode(&header))
                );
                let made: EnvelopeBody = client.call("GET", &path, None, Some(&caller))?;
                let bad = || Failure::refused("the server's envelope cannot be used");
                let octets =
                    STANDARD.decode(&made.envelope).map_err(|error| bad().because(error))?;
                let mut envelope: crate::wire::Envelope =
                    crate::wire::decode(&octets).map_err(|error| bad().because(error))?;
                envelope.signature = caller.key.sign_digest(&sha256(&envelope.payload))?;
                files::write(&file, &envelope.encode_to_vec(), Access::Public)?;
                out.result(&json!({ "envelope": file }), &format!("written {}", file.display()))
            }
        }
    }
}

impl Propose {
    fn run(self, out: &Output) -> Result<(), Failure> {
        let Asked { changes, config, update } = self.changes.read(&self.id)?;
        let body = api::body(&ProposeRequest { title: self.title, changes, config, update })?;
        let (client, caller) = self.session.open()?;
        let path = format!("channels/{}/proposals", escaped(&self.id));
        let made: ProposalBody = client.call("POST", &path, Some(&body), Some(&caller))?;
        tell(&made, out)
    }
}

impl Simulate {
    fn run(self, out: &Output) -> Result<(), Failure> {
        let Asked { changes, config, update } = self.changes.read(&self.id)?;
        let body = api::body(&SimulateRequest { changes, config, update })?;
        let (client, caller) = self.session.open()?;
        let path = format!("channels/{}/simulate", escaped(&self.id));
        let told: StandingBody = client.call("POST", &path, Some(&body), Some(&caller))?;
        let mut lines = vec![format!("nothing is proposed; it would change of `{}`:", self.id)];
        push_standing(&told, &mut lines);
        out.result(&told, &lines.join("\n"))
    }
}

impl Sign {
    fn run(self, out: &Output) -> Result<(), Failure> {
        let (client, _) = self.server.connect()?;
        let caller = self.member.caller()?;
        let path = format!("proposals/{}", escaped(&self.proposal));
        let update = if let Some(file) = &self.update {
            read_argument(file, LARGEST)?
        } else {
            let shown: ProposalBody = client.call("GET", &path, None, Some(&caller))?;
            if shown.state != "open" {
                return Err(Failure::refused(format!("the proposal is {}", shown.state)));
            }
            let standing = shown.standing.unwrap_or_default();
            let update = STANDARD.decode(&standing.update).map_err(|error| {
                Failure::refused("the server's update cannot be used").because(error)
            })?;
            tell_changes(&client, &caller, &shown.channel, &update, out)?;
            for line in &standing.warnings {
                out.note(line);
            }
            update
        };
        let header = signature_header(&self.msp_id, &caller.certificate.to_pem(), &[])?;
        let signed = [header.as_slice(), update.as_slice()].concat();
        let signature = caller.key.sign_digest(&sha256(&signed))?;
        let body = api::body(&SignProposalRequest {
            header: STANDARD.encode(header),
            signature: STANDARD.encode(signature),
        })?;
        let path = format!("{path}/signatures");
        let shown: ProposalBody = client.call("POST", &path, Some(&body), None)?;
        tell(&shown, out)
    }
}

fn tell(proposal: &ProposalBody, out: &Output) -> Result<(), Failure> {
    let mut lines = vec![line(proposal)];
    if let Some(standing) = &proposal.standing {
        push_standing(standing, &mut lines);
    }
    out.result(proposal, &lines.join("\n"))
}

fn line(proposal: &ProposalBody) -> String {
    let outcome = proposal.outcome.as_ref().map(|outcome| format!(" ({})", printable(outcome)));
    format!(
        "{}  {}{}  {}  by {} on {}  {}",
        printable(&proposal.id),
        printable(&proposal.state),
        outcome.unwrap_or_default(),
        printable(&proposal.channel),
        printable(&proposal.proposer),
        printable(&proposal.at),
        printable(&proposal.title)
    )
}

pub(super) fn push_standing(standing: &StandingBody, lines: &mut Vec<String>) {
    let mut all = |word: &str, texts: &[String]| {
        lines.extend(texts.iter().map(|text| format!("  {word}{}", printable(text))));
    };
    all("", &standing.changes);
    all("", &standing.effects);
    all("warning: ", &standing.warnings);
    for signature in &standing.signatures {
        let who = signature.msp_id.as_deref().unwrap_or("somebody whom the channel does not know");
        let refused = signature
            .refused
            .as_ref()
            .map(|why| format!(", which does not count: {}", printable(why)));
        let deed = if signature.approves { "approved" } else { "signed" };
        lines.push(format!("  {deed} by {}{}", printable(who), refused.unwrap_or_default()));
    }
    for demand in &standing.demands {
        let policy = printable(&demand.policy);
        match &demand.needs {
            None => lines.push(format!("  {policy}: satisfied")),
            Some(needs) => {
                lines.push(format!("  {policy}: still needed: {}", printable(needs)));
                lines.extend(demand.sets.iter().map(|set| format!("    e.g. {}", printable(set))));
            }
        }
    }
    if let Some(conflict) = &standing.conflict {
        lines.push(format!("  it cannot be applied any more: {}", printable(conflict)));
        lines.push(
            "  `chancery channel rebase` puts it where it fits, if it still means the same"
                .to_owned(),
        );
    } else if standing.ready {
        lines.push("  it is signed enough: hand its envelope to the orderers".to_owned());
    }
}
