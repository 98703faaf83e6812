//! The section `Orderer`.

use std::collections::BTreeMap;

use super::error::{ConfigtxError, Origin};
use super::fields::At;
use super::organization::{Organization, PolicyText, PolicyTexts};
use crate::wire::{BatchSize, BftOptions, RaftOptions};

/// How blocks are made, as it is written: zero and nothing stand for what is usual.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::channel) struct Orderer {
    pub(in crate::channel) kind: String,
    pub(in crate::channel) addresses: Vec<String>,
    /// In nanoseconds.
    pub(in crate::channel) batch_timeout: i64,
    pub(in crate::channel) batch_size: BatchSize,
    pub(in crate::channel) consenter_mapping: Vec<BftConsenter>,
    pub(in crate::channel) raft: Option<RaftSection>,
    pub(in crate::channel) bft: Option<BftSection>,
    pub(in crate::channel) organizations: Vec<Organization>,
    pub(in crate::channel) max_channels: u64,
    /// A state of `ConsensusType`: 0, which is normal, in files of Fabric's tools.
    pub(in crate::channel) state: i32,
    pub(in crate::channel) capabilities: BTreeMap<String, bool>,
    pub(in crate::channel) policies: PolicyTexts,
    pub(in crate::channel) origin: Origin,
}

/// The section `EtcdRaft`.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::channel) struct RaftSection {
    pub(in crate::channel) consenters: Vec<RaftConsenterFiles>,
    pub(in crate::channel) options: RaftOptions,
    pub(in crate::channel) origin: Origin,
}

/// A certificate, or the file that has it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::channel) enum Material {
    /// The path of the file.
    File(String),
    /// The certificate itself.
    Given(Vec<u8>),
}

impl Material {
    /// Whether it names nothing.
    pub(in crate::channel) fn is_empty(&self) -> bool {
        match self {
            Self::File(path) => path.is_empty(),
            Self::Given(octets) => octets.is_empty(),
        }
    }
}

/// A consenter of raft, with its certificates.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::channel) struct RaftConsenterFiles {
    pub(in crate::channel) host: String,
    pub(in crate::channel) port: u32,
    pub(in crate::channel) client_tls: Option<Material>,
    pub(in crate::channel) server_tls: Option<Material>,
    pub(in crate::channel) origin: Origin,
}

/// The section `SmartBFT`, which is taken as it stands.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::channel) struct BftSection(pub(in crate::channel) BftOptions);

/// An element of `ConsenterMapping`, with its certificates.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::channel) struct BftConsenter {
    pub(in crate::channel) id: u32,
    pub(in crate::channel) host: String,
    pub(in crate::channel) port: u32,
    pub(in crate::channel) msp_id: String,
    pub(in crate::channel) identity: Material,
    pub(in crate::channel) client_tls: Material,
    pub(in crate::channel) server_tls: Material,
    pub(in crate::channel) origin: Origin,
}

impl Orderer {
    pub(super) fn read(at: &At<'_>) -> Result<Self, ConfigtxError> {
        let mut fields = at.fields()?;
        let orderer = Self {
            kind: fields.read("OrdererType", At::text)?,
            addresses: fields.read("Addresses", At::texts)?,
            batch_timeout: fields.read("BatchTimeout", At::duration)?,
            batch_size: fields.read("BatchSize", batch_size)?,
            consenter_mapping: fields.each("ConsenterMapping", BftConsenter::read)?,
            raft: fields.take("EtcdRaft").map(|at| RaftSection::read(&at)).transpose()?,
            bft: fields.take("SmartBFT").map(|at| BftSection::read(&at)).transpose()?,
            organizations: fields.each("Organizations", Organization::read)?,
            max_channels: fields.read("MaxChannels", At::unsigned)?,
            state: 0,
            capabilities: fields.named("Capabilities", At::truth)?,
            policies: fields.named("Policies", PolicyText::read)?,
            origin: fields.origin(),
        };
        fields.finish()?;
        Ok(orderer)
    }
}

fn batch_size(at: &At<'_>) -> Result<BatchSize, ConfigtxError> {
    let mut fields = at.fields()?;
    let size = BatchSize {
        max_message_count: fields.read("MaxMessageCount", At::size)?,
        absolute_max_bytes: fields.read("AbsoluteMaxBytes", At::size)?,
        preferred_max_bytes: fields.read("PreferredMaxBytes", At::size)?,
    };
    fields.finish()?;
    Ok(size)
}

