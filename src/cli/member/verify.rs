//! `chancery verify`: verdicts on signatures, by what the server knows.

use std::fs;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::api;
use super::files;
use super::server::Session;
use crate::api::v2::{
    FoundBody, IdentityRef, IdentityText, Text, VerdictBody, VerifyItem, VerifyRequest,
    VerifyResponse, VerifySignature,
};
use crate::cli::exit::Failure;
use crate::cli::input::{LARGEST, read_argument};
use crate::cli::output::{Output, printable};

/// Ask whether signatures are good, by members, and enough
///
/// Without a policy, rule or resource: whether each signature is good and by a valid member. Whoever was
/// revoked is refused from that moment. Exit code 1 when a verdict is no.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  chancery verify --message order.json --by Org1MSP,members/clerk/msp,order.sig
  chancery verify --channel supply --policy /Channel/Application/Writers --message order.json \\
    --by Org1MSP,clerk.pem,order.sig --explain
  chancery verify --rule \"OR('Org1MSP.client')\" --message order.json --by Org1MSP,clerk.pem,order.sig
  chancery verify --request batch.json --json")]
pub struct Verify {
    /// A signature: MSP ID, certificate (a PEM file or an MSP folder) and signature file, between commas;
    /// may repeat, and the order counts
    #[arg(long, value_name = "MSPID,CERTIFICATE,SIGNATURE", required_unless_present = "request")]
    by: Vec<By>,

    /// The file that was signed; `-` is standard input
    #[arg(long, value_name = "FILE", required_unless_present = "request")]
    message: Option<PathBuf>,

    /// The channel whose members are meant, instead of the server's own organizations
    #[arg(long, value_name = "ID")]
    channel: Option<String>,

    /// The path of a policy of the channel
    #[arg(long, value_name = "PATH", requires = "channel", conflicts_with_all = ["rule", "resource"])]
    policy: Option<String>,

    /// A policy in Fabric's language
    #[arg(long, value_name = "RULE", conflicts_with = "resource")]
    rule: Option<String>,

    /// A resource of the channel's access control list, e.g. `peer/Propose`
    #[arg(long, value_name = "NAME", requires = "channel")]
    resource: Option<String>,

    /// Say why
    #[arg(long)]
    explain: bool,

    /// A file with the body of `POST /api/v2/verify`, for many questions at once; `-` is standard input
    #[arg(long, value_name = "FILE", conflicts_with_all = ["by", "message", "channel", "policy", "rule", "resource", "explain"])]
    request: Option<PathBuf>,

    #[command(flatten)]
    session: Session,
}

/// A signature on the command line.
#[derive(Debug, Clone)]
struct By {
    msp_id: String,
    certificate: PathBuf,
    signature: PathBuf,
}

impl FromStr for By {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut parts = text.splitn(3, ',');
        match (parts.next(), parts.next(), parts.next()) {
            (Some(msp_id), Some(certificate), Some(signature))
                if ![msp_id, certificate, signature].contains(&"") =>
            {
                let (certificate, signature) = (certificate.into(), signature.into());
                Ok(Self { msp_id: msp_id.to_owned(), certificate, signature })
            }
            _ => Err("is not MSPID,CERTIFICATE,SIGNATURE"),
        }
    }
}

