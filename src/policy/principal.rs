//! Principals in words.

use std::fmt;

use aws_lc_rs::digest;

use super::ast::{Named, Role};
use crate::pki::Certificate;
use crate::wire::{
    CombinedPrincipal, MspIdentityAnonymity, MspPrincipal, MspRole, OrganizationUnit,
    PrincipalClassification, SerializedIdentity, decode,
};

/// A principal as people read it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Described {
    /// A role of an organization.
    Role(Named),
    /// A unit of an organization: MSP ID, unit.
    Unit(String, String),
    /// One certificate of an organization: MSP ID, and what tells the certificate from others.
    Identity(String, String),
    /// Anyone.
    Anyone,
    /// All of several at once.
    All(Vec<Described>),
    /// One that nobody can be: malformed, or of a kind or role that does not exist.
    Nobody,
}

/// How deep combined principals are described.
const MAX_DEPTH: usize = 16;

impl Described {
    /// What a principal says. Whether an MSP supports it is not looked at.
    pub fn of(principal: &MspPrincipal) -> Self {
        Self::within(principal, MAX_DEPTH)
    }

    fn within(principal: &MspPrincipal, depth: usize) -> Self {
        Self::read(principal, depth).unwrap_or(Self::Nobody)
    }

    fn read(principal: &MspPrincipal, depth: usize) -> Option<Self> {
        let octets = principal.principal.as_slice();
        let kind = PrincipalClassification::try_from(principal.principal_classification).ok()?;
        Some(match kind {
            PrincipalClassification::Role => {
                let MspRole { msp_identifier: msp_id, role } = decode(octets).ok()?;
                Self::Role(Named { msp_id, role: Role::from_number(role)? })
            }
            PrincipalClassification::OrganizationUnit => {
                let unit: OrganizationUnit = decode(octets).ok()?;
                Self::Unit(unit.msp_identifier, unit.organizational_unit_identifier)
            }
            PrincipalClassification::Identity => {
                let SerializedIdentity { mspid, id_bytes } = decode(octets).ok()?;
                Self::Identity(mspid, certificate(&id_bytes))
            }
            PrincipalClassification::Anonymity => {
                let anonymity: MspIdentityAnonymity = decode(octets).ok()?;
                (anonymity.anonymity_type == 0).then_some(Self::Anyone)?
            }
            PrincipalClassification::Combined => {
                let depth = depth.checked_sub(1)?;
                let combined: CombinedPrincipal = decode(octets).ok()?;
                let all = combined.principals.iter().map(|one| Self::within(one, depth));
                let all: Vec<Self> = all.collect();
                (!all.is_empty()).then_some(Self::All(all))?
            }
        })
    }

    /// The organization that it is about, where it is about one.
    pub fn msp_id(&self) -> Option<&str> {
        match self {
            Self::Role(named) => Some(&named.msp_id),
            Self::Unit(msp_id, _) | Self::Identity(msp_id, _) => Some(msp_id),
            Self::All(all) => all.iter().find_map(Self::msp_id),
            Self::Anyone | Self::Nobody => None,
        }
    }
}

/// Subject, and enough of the SHA-256 to tell it from others of that name.
fn certificate(pem: &[u8]) -> String {
    let read = std::str::from_utf8(pem).ok().and_then(|pem| Certificate::from_pem(pem).ok());
    let (octets, mut name) = match &read {
        Some(read) => (read.der(), format!("`{}` ", read.subject_text())),
        None => (pem, String::new()),
    };
    let hash = digest::digest(&digest::SHA256, octets);
    name.push_str(&hex::encode(hash.as_ref().get(..4).unwrap_or_default()));
    name
}

impl fmt::Display for Described {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Role(named) => write!(f, "{named}"),
            Self::Unit(msp_id, unit) => write!(f, "{msp_id} with the unit `{unit}`"),
            Self::Identity(msp_id, which) => write!(f, "the certificate {which} of {msp_id}"),
            Self::Anyone => f.write_str("anyone"),
            Self::All(all) => {
                for (index, one) in all.iter().enumerate() {
                    write!(f, "{}{one}", if index > 0 { " and " } else { "" })?;
                }
                Ok(())
            }
            Self::Nobody => f.write_str("nobody"),
        }
    }
}
