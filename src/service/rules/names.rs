//! The attributes that mean something to the CA itself.

/// The types of identities that the holder may register and manage.
pub const REGISTRAR_ROLES: &str = "hf.Registrar.Roles";
/// An upper bound for roles further down; validated when it is set and used nowhere else.
pub const DELEGATE_ROLES: &str = "hf.Registrar.DelegateRoles";
/// The attributes that the holder may give.
pub const REGISTRAR_ATTRIBUTES: &str = "hf.Registrar.Attributes";
/// Whether the holder may revoke others.
pub const REVOKER: &str = "hf.Revoker";
/// Whether the holder may have CRLs made.
pub const GENERATE_CRL: &str = "hf.GenCRL";
/// Whether the holder may enroll a CA certificate.
pub const INTERMEDIATE_CA: &str = "hf.IntermediateCA";
/// Whether the holder may manage affiliations.
pub const AFFILIATION_MANAGER: &str = "hf.AffiliationMgr";
/// The enrollment ID, for chaincode to read.
pub const ENROLLMENT_ID: &str = "hf.EnrollmentID";
/// The type, for chaincode to read.
pub const TYPE: &str = "hf.Type";
/// The affiliation, for chaincode to read.
pub const AFFILIATION: &str = "hf.Affiliation";
/// Whether the holder may change what the server knows of channels.
pub const CHANNEL_MANAGER: &str = "chancery.ChannelMgr";

/// Names that start so are the CA's own.
pub(super) const RESERVED: &str = "hf.";

/// What rule an attribute obeys when it is given.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Rule {
    /// Given by those who hold it with a true value.
    Boolean,
    /// A list of types: `hf.Registrar.Roles`.
    Roles,
    /// A list of types within the roles: `hf.Registrar.DelegateRoles`.
    DelegateRoles,
    /// A list of names and patterns: `hf.Registrar.Attributes`.
    Attributes,
    /// Set by the server alone.
    Fixed,
    /// Reserved and unknown.
    Reserved,
    /// Everything else.
    Free,
}

/// The rule for the attribute `name`; names are case sensitive.
pub(super) fn rule(name: &str) -> Rule {
    match name {
        REVOKER | GENERATE_CRL | INTERMEDIATE_CA | AFFILIATION_MANAGER => Rule::Boolean,
        REGISTRAR_ROLES => Rule::Roles,
        DELEGATE_ROLES => Rule::DelegateRoles,
        REGISTRAR_ATTRIBUTES => Rule::Attributes,
        ENROLLMENT_ID | TYPE | AFFILIATION => Rule::Fixed,
        other if other.starts_with(RESERVED) => Rule::Reserved,
        _ => Rule::Free,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attribute_names_are_case_sensitive() {
        assert_eq!(rule("hf.Revoker"), Rule::Boolean);
        assert_eq!(rule("hf.revoker"), Rule::Reserved);
        assert_eq!(rule("HF.Revoker"), Rule::Free);
        assert_eq!(rule("hfx"), Rule::Free);
        assert_eq!(rule("hf."), Rule::Reserved);
    }
}
