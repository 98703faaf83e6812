//! `chancery certificate`: list the certificates of a CA.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::files::{self, Access};
use super::server::Session;
use crate::api::fabric::CertificatePem;
use crate::cli::exit::Failure;
use crate::cli::output::{Output, printable};
use crate::pki::Certificate;

/// List certificates
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  chancery certificate list --id peer0 --not-revoked --not-expired
  chancery certificate list --expiration now::+30d --store expiring/")]
pub struct Certificates {
    #[command(subcommand)]
    deed: Deed,
}

#[derive(Debug, Clone, clap::Subcommand)]
enum Deed {
    /// List the certificates that one may see
    ///
    /// A range is `FROM::TO`, either side may be empty. Each is an RFC 3339 time, a date, `now`, or
    /// a distance from now such as `+30d` or `-1h30m`.
    #[command(after_help = "Example:\n  chancery certificate list --id peer0 --not-expired --json")]
    List(Filter),
}

#[derive(Debug, Clone, clap::Args)]
struct Filter {
    /// Only those of an enrollment ID
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// Only the one with a serial number, in hexadecimal
    #[arg(long, value_name = "HEX")]
    serial: Option<String>,

    /// Only those of an issuer, by authority key identifier in hexadecimal
    #[arg(long, value_name = "HEX")]
    aki: Option<String>,

    /// Leave out revoked ones
    #[arg(long, conflicts_with = "revocation")]
    not_revoked: bool,

    /// Leave out expired ones
    #[arg(long, conflicts_with = "expiration")]
    not_expired: bool,

    /// Only those revoked within a range
    #[arg(long, value_name = "FROM::TO", allow_hyphen_values = true)]
    revocation: Option<String>,

    /// Only those that expire within a range
    #[arg(long, value_name = "FROM::TO", allow_hyphen_values = true)]
    expiration: Option<String>,

    /// Directory to write them to, one to a file, named by issuer and serial number
    #[arg(long, value_name = "DIR")]
    store: Option<PathBuf>,

    #[command(flatten)]
    session: Session,
}

/// A certificate of the list, for machines.
#[derive(Serialize)]
struct Told {
    serial: String,
    aki: Option<String>,
    common_name: Option<String>,
    not_before: String,
    not_after: String,
    pem: String,
}

impl Certificates {
    /// Does it.
    ///
    /// # Errors
    /// When the command line is not usable or the server refuses.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        match self.deed {
            Deed::List(filter) => list(&filter, out),
        }
    }
}

fn list(filter: &Filter, out: &Output) -> Result<(), Failure> {
    let query = query(filter)?;
    let pairs: Vec<(&str, &str)> =
        query.iter().map(|(name, value)| (*name, value.as_str())).collect();
    let (client, caller) = filter.session.open()?;
    if let Some(directory) = &filter.store {
        files::make_directory(directory, Access::Public)?;
    }
    let mut list = out.list();
    let mut each = |listed: CertificatePem| {
        let certificate = Certificate::from_pem(&listed.pem).map_err(|error| {
            Failure::refused("the server listed something that is no certificate").because(error)
        })?;
        if let Some(directory) = &filter.store {
            store(&certificate, directory)?;
        }
        let told = told(&certificate);
        let text = format!(
            "{}  serial={} aki={} until {}",
            told.common_name.as_deref().unwrap_or("-"),
            told.serial,
            told.aki.as_deref().unwrap_or("-"),
            told.not_after
        );
        list.element(&told, &printable(&text))
    };
    client.list("certificates", &pairs, "certs", caller.credential(), &mut each)?;
    list.end()
}

fn told(certificate: &Certificate) -> Told {
    Told {
        serial: certificate.serial().to_string(),
        aki: certificate.authority_key_id().map(|id| id.to_string()),
        common_name: certificate.common_name().map(ToOwned::to_owned),
        not_before: certificate.not_before().to_string(),
        not_after: certificate.not_after().to_string(),
        pem: certificate.to_pem(),
    }
}

/// The name is made of what we parsed, never of a text that the server chose.
fn store(certificate: &Certificate, directory: &Path) -> Result<(), Failure> {
    let issuer = certificate.authority_key_id().map_or_else(String::new, |aki| format!("{aki}-"));
    let name = format!("{issuer}{}.pem", certificate.serial());
    files::write(&directory.join(name), certificate.to_pem().as_bytes(), Access::Public)
}

fn query(filter: &Filter) -> Result<Vec<(&'static str, String)>, Failure> {
    let mut query = Vec::new();
    for (name, value) in [("id", &filter.id), ("serial", &filter.serial), ("aki", &filter.aki)] {
        if let Some(value) = value {
            // The server does not understand colons here.
            let value = if name == "id" { value.clone() } else { value.replace(':', "") };
            query.push((name, value));
        }
    }
    if filter.not_revoked {
        query.push(("notrevoked", "true".to_owned()));
    }
    if filter.not_expired {
        query.push(("notexpired", "true".to_owned()));
    }
    if let Some(text) = &filter.revocation {
        query.extend(range(text, "revoked_start", "revoked_end")?);
    }
    if let Some(text) = &filter.expiration {
        query.extend(range(text, "expired_start", "expired_end")?);
    }
    Ok(query)
}

fn range(
    text: &str,
    start: &'static str,
    end: &'static str,
) -> Result<Vec<(&'static str, String)>, Failure> {
    let Some((from, to)) = text.split_once("::") else {
        return Err(Failure::usage(format!("the range `{text}` has no `::`"))
            .hint("write it like `2026-01-01::2026-02-01`, `now::+30d` or `::now`"));
    };
    let side = |text: &str| match text.trim() {
        "now" => "+0s".to_owned(),
        other => other.to_owned(),
    };
    Ok([(start, side(from)), (end, side(to))]
        .into_iter()
        .filter(|(_, at)| !at.is_empty())
        .collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_have_two_sides_of_which_either_may_be_empty() {
        let sides = |text| range(text, "a", "b").unwrap();
        assert_eq!(sides("now::+30d"), [("a", "+0s".to_owned()), ("b", "+30d".to_owned())]);
        assert_eq!(sides("::2026-01-01"), [("b", "2026-01-01".to_owned())]);
        assert_eq!(sides("-1h30m::"), [("a", "-1h30m".to_owned())]);
        assert!(range("2026-01-01", "a", "b").is_err());
    }
}
