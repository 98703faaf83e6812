//! MSPs of one configuration with a memory for identities, which never changes a verdict.
//!
//! Nothing that an MSP answers depends on time, so an answer stays right as long as the MSPs do: another configuration,
//! or another revocation list, is another [`Epoch`], and the memory goes with the old one.

use std::sync::Arc;

use super::bounded::Bounded;
use super::identity::Identity;
use super::provider::Msps;
use super::rejection::Rejection;

/// Longer serialized identities are read but not remembered.
const MAX_REMEMBERED: usize = 16 << 10;

/// The MSPs of a channel as of one configuration, and identities that they have read. What is known of an identity
/// (whether it is valid, whom it satisfies) is kept with it.
#[derive(Debug)]
pub struct Epoch {
    msps: Msps,
    identities: Bounded<Arc<Identity>>,
}

impl Epoch {
    /// Remembers up to `capacity` identities, by their octets; refused ones are not remembered.
    pub fn new(msps: Msps, capacity: usize) -> Self {
        Self { msps, identities: Bounded::new(capacity) }
    }

    /// The MSPs.
    pub fn msps(&self) -> &Msps {
        &self.msps
    }

    /// Reads an identity, or remembers it. A remembered one costs no allocation.
    ///
    /// # Errors
    /// As [`Msps::identity`].
    pub fn identity(&self, serialized: &[u8]) -> Result<Arc<Identity>, Rejection> {
        if let Some(known) = self.identities.get(serialized) {
            return Ok(known);
        }
        let identity = Arc::new(self.msps.identity(serialized)?);
        if serialized.len() <= MAX_REMEMBERED {
            self.identities.put(serialized, Arc::clone(&identity));
        }
        Ok(identity)
    }

    /// How many identities are remembered.
    pub fn remembered(&self) -> usize {
        self.identities.len()
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::Organization;
    use super::*;
    use crate::wire::{Message as _, MspPrincipal, MspRole};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    struct Stage {
        msps: Msps,
        identities: Vec<Vec<u8>>,
        principals: Vec<MspPrincipal>,
    }

    static STAGE: LazyLock<Stage> = LazyLock::new(|| {
        let one = Organization::new("One", true);
        let two = Organization::new("Two", false);
        let mut identities = Vec::new();
        for (organization, other) in [(&one, &two), (&two, &one)] {
            for units in
                [&["client"][..], &["peer"], &["admin"], &[], &["client", "peer"], &["other"]]
            {
                identities.push(organization.identity(units));
            }
            identities.push(other.identity_as(organization.id(), &["client"]));
        }
        identities.push(vec![1, 2, 3]);
        let mut principals = Vec::new();
        for id in ["One", "Two", "Three"] {
            for role in 0..6 {
                let role = MspRole { msp_identifier: id.to_owned(), role };
                let principal = role.encode_to_vec();
                principals.push(MspPrincipal { principal_classification: 0, principal });
            }
        }
        for (principal_classification, principal) in
            [(2, identities[0].clone()), (3, vec![]), (4, vec![]), (9, vec![]), (0, vec![0xff])]
        {
            principals.push(MspPrincipal { principal_classification, principal });
        }
        Stage { msps: [one.msp(), two.msp()].into_iter().collect(), identities, principals }
    });

    proptest! {
        #[test]
        fn a_verdict_is_the_same_with_and_without_memory(
            capacity in 1_usize..6,
            asked in proptest::collection::vec((any::<proptest::sample::Index>(), any::<proptest::sample::Index>()), 1..60),
        ) {
            let stage = &*STAGE;
            let epoch = Epoch::new(stage.msps.clone(), capacity);
            for (identity, principal) in asked {
                let (serialized, principal) = (identity.get(&stage.identities), principal.get(&stage.principals));
                let fresh = stage.msps.identity(serialized);
                let kept = epoch.identity(serialized);
                prop_assert_eq!(fresh.as_ref().err(), kept.as_ref().err());
                let (Ok(fresh), Ok(kept)) = (fresh, kept) else { continue };
                prop_assert!(fresh.is_same(&kept));
                prop_assert_eq!(fresh.satisfies(principal), kept.satisfies(principal));
                prop_assert_eq!(kept.satisfies(principal), kept.satisfies(principal));
                prop_assert_eq!(fresh.validate(), kept.validate());
                prop_assert!(epoch.remembered() <= capacity);
            }
        }
    }

    #[test]
    fn the_stage_has_verdicts_of_both_kinds() {
        let stage = &*STAGE;
        let verdicts =
            stage.identities.iter().filter_map(|serialized| stage.msps.identity(serialized).ok());
        let (good, bad): (Vec<_>, Vec<_>) =
            verdicts.partition(|identity| identity.validate().is_ok());
        assert!(good.len() >= 6 && bad.len() >= 3, "{} {}", good.len(), bad.len());
    }
}
