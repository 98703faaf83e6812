//! Signers who do not exist, tried in every order: for policies that few can sign, where greed decides.

use crate::policy::{Described, Lookup, Members, PolicyTree, Role, Signatures, SignedData};
use crate::wire::MspPrincipal;

/// The most orders that are tried.
const MAX_TRIED: usize = 20_000;

/// So many signers, each of whom is one principal and a member of its organization.
#[derive(Debug, Clone)]
pub(super) struct Hand<'p> {
    pub(super) who: &'p Described,
    pub(super) principal: &'p MspPrincipal,
    pub(super) count: usize,
}

/// Whether some of these signers, in some order, satisfy a policy that takes so many of them at most. Nothing when there
/// are too many orders to try.
pub(super) fn can_satisfy(
    tree: &PolicyTree,
    found: Lookup,
    hands: &[Hand<'_>],
    most: usize,
) -> Option<bool> {
    let mut trial = Trial { tree, found, crew: Crew(hands), left: MAX_TRIED, chosen: Vec::new() };
    let satisfied = trial.with_more(most);
    if satisfied || trial.left > 0 { Some(satisfied) } else { None }
}

struct Trial<'t> {
    tree: &'t PolicyTree,
    found: Lookup,
    crew: Crew<'t>,
    left: usize,
    /// Of each hand, which of its signers.
    chosen: Vec<[u8; 8]>,
}

impl Trial<'_> {
    /// As deep as the policy takes signers, which are few when there are few orders.
    fn with_more(&mut self, most: usize) -> bool {
        if self.left == 0 {
            return false;
        }
        self.left -= 1;
        let signed: Vec<SignedData<'_>> = self
            .chosen
            .iter()
            .map(|who| SignedData {
                identity: who.as_slice().into(),
                data: [].as_slice().into(),
                signature: [].as_slice().into(),
            })
            .collect();
        let signatures = Signatures::new(&self.crew, &signed);
        if self.tree.evaluate_found(self.found, &signatures).is_satisfied() {
            return true;
        }
        if self.chosen.len() >= most {
            return false;
        }
        for (number, hand) in (0_u32..).zip(self.crew.0) {
            // Those of one hand are alike: the first who is free signs.
            let of_hand = |who: &&[u8; 8]| who.starts_with(&number.to_be_bytes());
            let signing = self.chosen.iter().filter(of_hand).count();
            if signing >= hand.count {
                continue;
            }
            let copy = u32::try_from(signing).unwrap_or(u32::MAX);
            let who = u64::from(number) << 32 | u64::from(copy);
            self.chosen.push(who.to_be_bytes());
            let satisfied = self.with_more(most);
            self.chosen.pop();
            if satisfied {
                return true;
            }
        }
        false
    }
}

/// MSPs in which there is nobody else.
struct Crew<'h>(&'h [Hand<'h>]);

impl Members for Crew<'_> {
    type Identity = [u8; 8];
    type Rejection = ();

    fn identity(&self, serialized: &[u8]) -> Result<[u8; 8], ()> {
        serialized.try_into().map_err(|_| ())
    }

    fn key(identity: &[u8; 8]) -> (&str, &[u8]) {
        ("", identity)
    }

    fn verify(&self, _: &[u8; 8], _: &[u8], _: &[u8]) -> Result<(), ()> {
        Ok(())
    }

    fn satisfies(&self, identity: &[u8; 8], asked: &MspPrincipal) -> Result<(), ()> {
        let number = usize::try_from(u64::from_be_bytes(*identity) >> 32).map_err(|_| ())?;
        let own = self.0.get(number).ok_or(())?;
        let is_member = || match Described::of(asked) {
            Described::Role(named) => {
                named.role == Role::Member && own.who.msp_id() == Some(&named.msp_id)
            }
            Described::Anyone => true,
            Described::Unit(..)
            | Described::Identity(..)
            | Described::All(_)
            | Described::Nobody => false,
        };
        if own.principal == asked || is_member() { Ok(()) } else { Err(()) }
    }
}
