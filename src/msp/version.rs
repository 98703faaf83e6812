//! The versions of the rules, and which capabilities choose them.

use std::fmt;

/// The version of the rules that an MSP follows. The channel's capabilities decide it, for all MSPs of
/// the channel; a node's own MSP follows the newest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum MspVersion {
    /// Without role units.
    V1_0,
    /// Units for clients and peers.
    V1_1,
    /// Anonymity and combined principals.
    V1_3,
    /// Units for administrators and orderers.
    V1_4_3,
    /// Ed25519 identities.
    V3_0,
}

impl MspVersion {
    /// All of them, oldest first.
    pub const ALL: [Self; 5] = [Self::V1_0, Self::V1_1, Self::V1_3, Self::V1_4_3, Self::V3_0];

    /// What these capabilities of a channel (the names in its `Capabilities` value) choose.
    pub fn of_capabilities<'a>(names: impl IntoIterator<Item = &'a str>) -> Self {
        let one = |name| match name {
            "V3_0" => Self::V3_0,
            "V2_0" | "V1_4_3" => Self::V1_4_3,
            "V1_4_2" | "V1_3" => Self::V1_3,
            "V1_1" => Self::V1_1,
            _ => Self::V1_0,
        };
        names.into_iter().map(one).max().unwrap_or(Self::V1_0)
    }

    /// As people write it, e.g. `1.4.3`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::V1_0 => "1.0",
            Self::V1_1 => "1.1",
            Self::V1_3 => "1.3",
            Self::V1_4_3 => "1.4.3",
            Self::V3_0 => "3.0",
        }
    }
}

impl fmt::Display for MspVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_capability_decides() {
        assert_eq!(MspVersion::of_capabilities(["V1_4_2", "V1_1"]), MspVersion::V1_3);
        assert_eq!(MspVersion::of_capabilities(["V2_0", "V1_3"]), MspVersion::V1_4_3);
        assert_eq!(MspVersion::of_capabilities(["V3_0"]), MspVersion::V3_0);
        assert_eq!(MspVersion::of_capabilities(["V9"]), MspVersion::V1_0);
        assert_eq!(MspVersion::of_capabilities([]), MspVersion::V1_0);
    }
}
