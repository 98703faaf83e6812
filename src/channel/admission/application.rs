//! What an organization says that wants to join: JSON, signed as it is sent.

use std::collections::BTreeMap;

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::channel::edit::Edit;

/// The largest application, in octets.
pub const MAX_APPLICATION: usize = 512 << 10;

/// An application for admission. What is signed, and what its digest is of, are the very octets of its JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct AdmissionApplication {
    /// The ID of the channel.
    pub channel: String,
    /// The name of the organization's group.
    pub organization: String,
    /// Its `MSPConfig` in base64; it tells the MSP ID.
    pub msp: String,
    /// Whom to ask, in one line.
    pub contact: String,
    /// Documents, by their hashes.
    #[serde(default)]
    pub documents: Vec<Attached>,
    /// Policies of the organization that shall not be the usual ones, by name: rules of signatures.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub policies: BTreeMap<String, String>,
    /// How the keys of its CAs are kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custody: Option<CustodyStatement>,
    /// When it was made, RFC 3339.
    pub at: String,
    /// Anything that tells it from another of the same second and the same words.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub nonce: String,
}

/// A document of an application.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Attached {
    /// Which of the documents that are asked for it is, or a name of its own.
    pub name: String,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// Where it can be had.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub uri: Option<String>,
}

/// How the keys of an organization's CAs are kept, as it states.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "service", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CustodyStatement {
    /// In one line.
    pub statement: String,
    /// The name of the document that is evidence.
    pub evidence: String,
}

/// Why octets are no application.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplicationError {
    /// There are too many.
    #[error("it has more than {MAX_APPLICATION} octets")]
    TooLong,
    /// They do not read.
    #[error("{0}")]
    Json(String),
}

impl AdmissionApplication {
    /// Reads an application.
    ///
    /// # Errors
    /// When it is none.
    pub fn read(octets: &[u8]) -> Result<Self, ApplicationError> {
        if octets.len() > MAX_APPLICATION {
            return Err(ApplicationError::TooLong);
        }
        serde_json::from_slice(octets).map_err(|why| ApplicationError::Json(why.to_string()))
    }

    /// What an application is called by and what approvals carry: SHA-256 of its octets.
    pub fn digest(octets: &[u8]) -> [u8; 32] {
        let mut sum = [0; 32];
        sum.copy_from_slice(digest(&SHA256, octets).as_ref());
        sum
    }

    /// The `MSPConfig`, when it is base64.
    pub fn msp_config(&self) -> Option<Vec<u8>> {
        STANDARD.decode(&self.msp).ok()
    }

    /// The changes that it comes to.
    pub fn edits(&self) -> Vec<Edit> {
        let name = self.organization.clone();
        let admit = Edit::Admit { name, msp: self.msp_config().unwrap_or_default() };
        let policies = self.policies.iter().map(|(name, rule)| Edit::SetPolicy {
            path: format!("/Channel/Application/{}/{name}", self.organization),
            rule: rule.clone(),
        });
        std::iter::once(admit).chain(policies).collect()
    }
}
