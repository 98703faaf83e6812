//! Asking a channel's orderers with the member's own key.

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use futures_util::future::BoxFuture;

use super::files;
use super::key::sha256;
use super::server::Caller;
use crate::channel::Trail;
use crate::cli::exit::Failure;
use crate::clock::Clock;
use crate::orderer::{Address, BadAddress, ClientCertificate, Options, Remote, Security, Several};
use crate::pki::pem;
use crate::secret::random;
use crate::service::{Deputy, Error, Kind, ReadFailure, follow_trail};
use crate::wire::{Message as _, SerializedIdentity, SignatureHeader};

/// Where orderers are, and how they are reached.
#[derive(Debug, Clone, clap::Args)]
#[command(next_help_heading = "Orderers")]
pub(super) struct Orderers {
    /// An orderer; may repeat, and is asked before those that follow
    #[arg(long = "orderer", id = "orderers", value_name = "HOST:PORT")]
    named: Vec<Address>,

    /// PEM file with roots that the orderers' TLS certificates chain to; may repeat
    #[arg(long, value_name = "FILE")]
    orderer_tls_ca: Vec<PathBuf>,

    /// PEM file with our own TLS certificate, for orderers that ask for one
    #[arg(long, value_name = "FILE", requires = "orderer_client_key")]
    orderer_client_certificate: Option<PathBuf>,

    /// PEM file with its key
    #[arg(long, value_name = "FILE", requires = "orderer_client_certificate")]
    orderer_client_key: Option<PathBuf>,

    /// Where to connect instead of to an orderer's address; its certificate must be good for its own name; may repeat
    #[arg(long, value_name = "HOST:PORT=HOST:PORT")]
    orderer_address: Vec<Instead>,

    /// Speak to orderers in the clear: whoever listens reads it, whoever is in between changes it
    #[arg(long, conflicts_with_all = ["orderer_tls_ca", "orderer_client_certificate"])]
    orderer_insecure_plaintext: bool,
}

/// One address in the place of another.
#[derive(Debug, Clone)]
struct Instead(Address, Address);

impl FromStr for Instead {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (of, at) = text.split_once('=').ok_or("has no `=`")?;
        let read = |text: &str| text.parse().map_err(|why: BadAddress| format!("`{text}`: {why}"));
        Ok(Self(read(of)?, read(at)?))
    }
}

impl Orderers {
    /// Whether one is named.
    pub(super) fn is_named(&self) -> bool {
        !self.named.is_empty()
    }

    /// The orderers: those that are named, or else those that are known with the roots that go with each. Named ones have the
    /// roots of files, or else all roots that are known.
    ///
    /// # Errors
    /// When a file cannot be used, nobody could be trusted, or there is no orderer.
    pub(super) fn open(
        &self,
        known: &[(String, Vec<Vec<u8>>)],
    ) -> Result<Several<Remote>, Failure> {
        let mut files_roots = Vec::new();
        for file in &self.orderer_tls_ca {
            files_roots.extend(certificates(file)?);
        }
        let client = match (&self.orderer_client_certificate, &self.orderer_client_key) {
            (Some(certificate), Some(key)) => {
                let pair =
                    ClientCertificate::from_pem(&files::read(certificate)?, &files::read(key)?);
                Some(pair.map_err(|why| Failure::usage("no TLS with orderers").because(why))?)
            }
            _ => None,
        };
        let remote = |address: Address, known: Vec<Vec<u8>>| {
            let roots = if files_roots.is_empty() { known } else { files_roots.clone() };
            let security = if self.orderer_insecure_plaintext {
                Security::InsecurePlaintext
            } else {
                Security::Tls { roots, client: client.clone() }
            };
            let instead = self.orderer_address.iter();
            let overrides = instead.map(|Instead(of, at)| (of.clone(), at.clone())).collect();
            let options = Options { overrides, security, ..Options::default() };
            let named = address.to_string();
            Remote::new(address, Arc::new(options)).map_err(|why| {
                Failure::usage(format!("the orderer `{named}` cannot be asked"))
                    .because(why)
                    .hint("give `--orderer-tls-ca` the root of its TLS certificate")
            })
        };
        let mut remotes = Vec::new();
        if self.is_named() {
            let all: Vec<Vec<u8>> = known.iter().flat_map(|(_, roots)| roots.clone()).collect();
            for address in &self.named {
                remotes.push(remote(address.clone(), all.clone())?);
            }
        } else {
            for (text, roots) in known {
                let address = text.parse().map_err(|why: BadAddress| {
                    let named = text.escape_debug();
                    Failure::refused(format!("the channel's orderer `{named}` has no address"))
                        .because(why)
                        .hint("name one with `--orderer`")
                })?;
                remotes.push(remote(address, roots.clone())?);
            }
        }
        if remotes.is_empty() {
            return Err(Failure::usage("no orderer is known").hint("name one with `--orderer`"));
        }
        Ok(Several::new(remotes))
    }
}

