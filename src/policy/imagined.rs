//! Signers who do not exist, to ask a policy whom it would take.

use std::collections::HashMap;

use super::ast::Role;
use super::candidates::Set;
use super::members::Members;
use super::principal::Described;
use super::signatures::{Signatures, SignedData};
use crate::wire::MspPrincipal;

/// The largest set that is tried in every order.
const MAX_PERMUTED: usize = 5;

/// MSPs in which every identity is one principal, and a member of its organization.
#[derive(Debug)]
pub(super) struct Imagined<'p> {
    described: &'p [Described],
    /// The number of each principal, by kind and octets.
    numbers: HashMap<(i32, &'p [u8]), usize>,
}

/// The number of the principal that the identity is, and which of its kind it is.
#[derive(Debug, Clone)]
pub(super) struct Signer {
    number: usize,
    key: [u8; 16],
}

impl Members for Imagined<'_> {
    type Identity = Signer;
    type Rejection = ();

    fn identity(&self, serialized: &[u8]) -> Result<Signer, ()> {
        let key: [u8; 16] = serialized.try_into().map_err(|_| ())?;
        let number = u128::from_be_bytes(key) >> 64;
        Ok(Signer { number: usize::try_from(number).map_err(|_| ())?, key })
    }

    fn key(identity: &Signer) -> (&str, &[u8]) {
        ("", &identity.key)
    }

    fn verify(&self, _: &Signer, _: &[u8], _: &[u8]) -> Result<(), ()> {
        Ok(())
    }

    fn satisfies(&self, identity: &Signer, principal: &MspPrincipal) -> Result<(), ()> {
        let own = self.described.get(identity.number).ok_or(())?;
        let key = (principal.principal_classification, principal.principal.as_slice());
        let asked = self.numbers.get(&key).and_then(|number| self.described.get(*number));
        let asked = asked.ok_or(())?;
        let is_member = match asked {
            Described::Role(named) => {
                named.role == Role::Member && own.msp_id() == Some(&named.msp_id)
            }
            Described::Anyone => true,
            Described::Unit(..) | Described::Identity(..) | Described::All(_) => false,
            Described::Nobody => return Err(()),
        };
        if own == asked || is_member { Ok(()) } else { Err(()) }
    }
}

impl<'p> Imagined<'p> {
    /// `described` are the principals in words.
    pub(super) fn new(principals: &'p [MspPrincipal], described: &'p [Described]) -> Self {
        let mut numbers = HashMap::new();
        for (number, principal) in principals.iter().enumerate() {
            let key = (principal.principal_classification, principal.principal.as_slice());
            numbers.entry(key).or_insert(number);
        }
        Self { described, numbers }
    }

    /// Whether these signers satisfy the policy in some order: in every one when they are few, else
    /// in the two orders of the principals.
    pub(super) fn satisfy(
        &self,
        set: &Set,
        holds: impl Fn(&Signatures<'_, Imagined<'_>>) -> bool,
    ) -> bool {
        let mut signers: Vec<[u8; 16]> = Vec::new();
        for (number, count) in set {
            // A certificate is one signer, however often it signs.
            let is_one = self.described.get(*number).is_some_and(is_one_certificate);
            for copy in 0..*count {
                let copy = if is_one { 0 } else { copy };
                let key = (*number as u128) << 64 | copy as u128;
                signers.push(key.to_be_bytes());
            }
        }
        let holds = |signers: &[[u8; 16]]| {
            let signed: Vec<SignedData<'_>> = signers
                .iter()
                .map(|key| SignedData {
                    identity: key.as_slice().into(),
                    data: [].as_slice().into(),
                    signature: [].as_slice().into(),
                })
                .collect();
            holds(&Signatures::new(self, &signed))
        };
        if holds(&signers) {
            return true;
        }
        if signers.len() <= MAX_PERMUTED {
            return permutations(&mut signers, 0, &holds);
        }
        signers.reverse();
        holds(&signers)
    }
}

fn is_one_certificate(who: &Described) -> bool {
    match who {
        Described::Identity(..) => true,
        Described::All(all) => all.iter().any(is_one_certificate),
        Described::Role(_) | Described::Unit(..) | Described::Anyone | Described::Nobody => false,
    }
}

fn permutations<T>(items: &mut [T], from: usize, holds: &impl Fn(&[T]) -> bool) -> bool {
    if from + 1 >= items.len() {
        return holds(items);
    }
    for at in from..items.len() {
        items.swap(from, at);
        let found = permutations(items, from + 1, holds);
        items.swap(from, at);
        if found {
            return true;
        }
    }
    false
}
