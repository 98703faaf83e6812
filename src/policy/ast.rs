//! Signature policies as values: rules, and the principals that the language can name.

use std::fmt;

/// A rule over numbered principals. Fabric calls it `SignaturePolicy`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Rule {
    /// One identity that satisfies the principal of this index.
    SignedBy(i32),
    /// At least `n` of the rules hold; a number of 0 or below always does.
    OutOf {
        /// How many.
        n: i32,
        /// Of which.
        rules: Vec<Rule>,
    },
}

/// The roles of members.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Every valid identity of the organization.
    Member,
    /// An administrator.
    Admin,
    /// A client.
    Client,
    /// A peer.
    Peer,
    /// An orderer.
    Orderer,
}

impl Role {
    /// All of them, in the order of their numbers.
    pub const ALL: [Self; 5] = [Self::Member, Self::Admin, Self::Client, Self::Peer, Self::Orderer];

    /// Its number in `common.MSPRole`.
    pub fn number(self) -> i32 {
        match self {
            Self::Member => 0,
            Self::Admin => 1,
            Self::Client => 2,
            Self::Peer => 3,
            Self::Orderer => 4,
        }
    }

    /// The role of a number in `common.MSPRole`.
    pub fn from_number(number: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.number() == number)
    }

    /// As policies spell it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Member => "member",
            Self::Admin => "admin",
            Self::Client => "client",
            Self::Peer => "peer",
            Self::Orderer => "orderer",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// A role of an organization, the only principal that the policy language names: `Org1MSP.peer`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Named {
    /// The MSP ID: one or more of `[A-Za-z0-9.-]` when it was read from a text.
    pub msp_id: String,
    /// The role.
    pub role: Role,
}

impl Named {
    /// Reads `MSPID.role`; the last dot separates.
    pub fn parse(text: &str) -> Option<Self> {
        let (msp_id, word) = text.rsplit_once('.')?;
        let role = Role::ALL.into_iter().find(|role| role.word() == word)?;
        is_plain(msp_id).then(|| Self { msp_id: msp_id.to_owned(), role })
    }

    /// Whether the language can name it.
    pub fn is_plain(&self) -> bool {
        is_plain(&self.msp_id)
    }
}

fn is_plain(msp_id: &str) -> bool {
    let plain = |octet: u8| octet.is_ascii_alphanumeric() || octet == b'.' || octet == b'-';
    !msp_id.is_empty() && msp_id.bytes().all(plain)
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.msp_id, self.role)
    }
}
