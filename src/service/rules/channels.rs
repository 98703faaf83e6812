//! Who may change what this server knows of channels.

use super::attributes::held;
use super::boolean::{Switch, switch};
use super::names::{CHANNEL_MANAGER, REGISTRAR_ATTRIBUTES};
use super::patterns::Patterns;
use crate::store::Identity;

/// Whether an identity may import and forget channels: `chancery.ChannelMgr` says so, or, when it says
/// nothing, the identity stands at the root affiliation and could give that attribute to anybody.
pub fn may_manage_channels(identity: &Identity) -> bool {
    match switch(&identity.attributes, CHANNEL_MANAGER) {
        Switch::On => true,
        Switch::Off | Switch::NotBoolean => false,
        Switch::Absent => {
            let given = held(&identity.attributes, REGISTRAR_ATTRIBUTES);
            identity.affiliation.is_root()
                && given.is_some_and(|given| Patterns::new(given).allow(CHANNEL_MANAGER))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::rules::testing::identity;

    #[test]
    fn the_attribute_decides_and_else_who_may_give_it() {
        let may = |affiliation: &str, attributes: &str| {
            may_manage_channels(&identity(affiliation, attributes))
        };
        assert!(may("org1", "chancery.ChannelMgr=true"));
        assert!(may("", "hf.Registrar.Attributes=*"));
        assert!(may("", "hf.Registrar.Attributes=a,chancery.*"));
        assert!(!may("", "hf.Registrar.Attributes=* chancery.ChannelMgr=false"));
        assert!(!may("", "hf.Registrar.Attributes=* chancery.ChannelMgr=maybe"));
        assert!(!may("org1", "hf.Registrar.Attributes=*"));
        assert!(!may("", "hf.Registrar.Attributes=abac.*"));
        assert!(!may("", "hf.Registrar.Roles=*"));
    }
}
