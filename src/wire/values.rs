//! Values of the configuration tree that policies and memberships depend on.

use std::collections::BTreeMap;

use prost::Message;

use super::decode::{Field, Shaped};

/// What the nodes of a channel must be able to do.
#[expect(clippy::zero_sized_map_values, reason = "as on the wire")]
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Capabilities {
    /// By name.
    #[prost(btree_map = "string, message", tag = "1")]
    pub capabilities: BTreeMap<String, Capability>,
}

impl Shaped for Capabilities {
    const NAME: &'static str = "common.Capabilities";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Entry(|| &[(1, Field::Octets), (2, Field::Message(Capability::shape))]))]
    }
}

/// Nothing: the name says all.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Capability {}

impl Shaped for Capability {
    const NAME: &'static str = "common.Capability";

    fn shape() -> &'static [(u32, Field)] {
        &[]
    }
}

/// The consenters of a BFT channel.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Orderers {
    /// They.
    #[prost(message, repeated, tag = "1")]
    pub consenter_mapping: Vec<Consenter>,
}

impl Shaped for Orderers {
    const NAME: &'static str = "common.Orderers";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Message(Consenter::shape))]
    }
}

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

impl Shaped for Consenter {
    const NAME: &'static str = "common.Consenter";

    fn shape() -> &'static [(u32, Field)] {
        &[
            (1, Field::Number),
            (2, Field::Octets),
            (3, Field::Number),
            (4, Field::Octets),
            (5, Field::Octets),
            (6, Field::Octets),
            (7, Field::Octets),
        ]
    }
}

/// Which policy guards which resource.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct Acls {
    /// By the resource's name.
    #[prost(btree_map = "string, message", tag = "1")]
    pub acls: BTreeMap<String, AclResource>,
}

impl Shaped for Acls {
    const NAME: &'static str = "protos.ACLs";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Entry(|| &[(1, Field::Octets), (2, Field::Message(AclResource::shape))]))]
    }
}

/// The policy that guards a resource.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct AclResource {
    /// Its path.
    #[prost(string, tag = "1")]
    pub policy_ref: String,
}

impl Shaped for AclResource {
    const NAME: &'static str = "protos.APIResource";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets)]
    }
}
