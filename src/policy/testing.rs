//! MSPs whose every answer stands in a table, and an evaluator written straight from Fabric's rules.

use proptest::prelude::*;

use super::ast::Rule;
use super::members::Members;
use super::signatures::SignedData;
use crate::wire::{MspPrincipal, SignaturePolicyEnvelope};

pub(super) const IDENTITIES: u8 = 6;
pub(super) const PRINCIPALS: u8 = 5;

/// Who is whom.
#[derive(Debug, Clone)]
pub(super) struct Table(pub(super) Vec<Vec<bool>>);

/// Identity 0 to 5 in two spellings; anything else is nobody.
impl Members for Table {
    type Identity = [u8; 1];
    type Rejection = &'static str;

    fn identity(&self, serialized: &[u8]) -> Result<[u8; 1], &'static str> {
        match serialized {
            [who, _] if *who < IDENTITIES => Ok([*who]),
            _ => Err("nobody"),
        }
    }

    fn key(identity: &[u8; 1]) -> (&str, &[u8]) {
        ("Org1MSP", identity)
    }

    fn verify(&self, _: &[u8; 1], _: &[u8], signature: &[u8]) -> Result<(), &'static str> {
        if signature == b"good" { Ok(()) } else { Err("bad signature") }
    }

    fn satisfies(&self, identity: &[u8; 1], asked: &MspPrincipal) -> Result<(), &'static str> {
        let [principal] = asked.principal[..] else { return Err("no principal") };
        if self.0[usize::from(identity[0])][usize::from(principal)] { Ok(()) } else { Err("other") }
    }
}

pub(super) fn principals() -> Vec<MspPrincipal> {
    let principal =
        |number: u8| MspPrincipal { principal_classification: 0, principal: vec![number] };
    (0..PRINCIPALS).map(principal).collect()
}

pub(super) fn envelope(rule: &Rule) -> SignaturePolicyEnvelope {
    let rule = Some(super::compile::to_wire(rule));
    SignaturePolicyEnvelope { version: 0, rule, identities: principals() }
}

pub(super) fn tables() -> impl Strategy<Value = Table> {
    let row = proptest::collection::vec(proptest::bool::weighted(0.4), usize::from(PRINCIPALS));
    proptest::collection::vec(row, usize::from(IDENTITIES)).prop_map(Table)
}

pub(super) fn rules() -> impl Strategy<Value = Rule> {
    let leaf = (0..i32::from(PRINCIPALS)).prop_map(Rule::SignedBy);
    leaf.prop_recursive(3, 14, 4, |inner| {
        let rules = proptest::collection::vec(inner, 0..4);
        (rules, -1..5_i32).prop_map(|(rules, n)| Rule::OutOf { n, rules })
    })
}

/// Entries: identity (one of them nobody), spelling, whether the signature is good.
pub(super) type Entries = Vec<(u8, u8, bool)>;

pub(super) fn entries(most: usize) -> impl Strategy<Value = Entries> {
    let entry = (0..=IDENTITIES, 0..2_u8, proptest::bool::weighted(0.8));
    proptest::collection::vec(entry, 0..most)
}

pub(super) fn signed(entries: &Entries) -> Vec<SignedData<'static>> {
    let one = |(who, spelling, good): &(u8, u8, bool)| SignedData {
        identity: vec![*who, *spelling].into(),
        data: b"data".into(),
        signature: if *good { b"good".into() } else { b"bad".into() },
    };
    entries.iter().map(one).collect()
}

/// The entries that survive, all signatures verified first.
pub(super) fn survivors(table: &Table, signed: &[SignedData<'_>]) -> Vec<usize> {
    let mut taken: Vec<[u8; 1]> = Vec::new();
    let mut survivors = Vec::new();
    for (index, entry) in signed.iter().enumerate() {
        let Ok(identity) = table.identity(&entry.identity) else { continue };
        if taken.contains(&identity) || table.verify(&identity, b"", &entry.signature).is_err() {
            continue;
        }
        taken.push(identity);
        survivors.push(index);
    }
    survivors
}

/// Every rule of every gate, on a copy of what is used.
pub(super) fn naive(table: &Table, who: &[u8], rule: &Rule, used: &mut Vec<bool>) -> bool {
    match rule {
        Rule::SignedBy(principal) => {
            let row = |identity: usize| &table.0[usize::from(who[identity])];
            let principal = usize::try_from(*principal).unwrap();
            match (0..who.len()).find(|at| !used[*at] && row(*at)[principal]) {
                Some(at) => {
                    used[at] = true;
                    true
                }
                None => false,
            }
        }
        Rule::OutOf { n, rules } => {
            let mut held = 0;
            for rule in rules {
                let mut copy = used.clone();
                if naive(table, who, rule, &mut copy) {
                    *used = copy;
                    held += 1;
                }
            }
            held >= *n
        }
    }
}
