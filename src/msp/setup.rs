//! Setting up an MSP: its configuration, step by step in Fabric's order; the first failure is told.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::certificate::key::{Key, is_ecdsa_private_key};
use super::certificate::{Certificate, Pool, unique_chain};
use super::core::{Core, RoleUnit, RoleUnits, Subject, certificate};
use super::crl::Crl;
use super::pem;
use super::principal::Unvalidated;
use super::rejection::{Category, Rejection};
use super::validate::subject_key;
use super::version::MspVersion;
use crate::clock::Timestamp;
use crate::wire::{
    BadMessage, FabricMspConfig, FabricOuIdentifier, MspConfig, RoleType, SigningIdentityInfo,
    decode,
};

/// What setting up depends on besides the configuration: for a node's own MSP only.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// The present, by which a signing identity may have expired.
    pub now: Timestamp,
    /// Whether the node's key store has the private key with this identifier: SHA-256 of the
    /// uncompressed point, or of an Ed25519 key's octets.
    pub holds_key: &'a dyn Fn(&[u8; 32]) -> bool,
}

impl std::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Surroundings").field("now", &self.now).finish_non_exhaustive()
    }
}

/// Reads an `MSPConfig`, whose kind Fabric does not look at here, and sets up what it describes.
pub(super) fn set_up(
    octets: &[u8],
    version: MspVersion,
    surroundings: Surroundings<'_>,
) -> Result<Core, Rejection> {
    let outer: MspConfig = decode(octets).map_err(malformed)?;
    set_up_octets(&outer.config, version, surroundings)
}

/// Reads a `FabricMSPConfig` and sets up what it describes.
pub(super) fn set_up_octets(
    octets: &[u8],
    version: MspVersion,
    surroundings: Surroundings<'_>,
) -> Result<Core, Rejection> {
    let config: FabricMspConfig = decode(octets).map_err(malformed)?;
    set_up_config(&config, version, surroundings)
}

fn malformed(why: BadMessage) -> Rejection {
    Rejection::new(Category::ConfigUnmarshal, format!("the configuration is malformed: {why}"))
}

pub(super) fn set_up_config(
    config: &FabricMspConfig,
    version: MspVersion,
    surroundings: Surroundings<'_>,
) -> Result<Core, Rejection> {
    let late_admins = version >= MspVersion::V1_4_3;
    let mut core = empty(config, version);
    let mut entries = Entries::default();
    core.take_cas(config, &mut entries)?;
    if !late_admins {
        core.take_admins(config)?;
    }
    for (index, entry) in config.revocation_list.iter().enumerate() {
        let read =
            Crl::read(entry).map_err(|why| why.of(format_args!("revocation list {}", index + 1)));
        core.crls.push(read?);
    }
    core.check_cas()?;
    if let Some(signer) = &config.signing_identity {
        core.signer = Some(core.signing_identity(signer, surroundings)?);
    }
    core.take_tls_cas(config, &mut entries)?;
    core.take_units(config, &mut entries)?;
    core.take_roles(config, &mut entries)?;
    if late_admins {
        core.take_admins(config)?;
        if core.admins.is_empty() && !(core.enforces_roles && core.roles.admin.is_some()) {
            let detail = "nobody can be an administrator: list a certificate, or enable NodeOUs with a unit for \
                          administrators";
            return Err(Rejection::new(Category::NoAdmins, detail));
        }
    }
    core.check_admins()?;
    Ok(core)
}

fn empty(config: &FabricMspConfig, version: MspVersion) -> Core {
    let crypto = config.crypto_config.clone().unwrap_or_default();
    let or = |name: String, default: &str| if name.is_empty() { default.to_owned() } else { name };
    Core {
        name: config.name.clone(),
        version,
        hash_family: or(crypto.signature_hash_family, "SHA2"),
        identifier_hash: or(crypto.identity_identifier_hash_function, "SHA256"),
        roots: Vec::new(),
        intermediates: Vec::new(),
        root_pool: Pool::default(),
        intermediate_pool: Pool::default(),
        crls: Vec::new(),
        internal_nodes: Vec::new(),
        units: BTreeMap::new(),
        roles: RoleUnits::default(),
        enforces_roles: false,
        admins: Vec::new(),
        signer: None,
        tls_roots: config.tls_root_certs.len(),
        tls_intermediates: config.tls_intermediate_certs.len(),
    }
}