/// The certificates of a PEM file, in DER.
fn certificates(file: &std::path::Path) -> Result<Vec<Vec<u8>>, Failure> {
    let text = files::read_text(file)?;
    let blocks = pem::blocks(&text).filter(|block| block.label == "CERTIFICATE");
    let found: Vec<Vec<u8>> = blocks.map(|block| block.der).collect();
    if found.is_empty() {
        let why = format!("`{}` holds no PEM certificate", file.display());
        return Err(Failure::usage(why));
    }
    Ok(found)
}

/// The member, as orderers see them.
pub(super) struct Asker {
    msp_id: String,
    creator: Vec<u8>,
    caller: Caller,
}

impl fmt::Debug for Asker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Asker").field("msp_id", &self.msp_id).finish_non_exhaustive()
    }
}

impl Asker {
    pub(super) fn new(msp_id: &str, caller: Caller) -> Self {
        let creator = SerializedIdentity {
            mspid: msp_id.to_owned(),
            id_bytes: caller.certificate.to_pem().into_bytes(),
        };
        Self { msp_id: msp_id.to_owned(), creator: creator.encode_to_vec(), caller }
    }

    /// The member.
    pub(super) fn caller(&self) -> &Caller {
        &self.caller
    }

    /// The member.
    pub(super) fn into_caller(self) -> Caller {
        self.caller
    }
}

impl Deputy for Asker {
    fn msp_id(&self) -> &str {
        &self.msp_id
    }

    fn creator(&self) -> Vec<u8> {
        self.creator.clone()
    }

    fn sign<'a>(&'a self, octets: &'a [u8]) -> BoxFuture<'a, Result<Vec<u8>, Error>> {
        Box::pin(async move {
            let signed = self.caller.key.sign_digest(&sha256(octets));
            signed.map_err(|failure| Error::new(Kind::Unavailable, failure.to_string()))
        })
    }
}

/// Who signs, and a nonce that begins so.
///
/// # Errors
/// When the system gives no randomness.
pub(super) fn signature_header(
    msp_id: &str,
    certificate: &str,
    begin: &[u8],
) -> Result<Vec<u8>, Failure> {
    let fresh = random::<24>().map_err(|error| Failure::refused("no randomness").because(error))?;
    let creator =
        SerializedIdentity { mspid: msp_id.to_owned(), id_bytes: certificate.as_bytes().to_vec() };
    let nonce = [begin, &fresh].concat();
    let header = SignatureHeader { creator: creator.encode_to_vec(), nonce };
    Ok(header.encode_to_vec())
}

/// Gives a trail the blocks that it asks for.
///
/// # Errors
/// When the orderers do not give them.
pub(super) async fn follow(
    trail: &mut Trail,
    channel: &str,
    asker: &Asker,
    orderers: &Several<Remote>,
) -> Result<(), Failure> {
    follow_trail(trail, channel, asker, orderers, &Clock::system())
        .await
        .map_err(|why| failed(&why))
}

/// Why blocks could not be read, as a command tells it.
pub(super) fn failed(why: &ReadFailure) -> Failure {
    let failure = Failure::refused(format!("the channel could not be read: {why}"));
    match why {
        // What lay beneath, e.g. of TLS.
        ReadFailure::Orderer(error) => match std::error::Error::source(error) {
            Some(source) => failure.because(source.to_string()),
            None => failure,
        },
        ReadFailure::Blocks(_) | ReadFailure::Deputy(_) => failure,
    }
}
