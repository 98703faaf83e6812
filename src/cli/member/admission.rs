//! `chancery channel apply` and what follows: organizations that ask to join a channel, and who lets them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use clap::Subcommand;
use serde_json::json;

use super::api;
use super::changed::tell_changes;
use super::changes::Pair;
use super::client::escaped;
use super::collections::set_document;
use super::key::sha256;
use super::orderers::signature_header;
use super::proposals::push_standing;
use super::server::{Caller, Member, Server, Session};
use crate::api::v2::{
    ApplicationBody, ApplicationList, ApplicationStateBody, ApplyRequest, ChannelDocumentBody,
    DeclineRequest, ProposalBody, SignProposalRequest, WithdrawApplicationRequest,
};
use crate::channel::{AdmissionApplication, Attached, CustodyStatement, withdrawal_of};
use crate::cli::document::read_text;
use crate::cli::exit::Failure;
use crate::cli::input::{LARGEST, read_argument};
use crate::cli::organization;
use crate::cli::output::{Output, printable};
use crate::clock::Clock;
use crate::secret::random;
use crate::wire::{FabricMspConfig, MspConfig, decode};

#[derive(Debug, Clone, Subcommand)]
pub(super) enum Command {
    /// Show the rules of admission of a channel, or set them
    ///
    /// Rules that do not fit the channel are refused, with the line. Setting them needs `chancery.ChannelMgr`.
    #[command(after_help = "\
Examples:
  chancery channel rules supply
  chancery channel rules supply --set admission.yaml")]
    Rules {
        /// The channel's ID
        #[arg(value_name = "ID")]
        id: String,
        /// A file with the new rules
        #[arg(long, value_name = "FILE")]
        set: Option<PathBuf>,
        #[command(flatten)]
        session: Session,
    },
    /// Apply for an organization's admission to a channel
    ///
    /// Needs no account at the server: the application is signed by an administrator of the MSP that it submits. Everything
    /// that it lacks is told at once.
    #[command(after_help = "\
Example:
  chancery channel apply supply --org Org3 --msp org3.mspconfig --contact 'Ada, ada@org3.example' \\
    --document licence=licence.pdf --msp-dir org3-admin/msp")]
    Apply(Box<Apply>),
    /// List the latest applications to a channel
    #[command(after_help = "Example:\n  chancery channel applications supply --open")]
    Applications {
        /// The channel's ID
        #[arg(value_name = "ID")]
        id: String,
        /// Only those that wait
        #[arg(long)]
        open: bool,
        #[command(flatten)]
        session: Session,
    },
    /// Show an application: what it says, what it changes, who has approved, what is missing
    #[command(after_help = "Example:\n  chancery channel application 57ecb0bb5e0aa2a8")]
    Application {
        /// The application
        #[arg(value_name = "APPLICATION")]
        application: String,
        /// Only how it stands, which needs no account: for who applied
        #[arg(long)]
        state: bool,
        #[command(flatten)]
        session: Session,
    },
    /// Approve an application with the member's key, in a file or in a token: one signature approves what it says and
    /// signs the update that admits
    ///
    /// The application, the hashes of its documents and what changes are told first.
    #[command(after_help = "\
Example:
  chancery channel approve 57ecb0bb5e0aa2a8 --msp-id Org1MSP --msp-dir org1-admin/msp")]
    Approve {
        /// The application
        #[arg(value_name = "APPLICATION")]
        application: String,
        /// The MSP ID of the member
        #[arg(long, value_name = "MSPID")]
        msp_id: String,
        #[command(flatten)]
        session: Session,
    },
    /// Decline an application
    #[command(
        after_help = "Example:\n  chancery channel decline 57ecb0bb5e0aa2a8 --reason 'the licence is over'"
    )]
    Decline {
        /// The application
        #[arg(value_name = "APPLICATION")]
        application: String,
        /// Why, in one line; who applied reads it
        #[arg(long, value_name = "TEXT")]
        reason: String,
        #[command(flatten)]
        session: Session,
    },
    /// Take an application back, with the key of an administrator of who applied
    #[command(
        after_help = "Example:\n  chancery channel withdraw-application 57ecb0bb5e0aa2a8 --msp-id Org3MSP --msp-dir org3-admin/msp"
    )]
    WithdrawApplication {
        /// The application
        #[arg(value_name = "APPLICATION")]
        application: String,
        /// The MSP ID of who applied
        #[arg(long, value_name = "MSPID")]
        msp_id: String,
        #[command(flatten)]
        server: Server,
        #[command(flatten)]
        member: Member,
    },
}

