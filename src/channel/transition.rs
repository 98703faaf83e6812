//! What may follow a configuration, as every node sees it.

use super::capabilities::has_org_endpoints;
use super::load::{Channel, Orgs};

/// Why a configuration may not follow another.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum TransitionError {
    /// A section is gone, or came.
    #[error("the group {path} {}", if *.is_gone { "may not be removed" } else { "may not be added" })]
    SectionChanged {
        /// Its path.
        path: &'static str,
        /// Whether it is gone.
        is_gone: bool,
    },
    /// The kind of consensus changes too early.
    #[error(
        "the kind of consensus may not change from `{}` to `{}` without the channel capability V1_4_2",
        .from.escape_debug(),
        .to.escape_debug()
    )]
    ConsensusChanged {
        /// Before.
        from: String,
        /// After.
        to: String,
    },
    /// An organization has another MSP ID.
    #[error(
        "the organization {path} may not change its MSP ID from `{}` to `{}`: remove it and add another",
        .from.escape_debug(),
        .to.escape_debug()
    )]
    MspIdChanged {
        /// Its path.
        path: String,
        /// Before.
        from: String,
        /// After.
        to: String,
    },
}

impl TransitionError {
    /// The stable word for it.
    pub fn word(&self) -> &'static str {
        match self {
            Self::SectionChanged { .. } => "section-changed",
            Self::ConsensusChanged { .. } => "consensus-type",
            Self::MspIdChanged { .. } => "msp-id-change",
        }
    }
}

impl Channel {
    /// Whether another configuration may follow this one. That organizations of orderers have endpoints, which comes with
    /// `V3_0`, is asked when it is loaded.
    ///
    /// # Errors
    /// With the first reason why not.
    pub fn check_successor(&self, next: &Self) -> Result<(), TransitionError> {
        let gone = |path| TransitionError::SectionChanged { path, is_gone: true };
        if let Some(before) = self.orderer() {
            let path = "/Channel/Orderer";
            let after = next.orderer().ok_or_else(|| gone(path))?;
            let (from, to) = (&before.values.consensus.r#type, &after.values.consensus.r#type);
            if from != to && !has_org_endpoints(self.capabilities()) {
                let (from, to) = (from.clone(), to.clone());
                return Err(TransitionError::ConsensusChanged { from, to });
            }
            check_ids(path, &before.orgs, &after.orgs)?;
        }
        if let Some(before) = self.application() {
            let path = "/Channel/Application";
            let after = next.application().ok_or_else(|| gone(path))?;
            check_ids(path, &before.orgs, &after.orgs)?;
        }
        let path = "/Channel/Consortiums";
        match (self.consortiums(), next.consortiums()) {
            (None, None) => {}
            (None, Some(_)) => {
                return Err(TransitionError::SectionChanged { path, is_gone: false });
            }
            (Some(_), None) => return Err(gone(path)),
            (Some(before), Some(after)) => {
                for (name, orgs) in before {
                    let Some(after) = after.get(name) else { continue };
                    check_ids(&format!("{path}/{name}"), orgs, after)?;
                }
            }
        }
        Ok(())
    }
}

/// A group that stays keeps its MSP ID.
fn check_ids(path: &str, before: &Orgs, after: &Orgs) -> Result<(), TransitionError> {
    for (name, from) in before {
        match after.get(name) {
            Some(to) if to != from => {
                let (path, from, to) = (format!("{path}/{name}"), from.clone(), to.clone());
                return Err(TransitionError::MspIdChanged { path, from, to });
            }
            Some(_) | None => {}
        }
    }
    Ok(())
}
