//! `chancery sign`: a signature of a file, as Fabric's nodes take them.

use std::path::PathBuf;

use serde_json::json;

use super::files::{self, Access};
use super::key::sha256;
use super::server::Member;
use crate::cli::exit::Failure;
use crate::cli::input::{LARGEST, read_argument};
use crate::cli::output::Output;

/// Sign a file with the member's key
///
/// The signature is ECDSA over SHA-256 in DER with a low S, whatever the curve, as Fabric's nodes demand;
/// `openssl dgst -sign` gives a high S half of the time.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  chancery sign --msp-dir members/clerk/msp --out order.sig order.json
  chancery sign --msp-dir members/clerk/msp --key 'pkcs11:token=clerk;object=key' order.json --out order.sig")]
pub struct Sign {
    /// The file; `-` is standard input
    #[arg(value_name = "FILE")]
    message: PathBuf,

    /// Where the signature goes
    #[arg(long, short, value_name = "FILE")]
    out: PathBuf,

    #[command(flatten)]
    member: Member,
}

impl Sign {
    /// Signs.
    ///
    /// # Errors
    /// When the file, the certificate or the key cannot be used.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        let message = read_argument(&self.message, LARGEST)?;
        let caller = self.member.caller()?;
        let signature = caller.key.sign_digest(&sha256(&message))?;
        files::write(&self.out, &signature, Access::Public)?;
        let told = json!({ "signature": self.out, "octets": signature.len() });
        out.result(&told, &format!("written {}", self.out.display()))
    }
}
