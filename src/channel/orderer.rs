//! What orderers ask of a configuration that is to follow, beyond what every node asks: how they agree, and who takes
//! part. Whether a majority of them is up is for the orderers to say.

use super::capabilities::has_bft;
use super::compute::is_same_group;
use super::consenters::{RaftError, check_raft, check_raft_step};
use super::current::Current;
use super::load::{Channel, Orderer};
use crate::clock::Timestamp;
use crate::policy::bft_policy;
use crate::wire::{
    BftOptions, ConfigGroup, ConsensusState, Consenter, LeaderRotation, PolicyType, RaftMetadata,
    SignaturePolicyEnvelope, decode,
};

/// Why orderers refuse a configuration.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OrdererError {
    /// There are no orderers.
    #[error("there is no group /Channel/Orderer")]
    NoOrderer,
    /// The state or the kind of consensus changes too early.
    #[error("consensus may not change before orderers have the capability V1_4_2")]
    MigrationDisabled,
    /// Something else changes with the state of consensus.
    #[error("entering or leaving maintenance may change nothing but ConsensusType.state")]
    MaintenanceAlone,
    /// The kind of consensus changes outside of maintenance.
    #[error("the kind of consensus may change within maintenance only")]
    NotInMaintenance,
    /// The kind of consensus changes otherwise than from raft to BFT.
    #[error("the kind of consensus may not change from `{}` to `{}`: only from etcdraft to BFT",
        .from.escape_debug(), .to.escape_debug())]
    Migration {
        /// Before.
        from: String,
        /// And after.
        to: String,
    },
    /// BFT before nodes can do it.
    #[error("BFT needs the channel capability V3_0")]
    BftCapability,
    /// Those who take part in BFT are not those who took part in raft.
    #[error("the consenters of BFT must be those of raft: {0} is not")]
    OtherConsenters(String),
    /// The metadata of consensus does not parse.
    #[error("the metadata of ConsensusType does not parse")]
    Metadata,
    /// Raft is set up wrongly, or changes too much at once.
    #[error(transparent)]
    Raft(#[from] RaftError),
    /// Leaders of BFT would take turns.
    #[error("leaders of BFT may not take turns: leader_rotation must be off")]
    LeaderRotation,
    /// The policy of blocks is not the one that consenters of BFT come to.
    #[error(
        "the policy /Channel/Orderer/BlockValidation is not the one that the consenters come to"
    )]
    BlockValidation,
}

impl OrdererError {
    /// The stable word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::NoOrderer => "no-orderer-section",
            Self::MigrationDisabled => "migration-disabled",
            Self::MaintenanceAlone => "maintenance-alone",
            Self::NotInMaintenance => "not-in-maintenance",
            Self::Migration { .. } => "migration",
            Self::BftCapability => "bft-capability",
            Self::OtherConsenters(_) => "other-consenters",
            Self::Metadata => "metadata",
            Self::Raft(why) => why.word(),
            Self::LeaderRotation => "leader-rotation",
            Self::BlockValidation => "block-validation",
        }
    }
}

const RAFT: &str = "etcdraft";
const BFT: &str = "BFT";

impl Current {
    /// Whether orderers let another configuration follow this one.
    ///
    /// # Errors
    /// With the first reason why not.
    pub fn check_at_orderer(&self, next: &Self, now: Timestamp) -> Result<(), OrdererError> {
        let before = self.channel().orderer().ok_or(OrdererError::NoOrderer)?;
        let after = next.channel().orderer().ok_or(OrdererError::NoOrderer)?;
        check_migration(before, after)?;
        let (was, is) = (&before.values.consensus, &after.values.consensus);
        if was.state != is.state {
            if (&was.r#type, &was.metadata) != (&is.r#type, &is.metadata) {
                return Err(OrdererError::MaintenanceAlone);
            }
            check_nothing_else(self.root(), next.root())?;
        }
        match after.values.consensus.r#type.as_str() {
            RAFT => {
                let metadata = raft_metadata(after)?;
                check_raft(&metadata)?;
                let known = if before.values.consensus.r#type == RAFT {
                    raft_metadata(before)?
                } else {
                    RaftMetadata::default()
                };
                check_raft_step(&known, &metadata, next.root(), now)?;
                Ok(())
            }
            BFT => check_bft(next.channel(), next.root(), after),
            _ => Ok(()),
        }
    }
}

