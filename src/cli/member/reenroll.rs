//! `chancery reenroll`: a new certificate for the holder of a valid one.

use super::enroll::{self, Wish};
use super::issued;
use super::key::{Curve, MemberKey, curve_and_point};
use super::key_source::KeySource;
use super::present;
use super::server::Session;
use crate::api::fabric::EnrollResponse;
use crate::cli::exit::Failure;
use crate::cli::output::Output;

/// Get a new certificate for the member of an MSP folder, before the present one expires
///
/// What the present certificate says stays unless told otherwise: hosts, subject fields and, when
/// it is one for TLS, the profile `tls`. The key is a new one unless `--reuse-key` is given; with a
/// key in a token, or in a file named by `--key`, that very key is used again. The old certificate
/// stays valid until it expires or is revoked, and its key stays in the keystore.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  chancery reenroll --url https://ca.org1.example.com:7054 --tls-ca ca-root.pem --msp-dir peer0/msp
  chancery reenroll --reuse-key --msp-dir peer0/tls --hosts peer0.org1.example.com,localhost")]
pub struct Reenroll {
    #[command(flatten)]
    session: Session,

    #[command(flatten)]
    wish: Wish,

    /// Certify the present key again instead of a new one
    #[arg(long)]
    reuse_key: bool,

    /// Kind of key to make; without it the present one's
    #[arg(long, value_enum, conflicts_with = "reuse_key")]
    algorithm: Option<Curve>,
}

impl Reenroll {
    /// Reenrolls.
    ///
    /// # Errors
    /// When the command line is not usable, the server refuses, or its answer is not taken.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        let (client, caller) = self.session.open()?;
        let present = present::read(&caller.certificate)?;
        let mut wish = self.wish;
        if wish.profile.is_none() && present.is_tls {
            wish.profile = Some("tls".to_owned());
        }
        let wish = wish.understood(&present.hosts, &present.subject)?;
        let member = self.session.member();
        let made: Option<Box<dyn MemberKey>> = match (&member.key, self.reuse_key) {
            (KeySource::Keystore, false) => {
                let (curve, _) = curve_and_point(caller.certificate.public_key())?;
                Some(member.key.to_enroll(self.algorithm.or(Some(curve)))?)
            }
            (_, true) | (KeySource::File(_), false) => None,
        };
        let key = made.as_deref().unwrap_or(caller.key.as_ref());
        let body = wish.body(&present.id, key, &client)?;
        let answer: EnrollResponse = client.send("POST", "reenroll", &body, caller.credential())?;
        let issued = issued::check(&answer, &present.id, key)?;
        enroll::keep("reenrolled", &member.folder(), wish.kind, &issued, key, &client, out)
    }
}
