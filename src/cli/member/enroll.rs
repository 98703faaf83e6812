//! `chancery enroll`: a certificate for an enrollment ID and its secret.

use std::path::PathBuf;

use serde::Serialize;

use super::attributes;
use super::client::{Client, Credential};
use super::issued::{self, Issued};
use super::key::{Curve, MemberKey, fabric_ski};
use super::msp_folder::{Kind, MspFolder, Written};
use super::request;
use super::secret_source;
use super::server::{Member, Server, warn_of_plain_http};
use crate::api::fabric::{EnrollRequest, EnrollResponse};
use crate::cli::exit::Failure;
use crate::cli::output::{Output, printable};
use crate::pki::Field;

/// Get a certificate for an enrollment ID and its secret, and write an MSP folder
///
/// The key is made here and never leaves this machine. The folder is one that a Fabric peer, orderer
/// or client loads as it is: key, certificate, CA certificates, and a `config.yaml` with the four
/// roles bound to the issuing CA.
///
/// The secret comes from `--secret-file`, from the environment variable `CHANCERY_ENROLL_SECRET`,
/// or from a prompt. It may stand in the URL, as with `fabric-ca-client`; others on this machine
/// can then see it, and the shell remembers it.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = "\
Examples:
  chancery enroll --url http://admin:adminpw@localhost:7054 --msp-dir admin/msp
  chancery enroll --url https://ca.org1.example.com:7054 --tls-ca ca-root.pem \\
      --id peer0 --secret-file peer0.secret --msp-dir peer0/msp
  chancery enroll --url https://peer0@ca.org1.example.com:7054 --tls-ca ca-root.pem \\
      --profile tls --hosts peer0.org1.example.com,localhost --msp-dir peer0/tls")]
pub struct Enroll {
    /// Enrollment ID, if the URL does not carry it
    #[arg(long, value_name = "ID")]
    id: Option<String>,

    /// File with the enrollment secret; `-` for standard input
    #[arg(long, value_name = "FILE")]
    secret_file: Option<PathBuf>,

    #[command(flatten)]
    wish: Wish,

    #[command(flatten)]
    member: Member,

    #[command(flatten)]
    server: Server,
}

/// What the certificate shall be like.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Certificate")]
pub(super) struct Wish {
    /// Certificate profile of the CA, e.g. `tls`; without it the CA's default one
    #[arg(long, value_name = "NAME")]
    pub(super) profile: Option<String>,

    /// Host names and addresses that the certificate is good for, separated by commas
    #[arg(long, value_name = "HOST", value_delimiter = ',')]
    pub(super) hosts: Option<Vec<String>>,

    /// Attributes that the certificate shall carry: `name`, or `name:opt` for one that may be
    /// missing; an empty text for none. Without it those registered with `ecert`
    #[arg(long, value_name = "NAME[:opt]")]
    pub(super) attrs: Option<Vec<String>>,

    /// Further fields of the subject, e.g. `C=US,ST=North Carolina,O=Hyperledger`
    #[arg(long, value_name = "FIELDS")]
    pub(super) subject: Option<String>,

    /// Kind of key to make; without it P-256, or what the present key is
    #[arg(long, value_enum)]
    pub(super) algorithm: Option<Curve>,
}

impl Enroll {
    /// Enrolls.
    ///
    /// # Errors
    /// When the command line is not usable, the server refuses, or its answer is not taken.
    pub fn run(self, out: &Output) -> Result<(), Failure> {
        let (client, in_url) = self.server.connect()?;
        let id = match (self.id, in_url.id) {
            (Some(given), Some(url)) if given != url => {
                return Err(Failure::usage("`--id` and the URL name different enrollment IDs"));
            }
            (Some(id), _) | (None, Some(id)) => id,
            (None, None) => {
                return Err(Failure::usage("there is no enrollment ID")
                    .hint("give `--id`, or write the URL like `http://id@host:7054`"));
            }
        };
        let wish = self.wish.understood(&[], &[])?;
        wish.warn_of_missing_hosts(out);
        let secret = secret_source::to_enroll(&id, self.secret_file.as_deref(), in_url.secret)?;
        warn_of_plain_http(&client, out);
        // An enrollment counts once the server has answered, whatever becomes of its answer.
        self.member.folder().check_writable()?;
        let key = self.member.key.to_enroll(self.wish.algorithm)?;
        let body = wish.body(&id, key.as_ref(), &client)?;
        let credential = Credential::Basic { id: &id, secret: &secret };
        let answer: EnrollResponse = client.send("POST", "enroll", &body, credential)?;
        let issued = issued::check(&answer, &id, key.as_ref())?;
        keep("enrolled", &self.member.folder(), wish.kind, &issued, key.as_ref(), &client, out)
    }
}

