//! The values that each group may have; an absent one reads as the empty message.

use std::fmt;

use super::bad::ChannelError;
use super::names::ROOT;
use crate::wire::{
    Acls, AnchorPeers, BatchSize, BatchTimeout, BlockDataHashingStructure, Capabilities,
    ChannelRestrictions, ConfigGroup, ConsensusType, Consortium, HashingAlgorithm, KafkaBrokers,
    MspConfig, OrdererAddresses, Orderers, Policy, Shaped, decode,
};

/// Calls `take` with each value of a group; one that it does not know is refused.
fn each(
    group: &ConfigGroup,
    path: impl fmt::Display,
    mut take: impl FnMut(&str, &[u8]) -> Result<bool, Unread>,
) -> Result<(), ChannelError> {
    for (name, value) in &group.values {
        let at = || format!("{path}/{}", name.escape_debug());
        match take(name, &value.value) {
            Ok(true) => {}
            Ok(false) => return Err(ChannelError::UnexpectedValue(at())),
            Err(Unread) => return Err(ChannelError::Malformed(at())),
        }
    }
    Ok(())
}

struct Unread;

fn read<M: Shaped>(octets: &[u8]) -> Result<M, Unread> {
    decode(octets).map_err(|_| Unread)
}

/// One that has to parse and is not needed.
fn check<M: Shaped>(octets: &[u8]) -> Result<(), Unread> {
    read::<M>(octets).map(drop)
}

/// Values of the root.
#[derive(Debug, Clone, Default)]
pub(super) struct ChannelValues {
    pub(super) hashing_algorithm: HashingAlgorithm,
    pub(super) hashing_structure: BlockDataHashingStructure,
    pub(super) orderer_addresses: OrdererAddresses,
    pub(super) capabilities: Capabilities,
}

impl ChannelValues {
    pub(super) fn read(root: &ConfigGroup) -> Result<Self, ChannelError> {
        let mut values = Self::default();
        each(root, format_args!("/{ROOT}"), |name, octets| {
            match name {
                "HashingAlgorithm" => values.hashing_algorithm = read(octets)?,
                "BlockDataHashingStructure" => values.hashing_structure = read(octets)?,
                "OrdererAddresses" => values.orderer_addresses = read(octets)?,
                "Capabilities" => values.capabilities = read(octets)?,
                "Orderers" => check::<Orderers>(octets)?,
                "Consortium" => check::<Consortium>(octets)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(values)
    }
}

/// Values of the group `Orderer`.
#[derive(Debug, Clone, Default)]
pub struct OrdererValues {
    /// The kind of consensus.
    pub consensus: ConsensusType,
    /// How large blocks are.
    pub batch_size: BatchSize,
    /// How long a block is waited for.
    pub batch_timeout: BatchTimeout,
    /// The consenters of a BFT channel.
    pub orderers: Orderers,
    /// What orderers must be able to do.
    pub capabilities: Capabilities,
}

impl OrdererValues {
    pub(super) fn read(group: &ConfigGroup, path: &str) -> Result<Self, ChannelError> {
        let mut values = Self::default();
        each(group, path, |name, octets| {
            match name {
                "ConsensusType" => values.consensus = read(octets)?,
                "BatchSize" => values.batch_size = read(octets)?,
                "BatchTimeout" => values.batch_timeout = read(octets)?,
                "Orderers" => values.orderers = read(octets)?,
                "Capabilities" => values.capabilities = read(octets)?,
                "KafkaBrokers" => check::<KafkaBrokers>(octets)?,
                "ChannelRestrictions" => check::<ChannelRestrictions>(octets)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(values)
    }
}

/// Values of the group `Application`.
#[derive(Debug, Clone, Default)]
pub(super) struct ApplicationValues {
    pub(super) acls: Acls,
    pub(super) capabilities: Capabilities,
}

impl ApplicationValues {
    pub(super) fn read(group: &ConfigGroup, path: &str) -> Result<Self, ChannelError> {
        let mut values = Self::default();
        each(group, path, |name, octets| {
            match name {
                "ACLs" => values.acls = read(octets)?,
                "Capabilities" => values.capabilities = read(octets)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(values)
    }
}

/// Looks at the values of a consortium.
pub(super) fn consortium_values(group: &ConfigGroup, path: &str) -> Result<(), ChannelError> {
    each(group, path, |name, octets| match name {
        "ChannelCreationPolicy" => check::<Policy>(octets).map(|()| true),
        _ => Ok(false),
    })
}

/// Values of an organization, whichever section it is in.
#[derive(Debug, Clone, Default)]
pub(super) struct OrgValues {
    pub(super) msp: MspConfig,
    pub(super) endpoints: OrdererAddresses,
}

impl OrgValues {
    /// `with` names the value that such an organization may have beside its MSP.
    pub(super) fn read(
        group: &ConfigGroup,
        path: fmt::Arguments<'_>,
        with: Option<&str>,
    ) -> Result<Self, ChannelError> {
        let mut values = Self::default();
        each(group, path, |name, octets| {
            match name {
                "MSP" => values.msp = read(octets)?,
                "Endpoints" if with == Some(name) => values.endpoints = read(octets)?,
                "AnchorPeers" if with == Some(name) => check::<AnchorPeers>(octets)?,
                _ => return Ok(false),
            }
            Ok(true)
        })?;
        Ok(values)
    }
}
