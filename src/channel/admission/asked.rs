//! Who must approve, as the rules say it.

use super::shortcoming::shown;
use crate::policy::{language, parse_implicit, to_envelope};
use crate::wire::{Message as _, Policy, PolicyType};

/// Who must approve, as it is written.
#[derive(Debug, Clone)]
pub(super) enum Asked {
    /// An implicit rule over the application's organizations.
    Implicit(Policy),
    /// A rule of signatures.
    Signatures(Policy),
    /// A policy of the channel.
    Path(String),
}

impl Asked {
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.starts_with("/Channel/") {
            return Ok(Self::Path(text.to_owned()));
        }
        if let Ok(implicit) = parse_implicit(text) {
            let value = implicit.encode_to_vec();
            return Ok(Self::Implicit(Policy { r#type: PolicyType::ImplicitMeta.into(), value }));
        }
        let written = language::read(text).map_err(|why| {
            format!(
                "is `{}`: neither an implicit rule, nor the path of a policy (`/Channel/...`), nor a rule of signatures: {why}",
                shown(text)
            )
        })?;
        let value = to_envelope(&written).encode_to_vec();
        Ok(Self::Signatures(Policy { r#type: PolicyType::Signature.into(), value }))
    }
}
