//! What ends soon.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::channels::ExpiryBody;

/// What ends soon, or has ended: certificates that the CAs have issued, and what is in the channels.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Expiring")]
pub struct ExpiringBody {
    /// Until when it ends.
    pub until: String,
    /// Certificates of the caller's CA that end by then, neither revoked nor ended, which the caller may see; at most 1,000.
    pub certificates: Vec<EndingBody>,
    /// Where the next page of certificates starts: `?after=`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
    /// The channels in which something ends by then. Only on the first page.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channels: Vec<ChannelExpiryBody>,
}

/// A certificate that ends.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Ending")]
pub struct EndingBody {
    /// The CA.
    pub ca: String,
    /// Whose it is.
    pub enrollment_id: String,
    /// The key identifier of its issuer.
    pub aki: String,
    /// Its serial number.
    pub serial: String,
    /// Its last instant.
    pub not_after: String,
}

/// What ends in a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ChannelExpiry")]
pub struct ChannelExpiryBody {
    /// The channel.
    pub id: String,
    /// What ends, and policies that nobody can satisfy afterwards.
    #[serde(flatten)]
    pub ends: ExpiryBody,
}
