//! An MSP, and the MSPs of a channel by ID.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::core::{Core, RoleUnits, Subject};
use super::identity::Identity;
use super::principal::bad_identity;
use super::rejection::{Category, Rejection};
use super::setup::{Surroundings, set_up, set_up_config, set_up_octets};
use super::tenure::Tenure;
use super::version::MspVersion;
use crate::clock::Timestamp;
use crate::wire::{FabricMspConfig, MspConfig, MspPrincipal, SerializedIdentity, decode};

/// A membership service provider, set up: who belongs to an organization, and as what.
///
/// It never changes; copies share it.
#[derive(Debug, Clone)]
pub struct Msp(Arc<Core>);

impl Msp {
    /// Sets up the MSP of a channel from its `MSPConfig`.
    ///
    /// # Errors
    /// The first thing that Fabric would refuse.
    pub fn new(config: &[u8], version: MspVersion, now: Timestamp) -> Result<Self, Rejection> {
        let surroundings = Surroundings { now, holds_key: &|_| false };
        set_up(config, version, surroundings).map(|core| Self(Arc::new(core)))
    }

    /// As [`Msp::new`], of a message that was read already.
    ///
    /// # Errors
    /// As [`Msp::new`].
    pub fn of_config(
        config: &MspConfig,
        version: MspVersion,
        now: Timestamp,
    ) -> Result<Self, Rejection> {
        let surroundings = Surroundings { now, holds_key: &|_| false };
        set_up_octets(&config.config, version, surroundings).map(|core| Self(Arc::new(core)))
    }

    /// Sets up a node's own MSP, whose keys may be in a key store.
    ///
    /// # Errors
    /// As [`Msp::new`].
    pub fn local(
        config: &FabricMspConfig,
        version: MspVersion,
        surroundings: Surroundings<'_>,
    ) -> Result<Self, Rejection> {
        set_up_config(config, version, surroundings).map(|core| Self(Arc::new(core)))
    }

    /// Its ID.
    pub fn id(&self) -> &str {
        &self.0.name
    }

    /// The version of the rules that it follows.
    pub fn version(&self) -> MspVersion {
        self.0.version
    }

    /// Reads an identity that says to be of this MSP.
    ///
    /// # Errors
    /// When it does not read, is of another MSP, or its certificate cannot be one of this MSP.
    pub fn identity(&self, serialized: &[u8]) -> Result<Identity, Rejection> {
        let serialized: SerializedIdentity = decode(serialized).map_err(bad_identity)?;
        self.0.check_name(&serialized.mspid)?;
        self.identity_of_pem(&serialized.id_bytes)
    }

    /// Reads an identity of this MSP from its certificate in PEM.
    ///
    /// # Errors
    /// As [`Msp::identity`].
    pub fn identity_of_pem(&self, pem: &[u8]) -> Result<Identity, Rejection> {
        Identity::new(Arc::clone(&self.0), pem)
    }

    /// Until when somebody of this MSP can be the principal: an identity that one of its CAs issues from `now` on, or
    /// a certificate that is listed or named. Revocations to come are not known.
    pub fn tenure(&self, principal: &MspPrincipal, now: Timestamp) -> Tenure {
        self.0.tenure(principal, now)
    }

    /// Whether each identity must hold exactly one role unit.
    pub fn enforces_roles(&self) -> bool {
        self.0.enforces_roles
    }

    /// The units of the roles.
    pub fn role_units(&self) -> &RoleUnits {
        &self.0.roles
    }

    /// Units of which each identity must hold one, with the hashes of the certification paths.
    pub fn unit_identifiers(&self) -> &BTreeMap<String, Vec<Vec<u8>>> {
        &self.0.units
    }

    /// The identifiers of the root CAs, in order.
    pub fn roots(&self) -> impl Iterator<Item = &[u8]> {
        identifiers(&self.0.roots)
    }

    /// The identifiers of the intermediate CAs, in order.
    pub fn intermediates(&self) -> impl Iterator<Item = &[u8]> {
        identifiers(&self.0.intermediates)
    }

    /// The identifiers of the administrators that are listed by certificate, in order.
    pub fn admins(&self) -> impl Iterator<Item = &[u8]> {
        identifiers(&self.0.admins)
    }

    /// The identifier of the signing identity, if any.
    pub fn signer(&self) -> Option<&[u8]> {
        self.0.signer.as_ref().map(|signer| signer.identifier.as_ref())
    }

    /// The certificates (DER) of CAs that may not issue identities directly.
    pub fn internal_nodes(&self) -> impl Iterator<Item = &[u8]> {
        self.0.internal_nodes.iter().map(|node| node.der())
    }

    /// How many TLS roots, TLS intermediates and revocation lists are listed.
    pub fn counts(&self) -> (usize, usize, usize) {
        (self.0.tls_roots, self.0.tls_intermediates, self.0.crls.len())
    }

    /// The names of the family of hash functions for signatures, and of the one for identifiers.
    pub fn hashes(&self) -> (&str, &str) {
        (&self.0.hash_family, &self.0.identifier_hash)
    }
}

fn identifiers(subjects: &[Subject]) -> impl Iterator<Item = &[u8]> {
    subjects.iter().map(|subject| subject.identifier.as_ref())
}

/// The MSPs of a channel as of one configuration. Another configuration is another value of this type.
#[derive(Debug, Clone, Default)]
pub struct Msps(BTreeMap<String, Msp>);

impl Msps {
    /// The MSP with this ID.
    pub fn get(&self, id: &str) -> Option<&Msp> {
        self.0.get(id)
    }

    /// All of them, by ID.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Msp> {
        self.0.values()
    }

    /// Reads an identity of one of the MSPs.
    ///
    /// # Errors
    /// When it does not read, its MSP is unknown, or its certificate cannot be one of that MSP.
    pub fn identity(&self, serialized: &[u8]) -> Result<Identity, Rejection> {
        let serialized: SerializedIdentity = decode(serialized).map_err(bad_identity)?;
        let Some(msp) = self.get(&serialized.mspid) else {
            let detail = format!("MSP `{}` is unknown here", serialized.mspid.escape_debug());
            return Err(Rejection::new(Category::UnknownMsp, detail));
        };
        msp.identity_of_pem(&serialized.id_bytes)
    }
}

impl FromIterator<Msp> for Msps {
    /// Of two with one ID, the later counts.
    fn from_iter<I: IntoIterator<Item = Msp>>(msps: I) -> Self {
        Self(msps.into_iter().map(|msp| (msp.id().to_owned(), msp)).collect())
    }
}
