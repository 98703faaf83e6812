//! Changes of how blocks are made, and by whom.

use super::duration::parse_nanoseconds;
use super::edit_error::EditError;
use super::edit_parts::{ADMINS, put, read, shown};
use crate::policy::bft_policy;
use crate::wire::{
    BatchSize, BatchTimeout, ConfigGroup, ConsensusState, ConsensusType, Consenter, Message as _,
    OrdererAddresses, Orderers, Policy, PolicyType, RaftConsenter, RaftMetadata, decode,
};

const RAFT: &str = "etcdraft";
const BFT: &str = "BFT";

/// A change of the orderers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OrdererEdit {
    /// Says how large blocks are; what is not said stays.
    BatchSize {
        /// Transactions at most.
        max_message_count: Option<u32>,
        /// Octets at most.
        absolute_max_bytes: Option<u32>,
        /// Octets at most, unless one transaction is larger.
        preferred_max_bytes: Option<u32>,
    },
    /// Says how long a block is waited for, e.g. `2s`.
    BatchTimeout(String),
    /// Enters or leaves maintenance, in which the channel takes no transactions. It goes with no other change.
    Maintenance(bool),
    /// Lets a consenter take part.
    AddConsenter(NewConsenter),
    /// Lets a consenter take part no longer.
    RemoveConsenter(Place),
    /// Puts one in another's place, e.g. one with new certificates.
    ExchangeConsenter(Place, NewConsenter),
    /// Says where the orderers of an organization are.
    Endpoints {
        /// The name of its group.
        name: String,
        /// Hosts and ports.
        endpoints: Vec<String>,
    },
}

/// Where a consenter listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// The host.
    pub host: String,
    /// The port.
    pub port: u16,
}

/// A consenter that is to take part. Certificates are PEM.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewConsenter {
    /// Where it listens.
    pub place: Place,
    /// Its TLS certificate as a client.
    pub client_tls: Vec<u8>,
    /// Its TLS certificate as a server.
    pub server_tls: Vec<u8>,
    /// Who it is, which BFT asks for and raft does not.
    pub identity: Option<ConsenterIdentity>,
}

/// Who a consenter is, with BFT.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConsenterIdentity {
    /// Its number; the next that is free unless it is said.
    pub id: Option<u32>,
    /// The ID of its MSP.
    pub msp_id: String,
    /// Its certificate in PEM.
    pub certificate: Vec<u8>,
}

impl OrdererEdit {
    pub(super) fn make(&self, root: &mut ConfigGroup) -> Result<(), EditError> {
        let orderer = root.groups.get_mut("Orderer").ok_or(EditError::NoOrderer)?;
        match self {
            Self::BatchSize { max_message_count, absolute_max_bytes, preferred_max_bytes } => {
                let before: BatchSize = read(orderer, "BatchSize", "/Channel/Orderer/BatchSize")?;
                let size = BatchSize {
                    max_message_count: max_message_count.unwrap_or(before.max_message_count),
                    absolute_max_bytes: absolute_max_bytes.unwrap_or(before.absolute_max_bytes),
                    preferred_max_bytes: preferred_max_bytes.unwrap_or(before.preferred_max_bytes),
                };
                put(orderer, "BatchSize", &size);
                Ok(())
            }
            Self::BatchTimeout(timeout) => {
                if parse_nanoseconds(timeout).is_none_or(|nanoseconds| nanoseconds <= 0) {
                    return Err(EditError::Timeout(shown(timeout)));
                }
                put(orderer, "BatchTimeout", &BatchTimeout { timeout: timeout.clone() });
                Ok(())
            }
            Self::Maintenance(enters) => {
                let mut kind = kind_of(orderer)?;
                kind.state = if *enters {
                    ConsensusState::Maintenance.into()
                } else {
                    ConsensusState::Normal.into()
                };
                put(orderer, "ConsensusType", &kind);
                Ok(())
            }
            Self::AddConsenter(new) => change(orderer, None, Some(new)),
            Self::RemoveConsenter(old) => change(orderer, Some(old), None),
            Self::ExchangeConsenter(old, new) => change(orderer, Some(old), Some(new)),
            Self::Endpoints { name, endpoints } => {
                let group = orderer.groups.get_mut(name);
                let group = group.ok_or_else(|| EditError::Unknown(shown(name)))?;
                if endpoints.is_empty() {
                    group.values.remove("Endpoints");
                } else {
                    put(group, "Endpoints", &OrdererAddresses { addresses: endpoints.clone() });
                }
                Ok(())
            }
        }
    }
}

