//! Rules of admission, and organizations that ask to join.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::proposals::ProposalBody;
use crate::channel::AdmissionApplication;

/// A document of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ChannelDocument")]
pub struct ChannelDocumentBody {
    /// What it is about: `admission` or `collections`.
    pub kind: String,
    /// As it was written: YAML.
    pub content: String,
    /// When it was kept.
    pub at: String,
}

/// A document to be kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SetChannelDocument")]
pub struct SetChannelDocumentRequest {
    /// YAML.
    pub content: String,
}

/// An application for admission, signed by an administrator of the MSP that it submits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Apply")]
pub struct ApplyRequest {
    /// The octets of the JSON of an `AdmissionApplication`, in base64.
    pub content: String,
    /// The applicant's `common.SignatureHeader` in base64.
    pub header: String,
    /// The signature over the header and the content, in base64.
    pub signature: String,
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Application")]
pub struct ApplicationBody {
    /// Its ID.
    pub id: String,
    /// The channel.
    pub channel: String,
    /// The name of the group that shall be.
    pub organization: String,
    /// The ID of its MSP.
    pub msp_id: String,
    /// `open`, `ready` (approved; the channel's orderers are yet to be told), `admitted`, `declined`, `withdrawn`, `expired` or
    /// `superseded`. In lists what is ready is told as `open`.
    pub state: String,
    /// SHA-256 of the content, which the nonces of approvals begin with.
    pub digest: String,
    /// Who applied: MSP ID and hash of the certificate.
    pub applicant: String,
    /// When it came.
    pub at: String,
    /// Until when it waits.
    pub expires_at: String,
    /// The sequence that it led to, or why it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// What it says; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content: Option<AdmissionApplication>,
    /// The same as the octets that were signed, in base64; empty in lists.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub signed: String,
    /// The proposal that admits it; in lists its ID alone is told.
    pub proposal_id: String,
    /// What it changes, who has approved, what is missing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proposal: Option<ProposalBody>,
    /// The MSP IDs of those whose approval is asked for anew, since the proposal was rebased.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub asked_anew: Vec<String>,
}

/// Applications.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ApplicationList {
    /// The latest first.
    pub applications: Vec<ApplicationBody>,
}

/// How an application stands, for who applied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ApplicationState")]
pub struct ApplicationStateBody {
    /// Its ID.
    pub id: String,
    /// SHA-256 of its content.
    pub digest: String,
    /// `open`, `admitted`, `declined`, `withdrawn`, `expired` or `superseded`.
    pub state: String,
    /// Until when it waits.
    pub expires_at: String,
    /// The sequence that it led to, or why it was closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
}

/// Why an application is declined.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Decline")]
pub struct DeclineRequest {
    /// In one line; the applicant reads it.
    pub reason: String,
}

/// An application is taken back, by the signature of an administrator of the applicant.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "WithdrawApplication")]
pub struct WithdrawApplicationRequest {
    /// A `common.SignatureHeader` in base64.
    pub header: String,
    /// The signature over the header, the octets of `withdraw application ` and the 32 octets of the digest, in base64.
    pub signature: String,
}
