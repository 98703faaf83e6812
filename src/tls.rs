//! HTTPS with the key in the token: rustls asks the signer for each handshake.

use std::fmt;
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{RootCertStore, ServerConfig, SignatureAlgorithm, SignatureScheme};

use crate::hsm::Hsm;
use crate::pki::Certificate;

/// A configuration that serves `chain` (ours first) with the key in the token. Clients are asked for a
/// certificate of one of `client_cas`, unless there are none of these; they need not have one.
///
/// # Errors
/// When rustls has no protocol version to offer, or takes none of the CAs.
pub fn server_config(
    hsm: Hsm,
    chain: &[Certificate],
    client_cas: &[Certificate],
) -> Result<Arc<ServerConfig>, rustls::Error> {
    let Some(own) = chain.first() else {
        return Err(rustls::Error::General("no certificate to serve".to_owned()));
    };
    let key = TokenKey { hsm, spki_hash: own.public_key().spki_hash() };
    let der = chain.iter().map(|c| CertificateDer::from(c.der().to_vec())).collect();
    let resolver = One(Arc::new(CertifiedKey::new(der, Arc::new(key))));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()?;
    let builder = if client_cas.is_empty() {
        builder.with_no_client_auth()
    } else {
        builder.with_client_cert_verifier(clients(provider, client_cas)?)
    };
    let mut config = builder.with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
}

/// Takes clients with a certificate of one of these CAs, or without any. Who they are, and whether they
/// still are, is asked of the registry at each request.
fn clients(
    provider: Arc<CryptoProvider>,
    cas: &[Certificate],
) -> Result<Arc<dyn ClientCertVerifier>, rustls::Error> {
    let mut roots = RootCertStore::empty();
    for ca in cas {
        roots.add(CertificateDer::from(ca.der().to_vec()))?;
    }
    WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
        .allow_unauthenticated()
        .build()
        .map_err(|error| rustls::Error::General(error.to_string()))
}

#[derive(Debug)]
struct One(Arc<CertifiedKey>);

impl ResolvesServerCert for One {
    fn resolve(&self, _hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0))
    }
}

/// A P-256 key in the token.
#[derive(Clone)]
struct TokenKey {
    hsm: Hsm,
    spki_hash: [u8; 32],
}

impl fmt::Debug for TokenKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenKey")
            .field("spki", &hex::encode(self.spki_hash))
            .finish_non_exhaustive()
    }
}

impl SigningKey for TokenKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let wanted = SignatureScheme::ECDSA_NISTP256_SHA256;
        offered.contains(&wanted).then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ECDSA
    }
}

impl Signer for TokenKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rustls::Error> {
        self.hsm.sign_tls_blocking(&self.spki_hash, message).map_err(|error| {
            tracing::warn!(%error, "the token did not sign a TLS handshake");
            rustls::Error::General("the key is not available".to_owned())
        })
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ECDSA_NISTP256_SHA256
    }
}
