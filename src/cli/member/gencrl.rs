//! `chancery gencrl`: a new certificate revocation list.

use super::crl;
use super::instant;
use super::server::Session;
use crate::api::GoTime;
use crate::api::fabric::{GenCrlRequest, GenCrlResponse};
use crate::cli::exit::Failure;
use crate::cli::output::Output;

/// Ask for a new CRL and write it to `crls/crl.pem` of the MSP folder
///
/// The CRL is checked against the CAs of the folder before it is written. Instants are RFC 3339, or
/// a date for its midnight in UTC.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  chancery gencrl --msp-dir admin/msp
  chancery gencrl --revoked-after 2026-01-01 --expire-after 2026-06-01T00:00:00Z")]
pub struct GenCrl {
    /// Only certificates revoked after this
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    revoked_after: Option<GoTime>,

    /// Only certificates revoked before this
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    revoked_before: Option<GoTime>,

    /// Only certificates that expire after this
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    expire_after: Option<GoTime>,

    /// Only certificates that expire before this
    #[arg(long, value_name = "TIME", value_parser = instant::parse)]
    expire_before: Option<GoTime>,

    #[command(flatten)]
    session: Session,
}

impl GenCrl {
    /// Gets the CRL.
    ///
    /// # Errors
    /// When the command line is not usable, the server refuses, or its CRL is not taken.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        let (client, caller) = self.session.open()?;
        let body = GenCrlRequest {
            revokedafter: self.revoked_after.unwrap_or_default(),
            revokedbefore: self.revoked_before.unwrap_or_default(),
            expireafter: self.expire_after.unwrap_or_default(),
            expirebefore: self.expire_before.unwrap_or_default(),
            caname: client.ca_name().to_owned(),
        };
        let answer: GenCrlResponse = client.send("POST", "gencrl", &body, caller.credential())?;
        let told = crl::keep(&answer.crl, &self.session.member().folder())?;
        out.result(&told, &told.text())
    }
}