fn raft_metadata(orderer: &Orderer) -> Result<RaftMetadata, OrdererError> {
    decode(&orderer.values.consensus.metadata).map_err(|_| OrdererError::Metadata)
}

fn check_migration(before: &Orderer, after: &Orderer) -> Result<(), OrdererError> {
    let (from, to) = (&before.values.consensus, &after.values.consensus);
    let capabilities = &before.values.capabilities.capabilities;
    if !["V1_4_2", "V2_0"].iter().any(|name| capabilities.contains_key(*name)) {
        let normal = i32::from(ConsensusState::Normal);
        let stays = to.state == normal && from.r#type == to.r#type;
        return if stays { Ok(()) } else { Err(OrdererError::MigrationDisabled) };
    }
    if from.r#type == to.r#type {
        return Ok(());
    }
    let maintenance = i32::from(ConsensusState::Maintenance);
    if from.state != maintenance || to.state != maintenance {
        return Err(OrdererError::NotInMaintenance);
    }
    if (from.r#type.as_str(), to.r#type.as_str()) != (RAFT, BFT) {
        let (from, to) = (from.r#type.clone(), to.r#type.clone());
        return Err(OrdererError::Migration { from, to });
    }
    let raft = raft_metadata(before)?;
    let new = &after.values.orderers.consenter_mapping;
    let is_in = |one: &Consenter| {
        raft.consenters.iter().any(|known| {
            (&known.host, known.port, &known.client_tls_cert, &known.server_tls_cert)
                == (&one.host, one.port, &one.client_tls_cert, &one.server_tls_cert)
        })
    };
    if let Some(stranger) = new.iter().find(|one| !is_in(one)) {
        let named = format!("{}:{}", stranger.host.escape_debug(), stranger.port);
        return Err(OrdererError::OtherConsenters(named));
    }
    if new.len() != raft.consenters.len() {
        let named = format!("one of {} that raft has", raft.consenters.len());
        return Err(OrdererError::OtherConsenters(named));
    }
    Ok(())
}

/// Only the value `ConsensusType` may differ; what of it, is looked at beside.
fn check_nothing_else(before: &ConfigGroup, next: &ConfigGroup) -> Result<(), OrdererError> {
    let value = |root: &ConfigGroup| {
        root.groups.get("Orderer").and_then(|group| group.values.get("ConsensusType")).cloned()
    };
    let mut expected = before.clone();
    if let (Some(group), Some(after)) = (expected.groups.get_mut("Orderer"), value(next)) {
        group.values.insert("ConsensusType".to_owned(), after);
    }
    let guards = |root| value(root).map(|value| value.mod_policy);
    if is_same_group(&expected, next) && guards(before) == guards(next) {
        return Ok(());
    }
    Err(OrdererError::MaintenanceAlone)
}

fn check_bft(channel: &Channel, root: &ConfigGroup, after: &Orderer) -> Result<(), OrdererError> {
    if !has_bft(channel.capabilities()) {
        return Err(OrdererError::BftCapability);
    }
    let options: BftOptions =
        decode(&after.values.consensus.metadata).map_err(|_| OrdererError::Metadata)?;
    if options.leader_rotation == i32::from(LeaderRotation::On) {
        return Err(OrdererError::LeaderRotation);
    }
    let policy = root.groups.get("Orderer").and_then(|group| group.policies.get("BlockValidation"));
    let policy = policy.and_then(|policy| policy.policy.as_ref());
    let found = policy.filter(|policy| policy.r#type == i32::from(PolicyType::Signature));
    let found = found.and_then(|policy| decode::<SignaturePolicyEnvelope>(&policy.value).ok());
    let expected = bft_policy(&after.values.orderers.consenter_mapping);
    if found.as_ref() == Some(&expected) { Ok(()) } else { Err(OrdererError::BlockValidation) }
}

#[cfg(test)]
#[path = "orderer_tests.rs"]
mod tests;