#[derive(Debug, Clone, clap::Args)]
pub(super) struct Apply {
    /// The channel's ID
    #[arg(value_name = "ID")]
    id: String,
    /// The name of the organization's group
    #[arg(long, value_name = "NAME")]
    org: String,
    /// The organization's MSP: a folder, or a file with an `MSPConfig`
    #[arg(long, value_name = "PATH")]
    msp: PathBuf,
    /// The MSP ID, where the MSP is a folder, which does not tell it
    #[arg(long, value_name = "MSPID")]
    msp_id: Option<String>,
    /// Whom to ask, in one line
    #[arg(long, value_name = "TEXT")]
    contact: String,
    /// A document, by its file or its hash; may repeat. The file stays here: its hash is told
    #[arg(long, value_name = "NAME=FILE|sha256:HEX")]
    document: Vec<Pair>,
    /// Where a document can be had; may repeat
    #[arg(long, value_name = "NAME=URI")]
    uri: Vec<Pair>,
    /// A policy of the organization that shall not be the usual one; may repeat
    #[arg(long, value_name = "NAME=RULE")]
    policy: Vec<Pair>,
    /// How the keys of its CAs are kept, in one line
    #[arg(long, value_name = "TEXT", requires = "evidence")]
    custody: Option<String>,
    /// The document that is evidence of it
    #[arg(long, value_name = "NAME", requires = "custody")]
    evidence: Option<String>,
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
            Self::Rules { id, set, session } => {
                if let Some(file) = set {
                    let kept = set_document(&session, &id, "admission", read_text(&file)?)?;
                    let text = format!("the rules of admission of `{}` are set", printable(&id));
                    return out.result(&kept, &text);
                }
                let path = format!("channels/{}/documents/admission", escaped(&id));
                let (client, caller) = session.open()?;
                let kept: ChannelDocumentBody = client.call("GET", &path, None, Some(&caller))?;
                out.result(&kept, &lines_of(&kept.content))
            }
            Self::Apply(apply) => apply.run(out),
            Self::Applications { id, open, session } => {
                let (client, caller) = session.open()?;
                let query = if open { "?state=open" } else { "" };
                let path = format!("channels/{}/applications{query}", escaped(&id));
                let list: ApplicationList = client.call("GET", &path, None, Some(&caller))?;
                let lines: Vec<String> = list.applications.iter().map(line).collect();
                out.result(&list, &lines.join("\n"))
            }
            Self::Application { application, state, session } => {
                let path = format!("applications/{}", escaped(&application));
                if state {
                    let (client, _) = session.server().connect()?;
                    let told: ApplicationStateBody =
                        client.call("GET", &format!("{path}/state"), None, None)?;
                    return out.result(&told, &state_line(&told));
                }
                let (client, caller) = session.open()?;
                let shown: ApplicationBody = client.call("GET", &path, None, Some(&caller))?;
                tell(&shown, out)
            }
            Self::Approve { application, msp_id, session } => {
                approve(&application, &msp_id, &session, out)
            }
            Self::Decline { application, reason, session } => {
                let (client, caller) = session.open()?;
                let path = format!("applications/{}/decline", escaped(&application));
                let body = api::body(&DeclineRequest { reason })?;
                client.call_for_octets("POST", &path, Some(&body), Some(&caller))?;
                out.result(&json!({ "declined": application }), &format!("declined: {application}"))
            }
            Self::WithdrawApplication { application, msp_id, server, member } => {
                let (client, _) = server.connect()?;
                let caller = member.caller()?;
                let path = format!("applications/{}", escaped(&application));
                let told: ApplicationStateBody =
                    client.call("GET", &format!("{path}/state"), None, None)?;
                let message = withdrawal_of(&digest_of(&told.digest)?);
                let (header, signature) = sign(&msp_id, &caller, &[], &message)?;
                let body = api::body(&WithdrawApplicationRequest { header, signature })?;
                client.call_for_octets("POST", &format!("{path}/withdrawal"), Some(&body), None)?;
                out.result(
                    &json!({ "withdrawn": application }),
                    &format!("withdrawn: {application}"),
                )
            }
        }
    }
}