/// Certificates of CAs by their entries: the same stand as roots, for TLS and beside units, and are read once.
#[derive(Default)]
struct Entries<'a>(BTreeMap<&'a [u8], Arc<Certificate>>);

impl<'a> Entries<'a> {
    fn read(&mut self, entry: &'a [u8]) -> Result<Arc<Certificate>, Rejection> {
        if let Some(known) = self.0.get(entry) {
            return Ok(Arc::clone(known));
        }
        let read = Arc::new(certificate(entry)?);
        self.0.insert(entry, Arc::clone(&read));
        Ok(read)
    }
}

/// Each entry with its place, counted from one, said when it fails.
fn each<'a, E, T>(
    what: &'static str,
    entries: &'a [E],
    mut take: impl FnMut(&'a E) -> Result<T, Rejection>,
) -> Result<Vec<T>, Rejection> {
    let numbered = entries.iter().enumerate();
    numbered
        .map(|(index, entry)| {
            take(entry).map_err(|why| why.of(format_args!("{what} {}", index + 1)))
        })
        .collect()
}

impl Core {
    fn take_cas<'a>(
        &mut self,
        config: &'a FabricMspConfig,
        entries: &mut Entries<'a>,
    ) -> Result<(), Rejection> {
        if config.root_certs.is_empty() {
            return Err(Rejection::new(Category::NoRootCa, "no root CA is listed"));
        }
        // Issuers must be known before signatures can be brought to the low S, those of CAs too: so first as
        // they are, then anew as they came to be.
        let mut read = |entry: &'a Vec<u8>| entries.read(entry);
        let roots = each("root CA", &config.root_certs, &mut read)?;
        let intermediates = each("intermediate CA", &config.intermediate_certs, &mut read)?;
        self.root_pool = roots.iter().cloned().collect();
        self.intermediate_pool = intermediates.iter().cloned().collect();
        let subject = |read: &Arc<Certificate>| self.subject_of(Arc::clone(read));
        let roots = each("root CA", &roots, subject)?;
        let intermediates = each("intermediate CA", &intermediates, subject)?;
        self.roots = roots.into_iter().map(Subject::anew).collect();
        self.intermediates = intermediates.into_iter().map(Subject::anew).collect();
        let pool = |cas: &[Subject]| cas.iter().map(|ca| Arc::clone(&ca.certificate)).collect();
        self.root_pool = pool(&self.roots);
        self.intermediate_pool = pool(&self.intermediates);
        Ok(())
    }

    fn take_admins(&mut self, config: &FabricMspConfig) -> Result<(), Rejection> {
        self.admins = each("administrator", &config.admins, |entry| self.subject(entry))?;
        Ok(())
    }

    fn check_cas(&mut self) -> Result<(), Rejection> {
        for ca in self.roots.iter().chain(&self.intermediates) {
            is_ca(&ca.certificate)?;
            let chain = self.chain(ca)?;
            self.check_revocation(&ca.certificate, chain)?;
        }
        let mut internal = Vec::new();
        for ca in &self.intermediates {
            internal.extend(self.chain(ca)?.iter().cloned());
        }
        internal.sort_by(|a, b| a.der().cmp(b.der()));
        internal.dedup_by(|a, b| a.der() == b.der());
        self.internal_nodes = internal;
        Ok(())
    }

    fn signing_identity(
        &self,
        info: &SigningIdentityInfo,
        surroundings: Surroundings<'_>,
    ) -> Result<Subject, Rejection> {
        let subject =
            self.subject(&info.public_signer).map_err(|why| why.of("the signing identity"))?;
        let held =
            key_identifier(&subject.certificate).is_some_and(|key| (surroundings.holds_key)(&key));
        if !held {
            let material = info.private_signer.as_ref().map(|key| key.key_material.as_slice());
            let Some(material) = material.filter(|material| !material.is_empty()) else {
                let detail = "the key of the signing identity is neither in the key store nor in the configuration";
                return Err(Rejection::new(Category::SignerNoKey, detail));
            };
            let Some(block) = pem::first(material) else {
                let detail = "the key of the signing identity is no PEM";
                return Err(Rejection::new(Category::SignerKeyPem, detail));
            };
            if !is_ecdsa_private_key(&block.der) {
                let detail = "the key of the signing identity is no ECDSA key in PKCS#8 or SEC 1: others must be in the \
                              key store";
                return Err(Rejection::new(Category::SignerKeyImport, detail));
            }
        }
        if subject.certificate.not_after <= surroundings.now.unix() {
            let ended = Timestamp::from_unix(subject.certificate.not_after);
            let detail = format!("the signing identity expired at {ended}: enroll it again");
            return Err(Rejection::new(Category::SignerExpired, detail));
        }
        Ok(subject)
    }

    fn take_tls_cas<'a>(
        &self,
        config: &'a FabricMspConfig,
        entries: &mut Entries<'a>,
    ) -> Result<(), Rejection> {
        let mut read = |entry: &'a Vec<u8>| entries.read(entry);
        let roots = each("TLS root CA", &config.tls_root_certs, &mut read)?;
        let intermediates = each("TLS intermediate CA", &config.tls_intermediate_certs, &mut read)?;
        let (root_pool, intermediate_pool): (Pool, Pool) =
            (roots.iter().cloned().collect(), intermediates.iter().cloned().collect());
        for ca in roots.iter().chain(&intermediates) {
            let check = || {
                is_ca(ca)?;
                let chain = unique_chain(ca, &root_pool, &intermediate_pool, Self::at(ca))?;
                self.check_revocation(ca, &chain)
            };
            check().map_err(|why| why.of("a TLS CA"))?;
        }
        Ok(())
    }

    fn take_units<'a>(
        &mut self,
        config: &'a FabricMspConfig,
        entries: &mut Entries<'a>,
    ) -> Result<(), Rejection> {
        for unit in &config.organizational_unit_identifiers {
            let certifiers = self.bound_to(unit, entries)?;
            let name = unit.organizational_unit_identifier.clone();
            let paths = self.units.entry(name).or_default();
            if !paths.contains(&certifiers) {
                paths.push(certifiers);
            }
        }
        Ok(())
    }

    fn take_roles<'a>(
        &mut self,
        config: &'a FabricMspConfig,
        entries: &mut Entries<'a>,
    ) -> Result<(), Rejection> {
        let Some(roles) = config.fabric_node_ous.as_ref() else { return Ok(()) };
        if self.version < MspVersion::V1_1 {
            return Ok(());
        }
        let mut role = |unit: Option<&'a FabricOuIdentifier>| {
            let bind = |unit: &'a FabricOuIdentifier| {
                let bound = !unit.certificate.is_empty();
                let certifiers = if bound { Some(self.bound_to(unit, entries)?) } else { None };
                Ok(RoleUnit { unit: unit.organizational_unit_identifier.clone(), certifiers })
            };
            unit.map(bind).transpose()
        };
        let (client, peer) =
            (roles.client_ou_identifier.as_ref(), roles.peer_ou_identifier.as_ref());
        if self.version < MspVersion::V1_4_3 {
            let missing = |unit: Option<&FabricOuIdentifier>| {
                unit.is_none_or(|unit| unit.organizational_unit_identifier.is_empty())
            };
            if missing(client) {
                let detail = "NodeOUs name no unit for clients";
                return Err(Rejection::new(Category::NodeouClientMissing, detail));
            }
            if missing(peer) {
                let detail = "NodeOUs name no unit for peers";
                return Err(Rejection::new(Category::NodeouPeerMissing, detail));
            }
            let roles =
                RoleUnits { client: role(client)?, peer: role(peer)?, ..RoleUnits::default() };
            self.roles = roles;
            self.enforces_roles = config.fabric_node_ous.as_ref().is_some_and(|roles| roles.enable);
            return Ok(());
        }
        let bound = RoleUnits {
            client: role(client)?,
            peer: role(peer)?,
            admin: role(roles.admin_ou_identifier.as_ref())?,
            orderer: role(roles.orderer_ou_identifier.as_ref())?,
        };
        self.enforces_roles = roles.enable && bound != RoleUnits::default();
        self.roles = bound;
        Ok(())
    }

    /// The hash of the certification path of the CA that a unit is bound to.
    fn bound_to<'a>(
        &self,
        unit: &'a FabricOuIdentifier,
        entries: &mut Entries<'a>,
    ) -> Result<Vec<u8>, Rejection> {
        let name = unit.organizational_unit_identifier.escape_debug();
        let mut find = || {
            let (read, _) = self.normalize(entries.read(&unit.certificate)?)?;
            let of = |cas: &[Subject]| {
                cas.iter().map(|ca| &ca.certificate).find(|ca| **ca == read).cloned()
            };
            if let Some(root) = of(&self.roots) {
                return Ok(self.certifiers(&vec![root]));
            }
            let Some(intermediate) = of(&self.intermediates) else {
                let detail = format!("{} is no CA of the MSP", read.called());
                return Err(Rejection::new(Category::OuCertNotACaOfMsp, detail));
            };
            Ok(self.certifiers(&self.ca_path(&intermediate)?))
        };
        find().map_err(|why| {
            why.of(format_args!("the certificate that the unit `{name}` is bound to"))
        })
    }

    fn check_admins(&self) -> Result<(), Rejection> {
        for (index, admin) in self.admins.iter().enumerate() {
            let identity = Unvalidated(admin);
            let checked = match (self.enforces_roles, self.version >= MspVersion::V1_4_3) {
                (false, _) => self.validate(admin),
                (true, false) => self.holds_role(&identity, RoleType::Client as i32),
                (true, true) => self
                    .has_role_unit(admin, "client", self.roles.client.as_ref())
                    .or_else(|_| self.has_role_unit(admin, "admin", self.roles.admin.as_ref())),
            };
            checked.map_err(|why| why.of(format_args!("administrator {}", index + 1)))?;
        }
        Ok(())
    }
}

