//! Updates of channels that collect signatures.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An update to be proposed: exactly one of `changes`, `config` and `update`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Propose")]
pub struct ProposeRequest {
    /// What people shall call it, in one line.
    pub title: String,
    /// Changes, made one after another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeBody>,
    /// The whole configuration as it shall be: a block, a `ConfigEnvelope` or a `Config`, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// A `common.ConfigUpdate` in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<String>,
}

/// An update to be looked at and not proposed: exactly one of `changes`, `config` and `update`.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Simulate")]
pub struct SimulateRequest {
    /// Changes, made one after another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub changes: Vec<ChangeBody>,
    /// The whole configuration as it shall be: a block, a `ConfigEnvelope` or a `Config`, in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub config: Option<String>,
    /// A `common.ConfigUpdate` in base64.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub update: Option<String>,
}

/// A change of a channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
#[schemars(rename = "Change")]
pub enum ChangeBody {
    /// Lets an organization in, with the usual policies.
    Admit {
        /// The name of its group.
        name: String,
        /// Its `MSPConfig` in base64.
        msp: String,
    },
    /// Removes an organization.
    Remove {
        /// The name of its group.
        name: String,
    },
    /// Replaces an MSP wherever it stands, e.g. for its new revocation list.
    ReplaceMsp {
        /// Its `MSPConfig` in base64.
        msp: String,
    },
    /// Sets a policy.
    SetPolicy {
        /// Its path, e.g. `/Channel/Application/Endorsement`.
        path: String,
        /// Its text: `MAJORITY Admins`, or `OR('Org1MSP.admin', 'Org2MSP.admin')`.
        rule: String,
    },
    /// Says what a resource of peers asks for.
    SetAcl {
        /// The resource, e.g. `peer/Propose`.
        resource: String,
        /// The policy; without one, the usual one.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        policy: Option<String>,
    },
    /// Says where an organization's anchor peers are.
    SetAnchorPeers {
        /// The name of its group.
        name: String,
        /// All of them, as `host:port`.
        peers: Vec<String>,
    },
    /// Says what the nodes of a section must be able to do.
    SetCapabilities {
        /// The section.
        section: SectionBody,
        /// All of its capabilities, e.g. `V2_0`; none for none.
        names: Vec<String>,
    },
    /// Forgets the consortium that the channel was made for.
    ForgetConsortium {},
    /// Says how large blocks are; what is not said stays.
    SetBatchSize {
        /// Transactions at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        max_message_count: Option<u32>,
        /// Octets at most.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        absolute_max_bytes: Option<u32>,
        /// Octets at most, unless one transaction is larger.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        preferred_max_bytes: Option<u32>,
    },
    /// Says how long a block is waited for.
    SetBatchTimeout {
        /// As Go writes durations, e.g. `2s`.
        timeout: String,
    },
    /// Enters or leaves maintenance, in which the channel takes no transactions. It goes with no other change.
    SetMaintenance {
        /// Whether it enters.
        on: bool,
    },
    /// Lets a consenter take part; orderers take one such change at a time.
    AddConsenter {
        /// The consenter.
        consenter: ConsenterBody,
    },
    /// Lets a consenter take part no longer.
    RemoveConsenter {
        /// Where it listens, as `host:port`.
        at: String,
    },
    /// Puts a consenter in another's place, e.g. one with new certificates.
    ExchangeConsenter {
        /// Where the other listens, as `host:port`.
        at: String,
        /// The consenter.
        consenter: ConsenterBody,
    },
    /// Says where the orderers of an organization are.
    SetEndpoints {
        /// The name of its group.
        name: String,
        /// All of them, as `host:port`.
        endpoints: Vec<String>,
    },
}

/// A section of a configuration.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "Section")]
pub enum SectionBody {
    /// The root.
    Channel,
    /// The orderers.
    Orderer,
    /// The peers.
    Application,
}

/// A consenter. Certificates are PEM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "Consenter")]
pub struct ConsenterBody {
    /// Where it listens, as `host:port`.
    pub at: String,
    /// Its TLS certificate as a client.
    pub client_tls: String,
    /// Its TLS certificate as a server.
    pub server_tls: String,
    /// The ID of its MSP, with BFT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub msp_id: Option<String>,
    /// Its certificate, with BFT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// Its number, with BFT; the next that is free unless it is said.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<u32>,
}

/// A signature of a proposal, as channels carry it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "SignProposal")]
pub struct SignProposalRequest {
    /// A `common.SignatureHeader` in base64, which tells the signer.
    pub header: String,
    /// The signature over the header and the update, in base64.
    pub signature: String,
}

/// A proposal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Proposal")]
pub struct ProposalBody {
    /// Its ID.
    pub id: String,
    /// The channel.
    pub channel: String,
    /// What people call it.
    pub title: String,
    /// `open`, `applied`, `withdrawn` or `superseded`.
    pub state: String,
    /// The sequence of the configuration that it was made from.
    pub sequence: u64,
    /// Who proposed it.
    pub proposer: String,
    /// When.
    pub at: String,
    /// The sequence that it led to, the proposal that took its place, or who withdrew it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub outcome: Option<String>,
    /// How it stands; absent in lists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub standing: Option<StandingBody>,
}

/// How a proposal stands today.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Standing")]
pub struct StandingBody {
    /// The `common.ConfigUpdate` in base64: what is signed, after the signature's header.
    pub update: String,
    /// What it changes, in words.
    pub changes: Vec<String>,
    /// What that means for who decides, in words.
    pub effects: Vec<String>,
    /// What whoever signs should know.
    pub warnings: Vec<String>,
    /// The policies that its signatures must satisfy.
    pub demands: Vec<DemandBody>,
    /// The application for admission that it is of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<String>,
    /// Its signatures.
    pub signatures: Vec<ProposalSignatureBody>,
    /// Why it cannot be applied any more as it is; it may be rebased.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conflict: Option<String>,
    /// Whether its signatures are enough. Where the channel's orderers decide, its envelope can be sent to them.
    pub ready: bool,
}

/// A policy that signatures must satisfy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Demand")]
pub struct DemandBody {
    /// Its path.
    pub policy: String,
    /// What it guards of what is changed.
    pub elements: Vec<String>,
    /// Whether it is satisfied.
    pub satisfied: bool,
    /// What is still needed, in words.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub needs: Option<String>,
    /// The smallest sets of signers, in words.
    pub sets: Vec<String>,
}

/// A signature that a proposal has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "ProposalSignature")]
pub struct ProposalSignatureBody {
    /// Whose it is, while the channel knows them.
    pub msp_id: Option<String>,
    /// The SHA-256 of the certificate.
    pub certificate: Option<String>,
    /// When it came.
    pub at: String,
    /// Whether it approves the application that the proposal is of.
    #[serde(default, skip_serializing_if = "is_false")]
    pub approves: bool,
    /// Why it does not count today.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
fn is_false(value: &bool) -> bool {
    !value
}

/// Proposals.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ProposalList {
    /// The latest first.
    pub proposals: Vec<ProposalBody>,
}

/// An envelope for orderers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Envelope")]
pub struct EnvelopeBody {
    /// The `common.Envelope` in base64; its sender has yet to sign its payload.
    pub envelope: String,
}