impl Apply {
    fn run(self, out: &Output) -> Result<(), Failure> {
        let (msp, warnings) = organization::read(&self.msp, self.msp_id.as_deref(), "--msp-id")?;
        for warning in &warnings {
            out.note(warning);
        }
        let documents = self.documents()?;
        let custody = self.custody.clone().zip(self.evidence.clone());
        let application = AdmissionApplication {
            channel: self.id.clone(),
            organization: self.org,
            msp: STANDARD.encode(&msp),
            contact: self.contact,
            documents,
            policies: self.policy.into_iter().map(|Pair(name, rule)| (name, rule)).collect(),
            custody: custody.map(|(statement, evidence)| CustodyStatement { statement, evidence }),
            at: Clock::system().now().to_string(),
            nonce: hex::encode(random::<12>().map_err(|error| {
                Failure::refused("the system gives no randomness").because(error)
            })?),
        };
        let content = api::body(&application)?;
        let (client, _) = self.server.connect()?;
        let caller = self.member.caller()?;
        let (header, signature) = sign(&msp_id_of(&msp)?, &caller, &[], &content)?;
        let content = STANDARD.encode(content);
        let body = api::body(&ApplyRequest { content, header, signature })?;
        let path = format!("channels/{}/applications", escaped(&self.id));
        let made: ApplicationStateBody = client.call("POST", &path, Some(&body), None)?;
        out.result(&made, &state_line(&made))
    }

    fn documents(&self) -> Result<Vec<Attached>, Failure> {
        let mut uris: BTreeMap<&str, &str> =
            self.uri.iter().map(|Pair(name, uri)| (name.as_str(), uri.as_str())).collect();
        let mut documents = Vec::new();
        for Pair(name, from) in &self.document {
            let sha256 = match from.strip_prefix("sha256:") {
                Some(hash) => hash.to_owned(),
                None => hex::encode(sha256(&read_argument(&PathBuf::from(from), LARGEST)?)),
            };
            let uri = uris.remove(name.as_str()).map(str::to_owned);
            documents.push(Attached { name: name.clone(), sha256, uri });
        }
        match uris.keys().next() {
            Some(name) => Err(Failure::usage(format!("`--uri {name}=...` is of no `--document`"))),
            None => Ok(documents),
        }
    }
}

/// Shows what is approved, and signs it.
fn approve(
    application: &str,
    msp_id: &str,
    session: &Session,
    out: &Output,
) -> Result<(), Failure> {
    let (client, caller) = session.open()?;
    let path = format!("applications/{}", escaped(application));
    let shown: ApplicationBody = client.call("GET", &path, None, Some(&caller))?;
    let bad =
        |why: &str| Failure::refused(format!("the server's application cannot be used: {why}"));

    // What is approved is what is shown: read from the octets that the digest is of.
    let octets = STANDARD.decode(&shown.signed).map_err(|_| bad("it is no base64"))?;
    let digest = AdmissionApplication::digest(&octets);
    if digest != digest_of(&shown.digest)? {
        return Err(bad("its digest is another"));
    }
    let content = AdmissionApplication::read(&octets).map_err(|why| bad(&why.to_string()))?;
    for line in content_lines(&content) {
        out.note(&line);
    }
    let proposal = shown.proposal.ok_or_else(|| bad("there is no proposal"))?;
    let standing = proposal.standing.unwrap_or_default();
    let update = STANDARD.decode(&standing.update).map_err(|_| bad("its update is no base64"))?;
    if proposal.state == "open" {
        tell_changes(&client, &caller, &proposal.channel, &update, out)?;
    }
    for line in &standing.warnings {
        out.note(line);
    }
    let (header, signature) = sign(msp_id, &caller, &digest, &update)?;
    let body = api::body(&SignProposalRequest { header, signature })?;
    let sign = format!("proposals/{}/signatures", escaped(&proposal.id));
    let _: ProposalBody = client.call("POST", &sign, Some(&body), None)?;
    let after: ApplicationBody = client.call("GET", &path, None, Some(&caller))?;
    tell(&after, out)
}

