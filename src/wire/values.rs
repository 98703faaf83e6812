//! Values of the configuration tree that policies and memberships depend on.

use std::collections::BTreeMap;

use prost::Message;

use super::fields::shaped;

/// What the nodes of a channel must be able to do.
#[expect(clippy::zero_sized_map_values, reason = "as on the wire")]
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Capabilities {
    /// By name.
    #[prost(btree_map = "string, message", tag = "1")]
    pub capabilities: BTreeMap<String, Capability>,
}

shaped!(Capabilities, "common.Capabilities", { 1 => capabilities });

/// Nothing: the name says all.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Capability {}

shaped!(Capability, "common.Capability", {});

/// The consenters of a BFT channel.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Orderers {
    /// They.
    #[prost(message, repeated, tag = "1")]
    pub consenter_mapping: Vec<Consenter>,
}

shaped!(Orderers, "common.Orderers", { 1 => consenter_mapping });

/// A consenter.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Consenter {
    /// Its number.
    #[prost(uint32, tag = "1")]
    pub id: u32,
    /// Where it listens.
    #[prost(string, tag = "2")]
    pub host: String,
    /// Where it listens.
    #[prost(uint32, tag = "3")]
    pub port: u32,
    /// The MSP's ID.
    #[prost(string, tag = "4")]
    pub msp_id: String,
    /// Its certificate, in PEM.
    #[prost(bytes = "vec", tag = "5")]
    pub identity: Vec<u8>,
    /// Its certificate as a client, in PEM.
    #[prost(bytes = "vec", tag = "6")]
    pub client_tls_cert: Vec<u8>,
    /// Its certificate as a server, in PEM.
    #[prost(bytes = "vec", tag = "7")]
    pub server_tls_cert: Vec<u8>,
}

shaped!(Consenter, "common.Consenter", {
    1 => id,
    2 => host,
    3 => port,
    4 => msp_id,
    5 => identity,
    6 => client_tls_cert,
    7 => server_tls_cert,
});

/// Which policy guards which resource.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Acls {
    /// By the resource's name.
    #[prost(btree_map = "string, message", tag = "1")]
    pub acls: BTreeMap<String, AclResource>,
}

shaped!(Acls, "protos.ACLs", { 1 => acls });

/// The policy that guards a resource.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct AclResource {
    /// Its path.
    #[prost(string, tag = "1")]
    pub policy_ref: String,
}

shaped!(AclResource, "protos.APIResource", { 1 => policy_ref });
