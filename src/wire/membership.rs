//! Who someone claims to be, and the configuration of a membership service provider.

use std::fmt;

use prost::Message;

use super::decode::{Field, Shaped};

/// An identity as it travels: a certificate, and the MSP that it is said to be of.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SerializedIdentity {
    /// The MSP's ID.
    #[prost(string, tag = "1")]
    pub mspid: String,
    /// The certificate, in PEM.
    #[prost(bytes = "vec", tag = "2")]
    pub id_bytes: Vec<u8>,
}

impl Shaped for SerializedIdentity {
    const NAME: &'static str = "msp.SerializedIdentity";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets), (2, Field::Octets)]
    }
}

/// An MSP's configuration with its kind.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct MspConfig {
    /// 0 is X.509, 1 is Idemix.
    #[prost(int32, tag = "1")]
    pub r#type: i32,
    /// A [`FabricMspConfig`] when X.509.
    #[prost(bytes = "vec", tag = "2")]
    pub config: Vec<u8>,
}

impl Shaped for MspConfig {
    const NAME: &'static str = "msp.MSPConfig";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Number), (2, Field::Octets)]
    }
}

/// An X.509 MSP. Certificates are PEM; revocation lists are PEM or DER.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct FabricMspConfig {
    /// The MSP's ID.
    #[prost(string, tag = "1")]
    pub name: String,
    /// Trust anchors.
    #[prost(bytes = "vec", repeated, tag = "2")]
    pub root_certs: Vec<Vec<u8>>,
    /// Intermediate CAs.
    #[prost(bytes = "vec", repeated, tag = "3")]
    pub intermediate_certs: Vec<Vec<u8>>,
    /// Administrators by certificate.
    #[prost(bytes = "vec", repeated, tag = "4")]
    pub admins: Vec<Vec<u8>>,
    /// Revocation lists.
    #[prost(bytes = "vec", repeated, tag = "5")]
    pub revocation_list: Vec<Vec<u8>>,
    /// Who a node is, in its own MSP.
    #[prost(message, optional, tag = "6")]
    pub signing_identity: Option<SigningIdentityInfo>,
    /// Units of which each identity must hold one.
    #[prost(message, repeated, tag = "7")]
    pub organizational_unit_identifiers: Vec<FabricOuIdentifier>,
    /// Hash functions.
    #[prost(message, optional, tag = "8")]
    pub crypto_config: Option<FabricCryptoConfig>,
    /// Trust anchors of TLS.
    #[prost(bytes = "vec", repeated, tag = "9")]
    pub tls_root_certs: Vec<Vec<u8>>,
    /// Intermediate CAs of TLS.
    #[prost(bytes = "vec", repeated, tag = "10")]
    pub tls_intermediate_certs: Vec<Vec<u8>>,
    /// Units that are roles.
    #[prost(message, optional, tag = "11")]
    pub fabric_node_ous: Option<FabricNodeOus>,
}

impl FabricMspConfig {
    /// As the [`MspConfig`] that channels carry, encoded.
    pub fn to_msp_config(&self) -> Vec<u8> {
        MspConfig { r#type: 0, config: self.encode_to_vec() }.encode_to_vec()
    }
}

impl Shaped for FabricMspConfig {
    const NAME: &'static str = "msp.FabricMSPConfig";

    fn shape() -> &'static [(u32, Field)] {
        &[
            (1, Field::Octets),
            (2, Field::Octets),
            (3, Field::Octets),
            (4, Field::Octets),
            (5, Field::Octets),
            (6, Field::Message(SigningIdentityInfo::shape)),
            (7, Field::Message(FabricOuIdentifier::shape)),
            (8, Field::Message(FabricCryptoConfig::shape)),
            (9, Field::Octets),
            (10, Field::Octets),
            (11, Field::Message(FabricNodeOus::shape)),
        ]
    }
}

/// Hash functions of an MSP, by name.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct FabricCryptoConfig {
    /// `SHA2` or `SHA3`.
    #[prost(string, tag = "1")]
    pub signature_hash_family: String,
    /// e.g. `SHA256`.
    #[prost(string, tag = "2")]
    pub identity_identifier_hash_function: String,
}

impl Shaped for FabricCryptoConfig {
    const NAME: &'static str = "msp.FabricCryptoConfig";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets), (2, Field::Octets)]
    }
}

/// Who a node is.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct SigningIdentityInfo {
    /// Its certificate, in PEM.
    #[prost(bytes = "vec", tag = "1")]
    pub public_signer: Vec<u8>,
    /// Its key.
    #[prost(message, optional, tag = "2")]
    pub private_signer: Option<KeyInfo>,
}

impl Shaped for SigningIdentityInfo {
    const NAME: &'static str = "msp.SigningIdentityInfo";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets), (2, Field::Message(KeyInfo::shape))]
    }
}

/// A private key. Its octets are not shown.
#[derive(Clone, PartialEq, Eq, Message)]
#[prost(skip_debug)]
pub struct KeyInfo {
    /// Its name.
    #[prost(string, tag = "1")]
    pub key_identifier: String,
    /// The key itself, in PEM.
    #[prost(bytes = "vec", tag = "2")]
    pub key_material: Vec<u8>,
}

impl Shaped for KeyInfo {
    const NAME: &'static str = "msp.KeyInfo";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets), (2, Field::Octets)]
    }
}

impl fmt::Debug for KeyInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeyInfo(..)")
    }
}

/// An organizational unit, perhaps of one CA only.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct FabricOuIdentifier {
    /// The CA's certificate, in PEM.
    #[prost(bytes = "vec", tag = "1")]
    pub certificate: Vec<u8>,
    /// The unit's name.
    #[prost(string, tag = "2")]
    pub organizational_unit_identifier: String,
}

impl Shaped for FabricOuIdentifier {
    const NAME: &'static str = "msp.FabricOUIdentifier";

    fn shape() -> &'static [(u32, Field)] {
        &[(1, Field::Octets), (2, Field::Octets)]
    }
}

/// The units that are roles.
#[derive(Clone, PartialEq, Eq, Message)]
pub struct FabricNodeOus {
    /// Whether each identity must hold exactly one.
    #[prost(bool, tag = "1")]
    pub enable: bool,
    /// Clients.
    #[prost(message, optional, tag = "2")]
    pub client_ou_identifier: Option<FabricOuIdentifier>,
    /// Peers.
    #[prost(message, optional, tag = "3")]
    pub peer_ou_identifier: Option<FabricOuIdentifier>,
    /// Administrators.
    #[prost(message, optional, tag = "4")]
    pub admin_ou_identifier: Option<FabricOuIdentifier>,
    /// Orderers.
    #[prost(message, optional, tag = "5")]
    pub orderer_ou_identifier: Option<FabricOuIdentifier>,
}

impl Shaped for FabricNodeOus {
    const NAME: &'static str = "msp.FabricNodeOUs";

    fn shape() -> &'static [(u32, Field)] {
        &[
            (1, Field::Number),
            (2, Field::Message(FabricOuIdentifier::shape)),
            (3, Field::Message(FabricOuIdentifier::shape)),
            (4, Field::Message(FabricOuIdentifier::shape)),
            (5, Field::Message(FabricOuIdentifier::shape)),
        ]
    }
}
