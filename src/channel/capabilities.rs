//! What nodes must be able to do, and what follows from it.

use crate::wire::Capabilities;

/// The section whose capabilities are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Section {
    /// The root group.
    Channel,
    /// `Orderer`.
    Orderer,
    /// `Application`.
    Application,
}

impl Section {
    /// The capabilities that Fabric's nodes know in the section. Each stands for itself: what one gives, those with
    /// a higher number give too.
    pub fn known(self) -> &'static [&'static str] {
        match self {
            Self::Channel => &["V1_1", "V1_3", "V1_4_2", "V1_4_3", "V2_0", "V3_0"],
            Self::Orderer => &["V1_1", "V1_4_2", "V2_0"],
            Self::Application => &[
                "V1_1",
                "V1_2",
                "V1_3",
                "V1_4_2",
                "V2_0",
                "V2_5",
                "V1_1_PVTDATA_EXPERIMENTAL",
                "V1_1_RESOURCETREE_EXPERIMENTAL",
            ],
        }
    }

    /// The path of the group.
    pub fn path(self) -> &'static str {
        match self {
            Self::Channel => "/Channel",
            Self::Orderer => "/Channel/Orderer",
            Self::Application => "/Channel/Application",
        }
    }

    /// The first capability that nodes do not know.
    pub(super) fn unknown(self, capabilities: &Capabilities) -> Option<&str> {
        let mut names = capabilities.capabilities.keys();
        names.find(|name| !self.known().contains(&name.as_str())).map(String::as_str)
    }
}

fn has_any(capabilities: &Capabilities, names: &[&str]) -> bool {
    names.iter().any(|name| capabilities.capabilities.contains_key(*name))
}

/// Whether organizations name their own orderers, and the kind of consensus may change.
pub(super) fn has_org_endpoints(channel: &Capabilities) -> bool {
    has_any(channel, &["V1_4_2", "V1_4_3", "V2_0", "V3_0"])
}

/// Whether orderers may agree by BFT, and consenters are named by number.
pub(super) fn has_bft(channel: &Capabilities) -> bool {
    has_any(channel, &["V3_0"])
}

/// Whether there may be access control lists.
pub(super) fn has_acls(application: &Capabilities) -> bool {
    has_any(application, &["V1_2", "V1_3", "V1_4_2", "V2_0", "V2_5"])
}
