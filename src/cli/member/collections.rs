//! `chancery channel collections` and `access`: private data.

use std::path::PathBuf;
use std::str::FromStr;

use clap::Subcommand;

use super::api;
use super::client::escaped;
use super::server::Session;
use super::verify::certificate;
use crate::api::v2::{
    ChannelDocumentBody, CollectionAccessBody, CollectionAccessList, CollectionAccessRequest,
    CollectionBody, CollectionList, IdentityText, SetChannelDocumentRequest,
};
use crate::cli::document::read_text;
use crate::cli::exit::Failure;
use crate::cli::output::{Output, printable};

#[derive(Debug, Clone, Subcommand)]
pub(super) enum Command {
    /// List the collections of private data of a channel, or set them
    ///
    /// They are written in a document, and judged as a peer does. Setting them needs `chancery.ChannelMgr`.
    #[command(after_help = "\
Examples:
  chancery channel collections supply
  chancery channel collections supply --set collections.yaml")]
    Collections {
        /// The channel's ID
        #[arg(value_name = "ID")]
        id: String,
        /// A file with the new document
        #[arg(long, value_name = "FILE")]
        set: Option<PathBuf>,
        #[command(flatten)]
        session: Session,
    },
    /// Tell what somebody may do today with collections of private data
    #[command(after_help = "\
Example:
  chancery channel access supply --by Org1MSP,members/clerk/msp --collection trade/prices-1-2")]
    Access {
        /// The channel's ID
        #[arg(value_name = "ID")]
        id: String,
        /// Who: MSP ID and certificate (a PEM file or an MSP folder), with a comma between
        #[arg(long, value_name = "MSPID,CERTIFICATE")]
        by: By,
        /// A collection: CHAINCODE/NAME, NAME, or `_implicit_org_MSPID`; may repeat. All without it
        #[arg(long, value_name = "NAME")]
        collection: Vec<String>,
        #[command(flatten)]
        session: Session,
    },
}

/// Somebody on the command line.
#[derive(Debug, Clone)]
pub(super) struct By {
    msp_id: String,
    certificate: PathBuf,
}

impl FromStr for By {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.split_once(',') {
            Some((msp_id, certificate)) if !msp_id.is_empty() && !certificate.is_empty() => {
                Ok(Self { msp_id: msp_id.to_owned(), certificate: certificate.into() })
            }
            _ => Err("is not MSPID,CERTIFICATE"),
        }
    }
}

impl Command {
    /// Asks.
    ///
    /// # Errors
    /// When a file cannot be read, or the server refuses.
    pub(super) fn run(self, out: &Output) -> Result<(), Failure> {
        match self {
            Self::Collections { id, set: Some(file), session } => {
                let kept = set_document(&session, &id, "collections", read_text(&file)?)?;
                out.result(&kept, &format!("the collections of `{}` are set", printable(&id)))
            }
            Self::Collections { id, set: None, session } => {
                let (client, caller) = session.open()?;
                let path = format!("channels/{}/collections", escaped(&id));
                let list: CollectionList = client.call("GET", &path, None, Some(&caller))?;
                let lines: Vec<String> = list.collections.iter().map(line).collect();
                out.result(&list, &lines.join("\n"))
            }
            Self::Access { id, by, collection, session } => {
                let (msp_id, pem) = (by.msp_id, certificate(&by.certificate)?);
                let identity =
                    IdentityText::Named { msp_id: msp_id.into(), certificate: pem.into() };
                let body =
                    api::body(&CollectionAccessRequest { identity, collections: collection })?;
                let (client, caller) = session.open()?;
                let path = format!("channels/{}/collections/access", escaped(&id));
                let told: CollectionAccessList =
                    client.call("POST", &path, Some(&body), Some(&caller))?;
                let mut lines: Vec<String> = Vec::new();
                if let Some(why) = &told.detail {
                    lines.push(format!("no valid member of the channel: {}", printable(why)));
                }
                lines.extend(told.collections.iter().map(access_line));
                out.result(&told, &lines.join("\n"))
            }
        }
    }
}

/// Keeps a document of a channel.
pub(super) fn set_document(
    session: &Session,
    id: &str,
    kind: &str,
    content: String,
) -> Result<ChannelDocumentBody, Failure> {
    let path = format!("channels/{}/documents/{kind}", escaped(id));
    let body = api::body(&SetChannelDocumentRequest { content })?;
    let (client, caller) = session.open()?;
    client.call("PUT", &path, Some(&body), Some(&caller))
}

fn named(chaincode: Option<&String>, name: &str) -> String {
    let chaincode = chaincode.map(|chaincode| format!("{}/", printable(chaincode)));
    format!("{}{}", chaincode.unwrap_or_default(), printable(name))
}

fn line(one: &CollectionBody) -> String {
    let only = |only: bool| if only { "members" } else { "whoever may propose" };
    let kept = match one.block_to_live {
        0 => "for ever".to_owned(),
        blocks => format!("for {blocks} blocks"),
    };
    let endorsed = one.endorsement.as_ref();
    let endorsed = endorsed.map(|by| format!("  endorsed by {}", printable(by)));
    format!(
        "{}  members {}  kept by {} {kept}  read by {}  written by {}  peers {} to {}{}",
        named(one.chaincode.as_ref(), &one.name),
        printable(one.members.as_deref().unwrap_or("a policy that the language has no text for")),
        printable(&one.stored_by.join(", ")),
        only(one.member_only_read),
        only(one.member_only_write),
        one.required_peer_count,
        one.max_peer_count,
        endorsed.unwrap_or_default(),
    )
}

fn access_line(one: &CollectionAccessBody) -> String {
    let may = match (one.read, one.write) {
        (true, true) => "may read and write",
        (true, false) => "may read",
        (false, true) => "may write",
        (false, false) => "may neither read nor write",
    };
    let stored = if one.stored { "peers of the organization keep it" } else { "no peer keeps it" };
    format!("{}  {may}  {stored}", named(one.chaincode.as_ref(), &one.name))
}
