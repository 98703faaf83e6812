//! Which server a command speaks to, and as whom.

use std::path::PathBuf;

use super::address::{UrlCredential, UrlText};
use super::client::{Client, Credential, TlsFiles};
use super::key::MemberKey;
use super::key_source::KeySource;
use super::msp_folder::MspFolder;
use crate::cli::exit::Failure;
use crate::cli::output::Output;
use crate::pki::Certificate;

/// Where the server is.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Server")]
pub(super) struct Server {
    /// The server's address; `enroll` may take the enrollment ID and its secret from it
    #[arg(
        long,
        short,
        value_name = "URL",
        env = "CHANCERY_URL",
        hide_env_values = true,
        default_value = "http://localhost:7054"
    )]
    url: UrlText,

    /// Which CA of the server, if not its default one
    #[arg(long, value_name = "NAME", env = "CHANCERY_CA")]
    ca: Option<String>,

    /// PEM file with the root of the server's TLS certificate; needed for https, may be repeated
    #[arg(long = "tls-ca", value_name = "FILE", env = "CHANCERY_TLS_CA")]
    tls_ca: Vec<PathBuf>,

    /// PEM file with our own TLS certificate, for a server that asks for one
    #[arg(long, value_name = "FILE", requires = "tls_client_key")]
    tls_client_certificate: Option<PathBuf>,

    /// PEM file with its key
    #[arg(long, value_name = "FILE", requires = "tls_client_certificate")]
    tls_client_key: Option<PathBuf>,
}

impl Server {
    /// Prepares the connection; gives also what the URL carried.
    ///
    /// # Errors
    /// When the URL or a TLS file cannot be used.
    pub(super) fn connect(&self) -> Result<(Client, UrlCredential), Failure> {
        let (address, credential) = self.url.parse()?;
        let tls = TlsFiles {
            roots: self.tls_ca.clone(),
            client: self.tls_client_certificate.clone().zip(self.tls_client_key.clone()),
        };
        let ca = self.ca.clone().filter(|ca| !ca.is_empty());
        Ok((Client::new(address, ca, &tls)?, credential))
    }
}

/// Says so when a secret is about to travel for everybody to read.
pub(super) fn warn_of_plain_http(client: &Client, out: &Output) {
    let address = client.address();
    if !address.is_tls() && !address.is_loopback() {
        out.note(&format!("`{address}` is not encrypted: whoever listens learns the secret"));
    }
}

/// Whose key and certificate a command uses.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Member")]
pub(super) struct Member {
    /// The member's MSP folder
    #[arg(long, short = 'M', value_name = "DIR", env = "CHANCERY_MSP_DIR", default_value = "msp")]
    pub(super) msp_dir: PathBuf,

    /// The member's key: `file` for one in the MSP folder's keystore, the name of a PKCS#8 PEM
    /// file, or a PKCS#11 URI (RFC 7512)
    #[arg(long, value_name = "KEY", env = "CHANCERY_KEY", default_value = "file")]
    pub(super) key: KeySource,
}

impl Member {
    /// The folder.
    pub(super) fn folder(&self) -> MspFolder {
        MspFolder::at(&self.msp_dir)
    }

    /// Takes the certificate of the folder and finds its key.
    ///
    /// # Errors
    /// When either is missing or they do not belong together.
    pub(super) fn caller(&self) -> Result<Caller, Failure> {
        let (pem, certificate) = self.folder().certificate()?;
        let key = self.key.of_certificate(&certificate, &self.folder())?;
        Ok(Caller { pem, certificate, key })
    }
}

/// The member that asks: its certificate and the key that belongs to it.
#[derive(Debug)]
pub(super) struct Caller {
    /// The file as it stands.
    pem: String,
    /// The certificate in it.
    pub(super) certificate: Certificate,
    /// Its key.
    pub(super) key: Box<dyn MemberKey>,
}

impl Caller {
    /// The proof that goes with each request.
    pub(super) fn credential(&self) -> Credential<'_> {
        Credential::Certificate { pem: &self.pem, key: self.key.as_ref() }
    }
}

/// What every command of an enrolled member takes.
#[derive(Debug, Clone, clap::Args)]
pub(super) struct Session {
    #[command(flatten)]
    server: Server,

    #[command(flatten)]
    member: Member,
}

impl Session {
    /// Prepares the connection and finds out who asks.
    ///
    /// # Errors
    /// When the URL, a TLS file, the certificate or the key cannot be used.
    pub(super) fn open(&self) -> Result<(Client, Caller), Failure> {
        let (client, _) = self.server.connect()?;
        Ok((client, self.member.caller()?))
    }

    /// Which server it is.
    pub(super) fn server(&self) -> &Server {
        &self.server
    }

    /// Whose folder it is.
    pub(super) fn member(&self) -> &Member {
        &self.member
    }
}