/// A [`Wish`] that has been understood.
#[derive(Debug)]
pub(super) struct Understood {
    /// Which directories of the folder the CAs go to.
    pub(super) kind: Kind,
    profile: String,
    hosts: Vec<String>,
    subject: Vec<(Field, String)>,
    attributes: Option<Vec<crate::api::fabric::AttributeRequest>>,
}

impl Wish {
    /// Reads it; `hosts` and `subject` count where the command line says nothing.
    ///
    /// # Errors
    /// A usage failure when a field, host or attribute is malformed.
    pub(super) fn understood(
        &self,
        hosts: &[String],
        subject: &[(Field, String)],
    ) -> Result<Understood, Failure> {
        let profile = self.profile.clone().unwrap_or_default();
        let given = |hosts: &Vec<String>| {
            hosts
                .iter()
                .map(|host| host.trim().to_owned())
                .filter(|host| !host.is_empty())
                .collect()
        };
        Ok(Understood {
            kind: if profile == "tls" { Kind::Tls } else { Kind::Enrollment },
            profile,
            hosts: self.hosts.as_ref().map_or_else(|| hosts.to_vec(), given),
            subject: match &self.subject {
                Some(text) => request::parse_subject(text)?,
                None => subject.to_vec(),
            },
            attributes: attributes::to_request(self.attrs.as_deref())?,
        })
    }
}

impl Understood {
    /// Says so when a TLS certificate is about to be good for no host.
    fn warn_of_missing_hosts(&self, out: &Output) {
        if self.kind == Kind::Tls && self.hosts.is_empty() {
            out.note("a TLS certificate without `--hosts` is good for clients only");
        }
    }

    /// The body of `enroll` and `reenroll`, with a certificate request signed by the key.
    ///
    /// # Errors
    /// When a host cannot be an alternative name, or the key cannot sign.
    pub(super) fn body(
        &self,
        id: &str,
        key: &dyn MemberKey,
        client: &Client,
    ) -> Result<EnrollRequest, Failure> {
        Ok(EnrollRequest {
            certificate_request: request::build(id, &self.subject, &self.hosts, key)?,
            profile: self.profile.clone(),
            attr_reqs: self.attributes.clone(),
            caname: client.ca_name().to_owned(),
            ..EnrollRequest::default()
        })
    }
}

/// What became of it, for machines.
#[derive(Serialize)]
struct Told<'a> {
    id: &'a str,
    serial: String,
    issuer_key_id: Option<String>,
    not_before: String,
    not_after: String,
    msp_dir: String,
    certificate: &'a str,
    /// The file of the key, when it has one.
    key: Option<&'a str>,
    /// Where the key is, when it lives in a token.
    key_uri: Option<String>,
    /// How a Fabric node names the key.
    ski: String,
    config: Option<&'a str>,
}

/// Writes the folder and tells what is in it.
///
/// # Errors
/// When something cannot be written.
pub(super) fn keep(
    deed: &str,
    folder: &MspFolder,
    kind: Kind,
    issued: &Issued,
    key: &dyn MemberKey,
    client: &Client,
    out: &Output,
) -> Result<(), Failure> {
    let ca_file = client.address().file_name(client.ca());
    let written = folder.write(kind, issued, key, &ca_file)?;
    if kind == Kind::Enrollment && written.config.is_none() {
        out.note(&format!(
            "`{}` is not ours and was left as it is",
            folder.path().join("config.yaml").display()
        ));
    }
    if let Some(other) = folder.certificate_before_ours()? {
        out.note(&format!("a node will take `{}` for its certificate", other.display()));
        out.hint("remove it, unless that is what you want");
    }
    let certificate = &issued.certificate;
    let id = certificate.common_name().unwrap_or_default();
    let Written { key: key_file, certificate: file, config } = &written;
    let told = Told {
        id,
        serial: certificate.serial().to_string(),
        issuer_key_id: certificate.authority_key_id().map(|id| id.to_string()),
        not_before: certificate.not_before().to_string(),
        not_after: certificate.not_after().to_string(),
        msp_dir: folder.path().display().to_string(),
        certificate: file,
        key: key_file.as_deref(),
        key_uri: key.place().map(ToString::to_string),
        ski: fabric_ski(key.point()),
        config: config.as_deref(),
    };
    let text = format!(
        "{deed} `{}` until {}\n  certificate {}\n  serial      {}\n  key         {}",
        printable(id),
        certificate.not_after(),
        folder.path().join(file).display(),
        certificate.serial(),
        match key_file {
            Some(name) => folder.path().join(name).display().to_string(),
            None => key.place().map_or_else(String::new, ToString::to_string),
        },
    );
    out.result(&told, &text)?;
    if let Some(id) = key.place().and_then(|place| place.id.as_deref()) {
        out.hint(&format!(
            "a Fabric node finds the key by `BCCSP.PKCS11.KeyIds`: SKI {}, ID {}",
            told.ski,
            String::from_utf8_lossy(id)
        ));
    }
    Ok(())
}
