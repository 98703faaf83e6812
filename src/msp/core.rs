//! An MSP while it is set up and after: what its configuration comes to, and certificates before it.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use aws_lc_rs::digest;

use super::certificate::key::Key;
use super::certificate::{Certificate, Path, Pool, alone, unique_chain};
use super::crl::Crl;
use super::ecdsa::Pair;
use super::pem;
use super::rejection::{Category, Rejection};
use super::version::MspVersion;

/// The hash function of identifiers and of certification paths.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IdentifierHash {
    Sha256,
    Sha384,
    Sha3_256,
    Sha3_384,
}

impl IdentifierHash {
    pub(super) fn named(name: &str) -> Option<Self> {
        match name {
            "SHA256" => Some(Self::Sha256),
            "SHA384" => Some(Self::Sha384),
            "SHA3_256" => Some(Self::Sha3_256),
            "SHA3_384" => Some(Self::Sha3_384),
            _ => None,
        }
    }

    fn algorithm(self) -> &'static digest::Algorithm {
        match self {
            Self::Sha256 => &digest::SHA256,
            Self::Sha384 => &digest::SHA384,
            Self::Sha3_256 => &digest::SHA3_256,
            Self::Sha3_384 => &digest::SHA3_384,
        }
    }

    pub(super) fn of<'a>(self, parts: impl IntoIterator<Item = &'a [u8]>) -> digest::Digest {
        let mut context = digest::Context::new(self.algorithm());
        parts.into_iter().for_each(|part| context.update(part));
        context.finish()
    }
}

/// A unit that is a role, perhaps under one certification path only.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleUnit {
    /// The unit's name.
    pub unit: String,
    /// The hash of the certification path, when bound.
    pub certifiers: Option<Vec<u8>>,
}

/// The units of the roles, as far as they are defined.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RoleUnits {
    /// Clients.
    pub client: Option<RoleUnit>,
    /// Peers.
    pub peer: Option<RoleUnit>,
    /// Administrators.
    pub admin: Option<RoleUnit>,
    /// Orderers.
    pub orderer: Option<RoleUnit>,
}

/// A certificate within an MSP: read, its key imported, brought to the low S.
#[derive(Debug)]
pub(super) struct Subject {
    pub(super) certificate: Arc<Certificate>,
    pub(super) identifier: digest::Digest,
    /// Found once: normalising and validating both need it.
    chain: OnceLock<Result<Path, Rejection>>,
}

/// What an MSP's configuration comes to.
#[derive(Debug)]
pub(super) struct Core {
    pub(super) name: String,
    pub(super) version: MspVersion,
    /// As named, checked when something is to be verified.
    pub(super) hash_family: String,
    pub(super) identifier_hash: String,
    pub(super) roots: Vec<Subject>,
    pub(super) intermediates: Vec<Subject>,
    pub(super) root_pool: Pool,
    pub(super) intermediate_pool: Pool,
    pub(super) crls: Vec<Crl>,
    /// CAs that have intermediates below themselves.
    pub(super) internal_nodes: Vec<Arc<Certificate>>,
    pub(super) units: BTreeMap<String, Vec<Vec<u8>>>,
    pub(super) roles: RoleUnits,
    pub(super) enforces_roles: bool,
    pub(super) admins: Vec<Subject>,
    pub(super) signer: Option<Subject>,
    pub(super) tls_roots: usize,
    pub(super) tls_intermediates: usize,
}

/// The certificate in the first PEM block.
pub(super) fn certificate(pem: &[u8]) -> Result<Certificate, Rejection> {
    let Some(block) = pem::first(pem) else {
        let detail = if pem.first() == Some(&0x30) {
            "there is no PEM block: DER is not read here"
        } else {
            "there is no PEM block"
        };
        return Err(Rejection::new(Category::Pem, detail));
    };
    read(block.der)
}

pub(super) fn read(der: Vec<u8>) -> Result<Certificate, Rejection> {
    Certificate::read(der.into()).map_err(refused)
}

fn refused(why: &str) -> Rejection {
    Rejection::new(Category::CertParse, format!("the certificate is refused: {why}"))
}

impl Subject {
    /// Without the chain that was found for it, which is of pools that are to be built anew.
    pub(super) fn anew(self) -> Self {
        Self { chain: OnceLock::new(), ..self }
    }
}

impl Core {
    /// What is verified of a certificate is verified at one second after it begins, so that nothing
    /// ever expires.
    pub(super) fn at(certificate: &Certificate) -> i64 {
        certificate.not_before.saturating_add(1)
    }

    /// An identity of a certificate in PEM.
    pub(super) fn subject(&self, pem: &[u8]) -> Result<Subject, Rejection> {
        self.subject_of(Arc::new(certificate(pem)?))
    }

    /// An identity of a certificate.
    pub(super) fn subject_of(&self, certificate: Arc<Certificate>) -> Result<Subject, Rejection> {
        match certificate.key() {
            Key::Ecdsa(_) | Key::Ed25519(_) | Key::Rsa(_) => {}
            Key::Other | Key::Unknown => {
                let detail = format!("the key of {} is of no supported kind", certificate.called());
                return Err(Rejection::new(Category::KeyImport, detail));
            }
        }
        let (certificate, chain) = self.normalize(certificate)?;
        let Some(hash) = IdentifierHash::named(&self.identifier_hash) else {
            let detail = format!(
                "the hash function `{}` of identifiers is unknown: use SHA256, SHA384, SHA3_256 or SHA3_384",
                self.identifier_hash.escape_debug()
            );
            return Err(Rejection::new(Category::HashUnknown, detail));
        };
        let identifier = digest::digest(hash.algorithm(), certificate.der());
        let known = OnceLock::new();
        if let Some(chain) = chain {
            let _ = known.set(Ok(chain));
        }
        Ok(Subject { certificate, identifier, chain: known })
    }