impl Verify {
    /// Asks.
    ///
    /// # Errors
    /// When a file cannot be read, the server refuses, or a verdict is no.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        let body = match &self.request {
            Some(path) => read_argument(path, LARGEST)?,
            None => self.question()?,
        };
        let (client, caller) = self.session.open()?;
        let answer = client.call_for_octets("POST", "verify", Some(&body), Some(&caller))?;
        let told: VerifyResponse = serde_json::from_slice(&answer)
            .map_err(|error| Failure::refused("the answer cannot be used").because(error))?;
        let mut lines = Vec::new();
        for (place, verdict) in told.verdicts.iter().enumerate() {
            let name = if told.verdicts.len() > 1 { format!("{place}: ") } else { String::new() };
            push_verdict(verdict, &name, &mut lines);
        }
        out.result(&told, &lines.join("\n"))?;
        match told.verdicts.iter().filter(|verdict| !verdict.satisfied).count() {
            0 => Ok(()),
            1 if told.verdicts.len() == 1 => Err(Failure::refused("the verdict is no")),
            count => {
                let of = told.verdicts.len();
                Err(Failure::refused(format!("the verdict is no for {count} of {of}")))
            }
        }
    }

    fn question(&self) -> Result<Vec<u8>, Failure> {
        let text = |text: &Option<String>| text.clone().map(Text::from);
        let message = self.message.as_deref();
        let message = message.map(|path| read_argument(path, LARGEST)).transpose()?;
        let signatures = self.by.iter().map(|by| {
            let certificate = certificate(&by.certificate)?;
            let signature = STANDARD.encode(files::read(&by.signature)?.as_slice());
            Ok(VerifySignature {
                identity: IdentityRef::Given(IdentityText::Named {
                    msp_id: by.msp_id.clone().into(),
                    certificate: certificate.into(),
                }),
                message: None,
                signature: signature.into(),
            })
        });
        let item = VerifyItem {
            channel: None,
            policy: text(&self.policy),
            rule: text(&self.rule),
            resource: text(&self.resource),
            message: message.map(|octets| STANDARD.encode(octets).into()),
            signatures: signatures.collect::<Result<_, Failure>>()?,
        };
        api::body(&VerifyRequest {
            channel: text(&self.channel),
            explain: self.explain,
            identities: Vec::new(),
            items: vec![item],
        })
    }
}

/// The PEM of a certificate: of a file, or of the member of an MSP folder.
pub(super) fn certificate(path: &Path) -> Result<String, Failure> {
    let is_folder = fs::metadata(path).is_ok_and(|found| found.is_dir());
    let path = if is_folder { path.join("signcerts/cert.pem") } else { path.to_owned() };
    Ok(files::read_text(&path)?.to_string())
}

fn push_verdict(verdict: &VerdictBody, name: &str, lines: &mut Vec<String>) {
    let word = if verdict.satisfied { "satisfied" } else { "not satisfied" };
    let why = verdict.why.as_ref().map(|why| format!(" ({})", printable(why)));
    let detail = verdict.detail.as_ref().map(|detail| format!(": {}", printable(detail)));
    let more = [why, detail].map(Option::unwrap_or_default).concat();
    lines.push(format!("{name}{word}{more}"));
    for (place, signature) in verdict.signatures.iter().enumerate() {
        let who = signature.msp_id.as_deref().unwrap_or("nobody known");
        let word = match &signature.detail {
            None => "good".to_owned(),
            Some(detail) => printable(detail).into_owned(),
        };
        let roles = match signature.roles.as_slice() {
            [] => String::new(),
            roles => format!(" ({})", printable(&roles.join(", "))),
        };
        lines.push(format!("  signature {place} of {}{roles}: {word}", printable(who)));
    }
    for place in &verdict.expired {
        lines.push(format!(
            "  note: the certificate of signature {place} is over; policies do not look at that"
        ));
    }
    if let Some(explanation) = &verdict.explanation {
        push_found(&explanation.found, 1, lines);
        for (place, why) in &explanation.dropped {
            lines.push(format!("  signature {place} does not count: {}", printable(why)));
        }
        if let Some(needs) = &explanation.needs {
            lines.push(format!("  still needed: {}", printable(needs)));
        }
        if explanation.another_order_would_do == Some(true) {
            lines.push("  note: these signers would do in another order".to_owned());
        }
    }
}

fn push_found(found: &FoundBody, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let word = if found.holds { "yes" } else { "no" };
    let by = found.by.map(|place| format!(", by signature {place}")).unwrap_or_default();
    let taken = match found.taken.as_slice() {
        [] => String::new(),
        taken if found.holds => format!(" ({} more would do)", taken.len()),
        _ => " (whoever would do was used before)".to_owned(),
    };
    lines.push(format!("{indent}{word}: {}{by}{taken}", printable(&found.asks)));
    for part in &found.parts {
        push_found(part, depth + 1, lines);
    }
}
