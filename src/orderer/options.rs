//! How orderers are reached.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::{ClientConfig, RootCertStore};

use super::address::Address;

/// The longest message that is taken, in octets: as Fabric's own nodes have it.
const MAX_MESSAGE: usize = 100 << 20;

/// How orderers are reached.
#[derive(Debug, Clone)]
pub struct Options {
    /// How long a connection may take, with TLS.
    pub connect: Duration,
    /// How long an answer may take from then on, to its end.
    pub answer: Duration,
    /// The longest message that is taken, in octets.
    pub max_message: usize,
    /// Where to connect instead of to an address; the name that the certificate must be good for stays.
    pub overrides: BTreeMap<Address, Address>,
    /// What the connection is encrypted with.
    pub security: Security,
}

/// What a connection is encrypted with.
#[derive(Clone)]
pub enum Security {
    /// TLS.
    Tls {
        /// Certificates that the orderer's must chain to, in DER. Those that cannot be used are passed over.
        roots: Vec<Vec<u8>>,
        /// Our own certificate, for orderers that ask for one.
        client: Option<ClientCertificate>,
    },
    /// Nothing: whoever listens reads it, whoever is in between changes it.
    InsecurePlaintext,
}

impl fmt::Debug for Security {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tls { roots, client } => {
                let (roots, client) = (roots.len(), client.is_some());
                f.debug_struct("Tls").field("roots", &roots).field("client", &client).finish()
            }
            Self::InsecurePlaintext => f.write_str("InsecurePlaintext"),
        }
    }
}

/// A client's certificate with its chain and its key.
pub struct ClientCertificate {
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Clone for ClientCertificate {
    fn clone(&self) -> Self {
        Self { chain: self.chain.clone(), key: self.key.clone_key() }
    }
}

impl fmt::Debug for ClientCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientCertificate").finish_non_exhaustive()
    }
}

/// Options that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadOptions {
    /// There is no certificate in the PEM.
    #[error("there is no certificate in the PEM of the client's certificate")]
    NoCertificate,
    /// There is no key in the PEM.
    #[error("there is no private key in the PEM of the client's key")]
    NoKey,
    /// Nobody could be trusted.
    #[error("there is no TLS root that can be used")]
    NoRoots,
    /// TLS takes no such certificate or key.
    #[error("TLS cannot be set up: {0}")]
    Tls(String),
}

impl Default for Options {
    /// Deadlines of 5 and 30 seconds, messages of 100 MiB, no roots.
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            answer: Duration::from_secs(30),
            max_message: MAX_MESSAGE,
            overrides: BTreeMap::new(),
            security: Security::Tls { roots: Vec::new(), client: None },
        }
    }
}

impl ClientCertificate {
    /// Reads a chain of certificates, the client's first, and its key (PKCS#8, SEC 1 or PKCS#1), each in PEM.
    ///
    /// # Errors
    /// When there is no certificate or no key.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, BadOptions> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
        let chain = chain.ok().filter(|chain| !chain.is_empty());
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| BadOptions::NoKey)?;
        Ok(Self { chain: chain.ok_or(BadOptions::NoCertificate)?, key })
    }

    /// SHA-256 of the certificate, which seeks carry.
    pub(super) fn hash(&self) -> Vec<u8> {
        let own = self.chain.first().map_or(&[][..], |own| own.as_ref());
        digest(&SHA256, own).as_ref().to_vec()
    }
}

impl Security {
    /// What TLS needs; nothing when there is none.
    pub(super) fn tls(&self) -> Result<Option<Arc<ClientConfig>>, BadOptions> {
        let Self::Tls { roots, client } = self else { return Ok(None) };
        let mut store = RootCertStore::empty();
        let roots = roots.iter().map(|root| CertificateDer::from(root.as_slice()));
        store.add_parsable_certificates(roots.map(CertificateDer::into_owned));
        if store.is_empty() {
            return Err(BadOptions::NoRoots);
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let bad = |error: rustls::Error| BadOptions::Tls(error.to_string());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(bad)?
            .with_root_certificates(store);
        let mut config = match client.clone() {
            Some(client) => builder.with_client_auth_cert(client.chain, client.key).map_err(bad)?,
            None => builder.with_no_client_auth(),
        };
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Some(Arc::new(config)))
    }

    /// SHA-256 of our own certificate; nothing when there is none.
    pub(super) fn client_hash(&self) -> Vec<u8> {
        match self {
            Self::Tls { client: Some(client), .. } => client.hash(),
            Self::Tls { client: None, .. } | Self::InsecurePlaintext => Vec::new(),
        }
    }
}
