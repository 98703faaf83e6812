//! How the orderers of a channel agree: the kind of consensus and its metadata.

use prost::{Enumeration, Message};

use super::fields::shaped;

/// The kind of consensus.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ConsensusType {
    /// `etcdraft`, `BFT`, once `solo` and `kafka`.
    #[prost(string, tag = "1")]
    pub r#type: String,
    /// A [`RaftMetadata`] or [`BftOptions`].
    #[prost(bytes = "vec", tag = "2")]
    pub metadata: Vec<u8>,
    /// A [`ConsensusState`]; other numbers travel too.
    #[prost(int32, tag = "3")]
    pub state: i32,
}

shaped!(ConsensusType, "orderer.ConsensusType", { 1 => r#type, 2 => metadata, 3 => state });

/// Whether a channel takes transactions.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum ConsensusState {
    /// It does.
    Normal = 0,
    /// Only updates of its configuration, so that the kind of consensus can change.
    Maintenance = 1,
}

/// Raft: who takes part, and how.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RaftMetadata {
    /// Who takes part.
    #[prost(message, repeated, tag = "1")]
    pub consenters: Vec<RaftConsenter>,
    /// How.
    #[prost(message, optional, tag = "2")]
    pub options: Option<RaftOptions>,
}

shaped!(RaftMetadata, "etcdraft.ConfigMetadata", { 1 => consenters, 2 => options });

/// An orderer that takes part in raft.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RaftConsenter {
    /// Where it listens.
    #[prost(string, tag = "1")]
    pub host: String,
    /// Where it listens.
    #[prost(uint32, tag = "2")]
    pub port: u32,
    /// Its certificate as a client, in PEM.
    #[prost(bytes = "vec", tag = "3")]
    pub client_tls_cert: Vec<u8>,
    /// Its certificate as a server, in PEM.
    #[prost(bytes = "vec", tag = "4")]
    pub server_tls_cert: Vec<u8>,
}

shaped!(RaftConsenter, "etcdraft.Consenter", {
    1 => host,
    2 => port,
    3 => client_tls_cert,
    4 => server_tls_cert,
});

/// The settings of raft.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct RaftOptions {
    /// As Go writes durations, e.g. `500ms`.
    #[prost(string, tag = "1")]
    pub tick_interval: String,
    /// Ticks without a leader before an election.
    #[prost(uint32, tag = "2")]
    pub election_tick: u32,
    /// Ticks between heartbeats.
    #[prost(uint32, tag = "3")]
    pub heartbeat_tick: u32,
    /// Blocks under way at most.
    #[prost(uint32, tag = "4")]
    pub max_inflight_blocks: u32,
    /// Octets between snapshots.
    #[prost(uint32, tag = "5")]
    pub snapshot_interval_size: u32,
}

shaped!(RaftOptions, "etcdraft.Options", {
    1 => tick_interval,
    2 => election_tick,
    3 => heartbeat_tick,
    4 => max_inflight_blocks,
    5 => snapshot_interval_size,
});

/// The settings of BFT. Durations are as Go writes them.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct BftOptions {
    /// Requests in a batch at most.
    #[prost(uint64, tag = "1")]
    pub request_batch_max_count: u64,
    /// Octets in a batch at most.
    #[prost(uint64, tag = "2")]
    pub request_batch_max_bytes: u64,
    /// How long a batch is waited for.
    #[prost(string, tag = "3")]
    pub request_batch_max_interval: String,
    /// Messages that wait at most.
    #[prost(uint64, tag = "4")]
    pub incoming_message_buffer_size: u64,
    /// Requests that wait at most.
    #[prost(uint64, tag = "5")]
    pub request_pool_size: u64,
    /// When a request is handed to the leader.
    #[prost(string, tag = "6")]
    pub request_forward_timeout: String,
    /// When the leader is complained of.
    #[prost(string, tag = "7")]
    pub request_complain_timeout: String,
    /// When a request is dropped.
    #[prost(string, tag = "8")]
    pub request_auto_remove_timeout: String,
    /// Octets of a request at most.
    #[prost(uint64, tag = "9")]
    pub request_max_bytes: u64,
    /// When a change of view is told again.
    #[prost(string, tag = "10")]
    pub view_change_resend_interval: String,
    /// When a change of view is given up.
    #[prost(string, tag = "11")]
    pub view_change_timeout: String,
    /// When a silent leader is given up.
    #[prost(string, tag = "12")]
    pub leader_heartbeat_timeout: String,
    /// Heartbeats within that time.
    #[prost(uint64, tag = "13")]
    pub leader_heartbeat_count: u64,
    /// How long answers are collected.
    #[prost(string, tag = "14")]
    pub collect_timeout: String,
    /// Whether a node asks others for what it missed when it starts.
    #[prost(bool, tag = "15")]
    pub sync_on_start: bool,
    /// Whether a change of view is hurried.
    #[prost(bool, tag = "16")]
    pub speed_up_view_change: bool,
    /// A [`LeaderRotation`]; other numbers travel too.
    #[prost(int32, tag = "17")]
    pub leader_rotation: i32,
    /// Decisions before another leads.
    #[prost(uint64, tag = "18")]
    pub decisions_per_leader: u64,
}

shaped!(BftOptions, "smartbft.Options", {
    1 => request_batch_max_count,
    2 => request_batch_max_bytes,
    3 => request_batch_max_interval,
    4 => incoming_message_buffer_size,
    5 => request_pool_size,
    6 => request_forward_timeout,
    7 => request_complain_timeout,
    8 => request_auto_remove_timeout,
    9 => request_max_bytes,
    10 => view_change_resend_interval,
    11 => view_change_timeout,
    12 => leader_heartbeat_timeout,
    13 => leader_heartbeat_count,
    14 => collect_timeout,
    15 => sync_on_start,
    16 => speed_up_view_change,
    17 => leader_rotation,
    18 => decisions_per_leader,
});

/// Whether leaders take turns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Enumeration)]
#[repr(i32)]
pub enum LeaderRotation {
    /// Not told.
    Unspecified = 0,
    /// They do not.
    Off = 1,
    /// They do; Fabric's nodes refuse it.
    On = 2,
}
