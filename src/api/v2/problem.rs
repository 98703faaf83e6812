//! Errors: problem details. [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457)

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Why a request was not done. Sent as `application/problem+json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "Problem")]
pub struct ProblemBody {
    /// What kind of problem, e.g. `urn:chancery:problem:forbidden`. Stable.
    #[serde(rename = "type")]
    pub kind: String,
    /// The kind in words. Stable.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What was wrong with this request; names the field where it is one.
    pub detail: String,
    /// Everything that was wrong, one thing each, where it is told so: what an application for admission lacks.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub details: Vec<String>,
    /// Names the request in the server's log.
    pub request_id: String,
}
