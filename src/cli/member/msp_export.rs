//! `chancery msp export`: the MSP of an organization, as its CAs are today.

use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::client::escaped;
use super::files::{self, Access};
use super::node_ous;
use super::server::Server;
use crate::api::v2::{MspBody, MspList};
use crate::cli::exit::Failure;
use crate::cli::output::{Output, printable};
use crate::clock::Clock;
use crate::msp::{Msp, MspVersion, advise};
use crate::wire::{FabricMspConfig, MspConfig, decode};

/// Write the MSP of an organization of the server: a folder for nodes, an `MSPConfig` for channels
///
/// With the newest revocation lists, and with roles by unit (`client`, `peer`, `admin`, `orderer`). What is
/// written is looked at as a node would before it is.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  chancery msp export Org1MSP --out-dir crypto/org1/msp
  chancery msp export Org1MSP --config org1.mspconfig")]
pub struct MspExport {
    /// The MSP ID; without one, lists those that there are
    #[arg(value_name = "MSPID")]
    id: Option<String>,

    /// The folder to write; what it holds of CAs and lists is replaced
    #[arg(long, value_name = "DIR", requires = "id")]
    out_dir: Option<PathBuf>,

    /// The file to write the `MSPConfig` to
    #[arg(long, value_name = "FILE", requires = "id")]
    config: Option<PathBuf>,

    #[command(flatten)]
    server: Server,
}

impl MspExport {
    /// Asks and writes.
    ///
    /// # Errors
    /// When the server refuses, its MSP is none that a node would load, or a file cannot be written.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        let (client, _) = self.server.connect()?;
        let Some(id) = &self.id else {
            let list: MspList = client.call("GET", "msps", None, None)?;
            let line = |msp: &MspBody| {
                let (id, ca, tls) =
                    (printable(&msp.id), printable(&msp.ca), printable(&msp.tls_ca));
                format!("{id}  members of {ca}, TLS of {tls}")
            };
            let lines: Vec<String> = list.msps.iter().map(line).collect();
            return out.result(&list, &lines.join("\n"));
        };
        if self.out_dir.is_none() && self.config.is_none() {
            let why = "nothing is written without `--out-dir` or `--config`";
            return Err(Failure::usage(why));
        }
        let told: MspBody = client.call("GET", &format!("msps/{}", escaped(id)), None, None)?;
        let bad = || Failure::refused("the server's MSP cannot be used");
        let octets = told.config.as_deref().map(|text| STANDARD.decode(text));
        let octets = octets.ok_or_else(bad)?.map_err(|error| bad().because(error))?;
        let outer: MspConfig = decode(&octets).map_err(|error| bad().because(error))?;
        let config: FabricMspConfig =
            decode(&outer.config).map_err(|error| bad().because(error))?;
        let now = Clock::system().now();
        let msp = Msp::new(&octets, MspVersion::V3_0, now).map_err(|error| bad().because(error))?;
        if msp.id() != id {
            return Err(bad().because("it is of another organization"));
        }
        for advice in advise(&config, Some(&msp), now) {
            out.note(&advice.text);
        }
        let mut written = Vec::new();
        if let Some(folder) = &self.out_dir {
            write_folder(folder, &config)?;
            written.push(folder.display().to_string());
        }
        if let Some(file) = &self.config {
            files::write(file, &octets, Access::Public)?;
            written.push(file.display().to_string());
        }
        let revoked: usize = told.crls.iter().map(|crl| crl.entries).sum();
        let lines = [
            format!(
                "{}: {} roots, {} intermediates, {} revocation lists with {revoked} certificates",
                printable(id),
                config.root_certs.len(),
                config.intermediate_certs.len(),
                config.revocation_list.len()
            ),
            format!("written {}", written.join(" and ")),
        ];
        let value = json!({
            "id": id,
            "roots": config.root_certs.len(),
            "intermediates": config.intermediate_certs.len(),
            "crls": told.crls,
            "unlisted": told.unlisted,
            "written": written,
        });
        out.result(&value, &lines.join("\n"))
    }
}

/// Writes an MSP folder: each CA and list in a file of its own.
fn write_folder(folder: &Path, config: &FabricMspConfig) -> Result<(), Failure> {
    files::check_writable(folder)?;
    let places: [(&str, &str, &[Vec<u8>]); 5] = [
        ("cacerts", "ca", &config.root_certs),
        ("intermediatecerts", "ca", &config.intermediate_certs),
        ("tlscacerts", "tlsca", &config.tls_root_certs),
        ("tlsintermediatecerts", "tlsca", &config.tls_intermediate_certs),
        ("crls", "crl", &config.revocation_list),
    ];
    for (place, stem, pems) in places {
        let directory = folder.join(place);
        let before = files::listed(&directory)?;
        if pems.is_empty() && before.is_empty() {
            continue;
        }
        files::make_directory(&directory, Access::Public)?;
        let mut kept = Vec::new();
        for (number, pem) in pems.iter().enumerate() {
            let path = directory.join(file_name(stem, number));
            files::write(&path, pem, Access::Public)?;
            kept.push(path);
        }
        // A node loads whatever is there: what is no longer of the organization must go.
        for path in before {
            if !kept.contains(&path) {
                files::remove(&path)?;
            }
        }
    }
    let bound =
        config.fabric_node_ous.as_ref().and_then(|units| units.client_ou_identifier.as_ref());
    let bound = bound.map(|unit| unit.certificate.as_slice()).unwrap_or_default();
    let of = |place: &str, pems: &[Vec<u8>]| {
        let number = pems.iter().position(|pem| pem.as_slice() == bound)?;
        Some(format!("{place}/{}", file_name("ca", number)))
    };
    let issuing = of("intermediatecerts", &config.intermediate_certs)
        .or_else(|| of("cacerts", &config.root_certs));
    let text = node_ous::config(issuing.as_deref());
    files::write(&folder.join("config.yaml"), text.as_bytes(), Access::Public)
}

/// In the order of the configuration, which a node takes from the names.
fn file_name(stem: &str, number: usize) -> String {
    format!("{stem}-{number:02}.pem")
}
