//! HTTPS with the key in the token: rustls asks the signer for each handshake.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::CertificateDer;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::{CertifiedKey, Signer, SigningKey};
use rustls::{ServerConfig, SignatureAlgorithm, SignatureScheme};

use crate::hsm::Hsm;
use crate::pki::Certificate;

/// A configuration that serves `chain` (ours first) with the key in the token.
///
/// # Errors
/// When rustls has no protocol version to offer.
pub fn server_config(hsm: Hsm, chain: &[Certificate]) -> Result<Arc<ServerConfig>, rustls::Error> {
    let Some(own) = chain.first() else {
        return Err(rustls::Error::General("no certificate to serve".to_owned()));
    };
    let key = TokenKey { hsm, spki_hash: own.public_key().spki_hash() };
    let der = chain.iter().map(|c| CertificateDer::from(c.der().to_vec())).collect();
    let resolver = One(Arc::new(CertifiedKey::new(der, Arc::new(key))));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(resolver));
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(Arc::new(config))
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