fn kind_of(orderer: &ConfigGroup) -> Result<ConsensusType, EditError> {
    read(orderer, "ConsensusType", "/Channel/Orderer/ConsensusType")
}

/// Takes one away and adds one, by the way in which the orderers agree.
fn change(
    orderer: &mut ConfigGroup,
    old: Option<&Place>,
    new: Option<&NewConsenter>,
) -> Result<(), EditError> {
    let mut kind = kind_of(orderer)?;
    match kind.r#type.as_str() {
        RAFT => {
            let malformed = |_| EditError::Malformed("/Channel/Orderer/ConsensusType".to_owned());
            let mut raft: RaftMetadata = decode(&kind.metadata).map_err(malformed)?;
            let new = new.map(raft_consenter);
            let is_at = |one: &RaftConsenter, place: &Place| {
                one.host == place.host && one.port == u32::from(place.port)
            };
            replace(&mut raft.consenters, old, new, is_at)?;
            kind.metadata = raft.encode_to_vec();
            put(orderer, "ConsensusType", &kind);
            Ok(())
        }
        BFT => {
            let mut named: Orderers = read(orderer, "Orderers", "/Channel/Orderer/Orderers")?;
            let next = named.consenter_mapping.iter().map(|one| one.id).max().unwrap_or(0);
            let new = new.map(|new| bft_consenter(new, next.saturating_add(1))).transpose()?;
            let is_at = |one: &Consenter, place: &Place| {
                one.host == place.host && one.port == u32::from(place.port)
            };
            replace(&mut named.consenter_mapping, old, new, is_at)?;
            put(orderer, "Orderers", &named);
            // Their signatures are what blocks need, and orderers look at that.
            let envelope = bft_policy(&named.consenter_mapping);
            let policy =
                Policy { r#type: PolicyType::Signature.into(), value: envelope.encode_to_vec() };
            let guarded = orderer.policies.entry("BlockValidation".to_owned()).or_default();
            if guarded.mod_policy.is_empty() {
                ADMINS.clone_into(&mut guarded.mod_policy);
            }
            guarded.policy = Some(policy);
            Ok(())
        }
        other => Err(EditError::Consensus(shown(other))),
    }
}

/// In the place of the old one, or at the end.
fn replace<T>(
    all: &mut Vec<T>,
    old: Option<&Place>,
    new: Option<T>,
    is_at: impl Fn(&T, &Place) -> bool,
) -> Result<(), EditError> {
    let Some(place) = old else {
        all.extend(new);
        return Ok(());
    };
    let unknown = || EditError::UnknownConsenter(format!("{}:{}", shown(&place.host), place.port));
    let at = all.iter().position(|one| is_at(one, place)).ok_or_else(unknown)?;
    match (new, all.get_mut(at)) {
        (Some(new), Some(one)) => *one = new,
        (_, _) => {
            all.remove(at);
        }
    }
    Ok(())
}

fn raft_consenter(new: &NewConsenter) -> RaftConsenter {
    RaftConsenter {
        host: new.place.host.clone(),
        port: new.place.port.into(),
        client_tls_cert: new.client_tls.clone(),
        server_tls_cert: new.server_tls.clone(),
    }
}

fn bft_consenter(new: &NewConsenter, next: u32) -> Result<Consenter, EditError> {
    let identity = new.identity.as_ref().ok_or(EditError::NoIdentity)?;
    Ok(Consenter {
        id: identity.id.unwrap_or(next),
        host: new.place.host.clone(),
        port: new.place.port.into(),
        msp_id: identity.msp_id.clone(),
        identity: identity.certificate.clone(),
        client_tls_cert: new.client_tls.clone(),
        server_tls_cert: new.server_tls.clone(),
    })
}

#[cfg(test)]
#[path = "edit_orderer_tests.rs"]
mod tests;
