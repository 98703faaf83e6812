//! Who may ask for which resource of a peer.

use std::collections::BTreeMap;

use crate::wire::Acls;

/// Where policies of a resource stand unless they name another place.
const APPLICATION: &str = "/Channel/Application/";

/// Decided by a node's own MSP, whatever a channel says.
pub const LOCAL_RESOURCES: [(&str, LocalRight); 16] = [
    ("_lifecycle/InstallChaincode", LocalRight::Admin),
    ("_lifecycle/QueryInstalledChaincode", LocalRight::Admin),
    ("_lifecycle/GetInstalledChaincodePackage", LocalRight::Admin),
    ("_lifecycle/QueryInstalledChaincodes", LocalRight::Admin),
    ("_lifecycle/ApproveChaincodeDefinitionForMyOrg", LocalRight::Admin),
    ("_lifecycle/QueryApprovedChaincodeDefinition", LocalRight::Admin),
    ("_lifecycle/QueryApprovedChaincodeDefinitions", LocalRight::Admin),
    ("snapshot/submitrequest", LocalRight::Admin),
    ("snapshot/cancelrequest", LocalRight::Admin),
    ("snapshot/listpending", LocalRight::Admin),
    ("lscc/Install", LocalRight::Admin),
    ("lscc/GetInstalledChaincodes", LocalRight::Admin),
    ("cscc/JoinChain", LocalRight::Admin),
    ("cscc/JoinChainBySnapshot", LocalRight::Admin),
    ("cscc/JoinBySnapshotStatus", LocalRight::Admin),
    ("cscc/GetChannels", LocalRight::Member),
];

const WRITERS: [&str; 6] = [
    "_lifecycle/CommitChaincodeDefinition",
    "_lifecycle/QueryChaincodeDefinition",
    "_lifecycle/QueryChaincodeDefinitions",
    "_lifecycle/CheckCommitReadiness",
    "peer/Propose",
    "peer/ChaincodeToChaincode",
];

const READERS: [&str; 16] = [
    "lscc/ChaincodeExists",
    "lscc/GetDeploymentSpec",
    "lscc/GetChaincodeData",
    "lscc/GetInstantiatedChaincodes",
    "lscc/GetCollectionsConfig",
    "qscc/GetChainInfo",
    "qscc/GetBlockByNumber",
    "qscc/GetBlockByHash",
    "qscc/GetTransactionByID",
    "qscc/GetBlockByTxID",
    "cscc/GetConfigBlock",
    "cscc/GetChannelConfig",
    "event/Block",
    "event/FilteredBlock",
    "gateway/CommitStatus",
    "gateway/ChaincodeEvents",
];

/// Covered by the check of the proposal: no policy of their own unless one is configured.
const WITHOUT_DEFAULT: [&str; 2] = ["lscc/Deploy", "lscc/Upgrade"];

/// A role in a node's own MSP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LocalRight {
    /// An administrator.
    Admin,
    /// Any member.
    Member,
}

/// What a resource asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Right {
    /// A role in the node's own MSP.
    Local(LocalRight),
    /// The policy at this path of the channel. When there is none, access is denied.
    Policy(String),
    /// Nothing beyond what the proposal had to satisfy.
    Proposal,
    /// Denied: nobody knows the resource.
    Denied,
}

/// The access control list of a channel.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AccessControl {
    configured: BTreeMap<String, String>,
}

impl AccessControl {
    /// What is usual: nothing is configured.
    pub const fn usual() -> Self {
        Self { configured: BTreeMap::new() }
    }

    /// Takes what the channel's configuration says.
    pub fn new(acls: &Acls) -> Self {
        let mut configured = BTreeMap::new();
        for (resource, policy) in &acls.acls {
            let reference = policy.policy_ref.as_str();
            if reference.is_empty() {
                continue;
            }
            let path = if reference.starts_with('/') {
                reference.to_owned()
            } else {
                format!("{APPLICATION}{reference}")
            };
            configured.insert(resource.clone(), path);
        }
        Self { configured }
    }

    /// What a resource asks for.
    pub fn right(&self, resource: &str) -> Right {
        if let Some((_, right)) = LOCAL_RESOURCES.iter().find(|(name, _)| *name == resource) {
            return Right::Local(*right);
        }
        if let Some(path) = self.configured.get(resource) {
            return Right::Policy(path.clone());
        }
        if WRITERS.contains(&resource) {
            return Right::Policy(format!("{APPLICATION}Writers"));
        }
        if READERS.contains(&resource) {
            return Right::Policy(format!("{APPLICATION}Readers"));
        }
        if WITHOUT_DEFAULT.contains(&resource) { Right::Proposal } else { Right::Denied }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::AclResource;

    #[test]
    fn what_is_configured_comes_before_what_is_usual() {
        let entries = [
            ("event/Block", "MyReaders"),
            ("peer/Propose", "/Channel/Application/Org1/Writers"),
            ("qscc/GetChainInfo", ""),
            ("cscc/JoinChain", "Anyone"),
            ("own/resource", "Own"),
        ];
        let resource = |policy_ref: &str| AclResource { policy_ref: policy_ref.to_owned() };
        let acls = entries.map(|(name, policy)| (name.to_owned(), resource(policy))).into();
        let control = AccessControl::new(&Acls { acls });
        let path = |path: &str| Right::Policy(path.to_owned());
        assert_eq!(control.right("event/Block"), path("/Channel/Application/MyReaders"));
        assert_eq!(control.right("peer/Propose"), path("/Channel/Application/Org1/Writers"));
        assert_eq!(control.right("qscc/GetChainInfo"), path("/Channel/Application/Readers"));
        assert_eq!(control.right("cscc/JoinChain"), Right::Local(LocalRight::Admin));
        assert_eq!(control.right("cscc/GetChannels"), Right::Local(LocalRight::Member));
        assert_eq!(control.right("own/resource"), path("/Channel/Application/Own"));
        assert_eq!(control.right("lscc/Deploy"), Right::Proposal);
        assert_eq!(control.right("other"), Right::Denied);
    }
}
