//! Who someone claims to be, and the configuration of a membership service provider.

use std::fmt;

use prost::Message;

use super::fields::shaped;

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

shaped!(SerializedIdentity, "msp.SerializedIdentity", { 1 => mspid, 2 => id_bytes });

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

shaped!(MspConfig, "msp.MSPConfig", { 1 => r#type, 2 => config });

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

shaped!(FabricMspConfig, "msp.FabricMSPConfig", {
    1 => name,
    2 => root_certs,
    3 => intermediate_certs,
    4 => admins,
    5 => revocation_list,
    6 => signing_identity,
    7 => organizational_unit_identifiers,
    8 => crypto_config,
    9 => tls_root_certs,
    10 => tls_intermediate_certs,
    11 => fabric_node_ous,
});

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

shaped!(FabricCryptoConfig, "msp.FabricCryptoConfig", {
    1 => signature_hash_family,
    2 => identity_identifier_hash_function,
});

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

shaped!(SigningIdentityInfo, "msp.SigningIdentityInfo", {
    1 => public_signer,
    2 => private_signer,
});

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

shaped!(KeyInfo, "msp.KeyInfo", { 1 => key_identifier, 2 => key_material });

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

shaped!(FabricOuIdentifier, "msp.FabricOUIdentifier", {
    1 => certificate,
    2 => organizational_unit_identifier,
});

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

shaped!(FabricNodeOus, "msp.FabricNodeOUs", {
    1 => enable,
    2 => client_ou_identifier,
    3 => peer_ou_identifier,
    4 => admin_ou_identifier,
    5 => orderer_ou_identifier,
});
