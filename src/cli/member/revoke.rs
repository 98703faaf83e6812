//! `chancery revoke`: an identity with all its certificates, or one certificate.

use serde::Serialize;

use super::crl;
use super::reason;
use super::server::Session;
use crate::api::fabric::{RevokeRequest, RevokeResponse};
use crate::cli::exit::Failure;
use crate::cli::output::{Output, printable};

/// Revoke an identity with all its certificates, or one certificate
///
/// An identity that is revoked can neither enroll nor authenticate again. A certificate is named by
/// serial number and authority key identifier, both in hexadecimal; `chancery certificate list`
/// shows them.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  chancery revoke --id peer0 --reason keyCompromise --gencrl --msp-dir admin/msp
  chancery revoke --serial 6f3a09 --aki 5e0b1c --reason superseded")]
#[command(group(clap::ArgGroup::new("target").required(true).multiple(true).args(["id", "serial"])))]
pub struct Revoke {
    /// Enrollment ID; beside a certificate: its owner, to make sure
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// Serial number of the certificate, in hexadecimal
    #[arg(long, value_name = "HEX", requires = "aki")]
    serial: Option<String>,

    /// Authority key identifier of the certificate, in hexadecimal
    #[arg(long, value_name = "HEX", requires = "serial")]
    aki: Option<String>,

    /// Why: unspecified, keyCompromise, cACompromise, affiliationChanged, superseded,
    /// cessationOfOperation, certificateHold, removeFromCRL, privilegeWithdrawn or aACompromise
    #[arg(long, value_name = "REASON", default_value = "unspecified")]
    reason: String,

    /// Ask for a new CRL and write it to `crls/crl.pem` of the MSP folder
    #[arg(long)]
    gencrl: bool,

    #[command(flatten)]
    session: Session,
}

/// What became of it, for machines.
#[derive(Serialize)]
struct Told<'a> {
    revoked: Vec<One<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    crl: Option<crl::Told>,
}

#[derive(Serialize)]
struct One<'a> {
    serial: &'a str,
    aki: &'a str,
}

impl Revoke {
    /// Revokes.
    ///
    /// # Errors
    /// When the command line is not usable, the server refuses, or its CRL is not taken.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        let reason = reason::to_wire(&self.reason)?;
        let (client, caller) = self.session.open()?;
        let body = RevokeRequest {
            id: self.id.unwrap_or_default(),
            serial: self.serial.unwrap_or_default(),
            aki: self.aki.unwrap_or_default(),
            reason,
            gencrl: self.gencrl,
            caname: client.ca_name().to_owned(),
        };
        let answer: RevokeResponse = client.send("POST", "revoke", &body, caller.credential())?;
        let revoked = answer.revoked.unwrap_or_default();
        let crl = match answer.crl.as_str() {
            "" => None,
            text => Some(crl::keep(text, &self.session.member().folder())?),
        };
        let mut lines: Vec<String> = revoked
            .iter()
            .map(|one| {
                format!("revoked serial {} aki {}", printable(&one.serial), printable(&one.aki))
            })
            .collect();
        if revoked.is_empty() {
            out.note("no certificate was left to revoke");
            if self.gencrl {
                out.hint("the server makes no CRL then; use `chancery gencrl`");
            }
        }
        lines.extend(crl.iter().map(crl::Told::text));
        let told = Told {
            revoked: revoked.iter().map(|one| One { serial: &one.serial, aki: &one.aki }).collect(),
            crl,
        };
        out.result(&told, &lines.join("\n"))
    }
}
