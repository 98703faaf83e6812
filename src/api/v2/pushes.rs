//! How far what CAs say has come into channels.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How far one matter of an organization has come into one channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Push")]
pub struct PushBody {
    /// The channel.
    pub channel: String,
    /// The ID of the organization's MSP.
    pub msp_id: String,
    /// What is brought: `revocation-lists` or `issuers`.
    pub matter: String,
    /// `effective`: the channel says what the CA says. `waiting`: for signatures. `submitted`: on its way. `failed`: it is
    /// tried again.
    pub state: String,
    /// Whose signatures are awaited, or why it failed.
    pub detail: String,
    /// The proposal with the update, if there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<String>,
    /// Since when the channel lags behind, or since when it does not.
    pub since: String,
    /// For how long it has lagged behind, in seconds; 0 when it does not.
    pub lag_seconds: i64,
    /// How often it has failed since it last succeeded.
    pub attempts: i64,
    /// When it was last looked at with this outcome.
    pub at: String,
}

/// All pushes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct PushList {
    /// By channel, organization and matter.
    pub pushes: Vec<PushBody>,
}
