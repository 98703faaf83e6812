//! `chancery cainfo`: which CA this is, and what one would have to trust.

use std::path::PathBuf;

use serde::Serialize;

use super::client::Credential;
use super::issued::CaChain;
use super::msp_folder::{Kind, MspFolder};
use super::server::Server;
use crate::api::fabric::{CaChoice, CaInfo as Answer};
use crate::cli::exit::Failure;
use crate::cli::output::{Output, printable};
use crate::pki::Certificate;

/// Show a CA's name, version and certificates
///
/// Compare the fingerprints with what the CA's operator tells you by other means before you trust
/// what came over an unencrypted connection.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  chancery cainfo --url http://localhost:7054
  chancery cainfo --url https://ca.org1.example.com:7054 --tls-ca ca-root.pem --out-dir org1/msp")]
pub struct CaInfo {
    /// MSP folder to write the CA certificates to
    #[arg(long, value_name = "DIR")]
    out_dir: Option<PathBuf>,

    #[command(flatten)]
    server: Server,
}

/// What the server said, for machines.
#[derive(Serialize)]
struct Told<'a> {
    name: &'a str,
    version: &'a str,
    /// Roots last.
    chain: Vec<One>,
}

#[derive(Serialize)]
struct One {
    common_name: String,
    role: &'static str,
    not_after: String,
    /// SHA-256 of the certificate.
    fingerprint: String,
    pem: String,
}

impl CaInfo {
    /// Asks.
    ///
    /// # Errors
    /// When the server cannot be reached or its answer is not taken.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        let (client, _) = self.server.connect()?;
        let body = CaChoice { caname: client.ca_name().to_owned() };
        let answer: Answer = client.send("POST", "cainfo", &body, Credential::Nobody)?;
        let chain = CaChain::from_answer(&answer.ca_chain)?;
        let mut ones: Vec<One> =
            chain.intermediates.iter().map(|ca| one(ca, "intermediate")).collect();
        ones.extend(chain.roots.iter().map(|ca| one(ca, "root")));
        let told = Told { name: &answer.ca_name, version: &answer.version, chain: ones };
        let mut lines = vec![
            format!("name         {}", printable(told.name)),
            format!("version      {}", printable(told.version)),
        ];
        for ca in &told.chain {
            lines.push(format!(
                "{:12} {} until {}\n             sha256 {}",
                ca.role,
                printable(&ca.common_name),
                ca.not_after,
                ca.fingerprint
            ));
        }
        if let Some(directory) = &self.out_dir {
            let ca_file = client.address().file_name(client.ca());
            let folder = MspFolder::at(directory);
            for (_, name) in folder.write_authorities(Kind::Enrollment, &chain, &ca_file)? {
                lines.push(format!("written      {}", directory.join(name).display()));
            }
        }
        out.result(&told, &lines.join("\n"))
    }
}

fn one(ca: &Certificate, role: &'static str) -> One {
    One {
        common_name: ca.common_name().unwrap_or_default().to_owned(),
        role,
        not_after: ca.not_after().to_string(),
        fingerprint: hex::encode(ca.fingerprint()),
        pem: ca.to_pem(),
    }
}
