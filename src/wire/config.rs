//! The configuration tree of a channel, and updates of it.

use std::collections::BTreeMap;

use prost::Message;

use super::block::Envelope;
use super::decode::{Field, Shaped};
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

impl Shaped for Config {
    const NAME: &'static str = "common.Config";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Number), (2, Field::Message(ConfigGroup::shape))]
    }
}

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

impl Shaped for ConfigGroup {
    const NAME: &'static str = "common.ConfigGroup";

    fn shape() -> &'static [(u32, Field)] {
        &[
            (1, Field::Number),
            (2, Field::Entry(|| &[(1, Field::Octets), (2, Field::Message(ConfigGroup::shape))])),
            (3, Field::Entry(|| &[(1, Field::Octets), (2, Field::Message(ConfigValue::shape))])),
            (4, Field::Entry(|| &[(1, Field::Octets), (2, Field::Message(ConfigPolicy::shape))])),
            (5, Field::Octets),
        ]
    }
}

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

impl Shaped for ConfigValue {
    const NAME: &'static str = "common.ConfigValue";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Number), (2, Field::Octets), (3, Field::Octets)]
    }
}

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

impl Shaped for ConfigPolicy {
    const NAME: &'static str = "common.ConfigPolicy";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Number), (2, Field::Message(Policy::shape)), (3, Field::Octets)]
    }
}

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

impl Shaped for ConfigEnvelope {
    const NAME: &'static str = "common.ConfigEnvelope";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Message(Config::shape)), (2, Field::Message(Envelope::shape))]
    }
}

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

impl Shaped for ConfigUpdateEnvelope {
    const NAME: &'static str = "common.ConfigUpdateEnvelope";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets), (2, Field::Message(ConfigSignature::shape))]
    }
}

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

impl Shaped for ConfigUpdate {
    const NAME: &'static str = "common.ConfigUpdate";

    fn shape() -> &'static [(u32, Field)] {
        &[
            (1, Field::Octets),
            (2, Field::Message(ConfigGroup::shape)),
            (3, Field::Message(ConfigGroup::shape)),
            (5, Field::Entry(|| &[(1, Field::Octets), (2, Field::Octets)])),
        ]
    }
}

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

impl Shaped for ConfigSignature {
    const NAME: &'static str = "common.ConfigSignature";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets), (2, Field::Octets)]
    }
}