impl RaftSection {
    fn read(at: &At<'_>) -> Result<Self, ConfigtxError> {
        let mut fields = at.fields()?;
        let section = Self {
            consenters: fields.each("Consenters", RaftConsenterFiles::read)?,
            options: fields.read("Options", raft_options)?,
            origin: fields.origin(),
        };
        fields.finish()?;
        Ok(section)
    }
}

impl RaftConsenterFiles {
    fn read(at: &At<'_>) -> Result<Self, ConfigtxError> {
        let mut fields = at.fields()?;
        let consenter = Self {
            host: fields.read("Host", At::text)?,
            port: fields.read("Port", At::size)?,
            client_tls: fields.take("ClientTLSCert").map(|at| file(&at)).transpose()?,
            server_tls: fields.take("ServerTLSCert").map(|at| file(&at)).transpose()?,
            origin: fields.origin(),
        };
        fields.finish()?;
        Ok(consenter)
    }
}

fn raft_options(at: &At<'_>) -> Result<RaftOptions, ConfigtxError> {
    let mut fields = at.fields()?;
    let options = RaftOptions {
        tick_interval: fields.read("TickInterval", At::text)?,
        election_tick: fields.read("ElectionTick", At::size)?,
        heartbeat_tick: fields.read("HeartbeatTick", At::size)?,
        max_inflight_blocks: fields.read("MaxInflightBlocks", At::size)?,
        snapshot_interval_size: fields.read("SnapshotIntervalSize", At::size)?,
    };
    fields.finish()?;
    Ok(options)
}

fn file(at: &At<'_>) -> Result<Material, ConfigtxError> {
    at.text().map(Material::File)
}

impl BftSection {
    fn read(at: &At<'_>) -> Result<Self, ConfigtxError> {
        let mut fields = at.fields()?;
        let options = BftOptions {
            request_batch_max_count: fields.read("RequestBatchMaxCount", At::unsigned)?,
            request_batch_max_bytes: fields.read("RequestBatchMaxBytes", At::unsigned)?,
            request_batch_max_interval: fields.read("RequestBatchMaxInterval", At::text)?,
            incoming_message_buffer_size: fields.read("IncomingMessageBufferSize", At::unsigned)?,
            request_pool_size: fields.read("RequestPoolSize", At::unsigned)?,
            request_forward_timeout: fields.read("RequestForwardTimeout", At::text)?,
            request_complain_timeout: fields.read("RequestComplainTimeout", At::text)?,
            request_auto_remove_timeout: fields.read("RequestAutoRemoveTimeout", At::text)?,
            request_max_bytes: fields.read("RequestMaxBytes", At::unsigned)?,
            view_change_resend_interval: fields.read("ViewChangeResendInterval", At::text)?,
            view_change_timeout: fields.read("ViewChangeTimeout", At::text)?,
            leader_heartbeat_timeout: fields.read("LeaderHeartbeatTimeout", At::text)?,
            leader_heartbeat_count: fields.read("LeaderHeartbeatCount", At::unsigned)?,
            collect_timeout: fields.read("CollectTimeout", At::text)?,
            sync_on_start: fields.read("SyncOnStart", At::truth)?,
            speed_up_view_change: fields.read("SpeedUpViewChange", At::truth)?,
            leader_rotation: fields.read("LeaderRotation", At::signed)?,
            decisions_per_leader: fields.read("DecisionsPerLeader", At::unsigned)?,
        };
        fields.finish()?;
        Ok(Self(options))
    }
}

impl BftConsenter {
    fn read(at: &At<'_>) -> Result<Self, ConfigtxError> {
        let mut fields = at.fields()?;
        let consenter = Self {
            id: fields.read("ID", At::size)?,
            host: fields.read("Host", At::text)?,
            port: fields.read("Port", At::size)?,
            msp_id: fields.read("MSPID", At::text)?,
            identity: Material::File(fields.read("Identity", At::text)?),
            client_tls: Material::File(fields.read("ClientTLSCert", At::text)?),
            server_tls: Material::File(fields.read("ServerTLSCert", At::text)?),
            origin: fields.origin(),
        };
        fields.finish()?;
        Ok(consenter)
    }
}