fn is_ca(certificate: &Certificate) -> Result<(), Rejection> {
    if !certificate.is_ca() {
        let detail = format!("{} is no CA", certificate.called());
        return Err(Rejection::new(Category::NotACa, detail));
    }
    subject_key(certificate).map(drop)
}

/// By which Fabric's software provider names a key.
fn key_identifier(certificate: &Certificate) -> Option<[u8; 32]> {
    let octets = match certificate.key() {
        Key::Ecdsa(key) => key.point_octets(),
        Key::Ed25519(key) => key.to_vec(),
        Key::Rsa(_) | Key::Other | Key::Unknown => return None,
    };
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &octets);
    digest.as_ref().try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::super::provider::Msp;
    use super::super::testing::Organization;
    use super::*;
    use crate::wire::KeyInfo;

    const NOW: i64 = 1_800_000_000;

    fn local(config: &FabricMspConfig, held: Option<[u8; 32]>, now: i64) -> Result<Msp, Category> {
        let now = Timestamp::from_unix(now);
        let surroundings = Surroundings { now, holds_key: &|key| held == Some(*key) };
        Msp::local(config, MspVersion::V3_0, surroundings).map_err(|why| why.category())
    }

    #[test]
    fn a_signer_needs_a_key_held_or_given_and_time_left() {
        let organization = Organization::new("One", true);
        let (certificate, key, point) = organization.signer();
        let with = |private_signer| FabricMspConfig {
            signing_identity: Some(SigningIdentityInfo {
                public_signer: certificate.clone().into_bytes(),
                private_signer,
            }),
            ..organization.config()
        };
        let given = |material: &str| {
            let key_material = material.as_bytes().to_vec();
            with(Some(KeyInfo { key_material, ..KeyInfo::default() }))
        };
        let name = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &point);
        let name = name.as_ref().try_into().unwrap();
        assert_eq!(local(&with(None), Some(name), NOW).map(|msp| msp.signer().is_some()), Ok(true));
        assert_eq!(local(&with(None), Some([7; 32]), NOW).err(), Some(Category::SignerNoKey));
        assert!(local(&given(&key), None, NOW).is_ok());
        assert_eq!(local(&given("key"), None, NOW).err(), Some(Category::SignerKeyPem));
        assert_eq!(local(&given(&certificate), None, NOW).err(), Some(Category::SignerKeyImport));
        // Certificates of rcgen end in 4096.
        assert_eq!(local(&given(&key), None, i64::MAX).err(), Some(Category::SignerExpired));
    }

    #[test]
    fn a_failure_names_its_place() {
        let organization = Organization::new("One", false);
        let mut config = organization.config();
        config.intermediate_certs = vec![config.root_certs.concat(), b"text".to_vec()];
        let now = Timestamp::from_unix(NOW);
        let surroundings = Surroundings { now, holds_key: &|_| false };
        let why = Msp::local(&config, MspVersion::V3_0, surroundings).unwrap_err();
        assert_eq!(
            (why.category(), why.to_string()),
            (Category::Pem, "intermediate CA 2: there is no PEM block".into())
        );
    }
}
