//! The section of orderers as it is written.

use serde::{Deserialize, Serialize};

use super::at::At;
use super::options::{Bft, Raft, Size, is_zero};

/// How blocks are made, and by whom.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Orderer {
    /// `etcdraft` or `BFT`; `solo` for what neither can say.
    pub(super) r#type: At<String>,
    /// Whether the channel takes transactions; `normal` unless it is said.
    #[serde(default, skip_serializing_if = "State::is_normal")]
    pub(super) state: State,
    /// How long a block is waited for, e.g. `2s`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) batch_timeout: Option<At<String>>,
    /// How large blocks are.
    #[serde(default, skip_serializing_if = "BatchSize::is_none")]
    pub(super) batch_size: BatchSize,
    /// How many channels orderers may have; 0, as usual, for any number.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub(super) max_channels: u64,
    /// Where orderers are, from before organizations said so (`endpoints`).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) addresses: Vec<At<String>>,
    /// Settings of raft.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) raft: Option<At<Raft>>,
    /// Settings of BFT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) bft: Option<At<Bft>>,
    /// Who takes part in making blocks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(super) consenters: Vec<At<Consenter>>,
}

/// Whether a channel takes transactions.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// It does.
    #[default]
    Normal,
    /// Only updates of its configuration.
    Maintenance,
}

impl State {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    fn is_normal(&self) -> bool {
        *self == Self::Normal
    }
}

/// How large blocks are.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct BatchSize {
    /// Transactions at most; 500 unless it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) max_message_count: Option<u32>,
    /// Octets at most, e.g. `10 MB`, which it is unless it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) absolute_max_bytes: Option<Size>,
    /// Octets at most, unless one transaction is larger; `2 MB` unless it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) preferred_max_bytes: Option<Size>,
}

impl BatchSize {
    fn is_none(&self) -> bool {
        *self == Self::default()
    }
}

/// An orderer that takes part in making blocks. Certificates are the path of a PEM file, or the PEM itself.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub(super) struct Consenter {
    /// Its number, with BFT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) id: Option<u32>,
    /// Where it listens.
    pub(super) host: String,
    /// Where it listens.
    pub(super) port: u32,
    /// The ID of its MSP, with BFT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) msp_id: Option<String>,
    /// Its certificate, with BFT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) identity: Option<String>,
    /// Its TLS certificate as a client.
    pub(super) client_tls: String,
    /// Its TLS certificate as a server.
    pub(super) server_tls: String,
}
