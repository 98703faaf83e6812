//! Channels that the server knows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A channel as of its latest configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Channel")]
pub struct ChannelBody {
    /// Its ID.
    pub id: String,
    /// How often its configuration was updated.
    pub sequence: u64,
    /// When the server learned of this configuration.
    pub at: String,
    /// Whether this server decides over its configuration, and not the channel's orderers.
    pub governed_here: bool,
    /// The version of the rules that its MSPs follow, e.g. `1.4.3`.
    pub msp_version: String,
    /// The IDs of its MSPs.
    pub msps: Vec<String>,
    /// The paths of its policies from the root. Only when one channel is asked for.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub policies: Vec<String>,
}

/// All channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ChannelList {
    /// By ID.
    pub channels: Vec<ChannelBody>,
}

/// What ends in a channel, and when.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Expiry")]
pub struct ExpiryBody {
    /// Every certificate of the configuration, those first that end first.
    pub certificates: Vec<DatedBody>,
    /// Every policy that guards an element or that nodes ask for, those first that end first.
    pub policies: Vec<PolicyExpiryBody>,
}

/// A certificate of a configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Dated")]
pub struct DatedBody {
    /// The path of the value that holds it.
    pub element: String,
    /// What it is there for, in words.
    pub held: String,
    /// Its subject.
    pub name: String,
    /// Its end; absent when it cannot be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub not_after: Option<String>,
}

/// Until when a policy can be satisfied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "PolicyExpiry")]
pub struct PolicyExpiryBody {
    /// Its path.
    pub policy: String,
    /// `always`, `until`, `never` or `unknown`.
    pub satisfiable: String,
    /// Through when, when it is `until`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    /// In words.
    pub detail: String,
}

/// The configuration of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ConfigBody {
    /// How often it was updated.
    pub sequence: u64,
    /// The `common.Config`, in base64.
    pub config: String,
}

/// A configuration to be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ImportChannel")]
pub struct ImportChannelRequest {
    /// A configuration block (`common.Block`), a `common.ConfigEnvelope` or a `common.Config`, in base64.
    pub config: String,
    /// Whether this server shall decide over the configuration, and not the channel's orderers: proposals that are signed enough
    /// are applied here, and are not sent anywhere; from then on it is changed by proposals alone. Default false.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub govern_here: Option<bool>,
}
