//! `chancery register`: a new identity and the secret that it enrolls with.

use std::path::PathBuf;

use serde::Serialize;

use super::attributes;
use super::secret_source;
use super::server::{Session, warn_of_plain_http};
use crate::api::SecretText;
use crate::api::fabric::{RegisterRequest, RegisterResponse};
use crate::cli::exit::Failure;
use crate::cli::output::Output;

/// Register an identity and print the secret that it enrolls with
///
/// The secret alone goes to standard output. One that was chosen with `--secret-file` is not
/// repeated.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  chancery register --id peer0 --type peer --affiliation org1 --msp-dir admin/msp > peer0.secret
  chancery register --id clerk --type client --affiliation org1.department1 \\
      --attrs 'hf.Registrar.Roles=client,peer,hf.Revoker=true,role=clerk:ecert'")]
pub struct Register {
    /// Enrollment ID
    #[arg(long, value_name = "ID")]
    id: String,

    #[command(flatten)]
    claim: Claim,

    #[command(flatten)]
    session: Session,
}

/// What an identity is given.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Identity")]
pub(super) struct Claim {
    /// client, peer, orderer, admin or another; without it the registrar's own
    #[arg(long = "type", value_name = "TYPE")]
    kind: Option<String>,

    /// Affiliation, e.g. `org1.department1`; `.` for the root; without it the registrar's own
    #[arg(long, value_name = "PATH")]
    affiliation: Option<String>,

    /// Attributes: `name=value`, with `:ecert` after it for one that every certificate carries;
    /// separated by commas, may be repeated
    #[arg(long, value_name = "NAME=VALUE[:ecert]")]
    attrs: Vec<String>,

    /// How often it may enroll; -1 without limit, 0 for the CA's own rule
    #[arg(long, value_name = "NUMBER", allow_negative_numbers = true, value_parser = clap::value_parser!(i64).range(-1..))]
    max_enrollments: Option<i64>,

    /// File with a chosen secret, `-` for standard input; without it the server makes one
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,
}

impl Claim {
    /// The body that asks for it, and whether it holds a secret.
    ///
    /// # Errors
    /// A usage failure when an attribute or the file with the secret cannot be used.
    pub(super) fn body(&self, id: &str, ca: &str) -> Result<RegisterRequest, Failure> {
        let secret = secret_source::to_give(self.secret_file.as_ref())?;
        Ok(RegisterRequest {
            id: id.to_owned(),
            kind: self.kind.clone().unwrap_or_default(),
            secret: secret.as_ref().map(SecretText::from).unwrap_or_default(),
            max_enrollments: self.max_enrollments.unwrap_or_default(),
            affiliation: self.affiliation.clone().unwrap_or_default(),
            attrs: attributes::to_give(&self.attrs)?,
            caname: ca.to_owned(),
        })
    }
}

/// What became of it, for machines.
#[derive(Serialize)]
struct Told<'a> {
    id: &'a str,
    /// Absent when it was chosen.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<&'a str>,
}

impl Register {
    /// Registers.
    ///
    /// # Errors
    /// When the command line is not usable or the server refuses.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        let (client, caller) = self.session.open()?;
        let body = self.claim.body(&self.id, client.ca_name())?;
        warn_of_plain_http(&client, out);
        let answer: RegisterResponse =
            client.send("POST", "register", &body, caller.credential())?;
        tell(&self.id, &body, &answer.secret, out)
    }
}

/// Prints the secret that the server made.
///
/// # Errors
/// When standard output cannot be written.
pub(super) fn tell(
    id: &str,
    body: &RegisterRequest,
    secret: &SecretText,
    out: &Output,
) -> Result<(), Failure> {
    let made = Some(secret.expose()).filter(|secret| body.secret.is_empty() && !secret.is_empty());
    if !out.is_json() {
        out.note(&match made {
            Some(_) => format!("registered `{id}`; its secret is shown this once"),
            None => format!("registered `{id}` with the secret that was chosen"),
        });
    }
    out.result(&Told { id, secret: made }, made.unwrap_or_default())
}
