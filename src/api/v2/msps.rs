//! MSPs of the server's own organizations.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The MSP of an organization, as channels carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Msp")]
pub struct MspBody {
    /// Its ID.
    pub id: String,
    /// The CA that enrolls its members.
    pub ca: String,
    /// The CA that certifies their TLS keys.
    pub tls_ca: String,
    /// The `msp.MSPConfig`, in base64, with the newest lists of revoked certificates. Only when one MSP
    /// is asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// The lists in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub crls: Vec<CrlBody>,
    /// Certificates that were revoked but are on no list yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unlisted: Option<usize>,
}

/// A list of revoked certificates.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Crl")]
pub struct CrlBody {
    /// Its number.
    pub number: Option<u64>,
    /// When it was made.
    pub this_update: String,
    /// When it ends, if it does.
    pub next_update: Option<String>,
    /// How many certificates are on it.
    pub entries: usize,
}

/// All MSPs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct MspList {
    /// In the order of the configuration.
    pub msps: Vec<MspBody>,
}