    /// Brings the signature of an ECDSA-signed certificate to its low S, for which its issuer must be
    /// known; the chain comes with it, when it had to be found.
    pub(super) fn normalize(
        &self,
        certificate: Arc<Certificate>,
    ) -> Result<(Arc<Certificate>, Option<Path>), Rejection> {
        if !certificate.signature_algorithm.is_ecdsa() {
            return Ok((certificate, None));
        }
        // A CA that signed itself counts as the only root, known or not.
        if certificate.is_ca() && certificate.is_self_signed() {
            let low = low_signature(&certificate, &certificate)?;
            let certificate = match low {
                Some(low) => Arc::new(low),
                None => certificate,
            };
            alone(&certificate, Self::at(&certificate))?;
            return Ok((certificate, None));
        }
        let chain = self.chain_of(&certificate)?;
        let Some(issuer) = chain.first() else {
            let detail = format!(
                "{} is listed as a root but is not a CA that signed itself: Fabric finds nobody above it to check its \
                 signature with",
                certificate.called()
            );
            return Err(Rejection::new(Category::NoParentInChain, detail));
        };
        match low_signature(&certificate, issuer)? {
            Some(low) => Ok((Arc::new(low), Some(chain))),
            None => Ok((certificate, Some(chain))),
        }
    }

    fn chain_of(&self, certificate: &Certificate) -> Result<Path, Rejection> {
        let at = Self::at(certificate);
        unique_chain(certificate, &self.root_pool, &self.intermediate_pool, at)
    }

    /// The one chain of a subject.
    pub(super) fn chain<'a>(&self, subject: &'a Subject) -> Result<&'a Path, Rejection> {
        let found = subject.chain.get_or_init(|| self.chain_of(&subject.certificate));
        found.as_ref().map_err(Clone::clone)
    }

    /// The chain of an identity: at least one CA, the first of which has no CA below itself.
    pub(super) fn identity_chain<'a>(&self, subject: &'a Subject) -> Result<&'a Path, Rejection> {
        if subject.certificate.is_ca() {
            let detail = format!(
                "{} is the certificate of a CA, which is no identity",
                subject.certificate.called()
            );
            return Err(Rejection::new(Category::CaAsIdentity, detail));
        }
        let chain = self.chain(subject)?;
        let Some(issuer) = chain.first() else { return Err(too_short(&subject.certificate)) };
        self.may_issue_directly(issuer)?;
        Ok(chain)
    }

    /// The certification path of a CA that may issue identities: itself first.
    pub(super) fn ca_path(&self, certificate: &Arc<Certificate>) -> Result<Path, Rejection> {
        let chain = self.chain_of(certificate)?;
        if chain.is_empty() {
            return Err(too_short(certificate));
        }
        self.may_issue_directly(certificate)?;
        Ok(std::iter::once(Arc::clone(certificate)).chain(chain).collect())
    }

    pub(super) fn may_issue_directly(&self, issuer: &Certificate) -> Result<(), Rejection> {
        if self.internal_nodes.iter().any(|node| **node == *issuer) {
            let detail = format!(
                "{} has an intermediate CA of the MSP below itself, and so may not issue identities directly",
                issuer.called()
            );
            return Err(Rejection::new(Category::ParentNotLeafOfTree, detail));
        }
        Ok(())
    }

    /// The hash of a certification path.
    pub(super) fn certifiers(&self, path: &Path) -> Vec<u8> {
        // The name was checked when the first identity was built.
        let hash = IdentifierHash::named(&self.identifier_hash).unwrap_or(IdentifierHash::Sha256);
        hash.of(path.iter().map(|ca| ca.der())).as_ref().to_vec()
    }

    /// The units of a subject with the hash of the path above it; none without a chain.
    pub(super) fn units<'a>(&self, subject: &'a Subject) -> (&'a [String], Vec<u8>) {
        match self.identity_chain(subject) {
            Ok(chain) => (&subject.certificate.names.units, self.certifiers(chain)),
            Err(_) => (&[], Vec::new()),
        }
    }

    pub(super) fn is_admin(&self, certificate: &Certificate) -> bool {
        self.admins.iter().any(|admin| *admin.certificate == *certificate)
    }
}

fn too_short(certificate: &Certificate) -> Rejection {
    let detail = format!("there is no CA above {}", certificate.called());
    Rejection::new(Category::ChainTooShort, detail)
}

/// The certificate with the low S, when it has the high one.
fn low_signature(
    certificate: &Certificate,
    issuer: &Certificate,
) -> Result<Option<Certificate>, Rejection> {
    // Whoever signed with ECDSA has such a key.
    let Key::Ecdsa(key) = issuer.key() else { return Ok(None) };
    let signature = certificate.signature();
    let low = Pair::read(signature)?.low(key.curve);
    let low = (low.as_ref() != signature).then(|| certificate.resigned(&low));
    low.transpose().map_err(refused)
}
