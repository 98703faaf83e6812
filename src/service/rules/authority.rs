//! Whom a caller may act on: types and affiliations.

use crate::id::Affiliation;
use crate::store::{Attribute, Identity};

use super::attributes::held;
use super::names::REGISTRAR_ROLES;
use super::roles::Roles;

/// Why a caller may not act on an identity or an affiliation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NoAuthority {
    /// The caller is no registrar.
    #[error("the caller holds no `hf.Registrar.Roles`")]
    NotRegistrar,
    /// The type is not one of the caller's.
    #[error("the type is not among the caller's `hf.Registrar.Roles`")]
    Type,
    /// The affiliation is neither the caller's own nor below it.
    #[error("the affiliation is not the caller's own nor below it")]
    Affiliation,
}

/// Whether these are a registrar's attributes: `hf.Registrar.Roles` is there and not empty.
pub fn is_registrar(attributes: &[Attribute]) -> bool {
    roles(attributes).is_some()
}

/// Whether `caller` may register or manage an identity of type `kind` at `affiliation`.
///
/// # Errors
/// [`NoAuthority`], the first that applies in its order.
pub fn may_manage(
    caller: &Identity,
    kind: &str,
    affiliation: &Affiliation,
) -> Result<(), NoAuthority> {
    let roles = roles(&caller.attributes).ok_or(NoAuthority::NotRegistrar)?;
    if !roles.covers(kind) {
        return Err(NoAuthority::Type);
    }
    may_manage_affiliation(caller, affiliation)
}

/// Whether `affiliation` is `caller`'s own or below it; at the root everything is.
///
/// # Errors
/// [`NoAuthority::Affiliation`]
pub fn may_manage_affiliation(
    caller: &Identity,
    affiliation: &Affiliation,
) -> Result<(), NoAuthority> {
    if caller.affiliation.covers(affiliation) { Ok(()) } else { Err(NoAuthority::Affiliation) }
}

/// What `hf.Registrar.Roles` says; `None` for who is no registrar.
pub fn registrar_roles(attributes: &[Attribute]) -> Option<&str> {
    held(attributes, REGISTRAR_ROLES).filter(|value| !value.is_empty())
}

fn roles(attributes: &[Attribute]) -> Option<Roles<'_>> {
    registrar_roles(attributes).map(Roles::new)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::service::rules::testing::{affiliation, identity};

    #[test]
    fn a_registrar_has_non_empty_roles() {
        assert!(is_registrar(&identity("", "hf.Registrar.Roles=client").attributes));
        assert!(!is_registrar(&identity("", "hf.Registrar.Roles=").attributes));
        assert!(!is_registrar(&identity("", "hf.Registrar.DelegateRoles=*").attributes));
        let nobody = identity("", "a=1");
        let verdict = may_manage(&nobody, "client", &Affiliation::ROOT);
        assert_eq!(verdict, Err(NoAuthority::NotRegistrar));
    }

    #[test]
    fn a_caller_acts_on_its_own_affiliation_and_everything_below() {
        let caller = identity("org1", "hf.Registrar.Roles=client,peer");
        assert_eq!(may_manage(&caller, "peer", &affiliation("org1")), Ok(()));
        assert_eq!(may_manage(&caller, "peer", &affiliation("org1.d.e")), Ok(()));
        for elsewhere in ["", "org10", "org2", "Org1", "org"] {
            let verdict = may_manage(&caller, "peer", &affiliation(elsewhere));
            assert_eq!(verdict, Err(NoAuthority::Affiliation), "{elsewhere}");
        }
        let verdict = may_manage(&caller, "orderer", &affiliation("org1"));
        assert_eq!(verdict, Err(NoAuthority::Type));
    }

    #[test]
    fn a_caller_at_the_root_acts_everywhere() {
        let caller = identity("", "hf.Registrar.Roles=*");
        for anywhere in ["", "org1", "org2.d"] {
            assert_eq!(may_manage(&caller, "x", &affiliation(anywhere)), Ok(()));
        }
    }

    proptest! {
        #[test]
        fn scope_is_inherited(
            own in "([ab]\\.){0,2}[ab]", middle in "([ab]\\.){0,2}[ab]", low in "([ab]\\.){0,3}[ab]"
        ) {
            let (own, middle, low) = (affiliation(&own), affiliation(&middle), affiliation(&low));
            prop_assert!(own.covers(&own));
            if own.covers(&middle) && middle.covers(&low) {
                prop_assert!(own.covers(&low));
            }
            if own.covers(&middle) && middle.covers(&own) {
                prop_assert_eq!(own, middle);
            }
        }
    }
}