/// A signature header whose nonce begins so, and the signature over it and the message; both in base64.
fn sign(
    msp_id: &str,
    caller: &Caller,
    nonce: &[u8],
    message: &[u8],
) -> Result<(String, String), Failure> {
    let header = signature_header(msp_id, &caller.certificate.to_pem(), nonce)?;
    let signature = caller.key.sign_digest(&sha256(&[&header, message].concat()))?;
    Ok((STANDARD.encode(header), STANDARD.encode(signature)))
}

fn digest_of(text: &str) -> Result<[u8; 32], Failure> {
    let octets = hex::decode(text).ok().and_then(|octets| octets.try_into().ok());
    octets.ok_or_else(|| Failure::refused("the server's digest of the application is none"))
}

fn msp_id_of(msp: &[u8]) -> Result<String, Failure> {
    let read = decode(msp).ok().and_then(|outer: MspConfig| decode(&outer.config).ok());
    let config: FabricMspConfig =
        read.ok_or_else(|| Failure::usage("`--msp` holds no `MSPConfig`"))?;
    Ok(config.name)
}

fn tell(application: &ApplicationBody, out: &Output) -> Result<(), Failure> {
    let mut lines = vec![line(application)];
    if let Some(content) = &application.content {
        lines.extend(content_lines(content).iter().map(|line| format!("  {line}")));
    }
    if let Some(standing) = application.proposal.as_ref().and_then(|it| it.standing.as_ref()) {
        push_standing(standing, &mut lines);
    }
    if !application.asked_anew.is_empty() {
        let who = application.asked_anew.join(", ");
        lines.push(format!(
            "  the update was rebased: the approval of {} is asked for anew",
            printable(&who)
        ));
    }
    out.result(application, &lines.join("\n"))
}

fn line(application: &ApplicationBody) -> String {
    let outcome = application.outcome.as_ref().map(|outcome| format!(" ({})", printable(outcome)));
    format!(
        "{}  {}{}  {}  {} ({})  on {}, until {}  proposal {}",
        printable(&application.id),
        printable(&application.state),
        outcome.unwrap_or_default(),
        printable(&application.channel),
        printable(&application.organization),
        printable(&application.msp_id),
        printable(&application.at),
        printable(&application.expires_at),
        printable(&application.proposal_id),
    )
}

fn state_line(told: &ApplicationStateBody) -> String {
    let outcome = told.outcome.as_ref().map(|outcome| format!(" ({})", printable(outcome)));
    format!(
        "{}  {}{}  until {}",
        printable(&told.id),
        printable(&told.state),
        outcome.unwrap_or_default(),
        printable(&told.expires_at)
    )
}

fn content_lines(content: &AdmissionApplication) -> Vec<String> {
    let mut lines = vec![format!(
        "{} applies to `{}`; contact: {}",
        printable(&content.organization),
        printable(&content.channel),
        printable(&content.contact)
    )];
    for document in &content.documents {
        let uri = document.uri.as_ref().map(|uri| format!("  {}", printable(uri)));
        lines.push(format!(
            "document {}: sha256:{}{}",
            printable(&document.name),
            printable(&document.sha256),
            uri.unwrap_or_default()
        ));
    }
    if let Some(custody) = &content.custody {
        lines.push(format!(
            "custody of the keys: {} (evidence: {})",
            printable(&custody.statement),
            printable(&custody.evidence)
        ));
    }
    let own = content.policies.iter();
    lines
        .extend(own.map(|(name, rule)| format!("policy {}: {}", printable(name), printable(rule))));
    lines
}

fn lines_of(text: &str) -> String {
    let lines: Vec<String> = text.lines().map(|line| printable(line).into_owned()).collect();
    lines.join("\n")
}
