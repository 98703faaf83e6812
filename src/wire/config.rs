//! The configuration tree of a channel, and updates of it.

use std::collections::BTreeMap;

use prost::Message;

use super::block::Envelope;
use super::fields::shaped;
use super::policy::Policy;

/// A channel's configuration.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Config {
    /// How often it was updated.
    #[prost(uint64, tag = "1")]
    pub sequence: u64,
    /// The root of the tree.
    #[prost(message, optional, tag = "2")]
    pub channel_group: Option<ConfigGroup>,
}

shaped!(Config, "common.Config", { 1 => sequence, 2 => channel_group });

/// A node of the tree.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ConfigGroup {
    /// How often it was changed.
    #[prost(uint64, tag = "1")]
    pub version: u64,
    /// Nodes beneath.
    #[prost(btree_map = "string, message", tag = "2")]
    pub groups: BTreeMap<String, ConfigGroup>,
    /// Values.
    #[prost(btree_map = "string, message", tag = "3")]
    pub values: BTreeMap<String, ConfigValue>,
    /// Policies.
    #[prost(btree_map = "string, message", tag = "4")]
    pub policies: BTreeMap<String, ConfigPolicy>,
    /// The policy of whom may change it.
    #[prost(string, tag = "5")]
    pub mod_policy: String,
}

shaped!(ConfigGroup, "common.ConfigGroup", {
    1 => version,
    2 => groups,
    3 => values,
    4 => policies,
    5 => mod_policy,
});

/// A value of the tree.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ConfigValue {
    /// How often it was changed.
    #[prost(uint64, tag = "1")]
    pub version: u64,
    /// A message that goes with its name.
    #[prost(bytes = "vec", tag = "2")]
    pub value: Vec<u8>,
    /// The policy of whom may change it.
    #[prost(string, tag = "3")]
    pub mod_policy: String,
}

shaped!(ConfigValue, "common.ConfigValue", { 1 => version, 2 => value, 3 => mod_policy });

/// A policy of the tree.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ConfigPolicy {
    /// How often it was changed.
    #[prost(uint64, tag = "1")]
    pub version: u64,
    /// The policy.
    #[prost(message, optional, tag = "2")]
    pub policy: Option<Policy>,
    /// The policy of whom may change it.
    #[prost(string, tag = "3")]
    pub mod_policy: String,
}

shaped!(ConfigPolicy, "common.ConfigPolicy", { 1 => version, 2 => policy, 3 => mod_policy });

/// A configuration and the update that led to it.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ConfigEnvelope {
    /// The configuration.
    #[prost(message, optional, tag = "1")]
    pub config: Option<Config>,
    /// The update, a `CONFIG_UPDATE`.
    #[prost(message, optional, tag = "2")]
    pub last_update: Option<Envelope>,
}

shaped!(ConfigEnvelope, "common.ConfigEnvelope", { 1 => config, 2 => last_update });

/// An update and who signed it.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ConfigUpdateEnvelope {
    /// A [`ConfigUpdate`], as signed.
    #[prost(bytes = "vec", tag = "1")]
    pub config_update: Vec<u8>,
    /// Signatures.
    #[prost(message, repeated, tag = "2")]
    pub signatures: Vec<ConfigSignature>,
}

shaped!(ConfigUpdateEnvelope, "common.ConfigUpdateEnvelope", {
    1 => config_update,
    2 => signatures,
});

/// What to change, seen from what was read.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ConfigUpdate {
    /// The channel.
    #[prost(string, tag = "1")]
    pub channel_id: String,
    /// What must not have changed.
    #[prost(message, optional, tag = "2")]
    pub read_set: Option<ConfigGroup>,
    /// What it shall be.
    #[prost(message, optional, tag = "3")]
    pub write_set: Option<ConfigGroup>,
    /// Not used.
    #[prost(btree_map = "string, bytes", tag = "5")]
    pub isolated_data: BTreeMap<String, Vec<u8>>,
}

shaped!(ConfigUpdate, "common.ConfigUpdate", {
    1 => channel_id,
    2 => read_set,
    3 => write_set,
    5 => isolated_data,
});

/// A signature over its header and the update.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct ConfigSignature {
    /// A `SignatureHeader`.
    #[prost(bytes = "vec", tag = "1")]
    pub signature_header: Vec<u8>,
    /// The signature.
    #[prost(bytes = "vec", tag = "2")]
    pub signature: Vec<u8>,
}

shaped!(ConfigSignature, "common.ConfigSignature", { 1 => signature_header, 2 => signature });
