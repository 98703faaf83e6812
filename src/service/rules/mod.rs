//! Who may do what in a registry, and what becomes of what is asked: Fabric CA's rules, pure.
//!
//! Invariant: nothing here reads a clock, a file or a log, and nothing waits; a verdict depends on
//! its arguments alone. `tests` of each file quote the sentence that they hold to.

mod attributes;
mod authority;
mod boolean;
mod channels;
mod grant;
mod hexadecimal;
mod limits;
mod names;
mod patterns;
mod roles;
#[cfg(test)]
mod testing;
mod tree;

pub use attributes::{held, merged, moved, registered};
pub use authority::{
    NoAuthority, is_registrar, may_manage, may_manage_affiliation, registrar_roles,
};
pub use boolean::{Switch, parse_boolean, switch};
pub use channels::may_manage_channels;
pub use grant::{NotGiven, Why, may_give};
pub use hexadecimal::{same_key_id, serial_number};
pub use limits::{BadMaxEnrollments, max_enrollments_at_registration, max_enrollments_on_modify};
pub use names::{
    AFFILIATION, AFFILIATION_MANAGER, CHANNEL_MANAGER, DELEGATE_ROLES, ENROLLMENT_ID, GENERATE_CRL,
    INTERMEDIATE_CA, REGISTRAR_ATTRIBUTES, REGISTRAR_ROLES, REVOKER, TYPE,
};
pub use patterns::Patterns;
pub use roles::Roles;
pub use tree::{AffiliationTree, as_fabric_ca_lists};
